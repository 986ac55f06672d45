"""Cutting a text into what is literal and what is `{{ expression }}`.

To the character, so that line breaks and spaces survive.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text; `source` is the expression's text where `is_expression`."""

    source: str
    is_expression: bool


class UnreadableText(ValueError):
    """A text whose braces don't add up; `hint` says how to write them."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


_REFUSED = {"{%": "statements", "{#": "comments"}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def segments(text: str) -> tuple[Segment, ...]:
    """Cut a text; raises UnreadableText. A text without expressions is one literal segment."""
    out: list[Segment] = []
    at = 0
    while at < len(text):
        begin = text.find("{{", at)
        literal = text[at:] if begin < 0 else text[at:begin]
        _refuse_statements(literal)
        if literal:
            out.append(Segment(literal, is_expression=False))
        if begin < 0:
            break
        end = _end_of_expression(text, begin + 2)
        out.append(Segment(text[begin + 2 : end], is_expression=True))
        at = end + 2
    return tuple(out)


def _refuse_statements(literal: str) -> None:
    for mark, what in _REFUSED.items():
        if mark in literal:
            raise UnreadableText(
                f"{what} ({mark}) are not part of the language",
                f'for the characters themselves write {{{{ "{mark}" }}}}',
            )


def _end_of_expression(text: str, at: int) -> int:
    """Return where the `}}` stands that closes an expression: outside quotes and brackets."""
    if text[at : at + 1] in {"-", "+"}:
        raise UnreadableText(f"{{{{{text[at]} is not part of the language", "put a space after {{")
    expected: list[str] = []
    quote = ""
    start = at
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in _CLOSERS:
            expected.append(_CLOSERS[char])
        elif not expected and text.startswith("}}", at):
            return at
        elif expected and char == expected[-1]:
            expected.pop()
        at += 1
    shown = text[start : start + 30].strip()
    raise UnreadableText(
        f"the expression {{{{ {shown} … is not closed",
        'end it with }}; for the characters themselves write {{ "{{" }}',
    )
