"""The transport: an httpx client with limits on time, size and redirects, and the place where secrets meet the wire."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import httpx

from bot import __version__
from bot.actions.contract import Call, SecretRef
from bot.actions.fields import http_target
from bot.actions.outcome import ActionError, Failed, Reason
from bot.domain.clock import Clock, SystemClock
from bot.errors import ConfigurationError
from integrations.transport.failures import (
    failure_of_exception,
    failure_of_status,
    retry_after_seconds,
)
from integrations.transport.scrub import Scrubber

USER_AGENT = f"fireline/{__version__}"
MAX_REDIRECTS = 5
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SENDING = (".send_request_headers.started", ".send_request_body.started")
_KEPT_IDLE = 2.0
"""Seconds for which an idle connection is kept: less than servers keep it (often five). One that a server closes just as an effect is sent over it
leaves in doubt whether it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportConfig:
    """Limits for every call. Seconds and bytes; `read` is how long a target may be silent, None for as long as the call may take."""

    connect: float = 5.0
    read: float | None = None
    pool: float = 5.0
    max_body: int = 64 * 1024 * 1024
    max_connections: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """`Authorization: Bearer …`, RFC 6750."""

    token: SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """`Authorization: Basic …`, RFC 7617."""

    username: str
    password: SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Whom to trust: the machine's authorities, or those in `ca_file` alone, or (`verify=False`) anybody."""

    verify: bool = True
    ca_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send. `keep` is how many bytes of the answer's body are wanted in memory; the capture gets all of it."""

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | SecretRef] = field(default_factory=dict)
    content: bytes | None = None
    auth: Bearer | Basic | None = None
    tls: Tls = field(default_factory=Tls)
    follow_redirects: bool = False
    keep: int = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back, secrets of this call masked. Header names are lower-case; `elapsed` is in seconds.

    `truncated`: the body was longer than `keep`, or than the transport reads at all.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool
    url: str
    elapsed: float
    retry_after: float | None

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Progress:
    """Whether a byte of the request may have left: the difference between `did not happen` and `nobody knows`."""

    def __init__(self) -> None:
        self.sent = False

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith(_SENDING):
            self.sent = True


class Transport:
    """Sends requests over shared connections, one attempt each; use it as an async context manager or call `close`."""

    def __init__(self, config: TransportConfig | None = None, *, clock: Clock | None = None) -> None:
        self._config = config or TransportConfig()
        self._clock = clock or SystemClock()
        self._clients: dict[Tls, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; the transport can be used again, with new ones."""
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.aclose()

    async def send(self, request: Request, call: Call) -> Response:
        """Send once and return the answer, whatever its status; ActionError when there is none."""
        secrets: list[str] = []
        target = http_target(request.url)
        progress = _Progress()
        try:
            headers = _headers(request, call, secrets)
            client = self._client(request.tls)
            async with asyncio.timeout(call.budget):
                outgoing = client.build_request(
                    request.method,
                    httpx.URL(request.url).copy_merge_params(request.params),
                    headers=headers,
                    content=request.content,
                    extensions={"trace": progress.trace},
                )
                return await self._exchange(client, outgoing, request, call, Scrubber(secrets))
        except ConfigurationError as error:  # the secret can't be sent, or the CA file isn't there
            raise ActionError(Failed(reason=Reason.INVALID, detail=str(error), applied=False)) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            failure = failure_of_exception(error, target=target, sent=progress.sent)
            raise ActionError(_scrubbed(failure, Scrubber(secrets))) from None

    def _client(self, tls: Tls) -> httpx.AsyncClient:
        client = self._clients.get(tls)
        if client is None:
            config = self._config
            client = self._clients[tls] = httpx.AsyncClient(
                verify=_ssl_context(tls),
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                timeout=httpx.Timeout(config.read, connect=config.connect, pool=config.pool),
                limits=httpx.Limits(max_connections=config.max_connections, keepalive_expiry=_KEPT_IDLE),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                trust_env=False,
            )
        return client

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        outgoing: httpx.Request,
        request: Request,
        call: Call,
        scrubber: Scrubber,
    ) -> Response:
        """Send and follow what may be followed; read the last answer."""
        started = time.perf_counter()
        hops = MAX_REDIRECTS if request.follow_redirects else 0
        while True:
            answer = await client.send(outgoing, stream=True)
            try:
                following = answer.next_request
                if hops == 0 or following is None:
                    return await self._read(answer, request, call, scrubber, started)
            finally:
                await answer.aclose()
            _refuse_another_call(outgoing, following, answer.status_code)
            # httpx carries the trace over with the extensions, so `sent` stays true from hop to hop.
            outgoing, hops = following, hops - 1

    async def _read(
        self,
        answer: httpx.Response,
        request: Request,
        call: Call,
        scrubber: Scrubber,
        started: float,
    ) -> Response:
        headers = {name.lower(): scrubber.text(value) for name, value in answer.headers.items()}
        call.capture.describe(
            media_type=headers.get("content-type", "application/octet-stream").partition(";")[0].strip(),
            source=scrubber.text(f"{answer.request.method} {answer.url}"),
        )
        body = bytearray()
        seen = 0
        clean = scrubber.stream()
        ended = True
        async for chunk in answer.aiter_bytes():
            room = self._config.max_body - seen
            seen += len(chunk)
            _keep(clean.feed(chunk[:room]), body, request.keep, call)
            if seen > self._config.max_body:
                ended = False
                break
        _keep(clean.end(), body, request.keep, call)
        return Response(
            status=answer.status_code,
            headers=headers,
            body=bytes(body),
            truncated=not ended or seen > request.keep,
            url=scrubber.text(str(answer.url)),
            elapsed=round(time.perf_counter() - started, 6),
            retry_after=retry_after_seconds(headers.get("retry-after"), self._clock.now()),
        )


def _keep(clean: bytes, body: bytearray, keep: int, call: Call) -> None:
    if clean:
        call.capture.write(clean)
        body += clean[: max(0, keep - len(body))]


def _headers(request: Request, call: Call, secrets: list[str]) -> dict[str, str]:
    """Write the headers with their secrets resolved; every resolved value is added to `secrets`."""
    headers = {name: _resolved(value, call, secrets) for name, value in request.headers.items()}
    given = {name.lower() for name in headers}
    match request.auth:
        case Bearer(token=token):
            headers["Authorization"] = f"Bearer {_resolved(token, call, secrets)}"
        case Basic(username=username, password=password):
            pair = f"{username}:{_resolved(password, call, secrets)}".encode()
            encoded = base64.b64encode(pair).decode()
            secrets.append(encoded)
            headers["Authorization"] = f"Basic {encoded}"
        case None:
            pass
    if request.method not in _SAFE and "idempotency-key" not in given:
        headers["Idempotency-Key"] = call.idempotency_key
    return headers


def _resolved(value: str | SecretRef, call: Call, secrets: list[str]) -> str:
    if isinstance(value, str):
        return value
    secret = call.secret(value)
    secrets.append(secret)
    if not secret.isprintable() or not secret:
        raise ConfigurationError(
            f"the secret {value.secret!r} can't stand in a header: it is empty or has control characters"
        )
    return secret


def _ssl_context(tls: Tls) -> ssl.SSLContext:
    if not tls.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cafile=tls.ca_file or None)
    except OSError as error:  # ssl.SSLError is one: the file is absent, or holds no certificate
        raise ConfigurationError(
            f"the CA file {tls.ca_file!r} can't be used: {error.strerror or error}"
        ) from None


def _refuse_another_call(before: httpx.Request, after: httpx.Request, status: int) -> None:
    """Let a redirect stay the same call to the same target, http to https on one host included; refuse anything else.

    301 and 302 turn a POST into a GET by custom (RFC 9110, section 15.4.2): followed, the call would succeed without its effect.
    """
    target, other = http_target(str(before.url)), http_target(str(after.url))
    if after.method != before.method and status != httpx.codes.SEE_OTHER:
        detail = f"{target} redirects with {status}, which would turn {before.method} into {after.method}"
    elif other != target and not _is_same_host_on_https(before.url, after.url):
        detail = f"{target} redirects to another target, {other}; that is not followed"
    else:
        return
    raise ActionError(failure_of_status(status, None, detail))


def _is_same_host_on_https(before: httpx.URL, after: httpx.URL) -> bool:
    schemes = (before.scheme, after.scheme)
    return (
        before.host == after.host
        and schemes == ("http", "https")
        and before.port is None
        and after.port is None
    )


def _scrubbed(failure: Failed, scrubber: Scrubber) -> Failed:
    return Failed(
        reason=failure.reason,
        detail=scrubber.text(failure.detail),
        retry_after=failure.retry_after,
        applied=failure.applied,
    )
