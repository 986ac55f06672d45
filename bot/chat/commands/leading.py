"""Commands of whoever leads: who does what, how bad it is, what stakeholders hear, that it goes on, that two are one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import Ink, clock_time
from bot.chat.blocks.kit import Message
from bot.chat.commands import phrases
from bot.chat.commands.which import Which
from bot.chat.desks import DeskOver
from bot.chat.identity import Identity
from bot.chat.inbound.worker import Task
from bot.domain.nouns import COMMANDER, person
from bot.domain.ports import Reader


class Leading:
    """Does what `assign`, `severity`, `update`, `reopen` and `merge` ask."""

    def __init__(
        self, *, desk: DeskOver, reader: Reader, identity: Identity, which: Which, command: str, ink: Ink
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._identity = identity
        self._which = which
        self._command = command
        self._ink = ink

    @property
    def verbs(self) -> Mapping[str, Callable[[Task, str], Awaitable[Message]]]:
        """What each command does."""
        return {
            "assign": self._assign,
            "severity": self._severity,
            "update": self._update,
            "reopen": self._reopen,
            "merge": self._merge,
        }

    async def _assign(self, task: Task, rest: str) -> Message:
        number, words = self._which.with_words(task.asked, rest)
        desk = self._desk(task.journal)
        wanted = phrases.assignment(words, task.asked.user, desk.roles)
        who = wanted.person
        if who is not None and who.startswith("@"):
            who = await self._identity.find(who)
        if who is not None:
            await self._identity.must_be_a_person(who)
        await desk.assign(number, person(task.asked.user), wanted.role, who)
        role = wanted.role.replace("_", " ")
        if who is None:
            return said(f"👤 Nobody is {role} of #{number} any more.")
        hint = f"`{self._command} status {number}` shows how it stands." if wanted.role == COMMANDER else ""
        return said(f"👤 <@{who}> is {role} of #{number} now.", hint)

    async def _severity(self, task: Task, rest: str) -> Message:
        number, words = self._which.with_words(task.asked, rest)
        severity, why = phrases.severity(words)
        await self._desk(task.journal).set_severity(
            number, person(task.asked.user), severity, phrases.plain(why)
        )
        return said(
            f"📶 #{number} is {severity} now.", "Runs that are under way keep the rank they began with."
        )

    async def _update(self, task: Task, rest: str) -> Message:
        number, words = self._which.with_words(task.asked, rest)
        wanted = phrases.update(words)
        await self._desk(task.journal).update(
            number,
            person(task.asked.user),
            status=wanted.status,
            message=wanted.message,
            next_in=wanted.next_in,
        )
        record = self._reader.incident(number)
        due = record.next_update_due if record is not None else None
        hint = (
            f"The next one is promised by {clock_time(due)}."
            if due is not None
            else f"`{self._command} update next 30m …` promises the next one."
        )
        return said(f"📣 Told how #{number} stands: {self._ink.words(wanted.message, 200)}", hint)

    async def _reopen(self, task: Task, rest: str) -> Message:
        number, why = self._which.with_words(task.asked, rest)
        await self._desk(task.journal).reopen(number, person(task.asked.user), phrases.plain(why))
        return said(
            f"🔓 #{number} is open again.",
            "Its alerts, and later ones of the same trouble, come to it. Runs begin only when somebody, or an alert, starts one.",
        )

    async def _merge(self, task: Task, rest: str) -> Message:
        one, into = phrases.merging(rest, self._which.here(task.asked))
        one, into = self._which.found(task.asked, one), self._which.found(task.asked, into)
        await self._desk(task.journal).merge(one, person(task.asked.user), into)
        return said(
            f"🔗 #{one} goes on in #{into}.",
            f"#{into} has its alerts, and what fires again comes there; #{one} is closed with a pointer. Both timelines say so.",
        )
