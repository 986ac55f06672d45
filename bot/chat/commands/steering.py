"""Commands that hold a run's rudder: end it, hold it, let it go on. A run need not be named where only one can be meant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.chat.blocks.answers import said
from bot.chat.blocks.kit import Message
from bot.chat.commands.which import Which
from bot.chat.commands.words import Hold, holding, lettered
from bot.chat.desks import DeskOver
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.worker import Task
from bot.domain.ids import RunId
from bot.domain.nouns import RunStatus, person
from bot.domain.ports import Reader
from bot.domain.records import RunRecord
from bot.errors import Conflict, Refused
from bot.incidents.dead_letters import LETS_GO, PUTS_BACK


class Steering:
    """Does what `cancel`, `pause`, `resume`, `retry`, `requeue` and `discard` ask; a private incident's runs are not there for others."""

    def __init__(self, *, desk: DeskOver, reader: Reader, which: Which, command: str) -> None:
        self._desk = desk
        self._reader = reader
        self._which = which
        self._command = command

    @property
    def verbs(self) -> Mapping[str, Callable[[Task, str], Awaitable[Message]]]:
        """What each command does."""
        return {
            "cancel": self._cancel,
            "pause": self._pause,
            "resume": self._resume,
            "retry": self._retry,
            "requeue": self._requeue,
            "discard": self._discard,
        }

    async def _cancel(self, task: Task, rest: str) -> Message:
        asked = holding(rest)
        run = self._named(task, asked) or self._only(task.asked, "cancel", lambda _: True)
        record = self._reader.run(run)
        await self._desk(task.journal).cancel_run(run, person(task.asked.user), asked.why, undo=asked.undo)
        if record is not None and record.status is RunStatus.QUEUED:
            return said(f"🛑 Run `{run}` is out of the queue.", "It had not begun, so nothing ran.")
        if asked.undo:
            return said(
                f"🛑 Run `{run}` is asked to end, and to undo what it did.",
                "What runs now is stopped, what took effect is taken back, last first; then its rescue and always steps run.",
            )
        return said(
            f"🛑 Run `{run}` is asked to end.",
            "What runs now is stopped; then its rescue and always steps run. What it did stays: "
            f"`{self._command} cancel {run} --undo` takes it back, while it is still ending.",
        )

    async def _pause(self, task: Task, rest: str) -> Message:
        asked = holding(rest)
        run = self._named(task, asked) or self._only(task.asked, "pause", _can_be_held)
        await self._desk(task.journal).pause_run(run, person(task.asked.user), asked.why)
        return said(
            f"⏸️ Run `{run}` is paused.",
            "A call that is under way is let finish; nothing more begins, and no approval expires. "
            f"`{self._command} resume {run}` lets it go on.",
        )

    async def _resume(self, task: Task, rest: str) -> Message:
        asked = holding(rest)
        run = self._named(task, asked) or self._only(
            task.asked, "resume", lambda each: each.paused_at is not None
        )
        await self._desk(task.journal).resume_run(run, person(task.asked.user), asked.why)
        return said(f"▶️ Run `{run}` goes on.", "What it waits for is due later by as long as it was paused.")

    async def _retry(self, task: Task, rest: str) -> Message:
        asked = holding(rest)
        run = self._named(task, asked) or self._last_failed(task.asked)
        await self._desk(task.journal).retry_run(run, person(task.asked.user), asked.why)
        return said(
            f"🔁 Run `{run}` goes on from where it failed.",
            "Steps that were done are not done again. Approvals are asked anew, and you can't give them. "
            "What may have had its effect is looked into first.",
        )

    async def _requeue(self, task: Task, rest: str) -> Message:
        number, why = lettered(rest)
        self._which.letter(task.asked, number)
        letter = await self._desk(task.journal).requeue(number, person(task.asked.user), why)
        return said(
            f"↩️ Dead letter {number} is put back: {PUTS_BACK[letter.what]}.",
            "If it can't go on still, it lands again.",
        )

    async def _discard(self, task: Task, rest: str) -> Message:
        number, why = lettered(rest)
        self._which.letter(task.asked, number)
        letter = await self._desk(task.journal).discard(number, person(task.asked.user), why)
        return said(f"🗑️ Dead letter {number} is discarded: {LETS_GO[letter.what]}.")

    def _named(self, task: Task, asked: Hold) -> RunId | None:
        return None if asked.run is None else self._which.run(task.asked, asked.run)

    def _last_failed(self, asked: Asked) -> RunId:
        """Return the channel's newest run, where that failed; Refused when there is none to be meant."""
        here = self._which.here(asked)
        if here is None:
            raise Refused(
                "Which run?",
                hint=f"Say its name, like 42-1, or ask in its incident's channel. `{self._command} runs` lists them.",
            )
        over = [each for each in self._reader.runs_of(here) if each.finished_at is not None]
        if not over or over[-1].status is not RunStatus.FAILED:
            raise Conflict(
                f"The last run in #{here} did not fail." if over else f"No run in #{here} is over.",
                hint=f"`{self._command} runs` shows each run and how it stands; say which: `{self._command} retry 42-1`",
            )
        return over[-1].id

    def _only(self, asked: Asked, verb: str, meant: Callable[[RunRecord], bool]) -> RunId:
        """Return the one run in the channel's incident that can be meant; Refused when there are several, or none."""
        here = self._which.here(asked)
        if here is None:
            raise Refused(
                "Which run?",
                hint=f"Say its name, like 42-1, or ask in its incident's channel. `{self._command} runs` lists them.",
            )
        under_way = [each for each in self._reader.runs_of(here) if each.finished_at is None]
        runs = [each for each in under_way if meant(each)]
        if len(runs) == 1:
            return runs[0].id
        hint = f"`{self._command} runs` shows each run and how it stands."
        if not under_way:
            raise Conflict(f"Nothing runs in #{here}.", hint=hint)
        if not runs:
            how = (
                "paused: none runs that is not paused already"
                if verb == "pause"
                else "resumed: none is paused"
            )
            raise Conflict(f"No run in #{here} can be {how}.", hint=hint)
        names = ", ".join(f"{each.id} ({each.runbook})" for each in runs)
        raise Refused(
            f"Several runs can be meant: {names}.", hint=f"Say which: `{self._command} {verb} {runs[0].id}`"
        )


def _can_be_held(run: RunRecord) -> bool:
    return run.status is RunStatus.RUNNING and run.paused_at is None
