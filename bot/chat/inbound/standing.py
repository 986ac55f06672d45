"""Slack's callbacks at a process that stands by: signed, durable for the process that leads, and then acknowledged.

Nothing is handled or answered here: the leader takes the payload up within a second and answers the person as it does any other. Socket Mode needs
none of this, because a process that stands by opens no line.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.chat.config import INSTALL_PATH, REDIRECT_PATH, ChatConfig
from bot.chat.inbound.door import EVENTS_PATH, Door
from bot.chat.inbound.payload import VIEW, Asked
from bot.chat.inbound.reading import read
from bot.chat.inbound.relayed import PAYLOAD, entry_to_data
from bot.chat.modals.running import STEPS
from bot.chat.ours import ours_of
from bot.chat.views.answer import CLOSED, ViewAnswer, wrong
from bot.domain.clock import Clock
from bot.domain.records import InboxEntry
from bot.errors import JournalError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)

Put = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Keeps a thing of a kind for the leader; JournalError when it can't."""


def standing_routes(config: ChatConfig, put: Put, clock: Clock) -> list[Route]:
    """Return the routes that Slack calls, none unless the mode is `http`; and those by which a workspace lets the app in, which lead nowhere here."""
    several = config.oauth is not None and config.mode != "off"
    joining = [Route(path, _elsewhere, methods=["GET"]) for path in (INSTALL_PATH, REDIRECT_PATH) if several]
    if config.mode != "http":
        return joining

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=config.bot_token)

    async def take(body: dict[str, Any], context: AsyncBoltContext) -> BoltResponse:
        found = read(body, ours_of(config), context.team_id or "")
        return await _keep(put, clock, *found) if found is not None else BoltResponse(status=200, body="")

    app = AsyncApp(signing_secret=config.signing_secret, authorize=authorize)
    app.use(take)
    door = Door(app, signing_secret=config.signing_secret, clock=clock)
    return [Route(EVENTS_PATH, door.answer, methods=["POST"]), *joining]


async def _elsewhere(_request: Request) -> Response:
    """Let a workspace in where the token is kept: at the process that leads."""
    return PlainTextResponse(
        "This process stands by for another one. Try again in a moment.", status_code=503
    )


async def _keep(put: Put, clock: Clock, key: str, asked: Asked) -> BoltResponse:
    if asked.action in STEPS:
        return _not_here(asked)
    entry = InboxEntry(key=key, kind=asked.kind, payload=asked.to_data(), received_at=clock.now())
    try:
        await put(PAYLOAD, entry_to_data(entry))
    except JournalError as problem:
        _LOG.warning("a payload could not be kept", kind=asked.kind, problem=str(problem))
        # Slack then shows the person that it did not work; an ack would be a promise.
        return BoltResponse(status=503, body="")
    return _form(CLOSED) if asked.kind == VIEW else BoltResponse(status=200, body="")


def _not_here(asked: Asked) -> BoltResponse:
    """Keep a form open that leads on to another one: what follows it only the leader knows, and it stands for nothing yet."""
    words = "This process stands by for another one. Press it again in a moment."
    return _form(wrong({asked.first: words}))


def _form(answer: ViewAnswer) -> BoltResponse:
    return BoltResponse(
        status=200, body=json.dumps(answer.data), headers={"content-type": "application/json; charset=utf-8"}
    )
