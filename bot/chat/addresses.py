"""Which member has which email address, as Slack says it, kept for a while: groups of the settings may list people by their address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.client import SlackCalls
from bot.chat.pace import Pacer
from bot.domain.clock import Clock
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
_FRESH = timedelta(hours=1)
"""How long an answer serves before it is asked for anew. That somebody may decide at all is asked of their account, and far more often."""
_TRUSTED = timedelta(hours=24)
"""How old an answer may be to give a right, while Slack does not give a newer one."""
_AGAIN = timedelta(minutes=10)
"""How long an address that nobody has, and one that Slack did not answer for, waits until it is asked for anew."""
NOBODY = "users_not_found"


def is_address(member: str) -> bool:
    """Tell whether a group lists somebody by an address, not by their member id."""
    return "@" in member


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What Slack said of an address: the member who has it, empty for nobody."""

    member: str
    at: datetime


class Addresses:
    """Knows the members behind the addresses that groups list; asks for each once an hour."""

    def __init__(self, slack: SlackCalls, pacer: Pacer, clock: Clock, members: Iterable[str]) -> None:
        self._slack = slack
        self._pacer = pacer
        self._clock = clock
        self._wanted = sorted({each.lower() for each in members if is_address(each)})
        self._known: dict[str, _Known] = {}
        self._due: dict[str, datetime] = {}

    async def refresh(self) -> None:
        """Ask for every address whose answer has grown old; what was known stays when Slack doesn't answer."""
        for address in self._wanted:
            now = self._clock.now()
            if now < self._due.get(address, now):
                continue
            try:
                member = await self._ask(address)
            except ChatError as problem:
                _LOG.warning("an address can't be looked up", problem=str(problem))
                self._due[address] = now + _AGAIN
                return
            self._known[address] = _Known(member=member, at=now)
            self._due[address] = now + (_FRESH if member else _AGAIN)

    async def _ask(self, address: str) -> str:
        try:
            async with self._pacer.turn("users.lookupByEmail", priority=(0,)):
                answer = await self._slack.call("users.lookupByEmail", {"email": address})
        except ChatError as problem:
            if problem.code != NOBODY:
                raise
            _LOG.warning("nobody in Slack has an address that the settings' groups list", address=address)
            return ""
        return str(answer["user"]["id"])

    def member(self, listed: str, *, for_a_right: bool = False) -> str:
        """Return the member id behind what a group lists, empty while it isn't known; `for_a_right`, no answer that is too old."""
        if not is_address(listed):
            return listed
        known = self._known.get(listed.lower())
        if known is None or (for_a_right and self._clock.now() - known.at > _TRUSTED):
            return ""
        return known.member

    def members(self, listed: Iterable[str], *, for_a_right: bool = False) -> frozenset[str]:
        """Return the member ids behind all that a group lists, as far as they are known."""
        found = {self.member(each, for_a_right=for_a_right) for each in listed}
        return frozenset(found - {""})

    def all_known(self, listed: Iterable[str]) -> bool:
        """Tell whether Slack has said of each address that a group lists who has it, were it nobody."""
        return all(not is_address(each) or each.lower() in self._known for each in listed)
