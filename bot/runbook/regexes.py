r"""Regular expressions as Alertmanager means them.

Go's RE2 syntax, in time linear in the text, however hostile the text is.

Python's `re` backtracks (a label value from outside could stall the process) and reads some patterns
otherwise (`\d` is any script's digit). So a pattern is read here by Go's grammar and run by the Rust regex
engine inside pydantic-core, which shares RE2's guarantees. What RE2 can't do (look-around, backreferences,
possessive repeats) is refused with its column; so is the little that could differ: `\C`, and flags other
than `imsU`.

Source: https://github.com/google/re2/wiki/Syntax and Go's regexp/syntax package.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

_MOST_REPEATS = 1000
"""Go refuses to repeat more often, nested repeats multiplied."""
_LONGEST = 4096
_PERL_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CONTROLS = {"a": 0x07, "f": 0x0C, "t": 0x09, "n": 0x0A, "r": 0x0D, "v": 0x0B}
_REPEAT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_FLAGS = re.compile(r"\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED = re.compile(r"\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_NAMED_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")
_NAMED_CLASSES = frozenset(
    "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split()  # noqa: SIM905 - reads better
)
_PROPERTY = re.compile(r"[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))")
_NO_PEEKING = "RE2, and so Alertmanager, has no {}: say it with a second matcher, such as !~"


class BadPattern(ValueError):
    """A pattern that Alertmanager would refuse, or that could mean something else here.

    `offset` is where, from 0.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Regex:
    """A compiled pattern."""

    __slots__ = ("_engine", "pattern")

    def __init__(self, pattern: str, engine: SchemaValidator) -> None:
        self.pattern = pattern
        self._engine = engine

    def found_in(self, text: str) -> bool:
        """Tell whether the engine finds the pattern; whether it is anchored was said when it was compiled."""
        return self._engine.isinstance_python(text)


@lru_cache(maxsize=1024)
def compile_regex(pattern: str, *, anchored: bool = True) -> Regex:
    """Compile a pattern; anchored ones must match the whole text, as in a matcher. Raises BadPattern."""
    body = _Translation(pattern).run()
    source = rf"\A(?:{body})\z" if anchored else body
    try:
        engine = SchemaValidator(
            core_schema.str_schema(pattern=source, strict=True),
            core_schema.CoreConfig(regex_engine="rust-regex"),
        )
    except SchemaError as error:
        reason = str(error).strip().rpartition("\n")[2].strip()
        msg = f"the pattern can't be compiled: {reason.removeprefix('error: ')}"
        raise BadPattern(msg, 0) from None
    return Regex(pattern, engine)


class _Translation:
    """Reads a pattern by Go's grammar and writes the same for the engine; one use each."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.open: list[int] = []
        self.repeatable = False
        self.repeated = False

    def run(self) -> str:
        if len(self.pattern) > _LONGEST:
            msg = f"the pattern is longer than {_LONGEST} characters"
            raise BadPattern(msg, _LONGEST)
        while self.at < len(self.pattern):
            self._one()
        if self.open:
            raise BadPattern("this parenthesis is not closed", self.open[-1])
        return "".join(self.out)

    def _one(self) -> None:
        char = self.pattern[self.at]
        match char:
            case "(":
                self._group()
            case ")":
                self._close()
            case "|":
                self._put("|", 1, atom=False)
            case "*" | "+" | "?":
                self._repeat(char, 1)
            case "{":
                self._braces()
            case "[":
                self._put(*_Class(self.pattern, self.at).run())
            case "\\":
                self._escape()
            case "^" | "$" | ".":
                self._put(char, 1)
            case _:
                self._put(_literal(ord(char)), 1)

    def _put(self, text: str, width: int, *, atom: bool = True) -> None:
        self.out.append(text)
        self.at += width
        self.repeatable = atom
        self.repeated = False

    def _group(self) -> None:
        rest = self.pattern[self.at + 1 :]
        if not rest.startswith("?"):
            self.open.append(self.at)
            self._put("(", 1, atom=False)
            return
        if rest[1:2] in {"=", "!"} or rest[1:3] in {"<=", "<!"}:
            raise BadPattern(_NO_PEEKING.format("look-around"), self.at)
        flags, named = _FLAGS.match(rest), _NAMED.match(rest)
        if named:
            self.open.append(self.at)
            self._put("(", 1 + named.end(), atom=False)
        elif flags and (flags[1] or flags[2] or flags[3] == ":"):
            if flags[3] == ":":
                self.open.append(self.at)
            self._put("(" + flags[0], 1 + flags.end(), atom=False)
        else:
            raise BadPattern("no group that RE2 knows begins like this", self.at)

    def _close(self) -> None:
        if not self.open:
            raise BadPattern("this parenthesis was not opened", self.at)
        self.open.pop()
        self._put(")", 1)

    def _braces(self) -> None:
        found = _REPEAT.match(self.pattern, self.at)
        if not found:
            self._put(r"\{", 1)
            return
        low = int(found[1][:9])
        high = int(found[3][:9]) if found[3] else low
        if max(low, high) > _MOST_REPEATS or high < low:
            msg = f"{found[0]} is no repeat that RE2 takes: at most {_MOST_REPEATS}, the smaller number first"
            raise BadPattern(msg, self.at)
        self._repeat(found[0], len(found[0]))

    def _repeat(self, text: str, width: int) -> None:
        if self.repeated:
            raise BadPattern(f"{text} repeats a repeat; put parentheses around the first", self.at)
        if not self.repeatable:
            raise BadPattern(f"there is nothing before {text} to repeat", self.at)
        lazy = self.pattern[self.at + width : self.at + width + 1] == "?"
        self._put(text + "?" * lazy, width + lazy)
        self.repeated = True

    def _escape(self) -> None:
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter == "Q":
            self._quote()
        elif letter in {"A", "z"}:
            self._put(f"\\{letter}", 2)
        elif letter in {"b", "B"}:
            self._put(rf"(?-u:\{letter})", 2)
        elif letter.lower() in _PERL_CLASSES:
            hat = "^" * letter.isupper()
            self._put(f"[{hat}{_PERL_CLASSES[letter.lower()]}]", 2)
        elif letter in {"p", "P"}:
            self._put(*_property(self.pattern, self.at))
        else:
            code, width = _code_point(self.pattern, self.at)
            self._put(_literal(code), width)

    def _quote(self) -> None:
        end = self.pattern.find(r"\E", self.at)
        if end < 0:
            raise BadPattern(r"this \Q is not closed with \E", self.at)
        for char in self.pattern[self.at + 2 : end]:
            self._put(_literal(ord(char)), 0)
        self.at = end + 2


class _Class:
    r"""A bracket expression, `[a-z\d]`; Go has no set operations in it, so what looks like one is literal."""

    def __init__(self, pattern: str, at: int) -> None:
        self.pattern = pattern
        self.start = self.at = at
        self.out = ["["]

    def run(self) -> tuple[str, int]:
        """Return what the engine reads, and how many characters of the pattern it stands for."""
        self.at += 1
        if self.pattern[self.at : self.at + 1] == "^":
            self.out.append("^")
            self.at += 1
        first = True
        while first or self.pattern[self.at : self.at + 1] != "]":
            if self.at >= len(self.pattern):
                raise BadPattern("this bracket is not closed", self.start)
            self._item()
            first = False
        self.out.append("]")
        return "".join(self.out), self.at + 1 - self.start

    def _item(self) -> None:
        named = _NAMED_CLASS.match(self.pattern, self.at)
        letter = self.pattern[self.at + 1 : self.at + 2] if self.pattern[self.at] == "\\" else ""
        if named:
            if named[2] not in _NAMED_CLASSES:
                raise BadPattern(f"there is no class {named[0]}", self.at)
            self._put(named[0], len(named[0]))
        elif letter and letter.lower() in _PERL_CLASSES:
            hat = "^" * letter.isupper()
            self._put(f"[{hat}{_PERL_CLASSES[letter.lower()]}]", 2)
        elif letter in {"p", "P"} and letter:
            self._put(*_property(self.pattern, self.at))
        else:
            self._range()

    def _put(self, text: str, width: int) -> None:
        self.out.append(text)
        self.at += width

    def _range(self) -> None:
        begin = self.at
        low = self._character()
        dash = self.pattern[self.at : self.at + 1] == "-" and self.pattern[self.at + 1 : self.at + 2] not in {
            "]",
            "",
        }
        if not dash:
            self.out.append(_literal(low))
            return
        self.at += 1
        high = self._character()
        if high < low:
            raise BadPattern(f"the range {self.pattern[begin : self.at]} runs backwards", begin)
        self.out.append(f"{_literal(low)}-{_literal(high)}")

    def _character(self) -> int:
        if self.pattern[self.at] == "\\":
            code, width = _code_point(self.pattern, self.at)
        else:
            code, width = ord(self.pattern[self.at]), 1
        self.at += width
        return code


def is_character(code: int) -> bool:
    """Tell whether Unicode has a character of that number: surrogates are none."""
    return code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF  # noqa: PLR2004 - Unicode's own borders


def _literal(code: int) -> str:
    """Write a character so that the engine takes it for itself, wherever it stands."""
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{{{code:X}}}"


def _property(pattern: str, at: int) -> tuple[str, int]:
    found = _PROPERTY.match(pattern, at + 1)
    if not found:
        raise BadPattern(r"write a Unicode class as \pL or \p{Greek}", at)
    negative = (pattern[at + 1] == "P") != bool(found[1])
    return rf"\{'P' if negative else 'p'}{{{found[2] or found[3]}}}", 1 + len(found[0])


_CODE = re.compile(r"x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{2})|(0[0-7]{0,2}|[1-7][0-7]{1,2})")


def _code_point(pattern: str, at: int) -> tuple[int, int]:
    """Read an escape that stands for one character; return it and the escape's width."""
    letter = pattern[at + 1 : at + 2]
    found = _CODE.match(pattern, at + 1)
    if found:
        code = int(found[1] or found[2], 16) if found[1] or found[2] else int(found[3], 8)
        if not is_character(code):
            raise BadPattern(rf"\{found[0]} is no character", at)
        return code, 1 + len(found[0])
    if letter in _CONTROLS:
        return _CONTROLS[letter], 2
    if letter.isascii() and letter and not letter.isalnum():
        return ord(letter), 2
    if letter.isdigit():
        raise BadPattern(_NO_PEEKING.format("backreferences"), at)
    raise BadPattern(f"RE2 has no escape \\{letter}", at)
