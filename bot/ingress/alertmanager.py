"""`POST /webhooks/alertmanager`: answered 200 once every alert is on disk, and never otherwise.

Alertmanager tries again after 5xx alone; any 4xx loses that notification until the next group interval. So 4xx is for what no second try would
mend (the wrong credentials, a body that can't be read), and everything that may pass is 503. A bare ASGI endpoint, because it has to take in
thousands of deliveries a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

import structlog
from starlette.types import Receive, Scope, Send

from bot.domain.ids import Digest
from bot.errors import DeliveryUnreadable, JournalError
from bot.incidents.deliveries import Delivery, Receipt
from bot.ingress.answers import Answer, answer
from bot.ingress.bodies import LARGE, VERSION, read
from bot.ingress.credentials import Credentials, Verdict
from bot.telemetry import Metrics

MOST_BODY = 16 * 1024 * 1024
"""Bytes of the largest delivery taken in, unless the settings say otherwise; 20,000 alerts are about 8 MB."""
SLOWEST_BODY = 30.0
"""Seconds in which a body must have come whole."""
_LAST_REASON = 300
_MOST_VERSIONS = 8

_log = structlog.get_logger(__name__)


class TakesIn(Protocol):
    """What the endpoint needs of `bot.incidents.intake.Intake`."""

    async def receive(self, delivery: Delivery) -> Receipt:
        """Take a delivery in; JournalError when it can't be written."""
        ...

    async def refuse(self, *, reason: str, body: Digest, size: int, source: str) -> None:
        """Record a body that can't be read; JournalError when that can't be written."""
        ...


class _TooLarge(Exception):
    """The body has more bytes than are taken in."""


class _Gone(Exception):
    """The client left before its body was whole."""


class AlertmanagerWebhook:
    """The endpoint, an ASGI application. `keep` stores a body that can't be read, for inspection, and returns its SHA-256."""

    def __init__(
        self,
        intake: TakesIn,
        *,
        credentials: Credentials,
        keep: Callable[[bytes], Digest],
        metrics: Metrics,
        most_body: int = MOST_BODY,
    ) -> None:
        self._intake = intake
        self._credentials = credentials
        self._keep = keep
        self._most_body = most_body
        self._outcomes = {
            outcome: metrics.deliveries.labels(outcome=outcome)
            for outcome in ("accepted", "unreadable", "unauthorized", "too_large", "behind")
        }
        self._alerts = {
            result: metrics.alerts.labels(result=result) for result in ("new", "repeated", "resolved")
        }
        self._versions: set[str] = {VERSION, ""}
        self._strangers = {
            Verdict.UNAUTHORIZED: _unauthorized(credentials.challenge),
            Verdict.ELSEWHERE: _ELSEWHERE,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        made = await self.respond(scope, receive)
        if made is not None:
            await made.send(send)

    async def respond(self, scope: Scope, receive: Receive) -> Answer | None:
        """Return the answer to one request, None when its client left before there was one."""
        refused = self._stop_at_the_door(scope)
        if refused is not None:
            return refused
        try:
            body = await self._read(receive)
        except _Gone:
            return None
        except _TooLarge:
            return self._counted("too_large", _TOO_LARGE)
        except TimeoutError:
            return self._counted("behind", _TOO_SLOW)
        return await self._take_in(body, scope)

    def _stop_at_the_door(self, scope: Scope) -> Answer | None:
        """Refuse what needs no look at the body."""
        if scope["method"] != "POST":
            return _NOT_POST
        stranger = self._strangers.get(self._credentials.judge(scope))
        if stranger is not None:
            return self._counted("unauthorized", stranger)
        return self._stop_by_headers(dict(scope["headers"]))

    def _stop_by_headers(self, headers: Mapping[bytes, bytes]) -> Answer | None:
        if headers.get(b"content-encoding", b"identity") != b"identity":
            return self._counted("unreadable", _ENCODED)
        # A web page may make a browser on this machine post any form or text, but JSON only where we let it.
        if self._credentials.open and not headers.get(b"content-type", b"").startswith(b"application/json"):
            return self._counted("unreadable", _NOT_JSON)
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._most_body:
            return self._counted("too_large", _TOO_LARGE)
        return None

    async def _read(self, receive: Receive) -> bytes:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")
            if len(body) > self._most_body:
                raise _TooLarge
            return body
        async with asyncio.timeout(SLOWEST_BODY):
            parts, size = [], 0
            while message["type"] == "http.request":
                part = message.get("body", b"")
                size += len(part)
                if size > self._most_body:
                    raise _TooLarge
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
                message = await receive()
        raise _Gone

    async def _take_in(self, body: bytes, scope: Scope) -> Answer:
        try:
            delivery, version = read(body) if len(body) < LARGE else await asyncio.to_thread(read, body)
            if version not in self._versions:
                self._warn_of(version)
            receipt = await self._intake.receive(delivery)
        except DeliveryUnreadable as error:
            return await self._refuse(body, str(error), scope)
        except JournalError as error:
            _log.warning("alertmanager.not_taken", reason=str(error))
            return self._counted("behind", _BEHIND)
        return self._accepted(receipt, delivery)

    def _accepted(self, receipt: Receipt, delivery: Delivery) -> Answer:
        self._outcomes["accepted"].inc()
        for result, count in (
            ("new", receipt.new),
            ("repeated", receipt.repeated),
            ("resolved", receipt.resolved),
        ):
            if count:
                self._alerts[result].inc(count)
        if receipt.late:
            _log.info(
                "alertmanager.late_firing", group=delivery.group_key[:_LAST_REASON], alerts=receipt.late
            )
        if receipt.kept:
            return Answer(status=200, body=f'{{"kept": {receipt.kept}}}'.encode())
        return _taken_in(receipt.new, receipt.repeated, receipt.resolved)

    async def _refuse(self, body: bytes, reason: str, scope: Scope) -> Answer:
        """Keep a body that can't be read and say why; if it can't be kept, another try may find the disk in better health."""
        client = scope.get("client")
        try:
            digest = await asyncio.to_thread(self._keep, body)
            await self._intake.refuse(
                reason=reason, body=digest, size=len(body), source=client[0] if client else "unix socket"
            )
        except (JournalError, OSError) as error:
            _log.warning("alertmanager.refusal_not_kept", reason=reason, error=str(error))
            return self._counted("behind", _BEHIND)
        _log.warning("alertmanager.refused", reason=reason, sha256=digest, size=len(body))
        return self._counted("unreadable", answer(400, {"error": reason, "kept": digest}))

    def _warn_of(self, version: str) -> None:
        """Say once for each version that this was not written for it; a few, then no more."""
        if len(self._versions) < _MOST_VERSIONS:
            self._versions.add(version)
            _log.warning("alertmanager.other_version", version=version[:_LAST_REASON], written_for=VERSION)

    def _counted(self, outcome: str, made: Answer) -> Answer:
        self._outcomes[outcome].inc()
        return made


@lru_cache(maxsize=1024)  # most deliveries bring a few alerts
def _taken_in(new: int, repeated: int, resolved: int) -> Answer:
    return Answer(
        status=200, body=f'{{"new": {new}, "repeated": {repeated}, "resolved": {resolved}}}'.encode()
    )


def _unauthorized(challenge: bytes) -> Answer:
    body = answer(401, {"error": "the credentials are missing or wrong"}).body
    return Answer(status=401, body=body, headers=((b"www-authenticate", challenge),))


_NOT_POST = answer(405, {"error": "deliveries are POSTed"}, allow="POST")
_ELSEWHERE = answer(
    403, {"error": "without a token or a password in the settings, only this machine may deliver"}
)
_ENCODED = answer(415, {"error": "the body must not be compressed"}, accept_encoding="identity")
_NOT_JSON = answer(415, {"error": "the content type must be application/json"})
_TOO_LARGE = answer(413, {"error": "the body is too large"}, connection="close")
_TOO_SLOW = answer(503, {"error": "the body did not come in time"}, retry_after="1", connection="close")
_BEHIND = answer(503, {"error": "the alerts could not be written; send them again"}, retry_after="1")
