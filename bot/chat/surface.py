"""The Slack surface as one thing to start and stop: every part of it is made here, from what the wiring passes in.

HTTP mode and Socket Mode have equal rights: both lead into the same intake. Slack being away stops neither start nor stop.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.routing import Route

from bot.chat.behind import Behind
from bot.chat.client import SlackClient
from bot.chat.config import ChatConfig
from bot.chat.gallery import Gallery
from bot.chat.hands import Hands, Place
from bot.chat.identity import Identity
from bot.chat.inbound.door import EVENTS_PATH, Door
from bot.chat.inbound.intake import Intake
from bot.chat.inbound.reply import Replier
from bot.chat.inbound.worker import InboxWorker
from bot.chat.ours import ours_of
from bot.chat.outbox.bookmarks import BookmarkKeeper
from bot.chat.outbox.channel import ChannelKeeper
from bot.chat.outbox.files import FileKeeper
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.loop import Outbox
from bot.chat.outbox.losses import Losses
from bot.chat.outbox.messages import MessageKeeper
from bot.chat.outbox.people import Inviter
from bot.chat.outbox.places import Places
from bot.chat.outbox.setbacks import Setbacks
from bot.chat.pace import Pacer, Sleep
from bot.chat.socket import SocketLines
from bot.domain.clock import Clock
from bot.domain.records import RelayEntry
from bot.errors import ChatError
from bot.telemetry import Metrics, get_logger

_LOG = get_logger(__name__)
CALL_SECONDS = 10
"""How long a call to Slack may take."""
GRACE = 3.0
"""Seconds that handlers under way get when the surface stops."""


class ChatSurface:
    """Slack, to start and to stop. With `mode: off` it does nothing and is always ready.

    Make it inside the running loop's thread; `start` never waits for Slack. `clock`, `sleep` and `chance` are its time and its jitter.
    """

    def __init__(
        self,
        config: ChatConfig,
        behind: Behind,
        *,
        clock: Clock,
        metrics: Metrics,
        sleep: Sleep = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        self._config = config
        self._me: Mapping[str, Any] = {}
        self._clock = clock
        self._sleep = sleep
        self._web = AsyncWebClient(
            token=config.bot_token, base_url=config.base_url, timeout=CALL_SECONDS, retry_handlers=[]
        )
        self._slack = SlackClient(self._web, metrics=metrics, surely_leading=behind.surely_leading)
        self._pacer = Pacer(clock, sleep)
        self.identity = Identity(self._slack, self._pacer, clock, config.groups)
        self._gallery = Gallery(
            reader=behind.reader,
            identity=self.identity,
            redact=behind.redact,
            outline=behind.outline,
            describe=behind.describe,
            title=behind.title,
            public_url=config.public_url,
            patience=behind.patience,
            on_call=config.invite,
            command=config.command,
        )
        self._make_inbound(behind)
        self._make_outbox(behind, metrics, chance or random.Random())  # noqa: S311 - jitter, no secret
        self._bolt = self._make_bolt()
        self._sockets = SocketLines(
            app=lambda: self._bolt,
            app_token=config.app_token,
            web=self._web,
            lines=config.socket_lines,
            sleep=sleep,
        )
        self._introduction: asyncio.Task[None] | None = None
        behind.journal.listen(self._outbox.wake)
        behind.journal.listen(self._hands.homes.changed)
        if self.on:
            behind.journal.listen(self._worker.watch)

    def _make_inbound(self, behind: Behind) -> None:
        place = Place(
            config=self._config,
            slack=self._slack,
            pacer=self._pacer,
            identity=self.identity,
            gallery=self._gallery,
            clock=self._clock,
            sleep=self._sleep,
        )
        self._hands = Hands(behind, place)
        replier = Replier(self._slack, self._pacer, self._clock, self._sleep)
        self._worker = InboxWorker(
            journal=behind.journal,
            reader=behind.reader,
            handler=self._hands.handle,
            replier=replier,
            redact=behind.redact,
            sleep=self._sleep,
        )
        self._intake = Intake(
            journal=behind.journal,
            worker=self._worker,
            replier=replier,
            glance=self._hands.glance,
            clock=self._clock,
            ours=ours_of(self._config),
        )

    def _make_outbox(self, behind: Behind, metrics: Metrics, chance: random.Random) -> None:
        ledger = Ledger(behind.journal)
        self._people = Inviter(
            slack=self._slack,
            pacer=self._pacer,
            ledger=ledger,
            reader=behind.reader,
            identity=self.identity,
            groups=self._config.invite,
        )
        self._channels = ChannelKeeper(
            slack=self._slack,
            pacer=self._pacer,
            ledger=ledger,
            reader=behind.reader,
            people=self._people,
            config=self._config,
            redact=behind.redact,
        )
        self._losses = Losses(
            journal=behind.journal, reader=behind.reader, clock=self._clock, metrics=metrics
        )
        self._messages = MessageKeeper(
            slack=self._slack, pacer=self._pacer, ledger=ledger, losses=self._losses
        )
        bookmarks = BookmarkKeeper(
            slack=self._slack,
            pacer=self._pacer,
            ledger=ledger,
            reader=behind.reader,
            public_url=self._config.public_url,
            redact=behind.redact,
        )
        self._outbox = Outbox(
            reader=behind.reader,
            ledger=ledger,
            gallery=self._gallery,
            identity=self.identity,
            channels=self._channels,
            people=self._people,
            bookmarks=bookmarks,
            messages=self._messages,
            files=self._make_files(behind, ledger),
            places=Places(self._slack, self._pacer, self._config.announce_channel),
            setbacks=Setbacks(
                ledger=ledger,
                reader=behind.reader,
                losses=self._losses,
                clock=self._clock,
                chance=chance,
                answers=lambda: self._slack.answered,
            ),
            clock=self._clock,
            sleep=self._sleep,
            metrics=metrics,
        )

    def _make_files(self, behind: Behind, ledger: Ledger) -> FileKeeper:
        return FileKeeper(
            slack=self._slack,
            pacer=self._pacer,
            ledger=ledger,
            reader=behind.reader,
            sharing=self._config.sharing,
            show_evidence=behind.show_evidence,
            read_draft=behind.read_draft,
        )

    def _make_bolt(self) -> AsyncApp:
        """Make the app that checks signatures and hands everything to the intake; bolt finds arguments by name, so these are no methods."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            # Without asking Slack: a payload must be kept though Slack's API is away.
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_user_id=self._me.get("user_id"),
                bot_id=self._me.get("bot_id"),
                bot_token=self._config.bot_token,
            )

        async def take(body: dict[str, Any]) -> BoltResponse:
            return await self._intake.take(body)

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
        self._web.session = aiohttp.ClientSession()
        left = self._worker.recover()
        if left:
            _LOG.info("requests from before the start are taken up", count=left)
        self._introduction = asyncio.create_task(self._introduce(), name="slack-introduction")
        self._outbox.start()
        if self._config.mode == "socket":
            self._sockets.start()

    async def stop(self) -> None:
        """Stop listening, let handlers end, stop sending; what is left is taken up at the next start."""
        if not self.on:
            return
        if self._introduction is not None:
            self._introduction.cancel()
            await asyncio.gather(self._introduction, return_exceptions=True)
        await self._sockets.stop()
        await self._hands.homes.stop()
        await self._worker.stop(GRACE)
        await self._intake.stop()
        await self._outbox.stop()
        await self._pacer.stop()
        if self._web.session is not None:
            await self._web.session.close()

    async def take_relayed(self, entry: RelayEntry) -> None:
        """Take in a payload that a process which stands by had kept; raises as the journal does."""
        await self._intake.take_relayed(entry)

    def routes(self) -> list[Route]:
        """The routes that Slack calls; none unless the mode is `http`."""
        if self._config.mode != "http":
            return []
        door = Door(self._bolt, signing_secret=self._config.signing_secret, clock=self._clock)
        return [Route(EVENTS_PATH, door.answer, methods=["POST"])]

    def ready(self) -> str | None:
        """Return why chat doesn't work as it should, None when it does; it never makes the process unready by itself."""
        if not self.on:
            return None
        return self._losses.trouble or (None if self._me else "Slack has not answered yet")

    # ---- parts

    async def _introduce(self) -> None:
        """Learn who we are in the workspace, as soon as Slack answers."""
        pause = 1.0
        while not self._me:
            try:
                self._me = await self._slack.call("auth.test", {})
            except ChatError as problem:
                _LOG.warning("Slack does not know us yet", problem=str(problem), hint=problem.hint)
                await self._sleep(pause)
                pause = min(60.0, pause * 2)
        self._people.bot_user = self._channels.bot_user = self._messages.bot_user = str(
            self._me.get("user_id", "")
        )
        self._gallery.team_url = str(self._me.get("url", ""))
        self._outbox.wake()
