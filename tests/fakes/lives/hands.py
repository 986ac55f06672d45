"""Who is around a Fireline: a sender that sends its alerts until they are taken in, and people.

They approve, they look when they are asked what became of a call, they put dead letters back, and they have alerts silenced.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.facts import CallStarted, StepOutcomeUnknown, StepSettled
from bot.domain.ids import IncidentId
from bot.domain.nouns import ApprovalStatus, RunStatus, Settlement, SilenceStatus, Vote, person
from bot.domain.records import RunRecord
from bot.errors import Conflict, FirelineError, JournalError, Refused
from bot.wiring.fireline import Fireline
from tests.fakes.alerts import delivery, seen
from tests.fakes.lives.fate import Bug

ADA, BEN = person("U0ADA"), person("U0BEN")
SRE = frozenset({"sre"})
PAUSE, AGAIN = 0.01, 0.1
HOUR = timedelta(hours=1)


class Hands:
    """They do what they would do: again and again, until it has been taken in and every run has come to its end."""

    def __init__(self, fireline: Fireline, order: Mapping[str, Any]) -> None:
        self._fireline = fireline
        self._records = fireline.store.records
        self._order = order
        self._sent: set[str] = set()

    async def until_done(self) -> None:
        """Go on until every story has ended and has its draft, or what `leave_after` names has happened."""
        looked_at, again_at = -1, 0.0
        loop = asyncio.get_running_loop()
        while True:
            # While the database is away nobody can do anything, and what they ask for may break: they try again.
            with contextlib.suppress(JournalError, SQLAlchemyError, Bug):
                head, _ = self._records.head()
                if head != looked_at or loop.time() > again_at:
                    looked_at, again_at = head, loop.time() + AGAIN
                    if self._may_leave() or await self._done():
                        return
            await asyncio.sleep(PAUSE)

    def _may_leave(self) -> bool:
        leave_after = self._order.get("leave_after")
        return bool(leave_after) and any(event.kind == leave_after for event in self._records.events())

    async def _done(self) -> bool:
        await self._send_alerts()
        await self._start_runs()
        incidents = self._records.incidents(quiet=True, limit=1000)
        runs = [run for each in incidents for run in self._records.runs_of(each.id)]
        under_way = [run for run in runs if run.status is RunStatus.RUNNING]
        for run in under_way:
            await self._decide(run)
        wanted = sum(len(self._order.get(kind, ())) for kind in ("stories", "people", "scheduled"))
        if (
            under_way
            or await self._put_back()
            or await self._silence([each.id for each in incidents])
            or len(incidents) < wanted
            or any(not self._records.runs_of(each.id) for each in incidents)
        ):
            return False
        for each in incidents:
            await self._draft(each.id)
        return True

    async def _send_alerts(self) -> None:
        """Each life sends every alert: one that is known already changes nothing."""
        for story in self._order["stories"]:
            if story not in self._sent:
                alert = seen(story, group_key=f"{{}}:{{alertname={story!r}}}")
                await self._fireline.intake.receive(
                    delivery(alert, group_key=f"{{}}:{{alertname={story!r}}}")
                )
                self._sent.add(story)

    async def _start_runs(self) -> None:
        """Ask for a run, unless there is one: that is what a person would look at first."""
        desk = self._fireline.desk(self._fireline.store.journal)
        for runbook in self._order.get("people", ()):
            begun = {
                run.runbook
                for each in self._records.incidents(quiet=True)
                for run in self._records.runs_of(each.id)
            }
            if runbook not in begun:
                await desk.start_run(runbook, {}, ADA)

    async def _decide(self, run: RunRecord) -> None:
        with contextlib.suppress(Conflict):  # what is decided already needs nobody
            for asked in self._records.approvals_of(run.incident):
                if asked.status is ApprovalStatus.PENDING and not asked.votes:
                    await self._fireline.driver.vote(
                        asked.id, by=BEN, groups=SRE, vote=Vote.APPROVE, digest=asked.digest
                    )
            await self._settle(run)

    async def _settle(self, run: RunRecord) -> None:
        """Look at the target for everything that is asked about, and say what is true."""
        asked: dict[str, StepOutcomeUnknown] = {}
        sent: dict[tuple[str, str], str] = {}
        for event in self._records.events_of_run(run.id):
            if isinstance(event.fact, StepOutcomeUnknown):
                asked[event.fact.step] = event.fact
            elif isinstance(event.fact, StepSettled):
                asked.pop(event.fact.step, None)
            elif isinstance(event.fact, CallStarted):
                sent[event.fact.step, event.fact.part] = str(event.fact.inputs.get("url"))
        for fact in asked.values():
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(sent[fact.step, fact.part])
            happened = bool(answer.json()["done"])
            with contextlib.suppress(FirelineError):
                await self._fireline.driver.settle(
                    run.id,
                    fact.step,
                    part=fact.part,
                    attempt=fact.attempt,
                    by=BEN,
                    settlement=Settlement.HAPPENED if happened else Settlement.DID_NOT,
                    why="I looked",
                )

    async def _put_back(self) -> bool:
        """Put back every dead letter that waits, and tell whether there were some."""
        letters = () if self._order.get("lets_lie") else self._records.dead_letters()
        for letter in letters:
            with contextlib.suppress(
                Conflict
            ):  # one that can't go on still lies there again, and is put back once more
                await self._fireline.desk(self._fireline.store.journal).requeue(letter.id, ADA, "mended")
        return bool(letters)

    async def _silence(self, incidents: Sequence[IncidentId]) -> bool:
        """Have alerts silenced, and heard again where that is how the story ends; tell whether that is still to come."""
        end = self._order.get("silences")
        desk = self._fireline.desk(self._fireline.store.journal)
        left = False
        for incident in incidents if end else ():
            status = next((each.status for each in self._records.silences_of(incident)), None)
            left = left or status != end
            with contextlib.suppress(Refused):  # Alertmanager is not there, or has it in hand: it is asked on
                if status is None:
                    await desk.silence(incident, ADA, HOUR, "known")
                elif status is SilenceStatus.STANDING and end == SilenceStatus.ENDED:
                    await desk.unsilence(incident, ADA)
        return left

    async def _draft(self, incident: IncidentId) -> None:
        drafted: Sequence[object] = [
            event
            for event in self._records.events()
            if event.kind == "incident.postmortem_drafted" and event.stream == f"incident/{incident}"
        ]
        if not drafted:
            await self._fireline.draft(incident, ADA)
