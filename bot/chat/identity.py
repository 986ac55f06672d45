"""Who people are: their names, their groups, and whether they may decide at all.

Answers are kept for a while; when Slack doesn't answer, an older answer serves for names and mentions, never for the right to decide. A bot,
a guest, a deactivated user or somebody of another workspace (Slack Connect lets them press our buttons) decides nothing, whatever groups list
them. A group that the settings name is what they say and no more: in most workspaces any member may make a user group of that handle.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.chat.addresses import Addresses
from bot.chat.client import SlackCalls
from bot.chat.pace import Pacer
from bot.domain.clock import Clock
from bot.errors import ChatError, NotAllowed, Refused
from bot.postmortem.wording import heard
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
_FRESH = timedelta(minutes=5)
_AGAIN = timedelta(seconds=30)
"""How long a question that Slack did not answer waits before it is asked anew."""
_TRUSTED = timedelta(minutes=15)
"""How old an answer about groups may be to give a right: who was taken out of a group must not decide because Slack is slow to say so."""
_PATIENCE = 2.0
"""Seconds for which somebody who needs no word of Slack's waits for it."""
_STRANGERS = frozenset({"user_not_found", "user_not_visible"})
_BY_ID = "Give their member id, like U0ADA: it stands in their profile in Slack."
_MENTION = re.compile(r"<@([UW][A-Z0-9]{2,})[|>]")
_MENTIONED = 8
_PAGES = 10
"""Pages of 1000 people that are looked through for a name."""
_BOT, _GONE = "bots don't decide", "your account is deactivated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom Slack knows; `teams` are their workspaces, `why_not` says why they may not decide, empty when nothing about them forbids it."""

    id: str
    name: str
    teams: frozenset[str]
    why_not: str
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A Slack user group."""

    id: str
    handle: str
    members: frozenset[str]


class Identity:
    """Asks Slack about people, through the pacer, and remembers."""

    def __init__(
        self,
        slack: SlackCalls,
        pacer: Pacer,
        clock: Clock,
        groups: Mapping[str, tuple[str, ...]],
        *,
        named_by_id: bool = True,
    ) -> None:
        self.named_by_id = named_by_id
        """Whether a runbook's `user:U0ADA` is somebody of this workspace; in another, that id may be anybody's."""
        self._slack = slack
        self._pacer = pacer
        self._clock = clock
        self._set = groups
        everybody = (each for members in groups.values() for each in members)
        self._addresses = Addresses(slack, pacer, clock, everybody)
        self._people: dict[str, Person] = {}
        self._groups: dict[str, UserGroup] = {}
        self._groups_due: datetime | None = None
        self._groups_known_at: datetime | None = None
        self._home = ""
        self._asking = asyncio.Lock()

    async def must_be_able_to_decide(self, user: str) -> None:
        """NotAllowed unless this is a full, active, human member; ChatError when Slack can't say."""
        person = await self._person(user)
        why_not = person.why_not or (
            "" if await self._our_workspace() in person.teams else "you belong to another workspace"
        )
        if why_not:
            raise NotAllowed(f"You can't decide here: {why_not}.", hint="Ask a full member of the workspace.")

    async def must_not_be_barred(self, user: str) -> None:
        """NotAllowed when Slack says, or said when it last answered, that this person decides nothing; returns when it can't be asked.

        For those who show a token of the settings: that is what they decide by, and they must be able to while Slack is away.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.must_be_able_to_decide(user)
        except (ChatError, TimeoutError) as problem:
            if isinstance(problem, ChatError) and problem.code in _STRANGERS:
                raise NotAllowed(
                    "You can't decide here: Slack knows nobody of your token's id.",
                    hint="Whoever runs Fireline mends `person` in the token's settings.",
                ) from problem
            known = self._people.get(user)
            if known is not None and known.why_not:
                raise NotAllowed(f"You can't decide here: {known.why_not}.") from problem

    async def must_be_a_person(self, user: str) -> None:
        """NotAllowed for a bot and for somebody whose account is deactivated; ChatError when Slack can't say."""
        why_not = (await self._person(user)).why_not
        if why_not in {_BOT, _GONE}:
            raise NotAllowed(f"That is nobody who can do it: {why_not}.")

    async def find(
        self, typed: str, *, hint: str = "Pick them from the list that Slack offers after @."
    ) -> str:
        """Return the id of the person whom somebody named with `@ada`, where Slack did not say whose name that is; Refused when it is not plain."""
        wanted = typed.removeprefix("@").casefold()
        found, cursor = set(), ""
        for _ in range(_PAGES):
            async with self._pacer.turn("users.list", priority=(0,)):
                answer = await self._slack.call("users.list", {"limit": "1000", "cursor": cursor or None})
            found |= {str(each["id"]) for each in answer.get("members", ()) if wanted in _called(each)}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        if len(found) != 1:
            how_many = "Nobody is" if not found else f"{len(found)} people are"
            raise Refused(f"{how_many} called {typed[:40]}.", hint=hint)
        return found.pop()

    async def named(self, typed: str) -> str:
        """Return the id of the person whom somebody outside Slack named, by it or as `@ada`; while Slack is away an id is taken as it is.

        NotAllowed for a bot and for somebody whose account is deactivated; Refused for who is unknown, and for a name that nobody can look up now.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                who = await self.find(typed, hint=_BY_ID) if typed.startswith("@") else typed
                await self.must_be_a_person(who)
        except (ChatError, TimeoutError) as problem:
            if isinstance(problem, ChatError) and problem.code in _STRANGERS:
                raise Refused(f"Slack knows nobody of the id {typed[:40]}.", hint=_BY_ID) from problem
            if typed.startswith("@"):
                raise Refused("Slack does not say now who that is.", hint=_BY_ID) from problem
            return typed
        return who

    async def groups_of(self, user: str) -> frozenset[str]:
        """Return the names of the groups that give a person rights: the settings' and, by handle, Slack's that the settings don't name."""
        await self.refresh_groups()
        named = {
            name
            for name, members in self._set.items()
            if user in self._addresses.members(members, for_a_right=True)
        }
        if self._groups_known_at is None or self._clock.now() - self._groups_known_at > _TRUSTED:
            return frozenset(named)
        asked = {each.handle for each in self._groups.values() if user in each.members}
        return frozenset(named | (asked - self._set.keys()))

    async def refresh_groups(self) -> None:
        """Ask for Slack's user groups, and who has the addresses that groups list, when what is known has grown old; keeps that if Slack is away."""
        async with self._asking:
            await self._addresses.refresh()
            now = self._clock.now()
            if self._groups_due is not None and now < self._groups_due:
                return
            try:
                async with self._pacer.turn("usergroups.list", priority=(0,)):
                    answer = await self._slack.call("usergroups.list", {"include_users": "true"})
            except ChatError as problem:
                _LOG.warning("user groups can't be read", problem=str(problem))
                self._groups_due = now + _AGAIN
                return
            found = [
                UserGroup(id=each["id"], handle=each["handle"], members=frozenset(each.get("users") or ()))
                for each in answer.get("usergroups", ())
                if not each.get("date_delete")
            ]
            self._groups = {each.handle: each for each in found}
            self._groups_due, self._groups_known_at = now + _FRESH, now

    async def learn(self, user: str) -> None:
        """Get to know a person for their name; harmless when Slack doesn't answer."""
        try:
            await self._person(user)
        except ChatError as problem:
            _LOG.info("a name can't be read", user=user, problem=str(problem))

    async def in_words(self, said: str) -> str:
        """Return what a person said with names in the place of ids, for what is shown where Slack turns none into names, as in a header.

        Nobody waits long for it: whose name Slack does not tell in time is called what the mention says, or else by their id.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                for user in sorted(set(_MENTION.findall(said))):
                    await self.learn(user)
        except TimeoutError:
            _LOG.info("names can't be read in time")
        return heard(said, self.names())

    def name(self, user: str) -> str:
        """Return the name under which a person is known, their id while it isn't."""
        person = self._people.get(user)
        return person.name if person else user

    def names(self) -> Mapping[str, str]:
        """Every name learnt so far, by id."""
        return {each.id: each.name for each in self._people.values()}

    def mention(self, source: str) -> str:
        """Write who is behind a source of an approval (`group:sre`, `user:U1`, `anyone`), so that Slack tells them."""
        kind, _, name = source.partition(":")
        if kind == "user":
            return f"<@{name}>" if self.named_by_id else f"{name} of another workspace"
        if kind != "group":
            return "anyone but the one who asked" if source == "anyone" else source
        listed = self._set.get(name, ())
        group = self._groups.get(name)
        if group is not None and (name not in self._set or group.members == self._addresses.members(listed)):
            return f"<!subteam^{group.id}>"
        if not listed:
            return f"group {name} (nobody is in it)"
        more = f" and {len(listed) - _MENTIONED} more" if len(listed) > _MENTIONED else ""
        return ", ".join(map(self._mention_one, listed[:_MENTIONED])) + more

    def _mention_one(self, listed: str) -> str:
        member = self._addresses.member(listed)
        return f"<@{member}>" if member else listed

    def members(self, source: str) -> frozenset[str]:
        """Return the ids of the people behind a source."""
        kind, _, name = source.partition(":")
        if kind == "user":
            return frozenset({name} if self.named_by_id else ())
        if kind != "group":
            return frozenset()
        if name in self._set:
            return self._addresses.members(self._set[name])
        group = self._groups.get(name)
        return group.members if group else frozenset()

    def deciders(self, sources: Iterable[str]) -> frozenset[str] | None:
        """Return the ids of all behind sources; None where nobody can count them: anyone may, or Slack has not said yet who is in a group."""
        sources = tuple(sources)
        if not all(map(self._can_be_counted, sources)):
            return None
        return frozenset().union(*map(self.members, sources))

    def _can_be_counted(self, source: str) -> bool:
        kind, _, name = source.partition(":")
        if kind == "group" and name in self._set:
            return self._addresses.all_known(self._set[name])
        return kind == "user" or (kind == "group" and self._groups_known_at is not None)

    def is_gone(self, source: str) -> bool:
        """Tell whether a source is a group that neither the settings nor Slack has; a group that Slack was not asked for yet is not gone."""
        kind, _, name = source.partition(":")
        known = name in self._set or name in self._groups
        return kind == "group" and not known and self._groups_known_at is not None

    async def _our_workspace(self) -> str:
        """Return the id under which our people are known: the workspace's, or the organisation's where the app is installed for all of it."""
        if not self._home:
            async with self._pacer.turn("auth.test", priority=(0,)):
                answer = await self._slack.call("auth.test", {})
            whole = bool(answer.get("is_enterprise_install"))
            self._home = str(answer.get("enterprise_id" if whole else "team_id") or "")
        return self._home

    async def _person(self, user: str) -> Person:
        now = self._clock.now()
        known = self._people.get(user)
        if known is not None and now - known.known_at < _FRESH:
            return known
        async with self._pacer.turn("users.info", priority=(0,)):
            answer = await self._slack.call("users.info", {"user": user})
        said = answer.get("user", {})
        profile = said.get("profile", {})
        name = (
            # A record is read by people who were not there: the whole name, not what friends say.
            said.get("real_name")
            or profile.get("real_name")
            or profile.get("display_name")
            or said.get("name")
            or user
        )
        person = self._people[user] = Person(
            id=user, name=name, teams=_teams(said), why_not=_why_not(said), known_at=now
        )
        return person


def _teams(user: Mapping[str, Any]) -> frozenset[str]:
    """Return the workspaces, and the organisation, that a person belongs to (https://docs.slack.dev/reference/objects/user-object)."""
    wider = user.get("enterprise_user") or {}
    known = (user.get("team_id"), wider.get("enterprise_id"), *(wider.get("teams") or ()))
    return frozenset(str(each) for each in known if each)


def _called(user: Mapping[str, Any]) -> set[str]:
    """Return what people who are there call somebody: the name, the name shown, the first name."""
    if user.get("deleted"):
        return set()
    profile = user.get("profile") or {}
    names = {user.get("name"), profile.get("display_name"), user.get("real_name"), profile.get("real_name")}
    whole = {str(name).casefold() for name in names if name}
    return whole | {name.partition(" ")[0] for name in whole}


def _why_not(user: Mapping[str, Any]) -> str:
    if user.get("is_bot") or user.get("id") == "USLACKBOT":
        return _BOT
    if user.get("deleted"):
        return _GONE
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return "guests don't decide"
    if user.get("is_stranger"):
        return "you belong to another workspace"
    return ""
