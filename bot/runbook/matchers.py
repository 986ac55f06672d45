"""Alertmanager's matchers.

`severity=~"critical|page"`, alone or in a list, in the classic form and in the UTF-8 form.

As Alertmanager does since 0.27 by default, a text is read in both forms: where only one can read it, that
one counts; where they read different things, the classic one does. Regular expressions match the whole
value; a label that is missing is the empty string.

Source: https://prometheus.io/docs/alerting/latest/configuration/#matcher and prometheus/alertmanager
`matcher/parse`, `pkg/labels`, `matcher/compat`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from bot.errors import RunbookError
from bot.runbook.regexes import BadPattern, Regex, compile_regex, is_character


class Operator(StrEnum):
    """How a matcher compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    NOT_MATCHES = "!~"


class BadMatcher(RunbookError):
    """A text that is no list of matchers; `column` counts characters from 1."""

    def __init__(self, message: str, *, column: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One comparison with a label; build it with `matcher`, which compiles its pattern."""

    name: str
    operator: Operator
    value: str
    _regex: Regex | None = field(default=None, repr=False, compare=False)
    _wanted: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Decide once what is asked for each alert: whether the comparison is to hold, or to fail."""
        object.__setattr__(self, "_wanted", self.operator in {Operator.EQUAL, Operator.MATCHES})

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a set of labels satisfies the comparison; a missing label is the empty string."""
        value = labels.get(self.name, "")
        found = self._regex.found_in(value) if self._regex else value == self.value
        return found is self._wanted

    def __str__(self) -> str:
        """Write the matcher so that both forms read it back."""
        name = self.name if _CLASSIC_NAME.fullmatch(self.name) else f'"{_escaped(self.name)}"'
        return f'{name}{self.operator}"{_escaped(self.value)}"'


def matcher(name: str, operator: Operator, value: str) -> Matcher:
    """Build a matcher; raises BadPattern when it needs a regular expression and `value` is none."""
    regex = compile_regex(value) if operator in {Operator.MATCHES, Operator.NOT_MATCHES} else None
    return Matcher(name=name, operator=operator, value=value, _regex=regex)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read one matcher or a list of them, `{a="b",c!~"d"}` or without the braces.

    Raises BadMatcher with the column.
    """
    modern = _attempt(_Modern(text).read)
    classic = _attempt(_Classic(text).read)
    if isinstance(modern, BadMatcher):
        if isinstance(classic, BadMatcher):
            raise modern
        return classic
    return modern if isinstance(classic, BadMatcher) else classic


def _attempt(read: Callable[[], tuple[Matcher, ...]]) -> tuple[Matcher, ...] | BadMatcher:
    try:
        return read()
    except BadMatcher as error:
        return error


_CLASSIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_CLASSIC = re.compile(
    r"[\t\n\f\r ]*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(?P<operator>=~|=|!=|!~)[\t\n\f\r ]*"
    r"(?P<value>(?s:.*?))[\t\n\f\r ]*"
)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _build(name: str, operator: str, value: str, column: int) -> Matcher:
    try:
        return matcher(name, Operator(operator), value)
    except BadPattern as error:
        msg = f"in the pattern {value!r}, at {error.offset + 1}: {error}"
        raise BadMatcher(msg, column=column, hint="patterns are RE2, as in Alertmanager") from None


class _Classic:
    """The form before UTF-8: tolerant, values may be bare, names are ASCII."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> tuple[Matcher, ...]:
        return tuple(self._matcher(part, start) for start, part in self._parts())

    def _parts(self) -> Iterator[tuple[int, str]]:
        """Cut at the commas outside quotes; the outer braces are each optional."""
        begin = len(self.text) - len(self.text.removeprefix("{"))
        end = len(self.text[begin:].removesuffix("}")) + begin
        start, quoted, escaped = begin, False, False
        for at in range(begin, end):
            char = self.text[at]
            if char == "," and not quoted:
                yield start, self.text[start:at]
                start = at + 1
            elif char == '"' and not escaped:
                quoted = not quoted
            escaped = char == "\\" and not escaped
        while start < end and _is_space(self.text[start]):
            start += 1
        while start < end and _is_space(self.text[end - 1]):
            end -= 1
        if start < end:
            yield start, self.text[start:end]

    def _matcher(self, part: str, start: int) -> Matcher:
        found = _CLASSIC.fullmatch(part)
        if not found:
            msg = f"{part.strip()!r} is no matcher"
            raise BadMatcher(msg, column=start + 1, hint='write label="value", with =, !=, =~ or !~')
        column = start + found.start("value") + 1
        return _build(found["name"], found["operator"], self._value(found["value"], column), column)

    def _value(self, raw: str, column: int) -> str:
        quoted = raw.startswith('"')
        body = raw[1:] if quoted else raw
        out: list[str] = []
        at, closed = 0, not quoted
        while at < len(body):
            char, after = body[at], body[at + 1 : at + 2]
            if char == "\\" and after and after in 'n"\\':
                out.append("\n" if after == "n" else after)
                at += 1
            elif char == '"':
                if closed or at < len(body) - 1:
                    raise BadMatcher(
                        "a quote stands inside the value", column=column + quoted + at, hint=_QUOTES
                    )
                closed = True
            else:
                out.append(char)
            at += 1
        if not closed:
            raise BadMatcher("the quote is not closed", column=column, hint=_QUOTES)
        return "".join(out)


_QUOTES = r"inside quotes write \" for a quote and \\ for a backslash"
_RESERVED = frozenset("{}!=~,\\\"'`")
_TOKEN = re.compile(r'(?P<mark>[{},]|=~|=|!=|!~)|(?P<quoted>"(?:[^"\\]|\\(?s:.))*")')
_ESCAPE = re.compile(
    r'\\(?:([abfnrtv\\"])|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))'
)
_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _is_space(char: str) -> bool:
    """Tell what Go calls space: Python's, without the four information separators."""
    return char.isspace() and char not in "\x1c\x1d\x1e\x1f"


class _Modern:
    """The UTF-8 form: any name, values bare or in Go's double quotes, strict about everything else."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> tuple[Matcher, ...]:
        tokens = list(self._tokens())
        end = _Token("end", "", len(self.text) + 1)
        self.rest = [*tokens, end]
        braced = self._take("{")
        found: list[Matcher] = []
        while self.rest[0].kind not in {"}", "end"}:
            found.append(self._matcher())
            if not self._take(",") and self.rest[0].kind not in {"}", "end"}:
                self._refuse("a comma or the end should stand here")
        if braced and not self._take("}"):
            self._refuse("the brace is not closed")
        if self.rest[0].kind != "end":
            self._refuse("nothing should follow" if braced else "there is no opening brace")
        return tuple(found)

    def _take(self, kind: str) -> bool:
        taken = self.rest[0].kind == kind
        if taken:
            self.rest.pop(0)
        return taken

    def _refuse(self, why: str) -> NoReturn:
        token = self.rest[0]
        shown = f" before {token.text}" if token.text else ""
        raise BadMatcher(
            f"{why}{shown}", column=token.column, hint='write label="value", with =, !=, =~ or !~'
        )

    def _matcher(self) -> Matcher:
        name = self._word("a label's name")
        operator = self.rest[0]
        if operator.kind not in _OPERATORS:
            self._refuse("an operator such as =, !=, =~ or !~ should stand here")
        self.rest.pop(0)
        column = self.rest[0].column
        return _build(name, operator.kind, self._word("a value"), column)

    def _word(self, what: str) -> str:
        token = self.rest[0]
        if token.kind not in {"quoted", "bare"}:
            self._refuse(f"{what} should stand here")
        self.rest.pop(0)
        return _unquoted(token) if token.kind == "quoted" else token.text

    def _tokens(self) -> Iterator[_Token]:
        at = 0
        while at < len(self.text):
            char = self.text[at]
            found = _TOKEN.match(self.text, at)
            if _is_space(char):
                at += 1
                continue
            if found:
                kind = found["mark"] or "quoted"
                yield _Token(kind, found[0], at + 1)
                at = found.end()
                continue
            if char in _RESERVED:
                why = (
                    "the quote is not closed"
                    if char == '"'
                    else f"{char} can't stand here unless it is in quotes"
                )
                raise BadMatcher(why, column=at + 1, hint="put the value in double quotes")
            start = at
            while at < len(self.text) and not _is_space(self.text[at]) and self.text[at] not in _RESERVED:
                at += 1
            yield _Token("bare", self.text[start:at], start + 1)


_OPERATORS = frozenset(Operator)


def _unquoted(token: _Token) -> str:
    r"""Read a double-quoted text as Go does: `\xHH` and octal escapes are bytes, the whole must be UTF-8."""
    body = token.text[1:-1]
    out = bytearray()
    at = 0
    while at < len(body):
        char = body[at]
        found = _ESCAPE.match(body, at)
        if char == "\n" or (char == "\\" and not found):
            shown = "a line break" if char == "\n" else body[at : at + 2]
            msg = f"{shown} can't stand in quotes"
            raise BadMatcher(msg, column=token.column + 1 + at, hint=_QUOTES)
        if found:
            out += _escape_bytes(found, token.column + 1 + at)
            at = found.end()
        else:
            out += char.encode("utf-8", "surrogatepass")
            at += 1
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError:
        raise BadMatcher("the text in quotes is not UTF-8", column=token.column, hint=_QUOTES) from None


def _escape_bytes(found: re.Match[str], column: int) -> bytes:
    simple, hexadecimal, octal, short, long = found.groups()
    if simple:
        return bytes([_SIMPLE[simple]])
    if hexadecimal or octal:
        return bytes([int(hexadecimal, 16) if hexadecimal else int(octal, 8)])
    code = int(short or long, 16)
    if not is_character(code):
        raise BadMatcher(f"{found[0]} is no character", column=column)
    return chr(code).encode("utf-8")
