"""The client: the two query calls of Prometheus' HTTP API, version 1, and what their errors mean.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/. Queries go as a POST form, which has no limit on length worth naming.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bot.actions.contract import Call
from bot.actions.fields import http_target
from bot.actions.outcome import ActionError, Failed, Reason
from integrations.prometheus.config import PrometheusConfig
from integrations.transport import Request, Response, Tls, Transport, reason_of_status

MOST_BODY = 32 * 1024 * 1024
"""Bytes of an answer that are read into memory; a query that answers more has to be narrowed."""

_REASONS = {
    "bad_data": Reason.INVALID,
    "timeout": Reason.TIMEOUT,
    "canceled": Reason.UNAVAILABLE,
    "execution": Reason.REJECTED,
    "internal": Reason.UNAVAILABLE,
    "unavailable": Reason.UNAVAILABLE,
    "not_found": Reason.NOT_FOUND,
    "not_acceptable": Reason.INVALID,
}
_DETAIL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a query gave: its type (vector, scalar, matrix, string), its value as the API writes it, and the server's warnings."""

    kind: str
    value: Any
    warnings: tuple[str, ...]


class PrometheusClient:
    """Asks the default server, or the one that a step names."""

    def __init__(self, config: PrometheusConfig, transport: Transport) -> None:
        self._config = config
        self._transport = transport

    def url(self, wanted: str | None) -> str:
        """Return the server to ask; empty when neither the step nor the settings name one."""
        return (wanted or self._config.url).rstrip("/")

    async def ask(self, url: str | None, path: str, parameters: Mapping[str, str], call: Call) -> Result:
        """Call `/api/v1/<path>`; ActionError says what the server had against it."""
        server = self.url(url)
        if not server:
            detail = "no Prometheus is named: give `url`, or set prometheus.url in the settings"
            raise ActionError(Failed(reason=Reason.INVALID, detail=detail, applied=False))
        form = {**parameters, "timeout": f"{max(1, int(call.budget * 1000))}ms"}
        response = await self._transport.send(self._request(f"{server}/api/v1/{path}", form), call)
        return _result(response, http_target(server))

    def _request(self, url: str, form: Mapping[str, str]) -> Request:
        config = self._config
        own = bool(config.url) and http_target(url) == http_target(config.url)
        return Request(
            method="POST",
            url=url,
            headers={
                **(config.headers if own else {}),
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=urlencode(form).encode(),
            auth=config.auth if own else None,
            tls=config.tls if own else Tls(),
            keep=MOST_BODY,
        )


def _result(response: Response, target: str) -> Result:
    if response.truncated:
        detail = f"{target} answered more than {MOST_BODY} bytes; narrow the query"
        raise ActionError(Failed(reason=Reason.REJECTED, detail=detail, applied=False))
    answer = _answer(response)
    if answer is None:
        raise ActionError(_unreadable(response, target))
    if answer.get("status") != "success":
        kind = str(answer.get("errorType", ""))
        detail = f"{target} says {kind or response.status}: {_line(answer.get('error', ''))}"
        reason = _REASONS.get(kind) or reason_of_status(response.status)
        raise ActionError(
            Failed(
                reason=reason,
                detail=detail,
                retry_after=response.retry_after,
                applied=False,
            )
        )
    data = answer.get("data")
    if not isinstance(data, dict) or "resultType" not in data or "result" not in data:
        raise ActionError(_unreadable(response, target))
    said = [*(answer.get("warnings") or ()), *(answer.get("infos") or ())]
    return Result(
        kind=str(data["resultType"]),
        value=data["result"],
        warnings=tuple(map(str, said)),
    )


def _answer(response: Response) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _line(text: object) -> str:
    return " ".join(str(text).split())[:_DETAIL]


def _unreadable(response: Response, target: str) -> Failed:
    """Say what an answer is that no Prometheus gave: a proxy's page, mostly."""
    reason = Reason.REJECTED if response.status < 400 else reason_of_status(response.status)  # noqa: PLR2004 - HTTP's own border
    detail = f"{target} answered {response.status} with something that is no answer of Prometheus' API"
    return Failed(reason=reason, detail=detail, retry_after=response.retry_after, applied=False)
