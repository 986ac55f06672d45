"""What a submitted form does: through the desk, once, however often it comes; what can't be done stays in the form, with why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.chat.blocks.answers import refused, said
from bot.chat.blocks.ink import Ink, Redact, mention, span
from bot.chat.blocks.words import SEVERITY, role_called
from bot.chat.commands.doing import resolved
from bot.chat.desks import DeskOver
from bot.chat.identity import Identity
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.reply import Answer
from bot.chat.inbound.worker import Task
from bot.chat.modals.openings import FOR_THOSE_WHO_DECIDE
from bot.chat.modals.running import STEPS, RunForms, declared
from bot.chat.views.answer import ViewAnswer
from bot.chat.voting import Voting
from bot.domain.ids import ApprovalId, Digest, IncidentId, LetterId
from bot.domain.nouns import IncidentStatus, Severity, Vote, person
from bot.domain.ports import Reader
from bot.errors import Refused

SUBMITTED = frozenset(
    {
        "declare",
        "run_go",
        "note",
        "resolve",
        "deny",
        "letter_discard",
        "update",
        "assign",
        "severity",
        "silence",
        "merge",
        "reopen",
        "freeze",
    }
)
FORMS = SUBMITTED | STEPS
"""Every form that is submitted."""


class Submissions:
    """Does what forms ask. `command` is the slash command."""

    def __init__(
        self,
        *,
        desk: DeskOver,
        running: RunForms,
        reader: Reader,
        voting: Voting,
        identity: Identity,
        command: str,
        redact: Redact,
    ) -> None:
        self._desk = desk
        self._identity = identity
        self._reader = reader
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
            "letter_discard": self._let_go,
            "update": self._update,
            "assign": self._assign,
            "severity": self._severity,
            "silence": self._silence,
            "merge": self._merge,
            "reopen": self._reopen,
            "freeze": self._freeze,
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
        if task.asked.action in FOR_THOSE_WHO_DECIDE:
            await self._identity.must_be_able_to_decide(task.asked.user)
        try:
            return await does(task)
        except (KeyError, ValueError) as missing:
            raise Refused(
                f"This form lacks something: {missing}.", hint="Open it again, or type a command."
            ) from missing

    async def _declare(self, task: Task) -> Answer:
        wanted = declared(task.asked.entered)
        wanted["title"] = await self._identity.in_words(wanted["title"])
        opened = await self._desk(task.journal).declare(**wanted, by=person(task.asked.user))
        runbook = _text(task, "runbook")
        # Its preview comes first, and a process that stood by could not show it: then nothing of it has run.
        left = (
            f" Its runbook was not started: `{self._command} run {self._ink.line(runbook, 80)} #{opened.incident}`."
            if runbook
            else ""
        )
        return said(
            f"🚨 *{wanted['severity']} #{opened.incident}* is open: {self._ink.line(wanted['title'], 150)}",
            f"Its channel is being made, and you will be invited.{left}",
        )

    async def _note(self, task: Task) -> Answer:
        incident = _incident(task)
        await self._desk(task.journal).note(incident, person(task.asked.user), _text(task, "text"))
        return said(f"📝 Noted in the timeline of #{incident}.")

    async def _resolve(self, task: Task) -> Answer:
        incident = _incident(task)
        warnings = await self._desk(task.journal).resolve(
            incident,
            person(task.asked.user),
            _text(task, "summary"),
            impact_from=_moment(task, "impact_from"),
            impact_to=_moment(task, "impact_to"),
            impact=_text(task, "impact"),
        )
        return resolved(incident, warnings, self._command, self._ink)

    async def _update(self, task: Task) -> Answer:
        incident, minutes = _incident(task), int(task.asked.entered.get("next_in") or 0)
        status = IncidentStatus(_text(task, "status"))
        record = self._reader.incident(incident)
        await self._desk(task.journal).update(
            incident,
            person(task.asked.user),
            status=None if record is not None and record.status is status else status,
            message=_text(task, "message"),
            next_in=timedelta(minutes=minutes) if minutes else None,
        )
        return said(f"📣 The update of #{incident} is out.")

    async def _assign(self, task: Task) -> Answer:
        incident, role, who = _incident(task), _text(task, "role"), _text(task, "person")
        if who:
            await self._identity.must_be_a_person(who)
        await self._desk(task.journal).assign(incident, person(task.asked.user), role, who or None)
        called = self._ink.line(role_called(role), 60)
        if not who:
            return said(f"👤 *{called}* of #{incident} is nobody now.")
        return said(f"👤 *{called}* of #{incident} is {mention(who, self._ink)} now.")

    async def _severity(self, task: Task) -> Answer:
        incident, severity = _incident(task), Severity(_text(task, "severity"))
        await self._desk(task.journal).set_severity(
            incident, person(task.asked.user), severity, _text(task, "why")
        )
        return said(f"{SEVERITY[severity]} #{incident} is *{severity}* now.")

    async def _silence(self, task: Task) -> Answer:
        incident, minutes = _incident(task), int(_text(task, "minutes"))
        length = timedelta(minutes=minutes)
        await self._desk(task.journal).silence(incident, person(task.asked.user), length, _text(task, "why"))
        return said(f"🔕 The alerts of #{incident} call nobody for {span(length)}.")

    async def _merge(self, task: Task) -> Answer:
        incident, into = _incident(task), IncidentId(int(_text(task, "into")))
        await self._desk(task.journal).merge(incident, person(task.asked.user), into)
        return said(f"🔀 #{incident} is part of #{into} now.", "The response goes on there.")

    async def _reopen(self, task: Task) -> Answer:
        incident = _incident(task)
        await self._desk(task.journal).reopen(incident, person(task.asked.user), _text(task, "why"))
        return said(f"🔁 #{incident} is open again.")

    async def _freeze(self, task: Task) -> Answer:
        await self._desk(task.journal).freeze(person(task.asked.user), _text(task, "why"))
        return said("🧊 Changes are frozen.", f"`{self._command} unfreeze` lets them go on.")

    async def _deny(self, task: Task) -> Answer:
        about = task.asked.meant
        return await self._voting.vote(
            task,
            ApprovalId(str(about["approval"])),
            Digest(str(about["digest"])),
            Vote.DENY,
            why=_text(task, "why"),
        )

    async def _let_go(self, task: Task) -> Answer:
        letter = LetterId(int(task.asked.meant["letter"]))
        await self._desk(task.journal).discard(letter, person(task.asked.user), _text(task, "why"))
        return said(f"🗑️ Dead letter {letter} is discarded.", "What stands of it, and why, is on record.")


def _incident(task: Task) -> IncidentId:
    return IncidentId(int(task.asked.meant["incident"]))


def _text(task: Task, name: str) -> str:
    return str(task.asked.entered.get(name) or "").strip()


def _moment(task: Task, name: str) -> datetime | None:
    seconds = task.asked.entered.get(name)
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
