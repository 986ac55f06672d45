"""Commands that keep something still for a while, alerts or changes, and the one that tells whom to wake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import Ink, clock_time
from bot.chat.blocks.kit import Message
from bot.chat.commands import phrases
from bot.chat.commands.which import Which
from bot.chat.desks import DeskOver
from bot.chat.identity import Identity
from bot.chat.inbound.worker import Task
from bot.domain.clock import Clock
from bot.domain.nouns import SilenceStatus, person
from bot.domain.ports import Reader
from bot.errors import Refused


class Quieting:
    """Does what `silence`, `unsilence`, `freeze`, `unfreeze` and `oncall` ask; `oncall` names the groups of those who are on call."""

    def __init__(  # noqa: PLR0913 - wired once, every part named
        self,
        *,
        desk: DeskOver,
        reader: Reader,
        identity: Identity,
        which: Which,
        clock: Clock,
        oncall: Sequence[str],
        command: str,
        ink: Ink,
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._identity = identity
        self._which = which
        self._clock = clock
        self._groups = oncall
        self._command = command
        self._ink = ink

    @property
    def verbs(self) -> Mapping[str, Callable[[Task, str], Awaitable[Message]]]:
        """What each command does."""
        return {
            "silence": self._silence,
            "unsilence": self._unsilence,
            "freeze": self._freeze,
            "unfreeze": self._unfreeze,
            "oncall": self._oncall,
        }

    async def _silence(self, task: Task, rest: str) -> Message:
        number, words = self._which.with_words(task.asked, rest)
        duration, why = phrases.length_first(words)
        if duration is None:
            raise Refused("For how long?", hint=f"Like this: {self._command} silence 2h known, being fixed")
        await self._desk(task.journal).silence(number, person(task.asked.user), duration, why)
        record = self._reader.silences_of(number)[-1]
        if record.status is SilenceStatus.ASKED:
            return said(
                f"⏳ Alertmanager is asked to silence the alerts of #{number}, and has not answered yet.",
                "Fireline asks until it knows; the timeline says when the silence stands.",
            )
        return said(
            f"🔇 The alerts of #{number} that fire now are silenced until {clock_time(record.until)}.",
            f"While they are, Alertmanager does not say either that they are over. `{self._command} unsilence {number}` ends it.",
        )

    async def _unsilence(self, task: Task, rest: str) -> Message:
        number = self._which.alone(task.asked, rest)
        await self._desk(task.journal).unsilence(number, person(task.asked.user))
        if self._reader.silences_of(number)[-1].status is SilenceStatus.ENDING:
            return said(
                f"⏳ Alertmanager is asked to tell of the alerts of #{number} again, and has not answered yet.",
                "Fireline asks until it knows.",
            )
        return said(f"🔔 The alerts of #{number} are heard again.")

    async def _freeze(self, task: Task, rest: str) -> Message:
        duration, why = phrases.length_first(rest)
        until = None if duration is None else self._clock.now() + duration
        await self._desk(task.journal).freeze(person(task.asked.user), why, until=until)
        ends = f"until {clock_time(until)}" if until is not None else "until somebody unfreezes"
        return said(
            f"❄️ Changes are frozen {ends}.",
            "No step that changes something begins in any run, approved or not; what runs now is let finish, what looks and what undoes goes on. "
            f"`{self._command} unfreeze` ends it.",
        )

    async def _unfreeze(self, task: Task, rest: str) -> Message:
        await self._desk(task.journal).unfreeze(person(task.asked.user), phrases.plain(rest))
        return said("🔥 Changes go on.", "Steps that waited for this begin now, without being asked again.")

    async def _oncall(self, _task: Task, _rest: str) -> Message:
        await self._identity.refresh_groups()
        return on_call(self._groups, self._identity, self._ink)


def on_call(groups: Sequence[str], identity: Identity, ink: Ink) -> Message:
    """Say who is in the groups of those who are on call, as it was known when groups were last asked for."""
    if not groups:
        return said(
            "Nobody said who is on call.", "`slack.oncall_groups` in the settings names their groups."
        )
    lines = []
    for group in groups:
        people = sorted(identity.members(f"group:{group}"))
        named = ", ".join(f"<@{each}>" for each in people) or "nobody"
        lines.append(f"📟 *{ink.line(group, 60)}*  {named}")
    return said("\n".join(lines), "Only you see this: nobody was told.")
