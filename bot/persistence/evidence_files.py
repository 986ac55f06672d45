"""The evidence store: bytes under their SHA-256, `ab/cdef…`, written once and never changed.

What is being written lies in `unfinished/` until it is whole and on disk; then it gets its name in one step. So a name is a promise: the bytes are
all there. It refuses to judge what it keeps, and to hold more of one capture than its limit: then it says so (`truncated`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.crashpoints import CrashPoint, reached
from bot.domain.ids import Digest
from bot.errors import ChainBroken

LIMIT = 1024 * 1024 * 1024
"""Bytes of one capture that are kept, unless said otherwise: a gibibyte."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1024 * 1024
_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a capture became. `size` is in bytes and, like `sha256`, of what was kept; `truncated`: there was more."""

    sha256: Digest
    size: int
    media_type: str
    source: str
    truncated: bool


class EvidenceFiles:
    """Evidence in a folder, which it makes when it is needed (mode 0700; files 0600). Its methods block: call them off the event loop."""

    def __init__(self, root: Path, *, limit: int = LIMIT) -> None:
        self._root = root
        self._limit = limit

    def capture(self) -> FileCapture:
        """Begin to keep bytes; finish or discard what this returns. OSError when nothing can be written."""
        folder = self._root / _UNFINISHED
        if not folder.is_dir():
            self._root.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            # One at a time: a mode given with `parents` is the last folder's alone.
            for each in (self._root, folder):
                each.mkdir(mode=0o700, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)  # mode 0600
        return FileCapture(self._root, descriptor, Path(name), self._limit)

    def keep(self, data: bytes) -> Digest:
        """Keep these bytes and return their SHA-256."""
        capture = self.capture()
        capture.write(data)
        return capture.finish().sha256

    def open(self, digest: str, *, verify: bool = False) -> BinaryIO:
        """Open kept bytes for reading; FileNotFoundError when there are none under this digest, ValueError when it is no digest.

        With `verify`, they are read once before: ChainBroken when they are not what was kept.
        """
        file = _path(self._root, digest).open("rb")
        if verify and hashlib.file_digest(file, "sha256").hexdigest() != digest:
            file.close()
            raise ChainBroken(
                f"the evidence {digest} is not what was kept",
                hint="Restore it from a backup; the log says what it was.",
            )
        file.seek(0)
        return file

    def digests(self) -> Iterator[Digest]:
        """Yield the digest of everything that is kept."""
        for path in sorted(self._root.glob("[0-9a-f][0-9a-f]/*")):
            yield Digest(path.parent.name + path.name)

    def sweep(self, *, older_than: float = 86_400.0) -> int:
        """Remove what was never finished, because the process died, and is older than so many seconds; return how much it was."""
        removed = 0
        for path in (self._root / _UNFINISHED).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than:
                    path.unlink()
                    removed += 1
        return removed


class FileCapture:
    """Bytes on their way into the store: a `bot.actions.contract.Capture`.

    A disk that is full must not break the action that is under way: what could not be written is left out, and `truncated` says so.
    """

    def __init__(self, root: Path, descriptor: int, path: Path, limit: int) -> None:
        self._root = root
        self._descriptor = descriptor
        self._path = path
        self._limit = limit
        self._hashed = hashlib.sha256()
        self._size = 0
        self._full = False
        self._truncated = False
        self._media_type = "application/octet-stream"
        self._source = ""

    def write(self, chunk: bytes) -> None:
        """Add bytes; those beyond the limit, or that the disk does not take, are left out."""
        left = memoryview(chunk)[: self._limit - self._size]
        self._truncated |= len(left) < len(chunk)
        while left and not self._full:
            try:
                written = os.write(self._descriptor, left)
            except OSError:
                self._full = True
                break
            self._hashed.update(left[:written])
            self._size += written
            left = left[written:]
        self._truncated |= len(left) > 0

    def describe(self, *, media_type: str, source: str) -> None:
        """Say what the bytes are and where they came from."""
        self._media_type = media_type
        self._source = source

    def finish(self) -> Stored:
        """Make the bytes durable under their digest and return it; OSError when that can't be done, and then nothing is left of them."""
        digest = Digest(self._hashed.hexdigest())
        try:
            os.fsync(self._descriptor)
            self._close()
            reached(CrashPoint.EVIDENCE_WRITTEN)
            self._name(_path(self._root, digest))
            reached(CrashPoint.EVIDENCE_NAMED)
        except BaseException:  # whatever stopped it, no half-finished file stays behind
            self.discard()
            raise
        return Stored(
            sha256=digest,
            size=self._size,
            media_type=self._media_type,
            source=self._source,
            truncated=self._truncated,
        )

    def discard(self) -> None:
        """Drop the bytes; again, or after `finish`, makes no difference."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _name(self, final: Path) -> None:
        """Give the bytes their name in one step. The same bytes that are there already stay, unless they are too few or too many."""
        if not final.parent.is_dir():
            final.parent.mkdir(mode=0o700, exist_ok=True)
            _sync(self._root)
        with contextlib.suppress(FileNotFoundError):
            if final.stat().st_size == self._size:
                self._path.unlink()
                return
        self._path.rename(final)
        _sync(final.parent)


def _sync(folder: Path) -> None:
    """Put a folder's names on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path(root: Path, digest: str) -> Path:
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is no SHA-256")
    return root / digest[:2] / digest[2:]
