"""The Slack surface as one thing to start and stop: every part of it is made here, from what the wiring passes in.

HTTP mode and Socket Mode have equal rights: both lead into the same intake. Slack being away stops neither start nor stop. There is one workspace
with the token of the settings, or there are several with tokens that each gave when it let the app in; what comes from any of them is durable first
and then goes to the one that it came from.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from starlette.routing import Route

from bot.chat.behind import Behind
from bot.chat.client import TokenSource
from bot.chat.config import ChatConfig
from bot.chat.identity import Identity
from bot.chat.inbound.door import EVENTS_PATH, Door
from bot.chat.inbound.intake import Intake
from bot.chat.inbound.worker import InboxWorker
from bot.chat.joining.door import JoiningDoor
from bot.chat.joining.installations import Installations
from bot.chat.joining.stores import Stores
from bot.chat.ours import ours_of
from bot.chat.pace import Sleep
from bot.chat.socket import SocketLines
from bot.chat.switchboard import Switchboard
from bot.chat.workspace import Circumstances, Workspace
from bot.domain.clock import Clock
from bot.domain.records import RelayEntry
from bot.telemetry import Metrics, get_logger

_LOG = get_logger(__name__)
GRACE = 3.0
"""Seconds that handlers under way get when the surface stops."""


class ChatSurface:
    """Slack, to start and to stop. With `mode: off` it does nothing and is always ready.

    Make it inside the running loop's thread; `start` never waits for Slack. `clock`, `sleep` and `chance` are its time and its jitter. Where there
    may be several workspaces, `within` narrows what is behind to one of them, and `stores` keeps their tokens.
    """

    def __init__(  # noqa: PLR0913 - wired once, every part named
        self,
        config: ChatConfig,
        behind: Behind,
        *,
        clock: Clock,
        metrics: Metrics,
        sleep: Sleep = asyncio.sleep,
        chance: random.Random | None = None,
        within: Callable[[str], Behind] | None = None,
        stores: Stores | None = None,
    ) -> None:
        self._config = config
        jitter = chance or random.Random()  # noqa: S311 - jitter, no secret
        around = Circumstances(clock=clock, sleep=sleep, chance=jitter, metrics=metrics)
        self._clock = clock
        self._installations = (
            Installations(config, stores, behind, clock) if config.oauth and stores is not None else None
        )
        narrowed = within or (lambda _workspace: behind)
        self._workspaces = Switchboard(self._make(each, narrowed(each), around) for each in config.workspaces)
        self.home = self._workspaces.home
        """The workspace that has what no other has: the people whom settings name by their ids, and what nothing sends elsewhere."""
        self._worker = InboxWorker(
            journal=behind.journal,
            reader=behind.reader,
            handler=self._workspaces.handle,
            replier=self._workspaces,
            redact=behind.redact,
            sleep=sleep,
            reader_of=lambda workspace: narrowed(workspace or self.home.ident).reader,
        )
        self._intake = Intake(
            journal=behind.journal,
            worker=self._worker,
            replier=self._workspaces,
            glance=self._workspaces.glance,
            clock=clock,
            ours=ours_of(config),
        )
        self._bolt = self._make_bolt()
        self._sockets = SocketLines(
            app=lambda: self._bolt,
            app_token=config.app_token,
            web=self.home.web,
            lines=config.socket_lines,
            sleep=sleep,
        )
        if self.on:
            behind.journal.listen(self._worker.watch)

    def _make(self, ident: str, behind: Behind, around: Circumstances) -> Workspace:
        tokens: TokenSource | None = self._installations.of(ident) if self._installations else None
        return Workspace(ident, self._config.of(ident), behind, around, tokens=tokens)

    def _make_bolt(self) -> AsyncApp:
        """Make the app that checks signatures and hands everything to the intake; bolt finds arguments by name, so these are no methods."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            # Without asking Slack: a payload must be kept though Slack's API is away.
            there = self._workspaces.find(team_id or "") if self._config.oauth is not None else self.home
            me: Mapping[str, Any] = there.me if there is not None else {}
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_user_id=me.get("user_id"),
                bot_id=me.get("bot_id"),
                bot_token=self._config.bot_token,
            )

        async def take(body: dict[str, Any], context: AsyncBoltContext) -> BoltResponse:
            return await self._intake.take(body, context.team_id or "")

        app = AsyncApp(
            signing_secret=self._config.signing_secret or None,
            authorize=authorize,
            request_verification_enabled=self._config.mode == "http",
        )
        app.use(take)
        return app

    # ---- life

    @property
    def on(self) -> bool:
        """Whether there is a Slack at all."""
        return self._config.mode != "off"

    async def start(self) -> None:
        """Take up what a crash left, begin to listen and to send; returns at once, whether Slack answers or not."""
        if not self.on:
            return
        session = aiohttp.ClientSession()
        for each in self._workspaces:
            each.web.session = session
        if self._installations is not None:
            await self._installations.open(session)
        left = self._worker.recover()
        if left:
            _LOG.info("requests from before the start are taken up", count=left)
        for each in self._workspaces:
            each.start()
        if self._config.mode == "socket":
            self._sockets.start()

    async def stop(self) -> None:
        """Stop listening, let handlers end, stop sending; what is left is taken up at the next start."""
        if not self.on:
            return
        await self._sockets.stop()
        for each in self._workspaces:
            await each.fall_silent()
        await self._worker.stop(GRACE)
        await self._intake.stop()
        for each in self._workspaces:
            await each.stop()
        if self.home.web.session is not None:
            await self.home.web.session.close()

    async def take_relayed(self, entry: RelayEntry) -> None:
        """Take in a payload that a process which stands by had kept; raises as the journal does."""
        await self._intake.take_relayed(entry)

    def routes(self) -> list[Route]:
        """The routes that Slack calls, none unless the mode is `http`; and those by which a workspace lets the app in."""
        if not self.on:
            return []
        routes = []
        if self._config.mode == "http":
            door = Door(self._bolt, signing_secret=self._config.signing_secret, clock=self._clock)
            routes.append(Route(EVENTS_PATH, door.answer, methods=["POST"]))
        if self._installations is not None:
            joined = JoiningDoor(
                self._config, self._installations, joined=lambda it: self._workspaces[it].welcome()
            )
            routes += joined.routes()
        return routes

    def ready(self) -> str | None:
        """Return why chat doesn't work as it should, None when it does; it never makes the process unready by itself."""
        troubles = [each.trouble() for each in self._workspaces] if self.on else []
        return "; ".join(filter(None, troubles)) or None

    # ---- people

    @property
    def identity(self) -> Identity:
        """The people of the home workspace: whoever comes by another way than chat is one of them."""
        return self.home.identity

    def identity_of(self, workspace: str) -> Identity:
        """The people of an incident's workspace."""
        return (self._workspaces.find(workspace) or self.home).identity

    def names(self) -> Mapping[str, str]:
        """Every name learnt so far, by id; none for an id that stands for people of different names in two workspaces."""
        known: dict[str, str] = {}
        doubtful = set()
        for each in self._workspaces:
            for ident, name in each.identity.names().items():
                if known.setdefault(ident, name) != name:
                    doubtful.add(ident)
        return {ident: name for ident, name in known.items() if ident not in doubtful}
