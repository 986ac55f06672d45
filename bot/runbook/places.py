"""Where something stands in a file, for findings and errors; nothing here reads a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A point in a file, as editors count: the first character of a file is line 1, column 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Write the place as compilers do, so that terminals and editors make it a link: `a.yaml:3:7`."""
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Place(file="<text>")
"""The place of what was not read from a file."""
