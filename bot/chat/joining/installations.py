"""The tokens by which workspaces are called: kept in the database, renewed two hours before they end, forgotten when Slack wants them no more.

A refresh token serves once, so a workspace's token is renewed by one caller at a time, and only by the process that surely leads. Whoever installs
anew gets the app out of every trouble here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.behind import Behind
from bot.chat.client import NOT_INSTALLED
from bot.chat.config import ChatConfig
from bot.chat.joining.stores import Stores
from bot.domain.clock import Clock
from bot.domain.facts import WorkspaceJoined
from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
EARLY = timedelta(hours=2)
"""How long before its end a token is renewed; Slack's live twelve hours."""
_AGAIN = timedelta(minutes=1)
"""How long a token that could not be renewed, or not be written down, waits until that is tried anew."""
_AT_ONCE = 60 * 24 * 365
"""Minutes before its end in which a token is renewed of which Slack says that it is over, whatever our clock says."""


class Installations:
    """Knows the token of each workspace that the settings name. `open` it before it is asked."""

    def __init__(self, config: ChatConfig, stores: Stores, behind: Behind, clock: Clock) -> None:
        assert config.oauth is not None  # noqa: S101 - made where there is one
        self.stores = stores
        self.web = AsyncWebClient(base_url=config.base_url, retry_handlers=[])
        self._rotator = AsyncTokenRotator(
            client_id=config.oauth.client_id, client_secret=config.oauth.client_secret, client=self.web
        )
        self._config = config
        self._behind = behind
        self._clock = clock
        self._bots: dict[str, Bot] = {}
        self._unsaved: set[str] = set()
        self._not_before: dict[str, datetime] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Read what is kept."""
        self.web.session = session
        for workspace in self._config.workspaces:
            bot = await self.stores.bots.find(workspace)
            if bot is not None:
                self._take(workspace, bot)

    def of(self, workspace: str) -> WorkspaceToken:
        """Return the token of one workspace, whether it has given one yet or not."""
        return WorkspaceToken(self, workspace)

    def has(self, workspace: str) -> bool:
        """Tell whether a workspace has let the app in."""
        return workspace in self._bots

    async def add(self, bot: Bot, *, by: str) -> None:
        """Keep the token that a workspace has just given, and put on record who let the app in; raises SQLAlchemyError and as the journal does.

        It takes the place of the one before in one statement: until it is kept that one serves, and there are never two.
        """
        workspace = str(bot.team_id)
        bot.enterprise_id = None
        async with self._turns[workspace]:
            before = await self.stores.bots.find(workspace)
            if before is not None:
                # The SDK's store knows by this what it has already; when somebody installed anew, the log says.
                bot.installed_at = before.installed_at
            await self.stores.bots.save(bot)
            self._take(workspace, bot)
            self._unsaved.discard(workspace)
        fact = WorkspaceJoined(
            workspace=workspace, name=bot.team_name or "", by=by, scopes=tuple(sorted(bot.bot_scopes))
        )
        await self._behind.journal.append(SYSTEM, FIRELINE, [fact])

    async def token(self, workspace: str) -> str:
        """Return the token to call a workspace with; ChatError for one that has not let the app in."""
        bot = self._bots.get(workspace)
        if bot is None:
            raise ChatError(
                f"the workspace {workspace} has not let this app in",
                code=NOT_INSTALLED,
                hint=f"Somebody of that workspace opens {self._config.install_url}.",
            )
        if workspace in self._unsaved and self._may_try(workspace):
            async with self._turns[workspace]:
                await self._write(workspace)
        if self._ends_soon(bot) and self._may_try(workspace):
            await self._renew(workspace, bot)
        return self._bots.get(workspace, bot).bot_token

    async def renew(self, workspace: str, spent: str) -> bool:
        """Renew a token of which Slack says that it is over; tell whether there is another one now."""
        bot = self._bots.get(workspace)
        if bot is not None and bot.bot_token == spent and bot.bot_refresh_token and self._may_try(workspace):
            await self._renew(workspace, bot, minutes=_AT_ONCE)
            bot = self._bots.get(workspace)
        return bot is not None and bot.bot_token != spent

    async def forget(self, workspace: str) -> None:
        """Let a token go that is worth nothing any more."""
        self._bots.pop(workspace, None)
        self._unsaved.discard(workspace)
        try:
            await self.stores.bots.delete(workspace)
        except SQLAlchemyError as problem:
            _LOG.error("a worthless token stays in the database", workspace=workspace, problem=str(problem))

    # ---- parts

    def _take(self, workspace: str, bot: Bot) -> None:
        # Before anybody can use it, so that it stands in no log and no message.
        self._behind.learn([each for each in (bot.bot_token, bot.bot_refresh_token) if each])
        self._bots[workspace] = bot
        self._not_before.pop(workspace, None)

    def _ends_soon(self, bot: Bot) -> bool:
        ends = bot.bot_token_expires_at
        return ends is not None and ends - self._clock.now().timestamp() < EARLY.total_seconds()

    def _may_try(self, workspace: str) -> bool:
        due = self._not_before.get(workspace)
        return due is None or self._clock.now() >= due

    async def _renew(
        self, workspace: str, seen: Bot, *, minutes: int = int(EARLY.total_seconds() / 60)
    ) -> None:
        async with self._turns[workspace]:
            if self._bots.get(workspace) is not seen:
                return  # somebody was quicker
            await self._behind.surely_leading()
            try:
                fresh = await self._rotator.perform_bot_token_rotation(
                    bot=seen, minutes_before_expiration=minutes
                )
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
                _LOG.warning(
                    "a workspace's token could not be renewed",
                    workspace=workspace,
                    problem=str(problem) or type(problem).__name__,
                    hint="Should it go on, install the app there anew.",
                )
                self._not_before[workspace] = self._clock.now() + _AGAIN
                await self._look_again(workspace, seen)
                return
            if fresh is not None:
                self._take(workspace, fresh)
                self._unsaved.add(workspace)
                await self._write(workspace)

    async def _look_again(self, workspace: str, seen: Bot) -> None:
        """Take what the process that led before us wrote down after we had read: it may have been in the middle of this."""
        try:
            kept = await self.stores.bots.find(workspace)
        except SQLAlchemyError as problem:
            _LOG.warning("kept tokens can't be read", workspace=workspace, problem=str(problem))
            return
        if kept is not None and kept.bot_token != seen.bot_token and workspace not in self._unsaved:
            self._take(workspace, kept)

    async def _write(self, workspace: str) -> None:
        """Write down a token that was renewed; while that fails the process has it alone, and tries on."""
        bot = self._bots.get(workspace)
        if bot is None or workspace not in self._unsaved:
            return  # somebody was quicker, or it is let go
        try:
            await self.stores.bots.save(bot)
        except SQLAlchemyError as problem:
            _LOG.error(
                "a workspace's new token can't be written down", workspace=workspace, problem=str(problem)
            )
            self._not_before[workspace] = self._clock.now() + _AGAIN
        else:
            self._unsaved.discard(workspace)


class WorkspaceToken:
    """Implements `bot.chat.client.TokenSource` for one workspace."""

    def __init__(self, installations: Installations, workspace: str) -> None:
        self._installations = installations
        self._workspace = workspace

    @property
    def missing(self) -> bool:
        """Whether the workspace has not let the app in."""
        return not self._installations.has(self._workspace)

    async def token(self) -> str:
        """See `Installations.token`."""
        return await self._installations.token(self._workspace)

    async def renew(self, spent: str) -> bool:
        """See `Installations.renew`."""
        return await self._installations.renew(self._workspace, spent)

    async def forget(self) -> None:
        """See `Installations.forget`."""
        await self._installations.forget(self._workspace)
