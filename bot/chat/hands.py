"""What people do in chat, each with the part that does it: commands, buttons, forms, shortcuts, events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.chat.behind import Behind
from bot.chat.blocks.ink import Ink
from bot.chat.buttons import Buttons
from bot.chat.client import SlackCalls
from bot.chat.commands.doing import Doer
from bot.chat.commands.looking import Onlooker
from bot.chat.commands.quieting import on_call
from bot.chat.config import ChatConfig
from bot.chat.gallery import Gallery
from bot.chat.home import Homes
from bot.chat.identity import Identity
from bot.chat.inbound.events import HOME, THROWN_OUT
from bot.chat.inbound.payload import ACTION, COMMAND, EVENT, SHORTCUT, VIEW, Asked
from bot.chat.inbound.reply import Answer
from bot.chat.inbound.worker import Task
from bot.chat.leaving import ENDINGS, Leaving
from bot.chat.marking import Marking
from bot.chat.modals.opener import Opener
from bot.chat.modals.openings import OPENING, Openings
from bot.chat.modals.running import RunForms
from bot.chat.modals.submissions import Submissions
from bot.chat.pace import Pacer, Sleep
from bot.chat.shortcuts import Shortcuts
from bot.chat.voting import Voting
from bot.domain.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The workspace as the parts of the surface share it; `thrown_out` looks into it when Slack says that we are not in it any more."""

    config: ChatConfig
    slack: SlackCalls
    pacer: Pacer
    identity: Identity
    gallery: Gallery
    clock: Clock
    sleep: Sleep
    thrown_out: Callable[[], Awaitable[None]]


class Hands:
    """Hands what was asked to the part that does it."""

    def __init__(self, behind: Behind, place: Place) -> None:
        self._thrown_out = place.thrown_out
        self._make_forms(behind, place)
        self._make_commands(behind, place)
        self._make_tabs(behind, place)
        self._does: Mapping[str, Callable[[Task], Awaitable[Answer]]] = {
            COMMAND: self._doer.do,
            ACTION: self._press,
            VIEW: self._submissions.submit,
            SHORTCUT: self._shortcuts.use,
            EVENT: self._hear,
        }

    def _make_forms(self, behind: Behind, place: Place) -> None:
        config, identity = place.config, place.identity
        command, redact = config.command, behind.redact
        self._voting = voting = Voting(runs=behind.runs, reader=behind.reader, identity=identity)
        running = RunForms(
            foresight=behind.foresight,
            desk=behind.desk,
            identity=identity,
            command=command,
            redact=redact,
        )
        self._onlooker = Onlooker(reader=behind.reader, gallery=place.gallery, command=command, redact=redact)
        self._openings = Openings(
            opener=Opener(place.slack, place.pacer, command=command, redact=redact),
            reader=behind.reader,
            gallery=place.gallery,
            identity=identity,
            running=running,
            look=self._onlooker.glance,
            oncall=lambda: on_call(config.oncall, identity, Ink(redact=redact)),
            roles=config.roles,
            redact=redact,
        )
        self._submissions = Submissions(
            desk=behind.desk,
            running=running,
            reader=behind.reader,
            voting=voting,
            identity=identity,
            command=command,
            redact=redact,
        )

    def _make_commands(self, behind: Behind, place: Place) -> None:
        command, redact, identity = place.config.command, behind.redact, place.identity
        self._doer = Doer(
            desk=behind.desk,
            reader=behind.reader,
            identity=identity,
            onlooker=self._onlooker,
            draft=behind.draft,
            forms=self._openings,
            command=command,
            redact=redact,
            clock=place.clock,
            oncall=place.config.oncall,
        )
        self._buttons = Buttons(
            desk=behind.desk,
            runs=behind.runs,
            voting=self._voting,
            draft=behind.draft,
            identity=identity,
            command=command,
            redact=redact,
        )

    def _make_tabs(self, behind: Behind, place: Place) -> None:
        command, redact, identity = place.config.command, behind.redact, place.identity
        self._marking = Marking(
            desk=behind.desk,
            reader=behind.reader,
            identity=identity,
            gallery=place.gallery,
            slack=place.slack,
            pacer=place.pacer,
            redact=redact,
        )
        self._shortcuts = Shortcuts(forms=self._openings, marking=self._marking)
        self._leaving = Leaving(behind.reader)
        self.homes = Homes(
            slack=place.slack,
            pacer=place.pacer,
            reader=behind.reader,
            identity=identity,
            gallery=place.gallery,
            foresight=behind.foresight,
            clock=place.clock,
            sleep=place.sleep,
            command=command,
            redact=redact,
        )

    def glance(self, asked: Asked) -> Answer:
        """Answer what only reads, at once; None for what must be handled."""
        return self._submissions.glance(asked) if asked.kind == VIEW else self._onlooker.glance(asked)

    async def handle(self, task: Task) -> Answer:
        """Do what was asked and return what comes of it; raises FirelineError to refuse."""
        return await self._does[task.asked.kind](task)

    async def _press(self, task: Task) -> Answer:
        return await (self._openings if task.asked.action in OPENING else self._buttons).press(task)

    async def _hear(self, task: Task) -> Answer:
        if task.asked.action == HOME:
            await self.homes.opened(task)
        elif task.asked.action in ENDINGS:
            await self._leaving.hear(task)
        elif task.asked.action in THROWN_OUT:
            await self._thrown_out()
        else:
            return await self._marking.hear(task)
        return None
