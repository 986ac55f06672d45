"""One workspace as the surface serves it: who is there, at what pace it may be called, what it shows, and hands for what is asked there.

Nothing here is shared between workspaces but the settings, the process's time and the log: each has a pace, an outbox and troubles of its own, so one
that is away or has thrown us out holds up no other.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.behind import Behind
from bot.chat.client import SlackClient, TokenSource
from bot.chat.config import ChatConfig
from bot.chat.gallery import Gallery
from bot.chat.hands import Hands, Place
from bot.chat.identity import Identity
from bot.chat.inbound.reply import Replier
from bot.chat.outbox.bookmarks import BookmarkKeeper
from bot.chat.outbox.channel import ChannelKeeper
from bot.chat.outbox.files import FileKeeper
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.loop import Outbox
from bot.chat.outbox.losses import Losses
from bot.chat.outbox.messages import MessageKeeper
from bot.chat.outbox.people import Inviter
from bot.chat.outbox.places import Places
from bot.chat.outbox.setbacks import LOCKED_OUT, Setbacks
from bot.chat.pace import Pacer, Sleep
from bot.domain.clock import Clock
from bot.errors import ChatError, JournalError
from bot.telemetry import Metrics, get_logger

_LOG = get_logger(__name__)
CALL_SECONDS = 10
"""How long a call to Slack may take."""
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What all workspaces of a process have in common: its time, its jitter, its metrics."""

    clock: Clock
    sleep: Sleep
    chance: random.Random
    metrics: Metrics


class Workspace:
    """A workspace; `ident` is its id, empty where it is the only one. `config` and `behind` are what they are for its people.

    `tokens` says what to call it with, where that is not the one token of the settings.
    """

    def __init__(
        self,
        ident: str,
        config: ChatConfig,
        behind: Behind,
        around: Circumstances,
        *,
        tokens: TokenSource | None = None,
    ) -> None:
        self.ident = ident
        self.me: Mapping[str, Any] = {}
        self._config = config
        self._around = around
        self._tokens = tokens
        self.web = AsyncWebClient(
            token=config.bot_token or None, base_url=config.base_url, timeout=CALL_SECONDS, retry_handlers=[]
        )
        self.slack = SlackClient(
            self.web, metrics=around.metrics, surely_leading=behind.surely_leading, tokens=tokens
        )
        self.pacer = Pacer(around.clock, around.sleep)
        self.identity = Identity(
            self.slack, self.pacer, around.clock, config.groups, named_by_id=config.at_home
        )
        self.gallery = Gallery(
            reader=behind.reader,
            identity=self.identity,
            clock=around.clock,
            redact=behind.redact,
            outline=behind.outline,
            describe=behind.describe,
            title=behind.title,
            public_url=config.public_url,
            patience=behind.patience,
            on_call=config.invite,
            command=config.command,
        )
        self.replier = Replier(self.slack, self.pacer, around.clock, around.sleep)
        self.losses = Losses(
            journal=behind.journal,
            reader=behind.reader,
            clock=around.clock,
            metrics=around.metrics,
            workspace=ident,
        )
        place = Place(
            config=config,
            slack=self.slack,
            pacer=self.pacer,
            identity=self.identity,
            gallery=self.gallery,
            clock=around.clock,
            sleep=around.sleep,
            thrown_out=self.look_whether_we_are_in,
        )
        self.hands = Hands(behind, place)
        self._make_outbox(behind)
        self._introduction: asyncio.Task[None] | None = None
        behind.journal.listen(self.outbox.wake)
        behind.journal.listen(self.hands.homes.changed)

    def _make_outbox(self, behind: Behind) -> None:
        slack, pacer, around = self.slack, self.pacer, self._around
        ledger = Ledger(behind.journal)
        self._people = Inviter(
            slack=slack,
            pacer=pacer,
            ledger=ledger,
            reader=behind.reader,
            identity=self.identity,
            groups=self._config.invite,
        )
        self._channels = ChannelKeeper(
            slack=slack,
            pacer=pacer,
            ledger=ledger,
            reader=behind.reader,
            people=self._people,
            config=self._config,
            redact=behind.redact,
        )
        self._messages = MessageKeeper(slack=slack, pacer=pacer, ledger=ledger, losses=self.losses)
        bookmarks = BookmarkKeeper(
            slack=slack,
            pacer=pacer,
            ledger=ledger,
            reader=behind.reader,
            public_url=self._config.public_url,
            redact=behind.redact,
        )
        self.outbox = Outbox(
            reader=behind.reader,
            ledger=ledger,
            gallery=self.gallery,
            identity=self.identity,
            channels=self._channels,
            people=self._people,
            bookmarks=bookmarks,
            messages=self._messages,
            files=self._make_files(behind, ledger),
            places=Places(slack, pacer, self._config.announce_channel),
            setbacks=Setbacks(
                ledger=ledger,
                reader=behind.reader,
                losses=self.losses,
                clock=around.clock,
                chance=around.chance,
                answers=lambda: slack.answered,
            ),
            clock=around.clock,
            sleep=around.sleep,
            metrics=around.metrics,
        )

    def _make_files(self, behind: Behind, ledger: Ledger) -> FileKeeper:
        return FileKeeper(
            slack=self.slack,
            pacer=self.pacer,
            ledger=ledger,
            reader=behind.reader,
            sharing=self._config.sharing,
            show_evidence=behind.show_evidence,
            read_draft=behind.read_draft,
        )

    # ---- life

    def start(self) -> None:
        """Begin to send, and to learn who we are there; returns at once, whether Slack answers or not."""
        self._begin_introduction()
        self.outbox.start()

    def welcome(self) -> None:
        """Go on with a token that has just been given."""
        self.me = {}
        if self._introduction is not None:
            self._introduction.cancel()
        self._begin_introduction()
        self.outbox.resume()

    async def fall_silent(self) -> None:
        """Introduce ourselves to nobody any more, and let what home tabs wait for go."""
        if self._introduction is not None:
            self._introduction.cancel()
            await asyncio.gather(self._introduction, return_exceptions=True)
        await self.hands.homes.stop()

    async def stop(self) -> None:
        """Stop sending; what is left is taken up at the next start."""
        await self.outbox.stop()
        await self.pacer.stop()

    def trouble(self) -> str:
        """Say why it is not as it should be there; empty when it is."""
        found = self.losses.trouble or ("" if self.me else "Slack has not answered yet")
        if self._tokens is not None and self._tokens.missing:
            found = f"not installed there: somebody of that workspace opens {self._config.install_url}"
        return f"{self.ident}: {found}" if found and self.ident else found

    # ---- whether we are in

    async def look_whether_we_are_in(self) -> None:
        """Ask Slack whether our token still serves, because it said that it does not; what it answers now counts, and not what came late."""
        try:
            async with self.pacer.turn("auth.test", priority=(0,)):
                await self.slack.call("auth.test", {})
        except ChatError as problem:
            if problem.code in LOCKED_OUT:
                await self.losses.stopped(problem)
                if self._tokens is not None:
                    await self._tokens.forget()
        else:
            await self.losses.answered()

    def _begin_introduction(self) -> None:
        self._introduction = asyncio.create_task(self._introduce(), name=f"slack-introduction-{self.ident}")

    async def _introduce(self) -> None:
        """Learn who we are in the workspace, as soon as Slack answers; one that has not let us in is asked again when it does."""
        pause = 1.0
        while not self.me:
            if self._tokens is not None and self._tokens.missing:
                return
            try:
                me = await self.slack.call("auth.test", {})
                if self._tokens is not None:
                    # Nothing may wait there that would find out.
                    await self.losses.answered()
                self.me = me
            except (ChatError, JournalError) as problem:
                _LOG.warning(
                    "Slack does not know us yet",
                    workspace=self.ident or None,
                    problem=str(problem),
                    hint=problem.hint,
                )
                await self._around.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
        self._people.bot_user = self._channels.bot_user = self._messages.bot_user = str(
            self.me.get("user_id", "")
        )
        self.gallery.team_url = str(self.me.get("url", ""))
        self.outbox.wake()
