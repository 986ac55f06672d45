"""Strangers' text inside Markdown: it reads as it was written, and is never taken for mark-up.

The rules are CommonMark's (https://spec.commonmark.org/0.31.2/#backslash-escapes) with GitHub's tables and bare links
(https://github.github.com/gfm/#autolinks-extension-). It is for text inside a line; where a line begins is the template's.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_]))")
_BARE_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\b(www)(?=\.)")
_AT_THE_START = re.compile(r"^(#+(?=\s|$)|[-+=](?=[\s=-]|$)|:(?=\s|-))")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_TICKS = re.compile(r"`+")


def text(words: str) -> str:
    """Escape one line of text so that every renderer shows just these letters."""
    escaped = _MARKS.sub(r"\\\1", words)
    escaped = _BARE_LINK.sub(lambda found: f"{found[0]}\\", escaped)
    escaped = _AT_THE_START.sub(r"\\\1", escaped)
    return _NUMBERED.sub(r"\1\\\2", escaped)


def code(words: str) -> str:
    """Write text as a code span that it can't end; inside a table too, where a bar would end the cell."""
    if not words:
        return ""
    longest = max((len(run) for run in _TICKS.findall(words)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if words[0] in "` " or words[-1] in "` " else ""
    return f"{fence}{padding}{words}{padding}{fence}".replace("|", "\\|")


def link(words: str, address: str) -> str:
    """Write a link to an address that `safe_url` has let through; plain text where there is none."""
    return f"[{text(words)}](<{address}>)" if address else text(words)


def quote(words: str) -> str:
    """Write lines of text as a block quote, each line as it was."""
    written = [text(line.strip()) for line in words.split("\n")]
    last = len(written) - 1
    # A backslash at the end keeps the line break; before an empty line the paragraph ends by itself.
    ends = ["\\" if line and at < last and written[at + 1] else "" for at, line in enumerate(written)]
    return "\n".join(f"> {line}{end}".rstrip(" ") for line, end in zip(written, ends, strict=True))
