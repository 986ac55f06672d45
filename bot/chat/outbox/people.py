"""Who is brought into an incident's channel, and the record of those who can't be: a person left out must not be left out in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.chat.blocks.words import NO_SUCH_GROUP
from bot.chat.client import Ambiguous, SlackCalls, Throttled, Unreachable
from bot.chat.identity import Identity
from bot.chat.outbox.ledger import Ledger
from bot.chat.pace import Pacer, Priority
from bot.domain.facts import NotInvited
from bot.domain.nouns import ActorKind
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
INVITED_AT_ONCE = 100
_THERE = frozenset({"already_in_channel", "cant_invite_self"})
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")


class Inviter:
    """Brings people into channels, each once; `bot_user` is our own user id, empty while it isn't known."""

    def __init__(
        self,
        *,
        slack: SlackCalls,
        pacer: Pacer,
        ledger: Ledger,
        reader: Reader,
        identity: Identity,
        groups: tuple[str, ...],
    ) -> None:
        self._slack = slack
        self._pacer = pacer
        self._ledger = ledger
        self._reader = reader
        self._identity = identity
        self._groups = tuple(f"group:{each}" for each in groups)
        self._asked: dict[str, set[str]] = {}
        self.bot_user = ""

    async def bring(self, incident: IncidentRecord, channel: str, priority: Priority) -> None:
        """Invite those who belong to the response: the groups of the settings, who opened it, leads it or decided in it."""
        await self.call_in(incident, channel, self._groups, priority, besides=self._responders(incident))

    async def call_in(
        self,
        incident: IncidentRecord,
        channel: str,
        sources: Iterable[str],
        priority: Priority,
        *,
        besides: Iterable[str] = (),
    ) -> None:
        """Invite the people behind sources (`group:sre`, `user:U1`), and write down who can't be brought in; raises what may work later."""
        await self._identity.refresh_groups()
        sources = tuple(sources)
        people = {each for each in besides if _PERSON.fullmatch(each)}.union(
            *(self._identity.members(each) for each in sources)
        )
        asked = self._asked.setdefault(channel, {self.bot_user})
        new = sorted(people - asked)
        refused: dict[str, str] = {}
        for first in range(0, len(new), INVITED_AT_ONCE):
            some = new[first : first + INVITED_AT_ONCE]
            refused |= await self._invite(channel, some, priority)
            asked.update(some)
        refused |= dict.fromkeys(filter(self._identity.is_gone, sources), NO_SUCH_GROUP)
        await self._write_down(incident, channel, refused, tried=new)

    def _responders(self, incident: IncidentRecord) -> set[str]:
        people = {incident.commander, *incident.roles.values()}
        if incident.opened_by.kind is ActorKind.PERSON:
            people.add(incident.opened_by.id)
        for approval in self._reader.approvals_of(incident.id):
            people.update(each.by.id for each in approval.votes)
        return people

    async def _invite(self, channel: str, people: list[str], priority: Priority) -> dict[str, str]:
        """Invite people and return who is not in the channel, with Slack's word for why."""
        arguments = {"channel": channel, "users": ",".join(people), "force": True}
        try:
            async with self._pacer.turn("conversations.invite", priority=priority):
                answer = await self._slack.call("conversations.invite", arguments)
        except (Throttled, Unreachable, Ambiguous):
            raise
        except ChatError as problem:
            said = {str(each.get("user")): str(each.get("error")) for each in problem.details}
            refused = {each: said.get(each, problem.code) for each in people}
        else:
            refused = {str(each.get("user")): str(each.get("error")) for each in answer.get("errors") or ()}
        return {who: why for who, why in refused.items() if why not in _THERE}

    async def _write_down(
        self, incident: IncidentRecord, channel: str, refused: Mapping[str, str], *, tried: list[str]
    ) -> None:
        """Bring the record of who is missing up to date; who was missing before, and not asked for now, is missing still."""
        before = self._reader.channel_of(incident.id).not_in
        still = {each.who: each.why for each in before if each.who not in tried and self._is_missing(each)}
        missing = tuple(NotInvited(who=who, why=why) for who, why in sorted({**still, **refused}.items()))
        if missing != before:
            _LOG.warning(
                "the people in a channel changed against our will",
                channel=channel,
                not_in=[each.who for each in missing],
            )
            await self._ledger.not_in(incident.id, channel, missing)

    def _is_missing(self, known: NotInvited) -> bool:
        return known.why != NO_SUCH_GROUP or self._identity.is_gone(known.who)
