"""What waits for a decision, as one who decides needs to see it: exactly what will run, free of secrets, with the digest to name when deciding."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from bot.domain.clock import to_text
from bot.domain.ids import ApprovalId, IncidentId, LetterId, RunId
from bot.domain.nouns import Actor, ApprovalStatus, RunStatus
from bot.domain.ports import Reader
from bot.domain.records import DeadLetter, IncidentRecord, RunRecord
from bot.errors import NotFound
from bot.incidents.foreseen import Foreseen, ForeseenStep
from bot.ingress.api.holders import Holder
from bot.postmortem.story import step_stories, with_items

Redact = Callable[[str], str]
_AS_IT_IS = frozenset({"id", "digest", "approval", "run", "step"})
"""Names and digests: what a decision must name letter by letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do, as it is told: `digest` is of its runbook, `spare` counts the steps of rescue and always."""

    runbook: str
    title: str
    digest: str
    inputs: Mapping[str, Any]
    steps: Sequence[ForeseenStep]
    spare: int


class Onlooker:
    """Reads records off the event loop, and writes them as JSON data; NotFound when there is nothing of that name.

    `home` is the chat workspace whose people hold tokens, empty where there is only one.
    """

    def __init__(self, reader: Reader, redact: Redact, home: str = "") -> None:
        self._home = home
        self._reader = reader
        self._redact = redact

    async def waiting(self, holder: Holder) -> Mapping[str, Any]:
        """Return the approvals and the unknown outcomes that wait for people, over all open incidents that a holder may see."""
        return await asyncio.to_thread(self._waiting, holder)

    async def approval(self, approval: ApprovalId, holder: Holder) -> Mapping[str, Any]:
        """Return an approval as it stands; NotFound too where it is none of the holder's business."""
        found = await asyncio.to_thread(self._reader.approval, approval)
        if found is None or not self._may_see(found.incident, holder, found.sources):
            raise NotFound(
                f"There is no approval {approval}.",
                hint="`fireline waiting` lists what waits for a decision.",
            )
        return {"approval": self._clean(found)}

    async def incident_for(self, holder: Holder, number: int) -> IncidentId:
        """Return an incident's id when it is there for this holder: a private one is not for those who take no part in it."""
        incident = IncidentId(number)
        found = await asyncio.to_thread(self._reader.incident, incident)
        if found is None or not self._takes_part(found, holder):
            raise _no_incident(incident)
        return incident

    async def run_for(self, holder: Holder, name: str) -> RunId:
        """Return a run's id when it, and so its incident, is there for this holder."""
        run = RunId(name)
        found = await asyncio.to_thread(self._reader.run, run)
        if found is None or not await asyncio.to_thread(self._may_see, found.incident, holder):
            raise _no_run(run)
        return run

    async def letter_for(self, holder: Holder, number: int) -> LetterId:
        """Return a dead letter's id when it is there for this holder."""
        letter = LetterId(number)
        found = await asyncio.to_thread(self._reader.dead_letter, letter)
        if found is None or not await asyncio.to_thread(self._may_see_letter, found, holder):
            raise _no_letter(letter)
        return letter

    async def incident(self, incident: IncidentId) -> Mapping[str, Any]:
        """Return an incident as it stands."""
        found = await asyncio.to_thread(self._reader.incident, incident)
        if found is None:
            raise _no_incident(incident)
        return {"incident": self._clean(found)}

    async def silence(self, incident: IncidentId) -> Mapping[str, Any]:
        """Return the newest silence of an incident's alerts as it stands."""
        found = await asyncio.to_thread(self._reader.silences_of, incident)
        return {"silence": self._clean(found[-1])}

    async def freeze(self) -> Mapping[str, Any]:
        """Return the freeze, None when changes go on."""
        return {"freeze": self._clean(await asyncio.to_thread(self._reader.freeze))}

    async def run(self, run: RunId) -> Mapping[str, Any]:
        """Return a run as it stands, with what of it waits for people."""
        return await asyncio.to_thread(self._run, run)

    async def letters(self, holder: Holder) -> Mapping[str, Any]:
        """Return the dead letters that wait, less those of private incidents that are none of the holder's business."""
        return await asyncio.to_thread(self._letters, holder)

    async def letter(self, letter: LetterId) -> Mapping[str, Any]:
        """Return a dead letter as it stands."""
        found = await asyncio.to_thread(self._reader.dead_letter, letter)
        if found is None:
            raise _no_letter(letter)
        return {"dead_letter": self._clean(found)}

    def foreseen(self, foreseen: Foreseen) -> Mapping[str, Any]:
        """Return what a run would do."""
        book = foreseen.runbook
        told = Preview(
            runbook=book.name,
            title=book.title,
            digest=book.digest,
            inputs=foreseen.inputs,
            steps=foreseen.steps,
            spare=foreseen.spare,
        )
        return {"preview": self._clean(told)}

    def words(self, text: str) -> str:
        """Return words as they may be told."""
        return self._redact(text)

    def _letters(self, holder: Holder) -> Mapping[str, Any]:
        found = self._reader.dead_letters()
        seen = [each for each in found if self._may_see_letter(each, holder)]
        return {"dead_letters": [self._clean(each) for each in seen]}

    def _run(self, run: RunId) -> Mapping[str, Any]:
        found = self._reader.run(run)
        if found is None:
            raise _no_run(run)
        return {"run": self._clean(found), "unknown": self._unknown(found)}

    def _waiting(self, holder: Holder) -> Mapping[str, Any]:
        runs = [each for each in self._reader.unfinished_runs() if each.status is RunStatus.RUNNING]
        approvals = [
            approval
            for incident in sorted({run.incident for run in runs})
            for approval in self._reader.approvals_of(incident)
            if approval.status is ApprovalStatus.PENDING and self._may_see(incident, holder, approval.sources)
        ]
        in_doubt = {run for run, _ in self._reader.steps_in_doubt()}
        doubtful = [run for run in runs if run.id in in_doubt and self._may_see(run.incident, holder)]
        return {
            "approvals": [self._clean(each) for each in approvals],
            "unknown": [each for run in doubtful for each in self._unknown(run)],
        }

    def _may_see(self, incident: IncidentId, holder: Holder, sources: Sequence[str] = ()) -> bool:
        """Tell whether a holder may see something of an incident: a private one, only those who are in it or are asked by name or group."""
        record = self._reader.incident(incident)
        asked = {f"user:{holder.actor.id}", *(f"group:{each}" for each in holder.groups)}
        return record is None or self._takes_part(record, holder) or bool(asked & set(sources))

    def _takes_part(self, record: IncidentRecord, holder: Holder) -> bool:
        """Tell whether an incident is there for a holder; in the private one of another workspace, an id like theirs is somebody else's."""
        elsewhere = record.private and record.workspace not in {"", self._home}
        return record.seen_by(holder.actor.id) and not elsewhere

    def _may_see_letter(self, letter: DeadLetter, holder: Holder) -> bool:
        return letter.incident is None or self._may_see(letter.incident, holder)

    def _unknown(self, run: RunRecord) -> Sequence[Mapping[str, Any]]:
        """Return the outcomes of a run that nobody has settled; which call is meant, and why it is in doubt, only its events say."""
        stories = with_items(step_stories(self._reader.events_of_run(run.id)))
        return [
            {"incident": int(run.incident), **self._clean(story.unsettled.fact)}
            for story in stories
            if story.unsettled is not None
        ]

    def _clean(self, value: Any, name: str = "") -> Any:  # noqa: ANN401 - a record, or what one holds, as JSON data
        if isinstance(value, datetime):
            return to_text(value)
        if isinstance(value, Actor):
            return str(value)
        if is_dataclass(value) and not isinstance(value, type):
            return {each.name: self._clean(getattr(value, each.name), each.name) for each in fields(value)}
        if isinstance(value, Mapping):
            return {self._redact(str(key)): self._clean(each) for key, each in value.items()}
        if isinstance(value, str):
            return str(value) if name in _AS_IT_IS else self._redact(str(value))
        return [self._clean(each) for each in value] if isinstance(value, list | tuple) else value


def _no_incident(incident: IncidentId) -> NotFound:
    return NotFound(f"There is no incident {incident}.", hint="`fireline incidents` lists them.")


def _no_run(run: RunId) -> NotFound:
    return NotFound(f"There is no run {run}.", hint="`fireline show NUMBER` lists an incident's runs.")


def _no_letter(letter: LetterId) -> NotFound:
    return NotFound(f"There is no dead letter {letter}.", hint="`fireline dead-letters list` lists them.")
