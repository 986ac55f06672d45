"""What the journal and its log writer send each other over a socket of their own: parcels, each its length in four bytes and so many bytes.

To the log writer go the end of the log, an instant and appends. They are pickled: both ends are the same program, and nobody else holds the socket.
Back come the hashes of the events that are durable, 32 bytes each, or in words why nothing was written; nothing that comes back is unpickled. The
first thing that the log writer says is which code it runs: it is started late, and may find another version installed by then.
"""

from __future__ import annotations

import hashlib
import pickle
import socket
import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import bot.domain
import bot.persistence
from bot.domain.facts import fact_of, values_of
from bot.domain.ids import Digest
from bot.persistence.batch import Append, Head

_LENGTH = struct.Struct("!I")
_HASH = 32
_WRITTEN, _NOT_WRITTEN = b"\x01", b"\x00"


class Request(NamedTuple):
    """Appends that are to follow the end of the log, all at one instant."""

    head: Head
    now: datetime
    appends: Sequence[Append]


def code_on_disk() -> bytes:
    """Return what tells one version of the code that both ends run from another: its files' sizes and times."""
    told = hashlib.sha256()
    for package in (bot.domain, bot.persistence):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            seen = file.stat()
            told.update(f"{file} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    return told.digest()


class NotWritten(Exception):
    """The log writer says that it wrote nothing, and why."""


def request_in(parcel: bytes) -> Request:
    """Read a request."""
    head, now, appends = pickle.loads(parcel)  # noqa: S301 - from this program itself
    return Request(
        head,
        now,
        [
            Append(stream, actor, [fact_of(kind, values) for kind, values in facts])
            for stream, actor, facts in appends
        ],
    )


def parcel_of(request: Request) -> bytes:
    """Write a request; an exception of pickle's, of whatever type, when a value in it can't be sent."""
    appends = [
        (stream, actor, [(fact.KIND, values_of(fact)) for fact in facts])
        for stream, actor, facts in request.appends
    ]
    return pickle.dumps((request.head, request.now, appends), pickle.HIGHEST_PROTOCOL)


def written(hashes: Sequence[Digest]) -> bytes:
    """Say that events are durable, each by its hash."""
    return _WRITTEN + bytes.fromhex("".join(hashes))


def not_written(why: str) -> bytes:
    """Say that nothing was written."""
    return _NOT_WRITTEN + why.encode()


def hashes_in(parcel: bytes, count: int) -> list[Digest]:
    """Read an answer that has so many hashes; NotWritten with what it says when nothing was written, ValueError when it is no such answer."""
    kind, rest = parcel[:1], parcel[1:]
    if kind == _NOT_WRITTEN:
        raise NotWritten(rest.decode(errors="replace"))
    if kind != _WRITTEN or len(rest) != count * _HASH:
        raise ValueError(f"an answer of {len(parcel)} bytes that can't be read")
    digits = rest.hex()
    return [Digest(digits[at : at + 2 * _HASH]) for at in range(0, len(digits), 2 * _HASH)]


def send(way: socket.socket, parcel: bytes) -> None:
    """Send a parcel; OSError when the other end is gone, TimeoutError when it takes nothing."""
    way.sendall(_LENGTH.pack(len(parcel)) + parcel)


def receive(way: socket.socket) -> bytes | None:
    """Wait for a parcel; None when the other end is gone, TimeoutError when nothing comes."""
    first = _exactly(way, _LENGTH.size)
    return None if first is None else _exactly(way, *_LENGTH.unpack(first))


def _exactly(way: socket.socket, size: int) -> bytes | None:
    whole = bytearray(size)
    rest = memoryview(whole)
    while rest:
        count = way.recv_into(rest)
        if count == 0:
            return None
        rest = rest[count:]
    return bytes(whole)
