"""Canvases: documents in Markdown, cut into sections that can be replaced one by one.

Operations and limits: https://docs.slack.dev/surfaces/canvases. It keeps the text; who may write where is decided by the method.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.localslack.clock import Clock
from bot.localslack.ids import Ids

Json = dict[str, Any]
MARKDOWN_LIMIT = 1_048_576
"""Characters of one piece of Markdown."""


class CanvasFault(ValueError):
    """A change can't be made; the text is what Slack's `detail` would say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, a paragraph, a list, a table or a piece of code."""

    id: str
    markdown: str

    @property
    def kind(self) -> str:
        """`h1`, `h2`, `h3`, or `text`."""
        level = len(self.markdown) - len(self.markdown.lstrip("#"))
        return f"h{level}" if 1 <= level <= 3 and self.markdown[level : level + 1] == " " else "text"  # noqa: PLR2004  as many as Slack has


@dataclass(slots=True, kw_only=True)
class Canvas:
    """One document. Its id is a file's."""

    id: str
    title: str
    user: str
    created: int  # epoch seconds
    channel: str = ""  # the channel that has it as a tab
    sections: list[Section] = field(default_factory=list)

    @property
    def markdown(self) -> str:
        """The whole text."""
        return "\n\n".join(section.markdown for section in self.sections)


def pieces(markdown: str) -> list[str]:
    """The text cut at blank lines, but never within fenced code."""
    found: list[list[str]] = [[]]
    fenced = False
    for line in markdown.strip("\n").split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if line.strip() or fenced:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return ["\n".join(lines) for lines in found if lines]


class CanvasShelf:
    """All canvases of the workspace."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self.by_id: dict[str, Canvas] = {}

    def make(self, *, title: str, markdown: str, user: str, channel: str = "") -> Canvas:
        """A new canvas. Raises CanvasFault for text that is too long."""
        canvas = Canvas(
            id=self._ids.make("F"),
            title=title,
            user=user,
            created=int(self._clock.now().timestamp()),
            channel=channel,
            sections=self._sections(markdown),
        )
        self.by_id[canvas.id] = canvas
        return canvas

    def of_channel(self, channel: str) -> Canvas | None:
        """The canvas that a channel has as a tab."""
        return next((canvas for canvas in self.by_id.values() if channel and canvas.channel == channel), None)

    def change(
        self, canvas: Canvas, operation: str, *, markdown: str, section_id: str = "", title: str = ""
    ) -> None:
        """Carry out one operation of `canvases.edit`. Raises CanvasFault."""
        if operation == "rename":
            canvas.title = title
            return
        at = self._place(canvas, section_id) if section_id else None
        if operation in {"insert_before", "insert_after", "delete"} and at is None:
            raise CanvasFault(f"`{operation}` needs a `section_id`")
        new = [] if operation == "delete" else self._sections(markdown)
        end = len(canvas.sections)
        first, last = {
            "insert_at_start": (0, 0),
            "insert_at_end": (end, end),
            "insert_before": (at or 0, at or 0),
            "insert_after": ((at or 0) + 1, (at or 0) + 1),
            "replace": (0, end) if at is None else (at, at + 1),
            "delete": (at or 0, (at or 0) + 1),
        }[operation]
        canvas.sections[first:last] = new

    def _place(self, canvas: Canvas, section_id: str) -> int:
        for at, section in enumerate(canvas.sections):
            if section.id == section_id:
                return at
        raise CanvasFault(f"there is no section {section_id}")

    def _sections(self, markdown: str) -> list[Section]:
        if len(markdown) > MARKDOWN_LIMIT:
            raise CanvasFault(f"the content is longer than {MARKDOWN_LIMIT} characters")
        return [Section(id=f"temp:C:{self._ids.make('')}", markdown=piece) for piece in pieces(markdown)]


OPERATIONS = frozenset(
    {"insert_at_start", "insert_at_end", "insert_before", "insert_after", "replace", "delete", "rename"}
)
