"""A unit's view of the batch that it runs in: the port `Transaction`.

What can't come from an event is written here too: how far chat has caught up (outbox), what chat sent (inbox), the texts of runbooks. None of it
decides anything that the log should know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import Digest, IncidentId, LetterId, RunId, StreamId, run_id
from bot.domain.nouns import Actor
from bot.domain.records import InboxEntry, OutboxEntry
from bot.persistence import questions
from bot.persistence.batch import Batch
from bot.persistence.changes import Change, Key
from bot.persistence.chat_tables import INBOX, OUTBOX
from bot.persistence.reader import Questions
from bot.persistence.statements import Query
from bot.persistence.tables import RUNBOOKS


class UnitTransaction(Questions):
    """One unit of work; it must not be used after the unit returned."""

    def __init__(self, batch: Batch, now: datetime) -> None:
        self._batch = batch
        self._now = now

    @property
    def now(self) -> datetime:
        """The instant at which the unit runs."""
        return self._now

    def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """Give facts their place in the log and bring the projections up to date."""
        return self._batch.append(self._now, stream, actor, facts)

    def head(self) -> tuple[int, Digest]:
        """Return the last event's place and hash, this batch included."""
        return self._batch.head

    def next_incident(self) -> IncidentId:
        """Return the number of the next incident."""
        ((last,),) = self._rows(questions.LAST_INCIDENT, {})
        return IncidentId((last or 0) + 1)

    def next_run(self, incident: IncidentId) -> RunId:
        """Return the name of the incident's next run."""
        ((last,),) = self._rows(questions.LAST_RUN, {"incident": incident})
        return run_id(incident, (last or 0) + 1)

    def next_dead_letter(self) -> LetterId:
        """Return the number of the next dead letter."""
        ((last,),) = self._rows(questions.LAST_DEAD_LETTER, {})
        return LetterId((last or 0) + 1)

    def keep_runbook(self, digest: Digest, name: str, source: str) -> None:
        """Keep a runbook's text under its digest; the text that is there stays, since a digest has but one."""
        self._batch.change(Change(RUNBOOKS, (digest,), initial={"name": name, "source": source}))

    def put_outbox(self, entry: OutboxEntry) -> None:
        """Write how far chat is with one thing; `wanted` counts only where there is no entry yet."""
        progress = {
            "channel": entry.channel,
            "ts": entry.ts,
            "sent": entry.sent,
            "digest": entry.digest,
            "attempts": entry.attempts,
            "due_at": None if entry.due_at is None else to_text(entry.due_at),
            "ambiguous": entry.ambiguous,
            "error": entry.error,
            "gone": entry.gone,
        }
        new = {"incident": entry.incident, "wanted": entry.wanted, "since": entry.wanted}
        self._batch.change(Change(OUTBOX, (entry.key,), values=progress, initial=new))

    def put_inbox(self, entry: InboxEntry) -> bool:
        """Keep a payload from chat; False when its key is known already, and then nothing changes."""
        if self._rows(questions.INBOX_KNOWN, {"key": entry.key}, only=[(entry.key,)]):
            return False
        row = {
            "kind": entry.kind,
            "payload": canonical(dict(entry.payload)),
            "received_at": to_text(entry.received_at),
            "attempts": entry.attempts,
            "error": entry.error,
        }
        self._batch.change(Change(INBOX, (entry.key,), values=row))
        return True

    def close_inbox(self, key: str, *, error: str = "") -> None:
        """Mark a payload as handled; with `error`, as given up."""
        self._batch.change(Change(INBOX, (key,), values={"closed": True, "error": error}, create=False))

    def retry_inbox(self, key: str, *, error: str) -> int:
        """Count one failed try at a payload and return how many there were; 0 when there is no such payload."""
        self._batch.change(
            Change(INBOX, (key,), values={"error": error}, counters={"attempts": 1}, create=False)
        )
        rows = self._rows(questions.INBOX_ATTEMPTS, {"key": key}, only=[(key,)])
        return int(rows[0][0]) if rows else 0

    def reopen_inbox(self, key: str) -> None:
        """Have a payload that was given up handled anew, with all its tries before it."""
        anew = {"closed": False, "error": "", "attempts": 0}
        self._batch.change(Change(INBOX, (key,), values=anew, create=False))

    def close_relay(self, key: str) -> None:
        """Remove what a process that stands by had kept."""
        self._batch.remove_relayed(key)

    def _rows(
        self, query: Query, parameters: Mapping[str, Any], *, only: Collection[Key] | None = None
    ) -> Sequence[Row[Any]]:
        return self._batch.rows(query, parameters, only)
