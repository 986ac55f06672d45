r"""The verifier: walks the log as it is stored and says what is wrong with it.

It shares no code with the writer, on purpose, and imports nothing of Fireline: the rule is written down here a second time. An event's hash
is the SHA-256, in hex, of the UTF-8 of the canonical JSON of {actor, at, data, kind, prev, seq, stream}: keys in code point order, no white space,
only the escapes that RFC 8259 demands (the short ones where there are, `\u00xx` in lower case else), no NaN or infinity. `prev` is the hash
of the event before, 64 zeros for the first; `seq` counts from 1 without a gap.

What a chain can't show: a log that somebody rewrote from one event to its end, every hash made anew. For that, compare with a head (seq, hash) that
was kept elsewhere: pass it as `head`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

FIRST_PREV = "0" * 64
MOST_PROBLEMS = 100
_HASHED = ("actor", "at", "kind", "prev", "stream")
_CHUNK = 1024 * 1024


class Kind(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    """What is stored is not what was hashed, or does not follow from the event before."""
    REORDERED = "reordered"
    """An event stands after later ones."""
    DROPPED = "dropped"
    """Events are missing before this one."""
    CUT = "cut"
    """The log ends before the head that was kept elsewhere."""
    DUPLICATE = "duplicate"
    """An event stands here again."""
    MISSING = "missing"
    """Bytes that the log tells of are not there."""
    ALTERED = "altered"
    """Bytes that the log tells of are others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, at an event."""

    kind: Kind
    seq: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the walk found. `count` is what was looked at; `problems` are the first hundred; `first_bad` is the lowest event with one.

    `last` is the place and hash of the last event, to be kept elsewhere; (0, 64 zeros) for an empty log.
    """

    ok: bool
    count: int
    first_bad: int | None
    problems: tuple[Problem, ...]
    last: tuple[int, str] = (0, FIRST_PREV)


def verify_log(rows: Iterable[Mapping[str, Any]], *, head: tuple[int, str] | None = None) -> Report:
    """Walk the log, rows as stored (seq, at, stream, actor, kind, data as JSON text, prev, hash), in the order in which they stand."""
    walk = _Walk(head)
    for row in rows:
        walk.step(row)
    return walk.end()


def verify_evidence(rows: Iterable[Mapping[str, Any]], open_blob: Callable[[str], BinaryIO]) -> Report:
    """Compare stored bytes with what the log says of them: size and SHA-256. `open_blob` opens by SHA-256; OSError when it can't.

    Looks at `evidence.stored` and at the kept bodies of `delivery.refused`; bytes that several events tell of are read once.
    """
    found = _Problems()
    seen: dict[str, tuple[int, str] | str] = {}
    count = 0
    for row in rows:
        for digest, size, name in _told(row):
            count += 1
            if digest not in seen:
                seen[digest] = _measured(digest, open_blob)
            measured = seen[digest]
            seq = _number(row.get("seq"))
            if isinstance(measured, str):
                found.add(Kind.MISSING, seq, f"{name}: {measured}")
            elif measured != (size, digest):
                found.add(Kind.ALTERED, seq, f"{name}: {measured[0]} bytes with SHA-256 {measured[1]}")
    return found.report(count)


@dataclass(slots=True)
class _Problems:
    """Collects what is wrong, the first hundred in full."""

    first: list[Problem] = field(default_factory=list)
    lowest: int | None = None

    def add(self, kind: Kind, seq: int, detail: str) -> None:
        self.lowest = seq if self.lowest is None else min(self.lowest, seq)
        if len(self.first) < MOST_PROBLEMS:
            self.first.append(Problem(kind=kind, seq=seq, detail=detail))

    def report(self, count: int, last: tuple[int, str] = (0, FIRST_PREV)) -> Report:
        return Report(
            ok=self.lowest is None,
            count=count,
            first_bad=self.lowest,
            problems=tuple(self.first),
            last=last,
        )


class _Walk:
    """The state of a walk. Gaps stay open until the end, because an event that is missing here may stand further on."""

    def __init__(self, head: tuple[int, str] | None) -> None:
        self._head = head
        self._found = _Problems()
        self._count = 0
        self._seq = 0
        self._hash = FIRST_PREV
        self._gaps: list[list[int]] = []  # [first, last] missing, in order
        self._before: dict[int, str] = {}  # the hash of the event before a gap, by its place
        self._wanted: dict[
            int, str
        ] = {}  # what the event after a gap names as `prev`, by the place that it names

    def step(self, row: Mapping[str, Any]) -> None:
        self._count += 1
        seq, stored, prev = _number(row.get("seq")), str(row.get("hash")), str(row.get("prev"))
        wrong = _content_problem(row, stored)
        if wrong:
            self._found.add(Kind.CHANGED, seq, wrong)
        if self._head is not None and seq == self._head[0] and stored != self._head[1]:
            self._found.add(Kind.CHANGED, seq, "the hash is not that of the head that was kept elsewhere")
        if seq <= self._seq:
            self._late(seq, stored, prev)
            return
        if seq == self._seq + 1:
            if prev != self._hash:
                self._found.add(
                    Kind.CHANGED, seq, "it does not follow from the event before: one of the two was replaced"
                )
        else:
            self._gaps.append([self._seq + 1, seq - 1])
            self._before[self._seq] = self._hash
            self._wanted[seq - 1] = prev
        self._seq, self._hash = seq, stored

    def _late(self, seq: int, stored: str, prev: str) -> None:
        """Take an event that stands after later ones: it was moved, or it is here twice."""
        if not self._fill(seq):
            self._found.add(Kind.DUPLICATE, seq, f"event {seq} stands here again")
            return
        self._found.add(Kind.REORDERED, seq, f"event {seq} stands after event {self._seq}")
        follows = self._before.get(seq - 1, prev) == prev and self._wanted.get(seq, stored) == stored
        if not follows:
            self._found.add(Kind.CHANGED, seq, "it does not fit between its neighbours")
        self._before[seq] = stored

    def _fill(self, seq: int) -> bool:
        """Close the gap at a place; False when there is none."""
        for index, (first, last) in enumerate(self._gaps):
            if first <= seq <= last:
                parts = [[first, seq - 1], [seq + 1, last]]
                self._gaps[index : index + 1] = [part for part in parts if part[0] <= part[1]]
                return True
        return False

    def end(self) -> Report:
        for first, last in self._gaps:
            missing = (
                f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
            )
            self._found.add(Kind.DROPPED, first, missing)
        if self._head is not None and self._seq < self._head[0]:
            detail = f"the log ends with event {self._seq}, but there was an event {self._head[0]}"
            self._found.add(Kind.CUT, self._seq + 1, detail)
        return self._found.report(self._count, (self._seq, self._hash))


def _content_problem(row: Mapping[str, Any], stored: str) -> str:
    """Compare an event with its own hash; empty when it is as it was written."""
    text = row.get("data")
    try:
        data = json.loads(text, parse_constant=_no_constant) if isinstance(text, str) else None
        if data is None:
            return "its data can't be read"
        if canonical(data) != text:
            return "its data is not written as it was hashed"
        hashed: dict[str, Any] = {name: row[name] for name in _HASHED}
        made = canonical({**hashed, "data": data, "seq": row["seq"]}).encode()
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return f"it can't be read: {type(error).__name__}"
    return "" if hashlib.sha256(made).hexdigest() == stored else "its content is not what was hashed"


def canonical(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a JSON value in canonical form; ValueError for what is no JSON value."""
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value - value == 0:  # neither NaN nor infinite
        return repr(value)
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_quoted(key)}:{canonical(value[key])}' for key in sorted(value))}}}"
    raise ValueError(f"{value!r} is no JSON value")


_CONSTANTS = {None: "null", True: "true", False: "false"}
_ESCAPES = {code: f"\\u{code:04x}" for code in range(32)} | {
    ord(char): escape
    for char, escape in (
        ("\b", "\\b"),
        ("\f", "\\f"),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
        ('"', '\\"'),
        ("\\", "\\\\"),
    )
}


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _no_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _number(value: object) -> int:
    """Return a place in the log; 0, where nothing is, for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _told(row: Mapping[str, Any]) -> Iterable[tuple[str, int, str]]:
    """Yield (SHA-256, size, name) of the bytes that an event tells of."""
    fields = {"evidence.stored": ("sha256", "evidence"), "delivery.refused": ("body_sha256", "source")}.get(
        row["kind"]
    )
    if fields is None:
        return
    try:
        data = json.loads(row["data"])
        told = (str(data[fields[0]]), int(data["size"]), f"{row['kind']} {data[fields[1]]}")
    except (ValueError, TypeError, KeyError):  # the walk over the log says so
        return
    yield told


def _measured(digest: str, open_blob: Callable[[str], BinaryIO]) -> tuple[int, str] | str:
    """Read stored bytes and return (size, SHA-256); a sentence when they can't be read."""
    size, hashed = 0, hashlib.sha256()
    try:
        with open_blob(digest) as blob:
            while chunk := blob.read(_CHUNK):
                size += len(chunk)
                hashed.update(chunk)
    except FileNotFoundError:
        return f"the bytes {digest} are not there"
    except (OSError, ValueError) as error:
        return f"the bytes {digest} can't be read: {error}"
    return size, hashed.hexdigest()
