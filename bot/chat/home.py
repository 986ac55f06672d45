"""Keeps the home tabs of those who look at them: what is open, what waits for each, what each may run.

A tab is made when its person opens it, and again when something changes or a promised word falls due, for those who opened theirs lately. Many
changes make one publication, and one that would show the same makes none. Who looks is remembered by this process alone: after a restart the next
look counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.chat.blocks.ink import Redact
from bot.chat.blocks.picture import Picture
from bot.chat.client import SlackCalls
from bot.chat.gallery import Gallery
from bot.chat.identity import Identity
from bot.chat.inbound.worker import Task
from bot.chat.pace import Pacer, Sleep
from bot.chat.views.home import Outlook, Waits, home_view
from bot.domain.canonical import digest_of
from bot.domain.clock import Clock, to_text
from bot.domain.events import Event
from bot.domain.nouns import ApprovalStatus, StepStatus, person
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord
from bot.errors import ChatError, NotAllowed
from bot.incidents.foreseen import Foresight
from bot.policy.approvals import right_to_decide
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
LATELY = timedelta(minutes=30)
"""How long after a look a tab is kept up to date."""
CALM = 5.0
"""Seconds between two rounds: what changes more often than that is published once."""
LOOKERS = 200
"""Tabs that are kept up to date at once; the ones looked at first give way."""
LISTED = 100


class Homes:
    """Publishes home tabs. `command` is the slash command."""

    def __init__(  # noqa: PLR0913 - wired once, every part named
        self,
        *,
        slack: SlackCalls,
        pacer: Pacer,
        reader: Reader,
        identity: Identity,
        gallery: Gallery,
        foresight: Foresight,
        clock: Clock,
        sleep: Sleep,
        command: str,
        redact: Redact,
    ) -> None:
        self._slack = slack
        self._pacer = pacer
        self._reader = reader
        self._identity = identity
        self._gallery = gallery
        self._foresight = foresight
        self._clock = clock
        self._sleep = sleep
        self._command = command
        self._redact = redact
        self._looked: dict[str, datetime] = {}
        self._shown: dict[str, str] = {}
        self._round: asyncio.Task[None] | None = None
        self._stale = False
        self._alarm: asyncio.Task[None] | None = None

    async def opened(self, task: Task) -> None:
        """Show a person their home tab."""
        user = task.asked.user
        self._looked.pop(user, None)
        self._looked[user] = self._clock.now()
        while len(self._looked) > LOOKERS:
            self._forget(next(iter(self._looked)))
        seen = await self._gathered()
        self._wake_when_due(seen)
        try:
            await self._publish(user, seen, priority=0)
        except ChatError as problem:
            # The next look, or the next change, brings it; nobody waits for this one.
            _LOG.warning("a home tab could not be shown", user=user, problem=str(problem))

    def changed(self, _events: Sequence[Event]) -> None:
        """Bring the tabs of those who looked lately up to date, in a while."""
        self._stale = bool(self._looked)
        if self._stale and (self._round is None or self._round.done()):
            self._round = asyncio.create_task(self._keep(), name="slack-homes")

    async def stop(self) -> None:
        """Publish no more."""
        under_way = [task for task in (self._round, self._alarm) if task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _wake_when_due(self, seen: Sequence[Picture]) -> None:
        """Look again when the next promised word falls due: that is no change, and shows all the same."""
        if self._alarm is not None:
            self._alarm.cancel()
        now = self._clock.now()
        promised = [each.incident.next_update_due for each in seen]
        ahead = [(due - now).total_seconds() for due in promised if due is not None and due > now]
        self._alarm = asyncio.create_task(self._ring(min(ahead)), name="slack-homes-due") if ahead else None

    async def _ring(self, seconds: float) -> None:
        await self._sleep(seconds)
        self.changed(())

    async def _keep(self) -> None:
        while self._stale:
            await self._sleep(CALM)
            self._stale = False
            now, seen = self._clock.now(), await self._gathered()
            self._wake_when_due(seen)
            for user, at in list(self._looked.items()):
                if now - at > LATELY:
                    self._forget(user)
                    continue
                try:
                    await self._publish(user, seen, priority=9)
                except ChatError as problem:
                    _LOG.warning(
                        "a home tab could not be brought up to date", user=user, problem=str(problem)
                    )

    def _forget(self, user: str) -> None:
        self._looked.pop(user, None)
        self._shown.pop(user, None)

    async def _gathered(self) -> Sequence[Picture]:
        """Gather what is open, once for everybody; others get their turn in between, for there may be a hundred."""
        found = []
        for each in self._reader.incidents(only_open=True, limit=LISTED):
            picture = self._gallery.picture(each.id)
            if picture is not None:
                found.append(picture)
            await asyncio.sleep(0)
        return found

    async def _publish(self, user: str, seen: Sequence[Picture], *, priority: int) -> None:
        """Publish a person's tab, unless it shows the same already."""
        view = home_view(await self._outlook(user, seen), redact=self._redact)
        digest = digest_of(view)
        if self._shown.get(user) == digest:
            return
        async with self._pacer.turn("views.publish", priority=(priority,)):
            await self._slack.call("views.publish", {"user_id": user, "view": view})
        if user in self._looked:
            self._shown[user] = digest

    # ---- what one person sees

    async def _outlook(self, user: str, seen: Sequence[Picture]) -> Outlook:
        try:
            await self._identity.must_be_able_to_decide(user)
            may_act = True
        except NotAllowed:
            may_act = False
        groups = await self._identity.groups_of(user)
        pictures = [each for each in seen if each.incident.seen_by(user)]
        mine, waiting = [], {}
        for each in pictures:
            theirs, waiting[int(each.incident.id)] = self._waits(each, user, groups)
            mine += theirs
        freeze = self._reader.freeze()
        return Outlook(
            incidents=[each.incident for each in pictures],
            waiting=waiting,
            mine=mine if may_act else (),
            runbooks=self._foresight.offers() if may_act else (),
            may_act=may_act,
            command=self._command,
            freeze=freeze if freeze is not None and freeze.holds(self._clock.now()) else None,
        )

    def _waits(self, picture: Picture, user: str, groups: frozenset[str]) -> tuple[list[Waits], int]:
        """Return what waits for this person in an incident, and how much waits there for anybody."""
        incident = picture.incident
        pending = [each for each in picture.approvals if each.status is ApprovalStatus.PENDING]
        unknown = [
            (run.run.id, step, name)
            for run in picture.runs
            for step, name in run.every_step()
            if step.status is StepStatus.UNKNOWN
        ]
        found = list(self._reminders(incident, user))
        for approval in pending:
            try:
                right_to_decide(
                    by=person(user),
                    groups=groups,
                    sources=approval.sources,
                    requested_by=approval.requested_by,
                )
            except NotAllowed:
                continue
            run = picture.run_of(approval)
            name = run.name_of(approval.step) if run else str(approval.step)
            where = picture.links.messages.get(f"approval/{approval.id}", "")
            found.append(Waits(incident=incident, what=f"✋ Decide: {name}", where=where, approval=approval))
        for run_id, step, name in unknown:
            where = picture.links.messages.get(f"unknown/{run_id}/{step.id}", "")
            found.append(Waits(incident=incident, what=f"❓ Say what happened: {name}", where=where))
        return found, len(pending) + len(unknown)

    def _reminders(self, incident: IncidentRecord, user: str) -> Iterator[Waits]:
        """Yield what somebody with a role in an incident owes it."""
        due = incident.next_update_due
        if user in incident.roles.values() and due is not None and due <= self._clock.now():
            yield Waits(incident=incident, what=f"⏰ An update was promised for {to_text(due)[11:16]} UTC")
        if not incident.commander and user in {incident.opened_by.id, *incident.roles.values()}:
            yield Waits(incident=incident, what="⚠️ Nobody leads it yet", lead=True)
