"""The Local Slack put together: one workspace as an ASGI application.

    slack = LocalSlack(LocalSlackConfig(), LocalClock())
    async with serving(slack) as url: ...

Composition only: each part does its own job. Nothing is made on import.
"""

from __future__ import annotations

from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from bot.localslack.api import ABORT, WebApi
from bot.localslack.clock import Clock, LocalClock
from bot.localslack.config import LocalSlackConfig
from bot.localslack.consent import ConsentPage
from bot.localslack.control import Control, Desk
from bot.localslack.delivery import Delivery
from bot.localslack.events import EventFeed
from bot.localslack.faults import Faults
from bot.localslack.httpmode import HttpCourier
from bot.localslack.interactions import Interactions
from bot.localslack.journal import WireLog
from bot.localslack.limits import RateBuckets
from bot.localslack.live import LiveFeed
from bot.localslack.page import Page
from bot.localslack.people import People
from bot.localslack.responses import Responder
from bot.localslack.socketmode import SocketHub
from bot.localslack.stewards import Stewards
from bot.localslack.world import World

_STATIC = Path(__file__).parent / "static"


class LocalSlack:
    """One workspace: the Web API, the ways to the app, the people in it, the page.

    One `beside` another is a second workspace of the same Slack: the other's address answers for its tokens too and asks its people for consent,
    while its page and its people stay at its own address, as each workspace has one.
    """

    def __init__(
        self,
        config: LocalSlackConfig | None = None,
        clock: Clock | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        beside: LocalSlack | None = None,
    ) -> None:
        self.config = config or LocalSlackConfig()
        self.clock = clock or LocalClock()
        self.world: World = World(self.config, self.clock, None if beside is None else beside.world.ids)
        self.faults = Faults()
        self.log = WireLog()
        self.limits = RateBuckets(self.clock, enabled=self.config.rate_limits)
        # The app holds its sockets, not one of its workspaces: each sends over all of them.
        self.sockets: SocketHub = (
            SocketHub(self.clock, self.world.ids, self.config.app.id) if beside is None else beside.sockets
        )
        self.http = HttpCourier(self.config.app, self.clock, transport=transport)
        self.delivery = Delivery(
            clock=self.clock,
            http=self.http,
            sockets=self.sockets,
            faults=self.faults,
            log=self.log,
            ack_seconds=self.config.ack_seconds,
            retry_after=self.config.retry_after_seconds,
        )
        self.responder = Responder(self.world, faults=self.faults, log=self.log)
        self.events = EventFeed(self.world, self.delivery)
        self.people = People(self.world, self.delivery, self.responder)
        self.stewards = Stewards(self.world, self.people)
        self.interactions = Interactions(
            self.world,
            people=self.people,
            delivery=self.delivery,
            responder=self.responder,
            events=self.events,
        )
        self.live = LiveFeed(self.world)
        self.world.listen(self.live.changed)
        self.world.listen(self.events.changed)
        self.api = WebApi(
            self.world, limits=self.limits, faults=self.faults, log=self.log, socket_url=self.new_socket_url
        )
        self.consent = ConsentPage(self.world, self.people)
        self._starlette = Starlette(routes=self._routes())
        if beside is not None:
            beside.api.beside.append(self.api)
            beside.consent.beside[self.config.team_id] = self.consent

    def _routes(self) -> list[Route | Mount | WebSocketRoute]:
        control = Control(
            Desk(
                world=self.world,
                people=self.people,
                interactions=self.interactions,
                stewards=self.stewards,
                faults=self.faults,
                log=self.log,
                live=self.live,
                limits=self.limits,
                sockets=self.sockets,
                http=self.http,
            )
        )
        page = Page(self.world, self.people, self.live)
        return [
            Route("/api/{method}", self.api.endpoint, methods=["GET", "POST"]),
            Route("/commands/{team}/{key}", self.responder.endpoint, methods=["POST"]),
            Route("/actions/{team}/{key}", self.responder.endpoint, methods=["POST"]),
            Route("/upload/v1/{key}", self._upload, methods=["POST", "PUT"]),
            Route("/files-pri/{file}", self._private_file, methods=["GET"]),
            WebSocketRoute("/_socket/{ticket}", self.sockets.endpoint),
            Mount("/_local", routes=control.routes()),
            Mount("/static", StaticFiles(directory=_STATIC)),
            *page.routes(),
            *self.consent.routes(),
        ]

    @property
    def base_url(self) -> str:
        """Where this Local Slack is reached; set by the server that runs it."""
        return self.world.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self.world.base_url = url.rstrip("/")

    def new_socket_url(self) -> str:
        """A URL that opens one Socket Mode connection."""
        return f"{self.base_url.replace('http', 'ws', 1)}/_socket/{self.sockets.new_ticket()}"

    async def close(self) -> None:
        """End streams and everything under way."""
        self.live.close()
        await self.sockets.drop()
        await self.delivery.close()
        await self.http.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        # Starlette wraps `send`; the server's own is the only place from which its transport can be reached.
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope[ABORT] = transport.abort
        await self._starlette(scope, receive, send)

    async def _upload(self, request: Request) -> Response:
        """The bytes of an announced file, raw or as one part of a form."""
        file = self.world.files.by_key(request.path_params["key"])
        if file is None or file.content is not None:
            return PlainTextResponse("no such upload", status_code=404)
        content = await request.body()
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form() as form:
                parts = [value for value in form.values() if not isinstance(value, str)]
                content = await parts[0].read() if parts else b""
        if len(content) != file.length:
            return PlainTextResponse(f"expected {file.length} bytes, got {len(content)}", status_code=400)
        file.content = content
        return PlainTextResponse(f"OK - {len(content)}")

    async def _private_file(self, request: Request) -> Response:
        """A file's bytes, for the app with its token."""
        file = self.world.files.by_id.get(request.path_params["file"])
        if request.headers.get("authorization") != f"Bearer {self.config.app.bot_token}":
            return JSONResponse({"ok": False, "error": "not_authed"}, status_code=403)
        if file is None or file.content is None:
            return PlainTextResponse("no such file", status_code=404)
        return Response(file.content, media_type=file.mimetype)
