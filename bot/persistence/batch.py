"""A batch: what the units of one commit append and change, held in memory until a unit must read it or the batch ends.

It knows where the log ends, seals each event to the one before, and keeps the projections in step. It begins and commits nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, delete

from bot.domain.clock import to_text
from bot.domain.events import Event, seal
from bot.domain.facts import Fact, fact_to_text
from bot.domain.ids import Digest, StreamId
from bot.domain.nouns import Actor
from bot.domain.ports import Transaction
from bot.persistence.changes import Buffer, Change, Key
from bot.persistence.process_tables import RELAY
from bot.persistence.projections import changes_of
from bot.persistence.statements import Query, Writer
from bot.persistence.tables import EVENTS

_COLUMNS = ("seq", "at", "stream", "actor", "kind", "data", "prev", "hash", "run")
Head = tuple[int, Digest]
"""The last event's place and hash."""


class Append(NamedTuple):
    """What is to be appended without reading anything first: the quickest of the journal's jobs."""

    stream: StreamId
    actor: Actor
    facts: Sequence[Fact]


Job = Append | Callable[[Transaction], Any]
"""What the journal is given: appends, or a unit of work that reads."""


class Batch:
    """One transaction's worth of appends and changes.

    `marks` grows whenever something is added: who remembers it can tell whether a unit left anything.
    """

    def __init__(self, connection: Connection, writer: Writer, head: Head) -> None:
        self._connection = connection
        self._writer = writer
        self._seq, self._hash = head
        self._rows: list[Key] = []
        self._buffer = Buffer()
        self._relayed: list[str] = []
        self._now: datetime | None = None
        self._at = ""
        self.events: list[Event] = []
        self.marks = 0

    @property
    def head(self) -> Head:
        """Where the log ends, with what this batch appended."""
        return self._seq, self._hash

    @property
    def now(self) -> datetime | None:
        """The instant of the newest append; None while there is none."""
        return self._now

    def append(self, now: datetime, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """Give facts their place. ValueError or TypeError when one has no form in the log; then none of them was added."""
        if now is not self._now:
            self._now, self._at = now, to_text(now)
        by = str(actor)
        seq, prev = self._seq, self._hash
        events: list[Event] = []
        rows: list[Key] = []
        for fact in facts:
            seq += 1
            kind = fact.KIND
            data = fact_to_text(fact)
            sealed = seal(seq=seq, at=self._at, stream=stream, actor=by, kind=kind, data=data, prev=prev)
            events.append(
                Event(seq=seq, at=now, stream=stream, actor=actor, fact=fact, prev=prev, hash=sealed)
            )
            rows.append((seq, self._at, stream, by, kind, data, prev, sealed, getattr(fact, "run", None)))
            prev = sealed
        self._seq, self._hash = seq, prev
        self._rows += rows
        self.events += events
        self.marks += 1
        if events:
            add = self._buffer.add
            for change in changes_of(events, self._at):
                add(change)
        return events

    def change(self, change: Change) -> None:
        """Change a row that no event accounts for: how far chat is, what came from it."""
        self.marks += 1
        self._buffer.add(change)

    def remove_relayed(self, key: str) -> None:
        """Remove what was kept for this process, now that it is recorded."""
        self.marks += 1
        self._relayed.append(key)

    def rows(
        self, query: Query, parameters: Mapping[str, Any], only: Collection[Key] | None
    ) -> Sequence[Row[Any]]:
        """Answer a query with all that was added so far; `only` says which rows of its one table it can touch."""
        for table in query.tables:
            self._flush(table, only)
        return query.rows(self._connection, parameters)

    def flush(self) -> None:
        """Write everything that waits."""
        self._flush(EVENTS, None)
        for table in self._buffer.tables():
            self._flush(table, None)
        if self._relayed:
            self._connection.execute(delete(RELAY).where(RELAY.c.key.in_(self._relayed)))

    def _flush(self, table: Table, only: Collection[Key] | None) -> None:
        if table is EVENTS:
            if self._rows:
                rows, self._rows = self._rows, []
                self._writer.insert(self._connection, EVENTS, _COLUMNS, rows)
        elif self._buffer.holds(table, only):
            self._writer.drain(self._connection, self._buffer, table)


def sealed(head: Head, now: datetime, appends: Sequence[Append], hashes: Sequence[Digest]) -> list[Event]:
    """Return the events that appends became where another process gave them their hashes; ValueError when these are not as many."""
    seq, prev = head
    events: list[Event] = []
    facts = [(each.stream, each.actor, fact) for each in appends for fact in each.facts]
    for (stream, actor, fact), hashed in zip(facts, hashes, strict=True):
        seq += 1
        events.append(Event(seq, now, stream, actor, fact, prev, hashed))
        prev = hashed
    return events
