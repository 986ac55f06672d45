"""Writing down how far Slack is, in the journal: before a post that might be lost, and after each answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.chat.outbox.moving import standing, still_asked
from bot.crashpoints import CrashPoint, reached
from bot.domain.dead_letters import Landing, land
from bot.domain.facts import (
    ChannelArchived,
    ChannelLeft,
    ChannelOpened,
    ChannelUnarchived,
    Fact,
    InvitesRefused,
    MessageLost,
    MessagePosted,
    NotInvited,
)
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import FIRELINE, DeadKind, DeadReason
from bot.domain.ports import Journal, Transaction
from bot.domain.records import OutboxEntry
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
T = TypeVar("T")
SETTLES = timedelta(seconds=12)
"""How long after it was sent Slack may be at work on a call that nobody waits for any more; a little more than we wait for an answer ourselves."""


class Ledger:
    """Keeps the outbox's entries; every method returns the entry as it stands once that is durable."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def about_to(self, entry: OutboxEntry, *, file: str = "") -> OutboxEntry:
        """Say that something which must not happen twice is about to be sent: from here on it may stand in Slack, a file under its id.

        Whoever finds this entry without an answer, after a crash say, looks for it in Slack only when Slack has had its time.
        """
        named = {"ts": file} if file else {}
        return await self._put(entry, {"ambiguous": True, **named}, due_in=SETTLES)

    async def not_done(self, entry: OutboxEntry) -> OutboxEntry:
        """Say that Slack answered, and did not do it."""
        return await self._put(entry, {"ambiguous": False, "due_at": None})

    async def opened(self, entry: OutboxEntry, *, channel: str, name: str) -> OutboxEntry:
        """Say that the incident has its channel; what else belongs to it is still to come."""
        fact = ChannelOpened(incident=entry.incident, channel=channel, name=name)
        return await self._put(
            entry, {"channel": channel, "ambiguous": False, "due_at": None, "error": ""}, [fact]
        )

    async def not_in(self, incident: IncidentId, channel: str, refused: tuple[NotInvited, ...]) -> None:
        """Say who should be in the channel and can't be brought there."""
        await self._tell(incident, InvitesRefused(incident=incident, channel=channel, refused=refused))

    async def archived(self, incident: IncidentId, channel: str) -> None:
        """Say that the channel takes no more messages, unless that was said."""

        def unit(tx: Transaction) -> None:
            if tx.channel_of(incident).archived_at is None:
                fact = ChannelArchived(incident=incident, channel=channel)
                tx.append(incident_stream(incident), FIRELINE, [fact])

        await self._write(unit)

    async def unarchived(self, incident: IncidentId, channel: str) -> None:
        """Say that the channel takes messages again."""
        await self._tell(incident, ChannelUnarchived(incident=incident, channel=channel))

    async def left(self, incident: IncidentId, channel: str, why: str) -> bool:
        """Say that the channel can't be used any more: what people are asked there is asked anew in the next one, where all that changes is shown.

        False where it was left already: then nothing is said.
        """

        def unit(tx: Transaction) -> bool:
            record = tx.incident(incident)
            if record is None or record.channel != channel:
                return False
            again = still_asked(tx, incident)
            fact = ChannelLeft(incident=incident, channel=channel, why=why, again=again)
            tx.append(incident_stream(incident), FIRELINE, [fact])
            for key in (*standing(incident), *again):
                entry = tx.outbox_entry(key)
                if entry is not None:
                    tx.put_outbox(replace(entry, **_NOWHERE))
            return True

        left = await self._write(unit)
        if left:
            _LOG.warning(
                "an incident's channel can't be used any more; the response goes on in a new one",
                why=why,
                incident=int(incident),
                channel=channel,
            )
        return left

    async def _tell(self, incident: IncidentId, fact: Fact) -> None:
        await self._write(lambda tx: tx.append(incident_stream(incident), FIRELINE, [fact]))

    async def posted(self, entry: OutboxEntry, *, channel: str, ts: str, digest: str) -> OutboxEntry:
        """Say that a message stands in Slack for the first time."""
        fact = MessagePosted(incident=entry.incident, key=entry.key, channel=channel, ts=ts)
        known = {
            "channel": channel,
            "ts": ts,
            "digest": digest,
            "ambiguous": False,
            "due_at": None,
            "error": "",
        }
        return await self._put(entry, known, [fact])

    async def shown(
        self,
        entry: OutboxEntry,
        *,
        through: int,
        digest: str,
        error: str = "",
        rest: timedelta | None = None,
    ) -> OutboxEntry:
        """Say that Slack shows everything up to `through`; with `rest`, what changes from here on waits for so long."""
        done = {
            "sent": through,
            "digest": digest,
            "attempts": 0,
            "due_at": None,
            "ambiguous": False,
            "error": error,
        }
        return await self._put(entry, done, due_in=rest)

    async def later(self, entry: OutboxEntry, *, due_at: datetime, error: str, attempts: int) -> OutboxEntry:
        """Say that it did not work and when it is tried again."""
        return await self._put(entry, {"due_at": due_at, "error": error, "attempts": attempts})

    async def lost(self, entry: OutboxEntry, fact: MessageLost | None = None) -> OutboxEntry:
        """Say that the message is no longer in Slack, so that it is posted anew."""
        facts = [] if fact is None else [fact]
        return await self._put(entry, {"ts": "", "digest": "", "ambiguous": False}, facts)

    async def gone(self, entry: OutboxEntry, why: str) -> OutboxEntry:
        """Give it up, and say why: there is nothing to show, or no place for it."""
        return await self._put(entry, _given_up(why))

    async def refused(self, entry: OutboxEntry, what: str, why: str) -> OutboxEntry:
        """Give it up because Slack refuses it for good: it is in the dead-letter list, and somebody may have it shown again."""
        landing = Landing(
            what=DeadKind.MESSAGE,
            about=entry.key,
            reason=DeadReason.REFUSED,
            title=what,
            detail=why,
            tries=entry.attempts + 1,
            incident=entry.incident,
        )
        return await self._put(entry, _given_up(why), landing=landing)

    async def _put(
        self,
        entry: OutboxEntry,
        changes: Mapping[str, Any],
        facts: Sequence[Fact] = (),
        *,
        due_in: timedelta | None = None,
        landing: Landing | None = None,
    ) -> OutboxEntry:
        def unit(tx: Transaction) -> OutboxEntry:
            if landing is not None:
                land(tx, landing)
            if facts:
                tx.append(incident_stream(entry.incident), FIRELINE, facts)
            # The entry as it is now: what we were given may be older than the last event that raised `wanted`.
            changed = replace(tx.outbox_entry(entry.key) or entry, **changes)
            if due_in is not None:
                changed = replace(changed, due_at=tx.now + due_in)
            tx.put_outbox(changed)
            return changed

        return await self._write(unit)

    async def _write(self, unit: Callable[[Transaction], T]) -> T:
        written = await self._journal.submit(unit)
        reached(CrashPoint.OUTBOX_RECORDED)
        return written


_NOWHERE: Mapping[str, Any] = {"channel": "", "ts": "", "digest": "", "ambiguous": False, "due_at": None}
"""How an entry stands that is to be shown in another channel."""


def _given_up(why: str) -> Mapping[str, Any]:
    return {"gone": why, "error": why, "due_at": None, "ambiguous": False}
