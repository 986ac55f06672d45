"""Keeping the beginning and the end of an output that may have no end."""

from __future__ import annotations


class HeadTail:
    """Takes bytes for ever and keeps the first and the last half of `limit`."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit - limit // 2
        self._tail_limit = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0

    @property
    def truncated(self) -> bool:
        """Whether anything was left out."""
        return self._left_out > 0

    def write(self, chunk: bytes) -> None:
        """Add bytes."""
        room = self._head_limit - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        over = len(self._tail) - self._tail_limit
        if over > 0:
            self._left_out += over
            del self._tail[:over]

    def text(self) -> str:
        """Return what was kept as text, with a line in the middle that says how much is missing."""
        head, tail = (
            self._head.decode(errors="replace"),
            self._tail.decode(errors="replace"),
        )
        if not self.truncated:
            return (self._head + self._tail).decode(errors="replace")
        return f"{head}\n… {self._left_out} bytes left out …\n{tail}"
