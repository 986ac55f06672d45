"""What the commands print: the one way to the terminal, so that nothing which came from outside can act on it.

A template is ours and may carry rich's markup; whatever fills it is data: its brackets stay brackets, and control characters (escape sequences,
carriage returns, marks that turn the direction of writing) are shown as what they are, not obeyed. A person's terminal wraps lines; a pipe or a file
gets each line whole. NO_COLOR is obeyed, as https://no-color.org has it.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.errors import Refused

WIDE = 100_000
"""Columns of what is not a terminal: no line of ours is wrapped or cut there."""
_PLACES = 0x10_0000
"""Where a template's values go while its markup is read: characters of the last private plane, which no template has."""
_ALLOWED = frozenset("\n\t")
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of characters that do something instead of showing something: controls, formats, lone surrogates, separators."""
_JOINERS = frozenset("\u200c\u200d")
"""Formats that scripts and emoji need, and that can't hide anything."""


def harmless(text: str) -> str:
    r"""Return text whose control characters are written out, `\x1b` for an escape; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char in _ALLOWED or char in _JOINERS or unicodedata.category(char) not in _ACTING:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - Python's own escapes


def filled(template: str, **values: object) -> Text:
    """Fill a template of ours, `[bold]{title}[/bold]`, with values that stay what they are.

    A newline in a value becomes a space; a value that is a Text keeps its style. Markup is read before the values are put in, so that nothing in
    one can be taken for it.
    """
    places = {name: chr(_PLACES + number) for number, name in enumerate(values)}
    styled = Text.from_markup(template.format(**places))
    made = Text()
    for piece in styled.divide(_edges(styled.plain)):
        number = ord(piece.plain[0]) - _PLACES if piece.plain else -1
        made.append_text(_put(list(values.values())[number], piece) if 0 <= number < len(values) else piece)
    return made


def _edges(plain: str) -> list[int]:
    return sorted({edge for at, char in enumerate(plain) if ord(char) >= _PLACES for edge in (at, at + 1)})


def _put(value: object, place: Text) -> Text:
    """Return a value in the style of the place that it fills."""
    text = value.copy() if isinstance(value, Text) else Text(_one_line(str(value)))
    for span in place.spans:
        text.stylize_before(span.style)
    return text


def _one_line(text: str) -> str:
    return harmless(" ".join(text.splitlines()) if "\n" in text else text)


def say(template: str = "", **values: object) -> None:
    """Print a line."""
    _console().print(filled(template, **values), soft_wrap=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Text | str]]) -> None:
    """Print a table; a cell that is a plain string is data, one that is a Text was filled before."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(_one_line(cell)) for cell in row))
    console = _console()
    if console.width < WIDE:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    # Cells are padded to their column's width; behind the last one that is only noise in a file.
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def show_document(text: str) -> None:
    """Print a document for a pipe: as it is, less what would act on a terminal."""
    sys.stdout.write(harmless(text) if text.endswith("\n") else f"{harmless(text)}\n")


def show_json(value: object) -> None:
    """Print JSON for a program; control characters are escaped as JSON escapes them, so the value stays the same."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    sys.stdout.write("".join(_in_json(char) for char in text) + "\n")


def _in_json(char: str) -> str:
    if char.isprintable() or char == "\n":
        return char
    return json.dumps(char)[1:-1]


def write_document(text: str, out: Path | None) -> None:
    """Print a document, or write it to a file and say so; Refused when the file can't be written."""
    if out is None:
        show_document(text)
        return
    try:
        out.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise Refused(
            f"{out} can't be written: {error.strerror}.",
            hint="Name a file in a folder that exists and is yours.",
        ) from None
    say("Written: {out}", out=out)


def complain(message: str, hint: str) -> None:
    """Print an error and what to do about it, on standard error."""
    sys.stderr.write(f"error: {harmless(message)}\n")
    if hint:
        sys.stderr.write(f"hint:  {harmless(hint)}\n")


def _console() -> Console:
    """Make the console for this moment's standard output."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDE)
