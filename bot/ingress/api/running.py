"""The verbs that begin something: an incident, a runbook, and before it what that would do. What people may start, the runbook's author says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.domain.ids import IncidentId
from bot.errors import Conflict
from bot.incidents.desk import Desk, Opened
from bot.incidents.foreseen import Foresight
from bot.ingress.api import bodies
from bot.ingress.api.holders import Holder, Right
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.verbs import Answer, Standing, Verb, must_stand


class Running:
    """Does what `declare`, `preview` and `run` ask."""

    def __init__(self, *, desk: Desk, foresight: Foresight, onlooker: Onlooker, standing: Standing) -> None:
        self._desk = desk
        self._foresight = foresight
        self._onlooker = onlooker
        self._standing = standing

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Each verb, by its name in the address."""
        return {
            "declare": Verb(right=Right.DECLARE, body=bodies.Declare, does=self._declare),
            "preview": Verb(right=Right.RUN, body=bodies.Preview, does=self._preview),
            "run": Verb(right=Right.RUN, body=bodies.Run, does=self._run),
        }

    async def _declare(self, holder: Holder, body: bodies.Declare) -> Answer:
        if body.runbook is not None:
            holder.must(Right.RUN)
        await must_stand(holder, self._standing)
        if body.runbook is not None:
            self._must_be_startable(body.runbook, None, body.digest)
        opened = await self._desk.declare(
            body.title,
            body.severity,
            holder.actor,
            runbook=body.runbook,
            inputs=body.inputs,
            service=body.service,
            private=body.private,
        )
        declared = await self._onlooker.incident(opened.incident)
        return declared if opened.run is None else {**declared, **await self._began(opened)}

    async def _preview(self, holder: Holder, body: bodies.Preview) -> Answer:
        incident = await self._where(holder, body)
        runbook = self._foresight.runbook(body.runbook, incident)
        foreseen = await asyncio.to_thread(self._foresight.foresee, runbook, body.inputs, incident)
        return self._onlooker.foreseen(foreseen)

    async def _run(self, holder: Holder, body: bodies.Run) -> Answer:
        incident = await self._where(holder, body)
        self._must_be_startable(body.runbook, incident, body.digest)
        opened = await self._desk.start_run(body.runbook, body.inputs, holder.actor, incident=incident)
        return await self._began(opened)

    async def _where(self, holder: Holder, body: bodies.Preview) -> IncidentId | None:
        await must_stand(holder, self._standing)
        if body.incident is None:
            return None
        return await self._onlooker.incident_for(holder, body.incident)

    def _must_be_startable(self, name: str, incident: IncidentId | None, digest: str | None) -> None:
        """Refuse a runbook that people may not start there, or that is no longer the one that was previewed.

        The runbooks in force are changed on the loop alone, so what is found here is what the desk finds, which is asked in the same turn.
        """
        runbook = self._foresight.runbook(name, incident)
        if digest is not None and digest != runbook.digest:
            raise Conflict(
                f"The runbook {name} changed since it was looked at, and nothing was started.",
                hint="Look at it again before you start it.",
            )

    async def _began(self, opened: Opened) -> Answer:
        assert opened.run is not None  # noqa: S101 - whoever asks has started one
        return {
            **await self._onlooker.run(opened.run),
            "opened": opened.opened,
            "waits": self._onlooker.words(opened.waits),
        }
