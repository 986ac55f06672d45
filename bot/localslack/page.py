"""The browser page: channels, messages, threads, modals and App Home as one person sees them, rendered here as HTML.

The page's script only fetches these fragments again when the live feed says that something changed, and posts to `/_local` what people do. All
text goes through Jinja2's autoescape or `markup`; the content security policy lets nothing else run.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.localslack import emoji, markup, seen
from bot.localslack.config import Person
from bot.localslack.live import LiveFeed
from bot.localslack.people import People, as_typed
from bot.localslack.refusal import PersonRefused
from bot.localslack.world import SLACKBOT, Channel, World

Json = dict[str, Any]

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: https: http:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_GROUPED_SECONDS = 300
_INLINE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_QUICK_REACTIONS = ("eyes", "white_check_mark", "pushpin", "+1")


class Page:
    """Renders the page and its fragments."""

    def __init__(self, world: World, people: People, live: LiveFeed) -> None:
        self._world = world
        self._people = people
        self._live = live
        self._templates = Environment(
            loader=PackageLoader("bot.localslack"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "clock": lambda ts: _moment(ts).strftime("%H:%M"),
            "moment": lambda ts: _moment(ts).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "iso": lambda ts: _moment(ts).isoformat(),
            "markdown": markup.markdown,
            "initials": _initials,
            "hue": lambda user: list(world.people).index(user) % 8 if user in world.people else 0,
            "stamp": lambda html: f"{zlib.crc32(str(html).encode()):x}",
            "emoji": emoji.show,
            "size": _size,
            "typed": lambda text: as_typed(world, text),
        }

    def routes(self) -> list[Route]:
        """The page, its fragments, permalinks and files."""
        return [
            Route("/", self._guard(self._whole), methods=["GET"]),
            Route("/_page/{part}", self._guard(self._part), methods=["GET"]),
            Route("/archives/{channel}/{message}", self._permalink, methods=["GET"]),
            Route("/files/{file}", self._file, methods=["GET"]),
            Route("/docs/{team}/{canvas}", self._guard(self._canvas), methods=["GET"]),
        ]

    def _guard(self, make: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            try:
                return HTMLResponse(make(request), headers=SECURITY)
            except PersonRefused as refusal:
                return PlainTextResponse(str(refusal), status_code=404, headers=SECURITY)

        return endpoint

    # --- what is asked for -------------------------------------------------------------------------------------------------

    def _who(self, request: Request) -> Person:
        return self._people.person(request.query_params.get("user") or self._world.config.people[0].id)

    def _where(self, request: Request, me: Person) -> Channel:
        wanted = request.query_params.get("channel")
        if wanted:
            return self._people.channel(wanted, me)
        mine = [c for c in self._world.channels.values() if me.id in c.members and not c.archived]
        return next(
            (c for c in mine if c.name == "incidents"), (mine or list(self._world.channels.values()))[0]
        )

    def _context(self, request: Request) -> Json:
        me = self._who(request)
        world = self._world
        at_home = request.query_params.get("home") == "1"
        here = self._where(request, me)
        thread_ts = request.query_params.get("thread", "")
        if thread_ts not in here.messages:
            thread_ts = ""
        writer = markup.Writer(world, me.id)
        channels = [seen.channel(world, c, me.id) for c in world.channels.values() if seen.can_see(c, me.id)]
        home = world.views.by_id.get(world.views.homes.get(me.id, ""))
        since = request.query_params.get("since")

        def url(**changes: str) -> str:
            base = {"user": me.name, "channel": here.id}
            return "/?" + urlencode({key: value for key, value in (base | changes).items() if value})

        return {
            "me": me,
            "world": world,
            "app": world.app,
            "team": world.config.team_name,
            "people": {user.id: user for user in world.people.values()},
            "others": [u for u in world.people.values() if not (u.is_bot or u.deleted or u.id == SLACKBOT)],
            "channels": channels,
            "here": seen.channel(world, here, me.id),
            "canvas": world.canvases.of_channel(here.id),
            "at_home": at_home,
            "home": seen.view(world, home),
            "view": seen.view(world, world.views.top(me.id)),
            "rows": self._rows(here, me, since=since),
            "thread_ts": thread_ts,
            "thread_rows": self._rows(here, me, thread_ts=thread_ts) if thread_ts else [],
            "w": writer,
            "rich": Markup,
            "slackbot": SLACKBOT,
            "url": url,
            "quick": _QUICK_REACTIONS,
            "commands": [
                {"name": c.name, "description": c.description, "words": list(c.words)}
                for c in world.app.commands
            ],
            "inline_images": _INLINE_IMAGES,
            "seq": self._live.seq,
        }

    def _rows(
        self, here: Channel, me: Person, *, thread_ts: str = "", since: str | None = None
    ) -> list[Json]:
        """Messages with what stands between them: days, the line above new ones, who continues to speak."""
        rows: list[Json] = []
        day, speaker, spoke_at, new_shown = "", "", 0.0, not since
        pins = {pin["ts"]: pin["created_by"] for pin in here.pins}
        for message in seen.messages(self._world, here, me.id, thread_ts=thread_ts):
            moment = _moment(message["ts"])
            if not thread_ts and (today := moment.strftime("%A, %-d %B")) != day:
                rows.append({"kind": "day", "key": f"day-{moment:%Y%m%d}", "text": today})
                day, speaker = today, ""
            unseen = message["ts"] > (since or "") and message["user"] != me.id and not message.get("subtype")
            if not new_shown and unseen:
                rows.append({"kind": "new", "key": "new"})
                new_shown, speaker = True, ""
            spoken = message["user"] + str(message["ephemeral"]) + message.get("subtype", "")
            joined = spoken == speaker and moment.timestamp() - spoke_at < _GROUPED_SECONDS
            key = f"{'t' if thread_ts else 'm'}-{message['ts']}"
            plain = not message.get("subtype") and message["ts"] not in pins
            rows.append(
                {
                    "kind": "message",
                    "key": key,
                    "m": message,
                    "continued": joined and plain,
                    "pinned_by": pins.get(message["ts"], ""),
                    "in_thread": bool(thread_ts),
                }
            )
            speaker, spoke_at = "" if message["ts"] in pins else spoken, moment.timestamp()
        return rows

    # --- answers -----------------------------------------------------------------------------------------------------------

    def _whole(self, request: Request) -> str:
        return self._templates.get_template("page.html").render(self._context(request))

    def _part(self, request: Request) -> str:
        parts = {"sidebar", "main", "messages", "thread", "view", "home"}
        part = request.path_params["part"]
        if part not in parts:
            raise PersonRefused("no_such_part", f"the page has no part {part!r}")
        return self._templates.get_template(f"{part}.html").render(self._context(request))

    async def _permalink(self, request: Request) -> Response:
        """From a message's link to the message on the page."""
        digits = request.path_params["message"].removeprefix("p")
        ts = f"{digits[:-6]}.{digits[-6:]}"
        query = {"channel": request.path_params["channel"], "user": request.query_params.get("user", "")}
        thread = request.query_params.get("thread_ts")
        if thread:
            query["thread"] = thread
        target = urlencode({key: value for key, value in query.items() if value})
        return RedirectResponse(f"/?{target}#{'t' if thread else 'm'}-{ts}", headers=SECURITY)

    def _canvas(self, request: Request) -> str:
        canvas = self._world.canvases.by_id.get(request.path_params["canvas"])
        if canvas is None:
            raise PersonRefused("no_such_canvas", "no such canvas")
        by = self._world.people[canvas.user].real_name
        return self._templates.get_template("canvas.html").render(
            canvas=canvas, by=by, team=self._world.config.team_name
        )

    async def _file(self, request: Request) -> Response:
        """A shared file, so that nothing in it can run."""
        file = self._world.files.by_id.get(request.path_params["file"])
        if file is None or file.content is None or not file.completed:
            return PlainTextResponse("no such file", status_code=404, headers=SECURITY)
        image = file.mimetype in _INLINE_IMAGES
        headers = SECURITY | {"content-security-policy": "sandbox; default-src 'none'"}
        if not image and not file.mimetype.startswith("text/"):
            headers["content-disposition"] = "attachment"
        return Response(file.content, media_type=file.mimetype if image else "text/plain", headers=headers)


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _initials(name: str) -> str:
    words = [word for word in name.split() if word]
    return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper() if words else "?"


def _size(count: int) -> str:
    kilo = 1024
    return f"{count} bytes" if count < kilo else f"{count / kilo:.1f} kB"
