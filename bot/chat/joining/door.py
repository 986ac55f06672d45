"""`/slack/install` and `/slack/oauth_redirect`: bolt's own OAuth flow, for those workspaces alone that the settings name.

Anybody in the world can open these pages, and anybody who installs could give commands. So the list of workspaces is what opens the door: an
installation elsewhere is given back to Slack at once. The state comes back from the browser that it was given to, once, within ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackClientError
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.chat.config import INSTALL_PATH, REDIRECT_PATH, ChatConfig
from bot.chat.joining.installations import Installations
from bot.chat.joining.page import HEADERS, failed, joined
from bot.chat.joining.stores import STATE_SECONDS, TooManyBegun
from bot.chat.manifest import SCOPES
from bot.errors import JournalError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
NOT_OURS, BUSY = "not_ours", "busy"
_FORBIDDEN = 403
_UNAVAILABLE = 503


class _NotOurs(BoltError):
    """The app was installed where it has no business."""


class JoiningDoor:
    """The two routes; `joined` hears of each workspace that has let the app in."""

    def __init__(
        self, config: ChatConfig, installations: Installations, *, joined: Callable[[str], None]
    ) -> None:
        assert config.oauth is not None  # noqa: S101 - made where there is one
        self._command = config.command
        settings = AsyncOAuthSettings(
            client_id=config.oauth.client_id,
            client_secret=config.oauth.client_secret,
            scopes=list(SCOPES),
            user_scopes=[],
            redirect_uri=config.oauth.redirect_url,
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            install_page_rendering_enabled=False,
            state_store=installations.stores.states,
            state_expiration_seconds=STATE_SECONDS,
            authorization_url=config.oauth.authorization_url,
            callback_options=AsyncCallbackOptions(success=self._succeeded, failure=_failed),
        )
        self._flow = _Flow(config.workspaces, installations, settings, joined)

    def routes(self) -> list[Route]:
        """Where an installation begins, and where Slack sends the browser back."""
        return [
            Route(INSTALL_PATH, self._begin, methods=["GET"]),
            Route(REDIRECT_PATH, self._end, methods=["GET"]),
        ]

    async def _begin(self, request: Request) -> Response:
        try:
            answer = await self._flow.handle_installation(to_async_bolt_request(request, b""))
        except (TooManyBegun, SQLAlchemyError):
            return HTMLResponse(failed(BUSY), status_code=_UNAVAILABLE, headers=HEADERS)
        return to_starlette_response(answer)

    async def _end(self, request: Request) -> Response:
        return to_starlette_response(await self._flow.handle_callback(to_async_bolt_request(request, b"")))

    async def _succeeded(self, args: AsyncSuccessArgs) -> BoltResponse:
        name = args.installation.team_name or args.installation.team_id or ""
        return _page(200, joined(name, self._command), args.settings)


class _Flow(AsyncOAuthFlow):
    """Bolt's flow, less its own store and its trust in every workspace."""

    def __init__(
        self,
        workspaces: tuple[str, ...],
        installations: Installations,
        settings: AsyncOAuthSettings,
        joined: Callable[[str], None],
    ) -> None:
        super().__init__(client=installations.web, settings=settings)
        self._workspaces = workspaces
        self._installations = installations
        self._joined = joined

    async def run_installation(self, code: str) -> Installation | None:
        """Change the code for a token; None where Slack does not, or does not answer."""
        try:
            return await super().run_installation(code)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            _LOG.warning("an installation broke off", problem=str(problem) or type(problem).__name__)
            return None

    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:  # noqa: ARG002 - bolt's signature
        """Keep the token; BoltError where it is not wanted or can't be kept."""
        team = installation.team_id or ""
        if installation.is_enterprise_install or team not in self._workspaces:
            await self._give_back(installation)
            raise _NotOurs(team)
        try:
            await self._installations.add(installation.to_bot(), by=installation.user_id or "")
        except (SQLAlchemyError, JournalError) as problem:
            _LOG.error("an installation can't be kept", workspace=team, problem=str(problem))
            raise BoltError(str(problem)) from problem
        _LOG.info("a workspace let this app in", workspace=team, by=installation.user_id)
        self._joined(team)

    async def _give_back(self, installation: Installation) -> None:
        _LOG.warning(
            "the app was installed in a workspace that the settings don't name, and is uninstalled there",
            workspace=installation.team_id,
            by=installation.user_id,
            hint="Name it in slack.oauth.workspaces if it is one of yours.",
        )
        try:
            await self.client.auth_revoke(token=installation.bot_token)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as problem:
            _LOG.warning("the token could not be given back; nobody keeps it", problem=str(problem))


async def _failed(args: AsyncFailureArgs) -> BoltResponse:
    if isinstance(args.error, _NotOurs):
        return _page(_FORBIDDEN, failed(NOT_OURS), args.settings)
    return _page(args.suggested_status_code, failed(args.reason), args.settings)


def _page(status: int, body: str, settings: AsyncOAuthSettings) -> BoltResponse:
    cookie = settings.state_utils.build_set_cookie_for_deletion()
    return BoltResponse(
        status=status,
        body=body,
        headers={**HEADERS, "content-type": "text/html; charset=utf-8", "set-cookie": cookie},
    )
