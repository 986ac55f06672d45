"""Buttons that do something: what each does. The message that they stand in changes by itself, so an answer is given where there is something to say.

What only opens a form is for `modals`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Message
from bot.chat.commands.doing import resolved
from bot.chat.desks import DeskOver, DraftPostmortem
from bot.chat.identity import Identity
from bot.chat.inbound.worker import Task
from bot.chat.voting import Voting
from bot.domain.ids import ApprovalId, Digest, IncidentId, LetterId, RunId, StepId
from bot.domain.nouns import Part, Settlement, Vote, person
from bot.engine.control import RunControl
from bot.errors import Conflict, Refused

ACTIONS = frozenset(
    {
        "acknowledge",
        "resolve",
        "approve",
        "postmortem",
        "settle_happened",
        "settle_did_not",
        "settle_stop",
        "run_proposed",
        "run_pause",
        "run_resume",
        "run_cancel",
        "run_cancel_undo",
        "run_retry",
        "letter_requeue",
        "unsilence",
        "unfreeze",
    }
)
_SETTLEMENTS = {
    "settle_happened": Settlement.HAPPENED,
    "settle_did_not": Settlement.DID_NOT,
    "settle_stop": Settlement.STOP,
}


class Buttons:
    """Does what a button stands for."""

    def __init__(
        self,
        *,
        desk: DeskOver,
        runs: RunControl,
        voting: Voting,
        draft: DraftPostmortem,
        identity: Identity,
        command: str,
        redact: Redact,
    ) -> None:
        self._desk = desk
        self._runs = runs
        self._voting = voting
        self._draft = draft
        self._identity = identity
        self._command = command
        self._ink = Ink(redact=redact)
        self._does: Mapping[str, Callable[[Task], Awaitable[Message | None]]] = {
            "acknowledge": self._acknowledge,
            "resolve": self._resolve,
            "approve": self._approve,
            "postmortem": self._postmortem,
            "run_proposed": self._run,
            "letter_requeue": self._letter,
            "unsilence": self._unsilence,
            "unfreeze": self._unfreeze,
            **dict.fromkeys(_SETTLEMENTS, self._settle),
            **dict.fromkeys(
                ("run_pause", "run_resume", "run_retry", "run_cancel", "run_cancel_undo"), self._hold
            ),
        }

    async def press(self, task: Task) -> Message | None:
        """Do what a button stands for and return what to say to the one who pressed it; raises FirelineError to refuse."""
        does = self._does.get(task.asked.action)
        if does is None:
            raise Refused(
                "This button is of another version of Fireline.", hint="Use a command, or the console."
            )
        try:
            answer = await does(task)
        except KeyError as missing:
            raise Refused(
                f"This button lacks its {missing}.", hint="Use a command, or the console."
            ) from missing
        # In a modal nothing changes by itself.
        return answer or (said("✅ Done.", "The incident's message shows it.") if task.asked.view else None)

    async def _acknowledge(self, task: Task) -> Message | None:
        incident = IncidentId(int(task.asked.meant["incident"]))
        await self._desk(task.journal).acknowledge(incident, person(task.asked.user))
        return None

    async def _resolve(self, task: Task) -> Message | None:
        incident = IncidentId(int(task.asked.meant["incident"]))
        warnings = await self._desk(task.journal).resolve(incident, person(task.asked.user))
        return resolved(incident, warnings, self._command, self._ink)

    async def _run(self, task: Task) -> Message | None:
        meant = task.asked.meant
        incident = IncidentId(int(meant["incident"]))
        await self._identity.must_be_able_to_decide(task.asked.user)
        await self._desk(task.journal).start_run(
            str(meant["runbook"]), {}, person(task.asked.user), incident=incident
        )
        return None

    async def _approve(self, task: Task) -> Message | None:
        meant = task.asked.meant
        approval, digest = ApprovalId(str(meant["approval"])), Digest(str(meant["digest"]))
        return await self._voting.vote(task, approval, digest, Vote.APPROVE)

    async def _postmortem(self, task: Task) -> Message | None:
        incident = IncidentId(int(task.asked.meant["incident"]))
        await self._draft(incident, person(task.asked.user))
        return said(f"📝 The draft for #{incident} is made and comes to its channel.")

    async def _hold(self, task: Task) -> Message | None:
        """Pause a run, let it go on, have it tried again, or end it."""
        asked = task.asked
        await self._identity.must_be_able_to_decide(asked.user)
        desk, run, me = self._desk(task.journal), RunId(str(asked.meant["run"])), person(asked.user)
        try:
            match asked.action:
                case "run_pause":
                    await desk.pause_run(run, me)
                case "run_retry":
                    await desk.retry_run(run, me)
                case "run_resume":
                    await desk.resume_run(run, me)
                case _:
                    await desk.cancel_run(run, me, undo=asked.action == "run_cancel_undo")
        except Conflict:
            # A crash between the wish and the mark that it is handled brings it here a second time.
            if task.again:
                return None
            raise
        return None

    async def _letter(self, task: Task) -> Message | None:
        """Put a dead letter back; one is let go with a form, for that has a reason."""
        asked = task.asked
        await self._identity.must_be_able_to_decide(asked.user)
        desk, letter, me = self._desk(task.journal), LetterId(int(asked.meant["letter"])), person(asked.user)
        try:
            await desk.requeue(letter, me)
        except Conflict:
            # A crash between the wish and the mark that it is handled brings it here a second time.
            if task.again:
                return None
            raise
        return None

    async def _unsilence(self, task: Task) -> Message | None:
        incident = IncidentId(int(task.asked.meant["incident"]))
        await self._identity.must_be_able_to_decide(task.asked.user)
        await self._desk(task.journal).unsilence(incident, person(task.asked.user))
        return said(f"🔔 Alertmanager is asked to tell of the alerts of #{incident} again.")

    async def _unfreeze(self, task: Task) -> Message | None:
        await self._identity.must_be_able_to_decide(task.asked.user)
        await self._desk(task.journal).unfreeze(person(task.asked.user))
        return None

    async def _settle(self, task: Task) -> Message | None:
        asked = task.asked
        await self._identity.must_be_able_to_decide(asked.user)
        run, step = RunId(str(asked.meant["run"])), StepId(str(asked.meant["step"]))
        part, attempt = Part(str(asked.meant["part"])), int(asked.meant["attempt"])
        settlement, me = _SETTLEMENTS[asked.action], person(asked.user)
        try:
            await self._runs.settle(run, step, part=part, attempt=attempt, by=me, settlement=settlement)
        except Conflict:
            if task.again:
                return None
            raise
        return None
