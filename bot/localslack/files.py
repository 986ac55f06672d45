"""Files that went up by `files.getUploadURLExternal`: announced, filled, then completed.

It keeps bytes in memory and knows a file's state; who may share one, and where, is decided by the method.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field

from bot.localslack.clock import Clock
from bot.localslack.ids import Ids


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """One file and where it was shared."""

    id: str
    key: str  # the unguessed part of its upload URL
    name: str
    title: str
    length: int  # bytes, as announced
    created: int  # epoch seconds
    user: str
    content: bytes | None = None
    completed: bool = False
    deleted: bool = False
    channels: list[str] = field(default_factory=list)

    @property
    def mimetype(self) -> str:
        """By its name; text where nothing is known."""
        return mimetypes.guess_type(self.name)[0] or "text/plain"


class FileCabinet:
    """All files of the workspace."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self.by_id: dict[str, StoredFile] = {}

    def announce(self, *, name: str, length: int, user: str) -> StoredFile:
        """A file that is about to be uploaded."""
        file = StoredFile(
            id=self._ids.make("F"),
            key=self._ids.make("K"),
            name=name,
            title=name,
            length=length,
            created=int(self._clock.now().timestamp()),
            user=user,
        )
        self.by_id[file.id] = file
        return file

    def by_key(self, key: str) -> StoredFile | None:
        """The file whose upload URL ends in `key`."""
        return next((file for file in self.by_id.values() if file.key == key), None)
