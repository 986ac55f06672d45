"""Writes down what falls due by the clock in incidents: each reminder once, whatever the process went through.

Nothing that is due is kept anywhere: it follows from the log, which also has what people were reminded of. The alarm only wakes, and what came due
while nobody looked is made up for at the next start, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from bot.domain import facts
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import IncidentId, incident_of_stream, incident_stream
from bot.domain.nouns import FIRELINE, ApprovalStatus
from bot.domain.ports import Journal, Transaction
from bot.domain.records import ApprovalRecord
from bot.incidents.reminding import Due, Patience, Standing, all_due
from bot.incidents.timekeeper import Wake
from bot.incidents.worker import work_when_woken

AT_ONCE = 16
"""Incidents that are looked at in one unit of work: a few milliseconds, for which a decision waits that comes meanwhile."""
REST = 0.003
"""Seconds between two such units. The first look after a start goes through every incident there is, and must not keep the process busy."""
_MOVES_A_TIME: frozenset[type[Fact]] = frozenset(
    {
        facts.AlertsAttached,
        facts.ApprovalClosed,
        facts.ApprovalEscalated,
        facts.ApprovalRequested,
        facts.ChannelArchived,
        facts.ChannelOpened,
        facts.ChannelUnarchived,
        facts.IncidentAbsorbed,
        facts.IncidentAcknowledged,
        facts.IncidentMerged,
        facts.IncidentOpened,
        facts.IncidentReopened,
        facts.IncidentResolved,
        facts.MessageMarked,
        facts.NoteAdded,
        facts.RoleAssigned,
        facts.RunFinished,
        facts.RunPaused,
        facts.RunProposed,
        facts.RunRejected,
        facts.RunResumed,
        facts.SeverityChanged,
        facts.StatusChanged,
        facts.StepOutcomeUnknown,
        facts.UpdateGiven,
    }
)
"""After what an incident may wait for another time, or is quiet no more; of a run's steps and calls there are thousands, and none is here."""


class Reminders:
    """Looks after the times that incidents wait for. `watch` listens to the journal, `ring` is what the alarm rings."""

    def __init__(self, journal: Journal, *, patience: Patience, clock: Clock, alarm: Wake) -> None:
        self._journal = journal
        self._patience = patience
        self._clock = clock
        self._alarm = alarm
        self._woken = asyncio.Event()
        self._touched: set[IncidentId] = set()
        self._due: dict[IncidentId, datetime] | None = None

    async def ring(self) -> None:
        """Say that an instant has come."""
        self._woken.set()

    def watch(self, events: Sequence[Event]) -> None:
        """Look again at the incidents in which something happened; on the event loop, returns at once."""
        for event in events:
            if type(event.fact) in _MOVES_A_TIME and (incident := incident_of_stream(event.stream)):
                self._touched.add(incident)
        if self._touched:
            self._woken.set()

    async def run(self) -> None:
        """Remind until cancelled, or until the journal closes; what came due before the start comes first."""
        await work_when_woken(self._woken, self.tick, waits="reminders.wait")

    async def tick(self) -> None:
        """Write down all that has come due, and set the alarm. Raises JournalError when the journal takes no work."""
        if self._due is None:
            self._touched.update(await self._journal.submit(_all_incidents))
            self._due = {}
        now = self._clock.now()
        todo = sorted(self._touched | {incident for incident, at in self._due.items() if at <= now})
        for first in range(0, len(todo), AT_ONCE):
            if first:
                await asyncio.sleep(REST)
            some = todo[first : first + AT_ONCE]
            self._touched.difference_update(some)
            try:
                ahead = await self._journal.submit(partial(_remind, some, self._patience))
            except BaseException:  # cancelled or refused, what was taken out is to be looked at again
                self._touched.update(some)
                raise
            for incident in some:
                self._due.pop(incident, None)
            self._due.update(ahead)
        self._alarm.wake_at(min(self._due.values(), default=None))


def _all_incidents(tx: Transaction) -> Iterable[IncidentId]:
    """Return every incident's number: they are given without gaps, so none has to be read for that."""
    return map(IncidentId, range(1, tx.next_incident()))


def _remind(
    incidents: Iterable[IncidentId], patience: Patience, tx: Transaction
) -> Mapping[IncidentId, datetime]:
    """Write down what is due in incidents, and return when to look at each again."""
    ahead = {}
    for incident in incidents:
        due = _due_in(incident, patience, tx)
        come = [each.fact for each in due if each.at <= tx.now]
        if come:
            tx.append(incident_stream(incident), FIRELINE, come)
            due = _due_in(incident, patience, tx)
        if due:
            ahead[incident] = due[0].at
    return ahead


def _due_in(incident: IncidentId, patience: Patience, tx: Transaction) -> Sequence[Due]:
    record = tx.incident(incident)
    if record is None:
        return ()
    standing = Standing(
        incident=record,
        channel=tx.channel_of(incident),
        reminders=tx.reminders_of(incident),
        asking=[
            each
            for each in (tx.approvals_of(incident) if record.open else ())
            if each.status is ApprovalStatus.PENDING and not _paused(each, tx)
        ],
    )
    return all_due(standing, patience)


def _paused(approval: ApprovalRecord, tx: Transaction) -> bool:
    run = tx.run(approval.run)
    return run is not None and run.paused_at is not None
