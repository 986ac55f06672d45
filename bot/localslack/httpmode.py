"""HTTP mode: payloads posted to the app's request URL, signed as Slack signs them.

`v0=` and the HMAC-SHA256 of `v0:{timestamp}:{raw body}` (https://docs.slack.dev/authentication/verifying-requests-from-slack). Timers and retries
are `delivery`'s.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.localslack.clock import Clock
from bot.localslack.config import InstalledApp
from bot.localslack.delivery import OK, REFUSED, UNREACHABLE, Ack, Payload
from bot.localslack.faults import Fault

_FORM = "application/x-www-form-urlencoded"
_SUCCESS = range(200, 300)


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The `x-slack-signature` of a body."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(payload: Payload) -> tuple[bytes, str]:
    """The body and its content type."""
    if payload.kind == "slash_commands":
        return urlencode(payload.body).encode(), _FORM
    if payload.kind == "interactive":
        return urlencode({"payload": json.dumps(payload.body)}).encode(), _FORM
    return json.dumps(payload.body).encode(), "application/json"


class HttpCourier:
    """Posts payloads to the request URL."""

    def __init__(
        self, app: InstalledApp, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._app = app
        self._clock = clock
        self.request_url = app.request_url
        # The ack timer is the caller's and runs on the movable clock, so the client has none of its own.
        self._client = httpx.AsyncClient(timeout=None, trust_env=False, transport=transport)  # noqa: S113

    async def send(self, payload: Payload, *, fault: Fault | None = None) -> Ack:  # noqa: ARG002  sockets use it
        """Post and wait for the answer."""
        if not self.request_url:
            return Ack(outcome=UNREACHABLE)
        body, content_type = encode(payload)
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "content-type": content_type,
            "user-agent": "Slackbot 1.0 (+local)",
            "x-slack-request-timestamp": str(timestamp),
            "x-slack-signature": sign(self._app.signing_secret, timestamp, body),
        }
        if payload.retry_num:
            headers["x-slack-retry-num"] = str(payload.retry_num)
            headers["x-slack-retry-reason"] = payload.retry_reason
        try:
            response = await self._client.post(self.request_url, content=body, headers=headers)
        except httpx.HTTPError:
            return Ack(outcome=UNREACHABLE)
        return Ack(
            outcome=OK if response.status_code in _SUCCESS else REFUSED,
            status=response.status_code,
            body=_answer(response),
            no_retry=response.headers.get("x-slack-no-retry") == "1",
        )

    async def verify_url(self, url: str) -> bool:
        """Ask the app to prove that the URL is its own (`url_verification`), as Slack does when one is entered."""
        challenge = hashlib.sha256(url.encode()).hexdigest()
        body = {"type": "url_verification", "token": self._app.verification_token, "challenge": challenge}
        self.request_url = url
        ack = await self.send(Payload(kind="events_api", what="url_verification", body=body))
        said = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
        return ack.outcome == OK and said == challenge

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


def _answer(response: httpx.Response) -> Any:
    if not response.content:
        return None
    if "json" in response.headers.get("content-type", ""):
        try:
            return response.json()
        except ValueError:
            return response.text
    return response.text
