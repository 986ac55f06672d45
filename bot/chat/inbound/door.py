"""The door for what Slack posts over HTTP: its size, its pace and its signature are judged before anybody reads what it says.

Bolt checks the signature too, but only after the whole body, however large, has been taken in and parsed, and a malformed header makes it raise.
Whoever can reach the port could fill the memory with that, and the log with tracebacks. The rule is Slack's:
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from bot.domain.clock import Clock

EVENTS_PATH = "/slack/events"
MOST_BODY = 1024 * 1024
"""Bytes of the largest body; Slack's own are some ten kilobytes, a view with all its blocks a few hundred."""
SLOWEST_BODY = 10.0
"""Seconds in which a body must have come whole; Slack itself gives up after three."""
MOST_SKEW = 300
"""Seconds that a signature may be old, or ahead."""
_LONGEST_STAMP = 12


class Door:
    """Lets in what Slack signed, and nothing else."""

    def __init__(self, app: AsyncApp, *, signing_secret: str, clock: Clock) -> None:
        self._app = app
        self._secret = signing_secret.encode()
        self._clock = clock

    async def answer(self, request: Request) -> Response:
        """Answer one request: 413 and 408 for a body that is too large or too slow, 401 for one that Slack did not sign."""
        if not _stamped(request.headers):
            return PlainTextResponse("not signed", status_code=401)
        try:
            async with asyncio.timeout(SLOWEST_BODY):
                body = await _read(request)
        except TimeoutError:
            return PlainTextResponse("too slow", status_code=408, headers={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return PlainTextResponse("too large", status_code=413, headers={"connection": "close"})
        if not self._is_signed(request.headers, body):
            return PlainTextResponse("not signed", status_code=401)
        return to_starlette_response(await self._app.async_dispatch(to_async_bolt_request(request, body)))

    def _is_signed(self, headers: Headers, body: bytes) -> bool:
        stamp = headers["x-slack-request-timestamp"]
        if abs(self._clock.now().timestamp() - int(stamp)) > MOST_SKEW:
            return False
        right = hmac.new(self._secret, b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={right}".encode(), headers["x-slack-signature"].encode("latin-1"))


def _stamped(headers: Headers) -> bool:
    """Tell whether the headers of a signature are there, once each, and can be read."""
    stamps, signatures = headers.getlist("x-slack-request-timestamp"), headers.getlist("x-slack-signature")
    if len(stamps) != 1 or len(signatures) != 1:
        return False
    return len(stamps[0]) <= _LONGEST_STAMP and stamps[0].isascii() and stamps[0].isdigit()


async def _read(request: Request) -> bytes | None:
    """Return the body, None for one that is too large; no more of it is kept than may be."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)
