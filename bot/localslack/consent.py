"""The page on which a person allows an app into the workspace, and the way back to the app.

Slack's own is https://slack.com/oauth/v2/authorize; what it gives is a code, and `oauth.v2.access` makes it a token.
"""

from __future__ import annotations

from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.localslack.page import SECURITY
from bot.localslack.people import People
from bot.localslack.refusal import PersonRefused
from bot.localslack.world import World

PATH = "/oauth/v2/authorize"


class ConsentPage:
    """Asks, and sends the person back with a code or with a refusal."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._templates = Environment(
            loader=PackageLoader("bot.localslack"), autoescape=True, undefined=StrictUndefined
        )
        self.beside: dict[str, ConsentPage] = {}
        """Other workspaces whose people are asked at this address, by their ids."""

    def routes(self) -> list[Route]:
        """The question and its two answers."""
        return [
            Route(PATH, self._asked, methods=["GET"]),
            Route(f"{PATH}/{{answer}}", self._answered, methods=["GET"]),
        ]

    async def _asked(self, request: Request) -> Response:
        return await self._of(request).ask(request)

    async def _answered(self, request: Request) -> Response:
        return await self._of(request).answer(request)

    def _of(self, request: Request) -> ConsentPage:
        """The page of the workspace that the link names; without one, the first: Slack asks there which it is to be."""
        return self.beside.get(request.query_params.get("team", ""), self)

    def _fault(self, request: Request) -> str:
        """What is wrong with the link that led here, in Slack's word; empty where nothing is."""
        asked = request.query_params
        if asked.get("client_id") != self._world.app.client_id:
            return "invalid_client_id"
        scopes = set(filter(None, asked.get("scope", "").split(",")))
        if not scopes:
            return "no_scopes"
        if not scopes <= self._world.app.bot_scopes:
            return "invalid_scope"
        return "" if asked.get("redirect_uri", "").startswith(("http://", "https://")) else "bad_redirect_uri"

    async def ask(self, request: Request) -> Response:
        """Show the question."""
        fault = self._fault(request)
        if fault:
            return PlainTextResponse(fault, status_code=400, headers=SECURITY)
        query = urlencode(request.query_params)
        page = self._templates.get_template("consent.html").render(
            app=self._world.app,
            team=self._world.config.team_name,
            scopes=sorted(request.query_params["scope"].split(",")),
            allow=f"{PATH}/allow?{query}",
            cancel=f"{PATH}/cancel?{query}",
        )
        return HTMLResponse(page, headers=SECURITY)

    async def answer(self, request: Request) -> Response:
        """Send the person back with what they said."""
        fault = self._fault(request)
        if fault:
            return PlainTextResponse(fault, status_code=400, headers=SECURITY)
        asked = request.query_params
        back = {"error": "access_denied"}
        if request.path_params["answer"] == "allow":
            try:
                user = self._people.person(asked.get("user") or self._world.config.people[0].id)
            except PersonRefused as refusal:
                return PlainTextResponse(str(refusal), status_code=400, headers=SECURITY)
            scopes = frozenset(asked["scope"].split(","))
            back = {"code": self._world.grants.allow(user.id, scopes, asked["redirect_uri"])}
        place = asked["redirect_uri"]
        query = urlencode(back | {"state": asked.get("state", "")})
        return RedirectResponse(f"{place}{'&' if '?' in place else '?'}{query}", 302, headers=SECURITY)
