"""Commands that change something: through the desk, then a short answer with what happened and the next step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Message
from bot.chat.commands.leading import Leading
from bot.chat.commands.looking import Onlooker
from bot.chat.commands.quieting import Quieting
from bot.chat.commands.steering import Steering
from bot.chat.commands.words import declaration, numbered, read, run_wanted
from bot.chat.desks import DeskOver, DraftPostmortem
from bot.chat.identity import Identity
from bot.chat.inbound.worker import Task
from bot.chat.modals.openings import FORMS, Openings
from bot.domain.clock import Clock
from bot.domain.ids import IncidentId
from bot.domain.nouns import person
from bot.domain.ports import Reader

_OF_NO_INCIDENT = frozenset({"declare", "run", "freeze"})
"""What can be asked outside an incident: the others need its number there."""
_MOVES_RUNS = frozenset(
    {
        "run",
        "cancel",
        "pause",
        "resume",
        "retry",
        "requeue",
        "discard",
        "freeze",
        "unfreeze",
        "silence",
        "unsilence",
    }
)
"""What lets actions loose on the world, stops them half-way, or quiets alerts: for those who may decide. A guest may declare, note and resolve."""


class Doer:
    """Does what a command asks."""

    def __init__(  # noqa: PLR0913 - wired once, every part named
        self,
        *,
        desk: DeskOver,
        reader: Reader,
        identity: Identity,
        onlooker: Onlooker,
        draft: DraftPostmortem,
        forms: Openings,
        command: str,
        redact: Redact,
        clock: Clock,
        oncall: Sequence[str],
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._identity = identity
        self._onlooker = onlooker
        self._draft = draft
        self._forms = forms
        self._command = command
        self._ink = Ink(redact=redact)
        self._which = onlooker.which
        leading = Leading(
            desk=desk,
            reader=reader,
            identity=identity,
            which=onlooker.which,
            command=command,
            ink=self._ink,
        )
        quieting = Quieting(
            desk=desk,
            reader=reader,
            identity=identity,
            which=onlooker.which,
            clock=clock,
            oncall=oncall,
            command=command,
            ink=self._ink,
        )
        self._verbs: Mapping[str, Callable[[Task, str], Awaitable[Message]]] = {
            "declare": self._declare,
            "run": self._run,
            "ack": self._acknowledge,
            "resolve": self._resolve,
            "note": self._note,
            "postmortem": self._postmortem,
            **Steering(desk=desk, reader=reader, which=onlooker.which, command=command).verbs,
            **leading.verbs,
            **quieting.verbs,
        }

    async def do(self, task: Task) -> Message | None:
        """Do what a command asks and return the answer; raises FirelineError to refuse."""
        wanted = read(task.asked.text)
        verb = self._verbs.get(wanted.verb)
        if wanted.verb in FORMS:
            incident, words = numbered(wanted.rest, self._which.here(task.asked))
            if not words and (incident is not None or wanted.verb in _OF_NO_INCIDENT):
                return await self._forms.open(task, wanted.verb, {"incident": incident})
        if verb is None:
            return self._onlooker.glance(task.asked)
        if wanted.verb in _MOVES_RUNS:
            await self._identity.must_be_able_to_decide(task.asked.user)
        return await verb(task, wanted.rest)

    async def _declare(self, task: Task, rest: str) -> Message:
        severity, typed = declaration(rest)
        title = await self._identity.in_words(typed)
        opened = await self._desk(task.journal).declare(title, severity, person(task.asked.user))
        return said(
            f"🚨 *{severity} #{opened.incident}* is open: {self._ink.line(title, 150)}",
            f"Its channel is being made, and you will be invited. `{self._command} ack {opened.incident}` makes you its lead.",
        )

    async def _run(self, task: Task, rest: str) -> Message:
        wanted = run_wanted(rest, self._which.here(task.asked))
        if wanted.incident is not None:
            self._which.found(task.asked, wanted.incident)
        desk = self._desk(task.journal)
        opened = await desk.start_run(
            wanted.runbook, wanted.inputs, person(task.asked.user), incident=wanted.incident
        )
        if opened.waits:
            return said(
                f"⏳ *{self._ink.line(wanted.runbook, 80)}* {self._ink.line(opened.waits, 200)}.",
                f"It begins by itself, as `{opened.run}` in #{opened.incident}. `{self._command} cancel {opened.run}` takes it out.",
            )
        where = f"in {'a new incident, ' if opened.opened else ''}#{opened.incident}{self._channel(opened.incident)}"
        return said(
            f"▶️ *{self._ink.line(wanted.runbook, 80)}* runs as `{opened.run}` {where}.",
            f"The incident's message shows each step. `{self._command} cancel {opened.run}` ends it.",
        )

    async def _acknowledge(self, task: Task, rest: str) -> Message:
        incident = self._which.alone(task.asked, rest)
        me = person(task.asked.user)
        await self._desk(task.journal).acknowledge(incident, me)
        record = self._reader.incident(incident)
        if record is not None and record.commander and record.commander != me.id:
            return said(f"👍 You are on record for #{incident}; <@{record.commander}> leads.")
        return said(
            f"👍 You lead #{incident} now.", f"`{self._command} status {incident}` shows how it stands."
        )

    async def _resolve(self, task: Task, rest: str) -> Message:
        number, summary = self._which.with_words(task.asked, rest)
        warnings = await self._desk(task.journal).resolve(number, person(task.asked.user), summary)
        return resolved(number, warnings, self._command, self._ink)

    async def _note(self, task: Task, rest: str) -> Message:
        number, text = self._which.with_words(task.asked, rest)
        await self._desk(task.journal).note(number, person(task.asked.user), text)
        return said(f"📝 Noted in the timeline of #{number}.")

    async def _postmortem(self, task: Task, rest: str) -> Message:
        number = self._which.alone(task.asked, rest)
        await self._draft(number, person(task.asked.user))
        return said(f"📝 The draft for #{number} is made and comes{self._channel(number, ' to ')}.")

    def _channel(self, incident: IncidentId, before: str = ", ") -> str:
        record = self._reader.incident(incident)
        return f"{before}<#{record.channel}>" if record is not None and record.channel else ""


def resolved(incident: IncidentId, warnings: tuple[str, ...], command: str, ink: Ink) -> Message:
    """Say that an incident is over, with what the one who ended it should know."""
    notes = " ".join(f"⚠️ {ink.line(each, 300)}" for each in warnings)
    next_step = f"`{command} postmortem {incident}` drafts the postmortem from its timeline."
    return said(f"✅ #{incident} is resolved.", f"{notes} {next_step}".strip())
