"""Slack's Web API as the surface calls it: one call, one answer, and every failure sorted by what may be done about it.

    ChatError            Slack refused for good; `code` is its word for why
    ├── Throttled        too fast: nothing was done; ask again after `retry_after` seconds
    ├── Unreachable      the request never left, or Slack did nothing with it: asking again is safe
    └── Ambiguous        no answer came, or one that says nothing: Slack may have done it

Nothing is retried here: the SDK's own handlers repeat a post whose answer was lost, and then it stands there twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.crashpoints import CrashPoint, reached
from bot.domain.ports import alone
from bot.errors import ChatError
from bot.telemetry import Metrics

_NOT_DONE = frozenset({"service_unavailable", "team_added_to_org", "accesslimited"})
"""Errors that pass by themselves, and with which Slack did nothing."""
_UNSURE = frozenset({"internal_error", "fatal_error", "request_timeout"})
"""Errors of which Slack's reference says that part of the work may have been done."""
_SERVER_ERROR = 500
_TOO_MANY = 429
_QUESTIONS = frozenset(
    {
        "auth.test",
        "bookmarks.list",
        "conversations.history",
        "conversations.info",
        "conversations.list",
        "files.info",
        "conversations.replies",
        "usergroups.list",
        "users.info",
        "users.lookupByEmail",
    }
)
"""Methods that only read. They take form fields, not JSON, and asking twice is always safe."""
_FOR_ONE_PERSON = frozenset(
    {"chat.postEphemeral", "views.open", "views.push", "views.update", "views.publish"}
)
"""What one person alone sees: how they are told that nothing can be written now. That waits for nobody."""


class Throttled(ChatError):
    """Slack wants fewer calls; nothing was done."""

    def __init__(self, method: str, retry_after: float) -> None:
        super().__init__(f"{method}: too many calls, again in {retry_after:g} s", code="ratelimited")
        self.retry_after = retry_after


class Unreachable(ChatError):
    """Slack did nothing with the call; asking again is safe."""


class Ambiguous(ChatError):
    """Slack may have done what was asked, and nobody told us."""


class SlackCalls(Protocol):
    """What the outbox, identity and answers ask of Slack; `tests/fakes/slack.py` has a scripted one."""

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a method of the Web API and return its answer; raises ChatError or one of its kinds."""
        ...

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Post to a `response_url`; raises like `call`."""
        ...

    async def upload(self, url: str, data: bytes) -> None:
        """Send a file's bytes to the address that Slack gave for it; raises Unreachable, and it may be done again."""
        ...


NOT_INSTALLED = "not_installed"
"""Our word for a workspace that has not let the app in, or has thrown it out."""


class TokenSource(Protocol):
    """Where the token of a workspace comes from that let the app in by OAuth."""

    @property
    def missing(self) -> bool:
        """Whether there is none."""
        ...

    async def token(self) -> str:
        """Return it as it is now; ChatError where there is none."""
        ...

    async def renew(self, spent: str) -> bool:
        """Get another one for one that Slack says is over; False where that can't be had."""
        ...

    async def forget(self) -> None:
        """Let one go that Slack wants no more."""
        ...


class SlackClient:
    """Calls Slack through the SDK's client, over one pool of connections.

    What everybody would see waits for `surely_leading`, which returns once no other process can lead. Without `tokens` the client's own one serves.
    """

    def __init__(
        self,
        web: AsyncWebClient,
        *,
        metrics: Metrics,
        surely_leading: Callable[[], Awaitable[None]] = alone,
        tokens: TokenSource | None = None,
    ) -> None:
        self._web = web
        self._tokens = tokens
        self._hints = _HINTS | (_OF_ONE_TOKEN if tokens is None else _OF_MANY_TOKENS)
        self._metrics = metrics
        self._surely_leading = surely_leading
        self.answered = 0
        """How many calls Slack has answered with yes."""

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `SlackCalls.call`."""
        if method not in _QUESTIONS | _FOR_ONE_PERSON:
            await self._surely_leading()
        reached(CrashPoint.OUTBOX_BEFORE_CALL, method)
        try:
            answer = await self._authorized(method, arguments)
        except ChatError as problem:
            self._metrics.outbox_errors.labels(method=method, code=problem.code).inc()
            if isinstance(problem, Throttled):
                self._metrics.slack_rate_limited.labels(method=method).inc()
            raise
        self.answered += 1
        self._metrics.outbox_sent.labels(method=method).inc()
        reached(CrashPoint.OUTBOX_AFTER_CALL, method)
        return answer

    async def _authorized(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a call with the token of now, and once more with the next one where Slack says that it is over: then it did nothing."""
        if self._tokens is None:
            return await self._send(method, arguments)
        token = self._web.token = await self._tokens.token()
        try:
            return await self._send(method, arguments)
        except ChatError as problem:
            if problem.code != "token_expired" or not await self._tokens.renew(token):
                raise
        self._web.token = await self._tokens.token()
        return await self._send(method, arguments)

    async def _send(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            if method in _QUESTIONS:
                response = await self._web.api_call(method, http_verb="GET", params=given)
            else:
                response = await self._web.api_call(method, json=given)
        except SlackApiError as refusal:
            raise _sorted(method, refusal, self._hints) from refusal
        except aiohttp.ClientConnectorError as problem:
            raise Unreachable(f"{method}: Slack can't be reached: {problem}", code="unreachable") from problem
        except (
            aiohttp.ClientError,
            SlackClientError,
            TimeoutError,
            OSError,
            ValueError,
        ) as problem:
            kind = Unreachable if method in _QUESTIONS else Ambiguous
            why = str(problem) or type(problem).__name__
            raise kind(f"{method}: the answer was lost: {why}", code="no_answer") from problem
        return response.data if isinstance(response.data, dict) else {}

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """See `SlackCalls.respond`."""
        session = self._web.session
        if session is None:
            raise Unreachable("response_url: the surface has not started", code="unreachable")
        try:
            async with session.post(
                url, json=dict(body), timeout=aiohttp.ClientTimeout(total=self._web.timeout)
            ) as answer:
                text = await answer.text()
        except aiohttp.ClientConnectorError as problem:
            raise Unreachable(f"response_url: {problem}", code="unreachable") from problem
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Ambiguous(f"response_url: the answer was lost: {problem}", code="no_answer") from problem
        if answer.status == _TOO_MANY:
            raise Throttled("response_url", _retry_after(answer.headers))
        if answer.status >= _SERVER_ERROR:
            raise Ambiguous(f"response_url: HTTP {answer.status}", code=f"http_{answer.status}")
        if answer.status != 200:  # noqa: PLR2004 - a response_url answers 200 or a reason
            raise ChatError(f"response_url: {text[:200]}", code=f"http_{answer.status}")

    async def upload(self, url: str, data: bytes) -> None:
        """See `SlackCalls.upload`."""
        session = self._web.session
        if session is None:
            raise Unreachable("upload: the surface has not started", code="unreachable")
        try:
            async with session.post(
                url, data=data, timeout=aiohttp.ClientTimeout(total=self._web.timeout)
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Unreachable(f"upload: {problem}", code="unreachable") from problem
        if answer.status != 200:  # noqa: PLR2004 - an upload address answers 200 or a reason
            raise Unreachable(f"upload: HTTP {answer.status}", code=f"http_{answer.status}")


def _sorted(method: str, refusal: SlackApiError, hints: Mapping[str, str]) -> ChatError:
    """Turn the SDK's one error into the kind that says what may be done about it; `hints` is what a person does, by Slack's word."""
    response = refusal.response
    status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
    data = getattr(response, "data", None)
    code = str(data.get("error", "")) if isinstance(data, Mapping) else ""
    if status == _TOO_MANY or code in {"ratelimited", "rate_limited"}:
        return Throttled(method, _retry_after(getattr(response, "headers", {})))
    question = method in _QUESTIONS
    if code in _NOT_DONE:
        return Unreachable(f"{method}: {code}", code=code)
    if code in _UNSURE or status >= _SERVER_ERROR or not code:
        kind = Unreachable if question else Ambiguous
        return kind(f"{method}: HTTP {status} {code}".rstrip(), code=code or f"http_{status}")
    return ChatError(
        f"{method}: {_said(code, data)}", code=code, hint=hints.get(code, ""), details=_details(data)
    )


def _details(data: object) -> list[Mapping[str, Any]]:
    """What Slack says on parts of a call: on each person of an invitation, say."""
    errors = data.get("errors") if isinstance(data, Mapping) else None
    return [each for each in errors if isinstance(each, Mapping)] if isinstance(errors, list) else []


def _said(code: str, data: object) -> str:
    """Slack's word, with the places in the blocks or the scope that it names."""
    if not isinstance(data, Mapping):
        return code
    if data.get("needed"):
        return f"{code}: the app needs the scope {data['needed']}"
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, Mapping) else None
    return (
        f"{code}: {'; '.join(map(str, messages))[:500]}" if isinstance(messages, list) and messages else code
    )


def _retry_after(headers: Mapping[str, Any]) -> float:
    value = headers.get("Retry-After") or headers.get("retry-after") or 1
    if isinstance(value, list):
        value = value[0] if value else 1
    try:
        return max(1.0, float(value))
    except ValueError:
        return 1.0


_HINTS = {
    "missing_scope": "Install the app again with the manifest that `fireline slack manifest` prints.",
    "not_in_channel": "Invite the app to the channel: `/invite @Fireline`.",
}
_OF_ONE_TOKEN = {
    "invalid_auth": "Check `slack.bot_token`.",
    **dict.fromkeys(
        ("token_revoked", "account_inactive"),
        "Install the app again, and set `slack.bot_token` to the new token.",
    ),
    "token_expired": "The tokens of this app rotate: name its workspace in `slack.oauth`, which renews them.",
}
"""What to do about the token of the settings."""
_OF_MANY_TOKENS = dict.fromkeys(
    ("invalid_auth", "token_revoked", "account_inactive", "token_expired"),
    "Install the app there again, at /slack/install.",
)
"""What to do about one that a workspace gave."""
