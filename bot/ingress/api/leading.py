"""The verbs of whoever leads: who does what, how bad it is, what stakeholders hear, that it goes on, that two are one."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.ids import IncidentId
from bot.incidents.desk import Desk
from bot.ingress.api import bodies
from bot.ingress.api.holders import Holder, Right
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.verbs import Answer, Named, Standing, Verb, must_stand


class Leading:
    """Does what `assign`, `severity`, `update`, `reopen` and `merge` ask."""

    def __init__(self, *, desk: Desk, onlooker: Onlooker, standing: Standing, named: Named) -> None:
        self._desk = desk
        self._onlooker = onlooker
        self._standing = standing
        self._named = named

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Each verb, by its name in the address."""
        return {
            "assign": Verb(right=Right.RESPOND, body=bodies.Assign, does=self._assign),
            "severity": Verb(right=Right.RESPOND, body=bodies.ChangeSeverity, does=self._severity),
            "update": Verb(right=Right.RESPOND, body=bodies.Update, does=self._update),
            "reopen": Verb(right=Right.RESPOND, body=bodies.Reopen, does=self._reopen),
            "merge": Verb(right=Right.RESPOND, body=bodies.Merge, does=self._merge),
        }

    async def _assign(self, holder: Holder, body: bodies.Assign) -> Answer:
        incident = await self._its(holder, body)
        who = None if body.nobody else holder.actor.id
        if body.person is not None:
            who = await self._named(body.person)
        await self._desk.assign(incident, holder.actor, body.role, who)
        return await self._onlooker.incident(incident)

    async def _severity(self, holder: Holder, body: bodies.ChangeSeverity) -> Answer:
        incident = await self._its(holder, body)
        await self._desk.set_severity(incident, holder.actor, body.severity, body.why)
        return await self._onlooker.incident(incident)

    async def _update(self, holder: Holder, body: bodies.Update) -> Answer:
        incident = await self._its(holder, body)
        await self._desk.update(
            incident, holder.actor, status=body.status, message=body.message, next_in=body.next_in
        )
        return await self._onlooker.incident(incident)

    async def _reopen(self, holder: Holder, body: bodies.Reopen) -> Answer:
        incident = await self._its(holder, body)
        await self._desk.reopen(incident, holder.actor, body.why)
        return await self._onlooker.incident(incident)

    async def _merge(self, holder: Holder, body: bodies.Merge) -> Answer:
        incident = await self._its(holder, body)
        into = await self._onlooker.incident_for(holder, body.into)
        await self._desk.merge(incident, holder.actor, into)
        return await self._onlooker.incident(incident)

    async def _its(self, holder: Holder, body: bodies.OfIncident) -> IncidentId:
        """Return the incident that is meant, if it is there for the holder, and if the holder may have a hand in it."""
        await must_stand(holder, self._standing)
        return await self._onlooker.incident_for(holder, body.incident)
