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

    def routes(self) -> list[Route]:
        """The question and its two answers."""
        return [
            Route(PATH, self._ask, methods=["GET"]),
            Route(f"{PATH}/{{answer}}", self._answer, methods=["GET"]),
        ]

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

    async def _ask(self, request: Request) -> Response:
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

    async def _answer(self, request: Request) -> Response:
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
