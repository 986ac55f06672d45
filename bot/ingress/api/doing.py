"""The verbs: what a person or a program of theirs can do here. Each asks the room that a button in Slack asks, so the rules are the same.

Nothing is decided here but whether the token is for it: quorum, four eyes, the digest of what was shown and who is eligible are the conductor's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.clock import Clock
from bot.domain.ids import ApprovalId, Digest, LetterId, RunId, StepId
from bot.domain.nouns import Actor, Part, Settlement, Vote
from bot.domain.records import DeadLetter
from bot.engine.control import RunControl
from bot.incidents.desk import Desk
from bot.incidents.foreseen import Foresight
from bot.ingress.api import bodies
from bot.ingress.api.holders import Holder, Right
from bot.ingress.api.leading import Leading
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.quieting import Quieting
from bot.ingress.api.running import Running
from bot.ingress.api.verbs import Answer, Named, Standing, Verb, must_stand


class Doer:
    """Does what is asked; `verbs` has everything, by name. Each raises Refused with a hint, or JournalError: then nothing has changed."""

    def __init__(
        self,
        *,
        desk: Desk,
        runs: RunControl,
        foresight: Foresight,
        onlooker: Onlooker,
        standing: Standing,
        named: Named,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._runs = runs
        self._onlooker = onlooker
        self._standing = standing
        self._leading = Leading(desk=desk, onlooker=onlooker, standing=standing, named=named)
        self._running = Running(desk=desk, foresight=foresight, onlooker=onlooker, standing=standing)
        self._quieting = Quieting(desk=desk, onlooker=onlooker, standing=standing, clock=clock)

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Every verb, by its name in the address."""
        return {
            "approve": Verb(right=Right.DECIDE, body=bodies.Approve, does=self._approve),
            "deny": Verb(right=Right.DECIDE, body=bodies.Deny, does=self._deny),
            "settle": Verb(right=Right.DECIDE, body=bodies.Settle, does=self._settle),
            "acknowledge": Verb(right=Right.RESPOND, body=bodies.OfIncident, does=self._acknowledge),
            "resolve": Verb(right=Right.RESPOND, body=bodies.Resolve, does=self._resolve),
            "note": Verb(right=Right.NOTE, body=bodies.Note, does=self._note),
            "pause": Verb(right=Right.STEER, body=bodies.OfRun, does=self._pause),
            "resume": Verb(right=Right.STEER, body=bodies.OfRun, does=self._resume),
            "retry": Verb(right=Right.STEER, body=bodies.OfRun, does=self._retry),
            "cancel": Verb(right=Right.STEER, body=bodies.Cancel, does=self._cancel),
            "requeue": Verb(right=Right.STEER, body=bodies.OfLetter, does=self._requeue),
            "discard": Verb(right=Right.STEER, body=bodies.Discard, does=self._discard),
            **self._leading.verbs,
            **self._running.verbs,
            **self._quieting.verbs,
        }

    # ---- decisions

    async def _approve(self, holder: Holder, body: bodies.Approve) -> Answer:
        return await self._vote(holder, Vote.APPROVE, body)

    async def _deny(self, holder: Holder, body: bodies.Deny) -> Answer:
        return await self._vote(holder, Vote.DENY, body)

    async def _vote(self, holder: Holder, vote: Vote, body: bodies.Approve | bodies.Deny) -> Answer:
        await self._standing(holder.actor.id)
        approval = ApprovalId(body.approval)
        await self._onlooker.approval(approval, holder)
        await self._runs.vote(
            approval,
            by=holder.actor,
            groups=holder.groups,
            vote=vote,
            digest=Digest(body.digest),
            why=body.why.strip(),
        )
        return await self._onlooker.approval(approval, holder)

    async def _settle(self, holder: Holder, body: bodies.Settle) -> Answer:
        await self._standing(holder.actor.id)
        run = await self._onlooker.run_for(holder, body.run)
        await self._runs.settle(
            run,
            StepId(body.step),
            part=Part(body.part),
            attempt=body.attempt,
            by=holder.actor,
            settlement=Settlement(body.settlement),
            why=body.why.strip(),
        )
        return await self._onlooker.run(run)

    # ---- the incident

    async def _acknowledge(self, holder: Holder, body: bodies.OfIncident) -> Answer:
        await self._standing(holder.actor.id)
        incident = await self._onlooker.incident_for(holder, body.incident)
        await self._desk.acknowledge(incident, holder.actor)
        return await self._onlooker.incident(incident)

    async def _resolve(self, holder: Holder, body: bodies.Resolve) -> Answer:
        await self._standing(holder.actor.id)
        incident = await self._onlooker.incident_for(holder, body.incident)
        warnings = await self._desk.resolve(
            incident,
            holder.actor,
            body.summary,
            impact_from=body.impact_from,
            impact_to=body.impact_to,
            impact=body.impact,
        )
        return {**await self._onlooker.incident(incident), "warnings": list(warnings)}

    async def _note(self, holder: Holder, body: bodies.Note) -> Answer:
        incident = await self._onlooker.incident_for(holder, body.incident)
        await self._desk.note(incident, holder.actor, body.text)
        return await self._onlooker.incident(incident)

    # ---- the run

    async def _pause(self, holder: Holder, body: bodies.OfRun) -> Answer:
        return await self._steer(holder, body, self._desk.pause_run)

    async def _resume(self, holder: Holder, body: bodies.OfRun) -> Answer:
        return await self._steer(holder, body, self._desk.resume_run)

    async def _retry(self, holder: Holder, body: bodies.OfRun) -> Answer:
        return await self._steer(holder, body, self._desk.retry_run)

    async def _cancel(self, holder: Holder, body: bodies.Cancel) -> Answer:
        async def cancel(run: RunId, by: Actor, why: str) -> None:
            await self._desk.cancel_run(run, by, why, undo=body.undo)

        return await self._steer(holder, body, cancel)

    async def _steer(
        self, holder: Holder, body: bodies.OfRun, does: Callable[[RunId, Actor, str], Awaitable[None]]
    ) -> Answer:
        await must_stand(holder, self._standing)
        run = await self._onlooker.run_for(holder, body.run)
        await does(run, holder.actor, body.why)
        return await self._onlooker.run(run)

    # ---- dead letters

    async def _requeue(self, holder: Holder, body: bodies.OfLetter) -> Answer:
        return await self._close(holder, body, self._desk.requeue)

    async def _discard(self, holder: Holder, body: bodies.Discard) -> Answer:
        return await self._close(holder, body, self._desk.discard)

    async def _close(
        self,
        holder: Holder,
        body: bodies.OfLetter,
        does: Callable[[LetterId, Actor, str], Awaitable[DeadLetter]],
    ) -> Answer:
        await must_stand(holder, self._standing)
        letter = await self._onlooker.letter_for(holder, body.letter)
        await does(letter, holder.actor, body.why)
        return await self._onlooker.letter(letter)
