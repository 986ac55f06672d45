"""The verbs that keep something still for a while: an incident's alerts, or all changes."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.clock import Clock
from bot.incidents.desk import Desk
from bot.ingress.api import bodies
from bot.ingress.api.holders import Holder, Right
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.verbs import Answer, Standing, Verb, must_stand


class Quieting:
    """Does what `silence`, `unsilence`, `freeze` and `unfreeze` ask."""

    def __init__(self, *, desk: Desk, onlooker: Onlooker, standing: Standing, clock: Clock) -> None:
        self._desk = desk
        self._onlooker = onlooker
        self._standing = standing
        self._clock = clock

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Each verb, by its name in the address."""
        return {
            "silence": Verb(right=Right.SILENCE, body=bodies.Silence, does=self._silence),
            "unsilence": Verb(right=Right.SILENCE, body=bodies.OfIncident, does=self._unsilence),
            "freeze": Verb(right=Right.FREEZE, body=bodies.Freeze, does=self._freeze),
            "unfreeze": Verb(right=Right.FREEZE, body=bodies.Unfreeze, does=self._unfreeze),
        }

    async def _silence(self, holder: Holder, body: bodies.Silence) -> Answer:
        await must_stand(holder, self._standing)
        incident = await self._onlooker.incident_for(holder, body.incident)
        await self._desk.silence(incident, holder.actor, body.duration, body.why)
        return await self._onlooker.silence(incident)

    async def _unsilence(self, holder: Holder, body: bodies.OfIncident) -> Answer:
        await must_stand(holder, self._standing)
        incident = await self._onlooker.incident_for(holder, body.incident)
        await self._desk.unsilence(incident, holder.actor)
        return await self._onlooker.silence(incident)

    async def _freeze(self, holder: Holder, body: bodies.Freeze) -> Answer:
        await must_stand(holder, self._standing)
        until = None if body.duration is None else self._clock.now() + body.duration
        await self._desk.freeze(holder.actor, body.why, until=until)
        return await self._onlooker.freeze()

    async def _unfreeze(self, holder: Holder, body: bodies.Unfreeze) -> Answer:
        await must_stand(holder, self._standing)
        await self._desk.unfreeze(holder.actor, body.why)
        return await self._onlooker.freeze()
