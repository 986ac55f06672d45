"""What a submitted form does: through the desk, once, however often it comes; what can't be done stays in the form, with why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.chat.blocks.answers import refused, said
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.commands.doing import resolved
from bot.chat.desks import DeskOver
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.reply import Answer
from bot.chat.inbound.worker import Task
from bot.chat.modals.running import STEPS, RunForms, declared
from bot.chat.views.answer import ViewAnswer
from bot.chat.voting import Voting
from bot.domain.ids import ApprovalId, Digest, IncidentId
from bot.domain.nouns import Vote, person
from bot.errors import Refused

SUBMITTED = frozenset({"declare", "run_go", "note", "resolve", "deny"})
FORMS = SUBMITTED | STEPS
"""Every form that is submitted."""


class Submissions:
    """Does what forms ask. `command` is the slash command."""

    def __init__(
        self, *, desk: DeskOver, running: RunForms, voting: Voting, command: str, redact: Redact
    ) -> None:
        self._desk = desk
        self._running = running
        self._voting = voting
        self._command = command
        self._ink = Ink(redact=redact)
        self._redact = redact
        self._does: Mapping[str, Callable[[Task], Awaitable[Answer]]] = {
            "declare": self._declare,
            "run_go": running.go,
            "note": self._note,
            "resolve": self._resolve,
            "deny": self._deny,
        }

    def glance(self, asked: Asked) -> ViewAnswer | None:
        """Answer at once what only leads on to another form; None for what does something."""
        if asked.action in STEPS:
            return self._running.lead_on(asked)
        return self._running.declare(asked) if asked.action == "declare" else None

    async def submit(self, task: Task) -> Answer:
        """Do what a form asks and return the answer; raises FirelineError to refuse."""
        does = self._does.get(task.asked.action)
        if does is None:
            # One that only leads on, which a process that stood by had kept: there is no modal any more that could.
            return refused("That form was closed.", "Open it again; nothing was done.", redact=self._redact)
        try:
            return await does(task)
        except (KeyError, ValueError) as missing:
            raise Refused(
                f"This form lacks something: {missing}.", hint="Open it again, or type a command."
            ) from missing

    async def _declare(self, task: Task) -> Answer:
        wanted = declared(task.asked.entered)
        opened = await self._desk(task.journal).declare(**wanted, by=person(task.asked.user))
        return said(
            f"🚨 *{wanted['severity']} #{opened.incident}* is open: {self._ink.line(wanted['title'], 150)}",
            "Its channel is being made, and you will be invited.",
        )

    async def _note(self, task: Task) -> Answer:
        incident = _incident(task)
        await self._desk(task.journal).note(incident, person(task.asked.user), _text(task, "text"))
        return said(f"📝 Noted in the timeline of #{incident}.")

    async def _resolve(self, task: Task) -> Answer:
        incident = _incident(task)
        warnings = await self._desk(task.journal).resolve(
            incident, person(task.asked.user), _text(task, "summary")
        )
        return resolved(incident, warnings, self._command, self._ink)

    async def _deny(self, task: Task) -> Answer:
        about = task.asked.meant
        return await self._voting.vote(
            task,
            ApprovalId(str(about["approval"])),
            Digest(str(about["digest"])),
            Vote.DENY,
            why=_text(task, "why"),
        )


def _incident(task: Task) -> IncidentId:
    return IncidentId(int(task.asked.meant["incident"]))


def _text(task: Task, name: str) -> str:
    return str(task.asked.entered.get(name) or "").strip()
