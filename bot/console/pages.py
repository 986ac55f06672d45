"""The console's pages and their routes. Each is asked for, judged, read and laid out; none changes anything.

    /                              open incidents, then recent ones
    /incidents/{n}                 what waits for whom, runs, approvals, alerts, evidence, timeline (`?all=1`: every event)
    /incidents/{n}/postmortem      the draft as it would be written now, and as `.md`
    /incidents/{n}/evidence/{seq}  what was stored by that event, as text without secrets; the log says who looked
    /alerts                        alerts, newest first (`?unmatched=1`: those that no runbook wanted)
    /refused                       bodies that could not be read
    /ahead                         runs that wait in line, and what is on schedule
    /dead-letters                  what can't go on, and what became of what could not
    /process                       who led when, and which runbooks came into force

Endpoints are plain functions: Starlette runs them in worker threads, and the reader's connections belong to no thread. Showing evidence writes to
the log, and is the one coroutine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import SecretStr
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.console.access import CHALLENGE, Access
from bot.console.headers import security_headers
from bot.console.views import Views
from bot.domain.clock import Clock, SystemClock
from bot.domain.ids import IncidentId
from bot.domain.nouns import person
from bot.domain.ports import Reader
from bot.errors import ChainBroken, JournalError, NotFound, Refused
from bot.incidents.custodian import Custodian
from bot.postmortem import wording
from bot.postmortem.redacted import Redact
from bot.postmortem.render import (
    SHOWN_INPUTS,
    SHOWN_REFS,
    cut,
    style_source,
    stylesheet,
    to_markdown,
    to_page,
)

Endpoint = Callable[[Request], Response]

_STATIC = files("bot.console") / "static"


def console_routes(
    reader: Reader,
    *,
    token: SecretStr | None,
    names: Callable[[], Mapping[str, str]],
    redact: Redact,
    evidence: Custodian,
    clock: Clock | None = None,
) -> list[BaseRoute]:
    """Return the console's routes, for the wiring to mount.

    `token` opens the pages, None keeps them to this machine. `names` returns display names by person id, and is asked at each page. `redact` is
    applied to all free text that is shown. `evidence` is where evidence is shown from.
    """
    views = Views(reader=reader, known=names, redact=redact, clock=clock or SystemClock())
    return _Pages(views, Access(token), evidence).routes()


class _Number(Convertor[int]):
    """A number in a path, no longer than anybody would type: Starlette's own `int` raises on thousands of digits, before any guard."""

    regex = "[0-9]{1,99}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


class _Place(_Number):
    """A place in the log: what a database takes for one."""

    regex = "[0-9]{1,18}"


class _Pages:
    """Lays out what the views read."""

    def __init__(self, views: Views, access: Access, evidence: Custodian) -> None:
        self._views = views
        self._evidence = evidence
        self._access = access
        self._templates = _environment()

    def routes(self) -> list[BaseRoute]:
        register_url_convertor("number", _Number())
        register_url_convertor("place", _Place())
        style = stylesheet() + (_STATIC / "console.css").read_text(encoding="utf-8")
        script = (_STATIC / "console.js").read_text(encoding="utf-8")
        icon = (_STATIC / "icon.svg").read_text(encoding="utf-8")
        table: dict[str, Endpoint] = {
            "/": self._incidents,
            "/incidents/{number:number}": self._incident,
            "/incidents/{number:number}/postmortem": self._postmortem,
            "/incidents/{number:number}/postmortem.md": self._postmortem_markdown,
            "/alerts": self._alerts,
            "/refused": self._refused,
            "/ahead": self._ahead,
            "/dead-letters": self._letters,
            "/process": self._process,
        }
        assets = {
            "/static/console.css": (style, "text/css"),
            "/static/console.js": (script, "text/javascript"),
            "/static/icon.svg": (icon, "image/svg+xml"),
        }
        # The files hold nothing of any incident, and a refusal should be legible too.
        return [
            *(Route(path, self._guarded(endpoint), methods=["GET"]) for path, endpoint in table.items()),
            *(Route(path, _file(text, kind), methods=["GET"]) for path, (text, kind) in assets.items()),
            Route("/incidents/{number:number}/evidence/{place:place}", self._show_evidence, methods=["GET"]),
        ]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Let an endpoint see only requests that may pass, and word what it can't find."""

        def answer(request: Request) -> Response:
            refused = self._refused_entry(request)
            if refused is not None:
                return refused
            try:
                return endpoint(request)
            except NotFound as missing:
                return self._message(request, 404, str(missing), missing.hint)

        return answer

    def _refused_entry(self, request: Request) -> Response | None:
        """Return the page for who may not enter; None for who may."""
        refusal = self._access.judge(request.scope)
        if refusal is None:
            return None
        page = self._message(request, refusal.status, refusal.sentence, refusal.hint)
        if refusal.status == 401:  # noqa: PLR2004 - the status that RFC 9110 ties to this header
            page.headers["WWW-Authenticate"] = CHALLENGE
        return page

    def _incidents(self, request: Request) -> Response:
        opened, over = self._views.incidents()
        return self._page(
            request,
            "incidents.html.j2",
            title="Incidents",
            live=True,
            opened=opened,
            over=over,
            away=self._views.away(),
            frozen=self._views.frozen(),
        )

    def _incident(self, request: Request) -> Response:
        everything = request.query_params.get("all") == "1"
        view = self._views.incident(request.path_params["number"], everything=everything)
        title = f"{view.row.record.id}: {view.row.title}"
        live = view.row.record.open
        return self._page(
            request, "incident.html.j2", title=title, live=live, view=view, everything=everything
        )

    def _postmortem(self, request: Request) -> Response:
        page = to_page(self._views.draft(request.path_params["number"]))
        return HTMLResponse(page, headers=security_headers(style_src=style_source(), script_src="'none'"))

    def _postmortem_markdown(self, request: Request) -> Response:
        number = request.path_params["number"]
        named = {"Content-Disposition": f'inline; filename="postmortem-{number}.md"'}
        document = to_markdown(self._views.draft(number))
        return PlainTextResponse(document, headers=dict(security_headers()) | named)

    async def _show_evidence(self, request: Request) -> Response:
        refused = self._refused_entry(request)
        if refused is not None:
            return refused
        try:
            shown = await self._evidence.show(
                IncidentId(request.path_params["number"]),
                request.path_params["place"],
                person(self._access.reader(request.scope)),
            )
        except NotFound as missing:
            return self._message(request, 404, str(missing), missing.hint)
        except Refused as refusal:
            return self._message(request, 415, str(refusal), refusal.hint)
        except ChainBroken as broken:
            return self._message(request, 409, str(broken), broken.hint)
        except JournalError as failure:
            return self._message(
                request, 503, f"Nobody could be recorded as the reader: {failure}", "Try again soon."
            )
        more = "\n… cut here; the whole is in the evidence store\n" if shown.cut else ""
        return PlainTextResponse(shown.text + more, headers=security_headers())

    def _alerts(self, request: Request) -> Response:
        unmatched = request.query_params.get("unmatched") == "1"
        alerts = self._views.alerts(unmatched=unmatched)
        return self._page(
            request, "alerts.html.j2", title="Alerts", live=True, alerts=alerts, unmatched=unmatched
        )

    def _refused(self, request: Request) -> Response:
        refused = self._views.refused()
        return self._page(request, "refused.html.j2", title="Refused deliveries", live=True, refused=refused)

    def _ahead(self, request: Request) -> Response:
        return self._page(request, "ahead.html.j2", title="Ahead", live=True, ahead=self._views.ahead())

    def _letters(self, request: Request) -> Response:
        found = self._views.letters()
        return self._page(
            request,
            "dead_letters.html.j2",
            title="Dead letters",
            live=True,
            letters=found.waiting,
            closed=found.closed,
        )

    def _process(self, request: Request) -> Response:
        return self._page(request, "process.html.j2", title="Process", live=True, lines=self._views.process())

    def _message(self, request: Request, status: int, sentence: str, hint: str) -> Response:
        shown = {"title": sentence, "sentence": sentence, "hint": hint, "live": False}
        return self._page(request, "message.html.j2", status=status, **shown)

    def _page(self, request: Request, template: str, *, status: int = 200, **shown: Any) -> Response:  # noqa: ANN401 - each template has its own
        page = self._templates.get_template(template).render(
            root=request.scope.get("root_path", ""),
            now=self._views.clock.now(),
            path=request.url.path,
            **shown,
        )
        return HTMLResponse(page, status_code=status, headers=security_headers())


def _file(text: str, media_type: str) -> Endpoint:
    return lambda _request: Response(text, media_type=media_type, headers=security_headers())


def _environment() -> Environment:
    made = Environment(
        autoescape=True,
        loader=PackageLoader("bot.console"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "instant": wording.instant,
        "clock": wording.time_of_day,
        "size": wording.size,
        "counted": wording.count,
        "cut": cut,
    }
    made.globals |= {"SHOWN_REFS": SHOWN_REFS, "SHOWN_INPUTS": SHOWN_INPUTS}
    return made
