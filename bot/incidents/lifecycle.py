"""What people do to an incident from its opening to its end, and to all runs at once; `desk` adds runs and silences.

Each method runs one rule of `rules`, `response` or `freezing` in one unit of work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.domain.facts import AlertsAttached, Fact, IncidentAbsorbed
from bot.domain.ids import SYSTEM, IncidentId, incident_stream
from bot.domain.nouns import FIRELINE, ROLES, Actor, IncidentStatus, RunStatus, Severity
from bot.domain.ports import Journal, Transaction
from bot.domain.records import IncidentRecord
from bot.engine.control import RunControl
from bot.incidents import freezing, response, rules
from bot.incidents.dead_letters import left_waiting
from bot.incidents.line import leave
from bot.incidents.opening import moved

_MOST_ALERTS = 1_000_000
"""All alerts of an incident: whatever is left behind would belong to nobody."""
_TOGETHER = 1000
"""Alerts that one event gives to another incident."""

Sees = Callable[[IncidentRecord], bool]
"""Tells whether an incident is there for those whom a desk serves."""


def everything(_incident: IncidentRecord) -> bool:
    """Let all be seen."""
    return True


class Lifecycle:
    """See `bot.incidents.desk.Desk`, which is one. `roles` are those of the team's own, `sees` tells which incidents are there for its people."""

    def __init__(
        self, journal: Journal, runs: RunControl, *, roles: Sequence[str] = (), sees: Sees = everything
    ) -> None:
        self._journal = journal
        self._sees = sees
        self._runs = runs
        self._roles = (*ROLES, *(each for each in roles if each not in ROLES))

    @property
    def roles(self) -> Sequence[str]:
        """The roles that an incident knows, the team's own last."""
        return self._roles

    # ---------------------------------------------------------------------------------------------------- the response

    async def acknowledge(self, incident: IncidentId, by: Actor) -> None:
        """Take an incident: the first who does becomes incident commander."""
        await self._apply(incident, by, lambda _tx, record: rules.acknowledge(record, by))

    async def assign(self, incident: IncidentId, by: Actor, role: str, person: str | None) -> None:
        """Give a role (`roles` has them all) to a person; None takes it away."""
        await self._apply(
            incident, by, lambda _tx, record: response.assign(record, by, role, person, self.roles)
        )

    async def set_severity(self, incident: IncidentId, by: Actor, severity: Severity, why: str = "") -> None:
        """Say how bad it is."""
        await self._apply(incident, by, lambda _tx, record: response.change_severity(record, severity, why))

    async def update(
        self,
        incident: IncidentId,
        by: Actor,
        *,
        status: IncidentStatus | None,
        message: str,
        next_in: timedelta | None,
    ) -> None:
        """Tell stakeholders how it stands, and promise when they hear again; without a `status` it stays as it is."""
        await self._apply(
            incident, by, lambda tx, record: response.update(record, status, message, next_in, tx.now)
        )

    async def note(self, incident: IncidentId, by: Actor, text: str) -> None:
        """Write into the timeline."""
        await self._apply(incident, by, lambda _tx, record: rules.note(record, text))

    async def resolve(
        self,
        incident: IncidentId,
        by: Actor,
        summary: str = "",
        *,
        impact_from: datetime | None = None,
        impact_to: datetime | None = None,
        impact: str = "",
    ) -> tuple[str, ...]:
        """End the response and return what the one who does should know, a sentence each; Refused while a run is under way.

        `impact_from` and `impact_to` are when customers felt it, `impact` what they felt.
        """
        felt = rules.Felt(since=impact_from, until=impact_to, what=impact)

        def unit(tx: Transaction) -> tuple[str, ...]:
            record = self._found(tx, incident)
            runs = tx.runs_of(incident)
            ending = rules.resolve(record, runs, summary, felt, tx.now)
            for run in runs:
                if run.status is RunStatus.QUEUED:
                    leave(tx, run, by, f"incident {incident} was resolved before its turn came")
            tx.append(incident_stream(incident), by, ending.facts)
            return (*ending.warnings, *left_waiting(tx.dead_letters_of(incident)))

        return await self._journal.submit(unit)

    async def reopen(self, incident: IncidentId, by: Actor, why: str) -> None:
        """Go on with a response that was ended too early; its alerts, and its group's, come to it again."""
        await self._apply(
            incident,
            by,
            lambda tx, record: response.reopen(record, why, tx.open_incident_of_group(record.group), by=by),
        )

    async def merge(self, incident: IncidentId, by: Actor, into: IncidentId) -> None:
        """End an incident as part of another: its alerts and its group are that one's from now on, whatever fires again too."""

        def unit(tx: Transaction) -> None:
            record = self._found(tx, incident)
            target = self._found(tx, into)
            merged = response.merge(record, target, tx.runs_of(incident), tx.merged_into(incident))
            attached = _alerts_of(tx, record, target)
            tx.append(incident_stream(incident), by, [merged])
            tx.append(incident_stream(into), FIRELINE, attached)
            came = sum(len(each.keys) for each in attached)
            absorbed = IncidentAbsorbed(incident=into, other=incident, title=record.title, alerts=came)
            tx.append(incident_stream(into), by, [absorbed])

        await self._journal.submit(unit)

    # ------------------------------------------------------------------------------------------- messages of the timeline

    async def mark(
        self,
        incident: IncidentId,
        by: Actor,
        *,
        channel: str,
        ts: str,
        author: str,
        text: str,
        permalink: str = "",
    ) -> None:
        """Add a chat message to the timeline; Conflict when it stands in one."""
        await self._apply(
            incident,
            by,
            lambda tx, record: response.mark(
                record,
                tx.marked(channel, ts),
                channel=channel,
                ts=ts,
                author=author,
                text=text,
                permalink=permalink,
            ),
        )

    async def mark_edited(self, incident: IncidentId, channel: str, ts: str, text: str, at: datetime) -> None:
        """Record that a message of the timeline says something else since `at`; NotFound when it does not stand there."""
        await self._apply(
            incident,
            FIRELINE,
            lambda tx, record: response.mark_edited(record.id, tx.marked(channel, ts), text, at),
        )

    async def mark_deleted(self, incident: IncidentId, channel: str, ts: str) -> None:
        """Record that a message of the timeline is gone from chat; NotFound when it does not stand there."""
        await self._apply(
            incident,
            FIRELINE,
            lambda tx, record: response.mark_deleted(record.id, tx.marked(channel, ts)),
        )

    # ------------------------------------------------------------------------------------------------------- the freeze

    async def freeze(self, by: Actor, why: str, *, until: datetime | None = None) -> None:
        """Have no run begin by itself what changes something, until then or until somebody unfreezes; what undoes, and what reads, goes on."""

        def unit(tx: Transaction) -> None:
            tx.append(SYSTEM, by, freezing.freeze(tx.freeze(), why, until, tx.now))

        # Before it is on record: of what is let go until then, the intent stands before it in the log.
        async with self._runs.freezing(by=by, why=freezing.reason(why), until=until):
            await self._journal.submit(unit)

    async def unfreeze(self, by: Actor, why: str = "") -> None:
        """Let go on what waits for the end of the freeze."""
        await self._journal.submit(lambda tx: tx.append(SYSTEM, by, freezing.unfreeze(tx.freeze(), why)))

    # ------------------------------------------------------------------------------------------------------------ parts

    def _found(self, tx: Transaction, incident: IncidentId) -> IncidentRecord:
        """Return an incident; NotFound for one that is not there, or not for those whom this desk serves."""
        record = tx.incident(incident)
        return rules.found(record if record is not None and self._sees(record) else None, incident)

    async def _apply(
        self, incident: IncidentId, by: Actor, rule: Callable[[Transaction, IncidentRecord], Sequence[Fact]]
    ) -> None:
        def unit(tx: Transaction) -> None:
            record = self._found(tx, incident)
            tx.append(incident_stream(incident), by, rule(tx, record))

        await self._journal.submit(unit)


def _alerts_of(tx: Transaction, record: IncidentRecord, target: IncidentRecord) -> Sequence[AlertsAttached]:
    """Return what gives all alerts of an incident to another."""
    alerts = tx.alerts_of(record.id, limit=_MOST_ALERTS)
    return [
        moved(target, alerts[start : start + _TOGETHER], before=start)
        for start in range(0, len(alerts), _TOGETHER)
    ]
