"""The client: what Alertmanager is asked about silences, and what its answers mean. Implements `bot.domain.silences.Alertmanager`.

Source: the API's own description, https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.actions.contract import Call, Secrets
from bot.actions.fields import http_target
from bot.actions.outcome import ActionError, Failed, Reason
from bot.domain.clock import to_text
from bot.domain.ids import RunId, SilenceKey, StepId
from bot.domain.silences import Matcher, Silence
from integrations.alertmanager.config import AlertmanagerConfig
from integrations.transport import Request, Response, Transport, failure_of_status

MOST_BODY = 32 * 1024 * 1024
"""Bytes of an answer that are read into memory: all silences of five days, or all alerts of a bad one."""
_PLAIN_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_DETAIL = 500


class AlertmanagerClient:
    """Asks one Alertmanager, or what stands before a cluster of them."""

    def __init__(self, config: AlertmanagerConfig, transport: Transport, secrets: Secrets) -> None:
        self._config = config
        self._transport = transport
        self._secrets = secrets
        self._target = http_target(config.url)

    async def matched(self, matchers: Sequence[Matcher]) -> Sequence[Mapping[str, str]]:
        """Return the labels of every alert there now that these matchers match, silenced or not."""
        # What may be long stays here: regular expressions of ours are lists of values, which mean the same everywhere.
        filters = [_filter(each) for each in matchers if not each.regex and each.value]
        response = await self._send("GET", "alerts", params={"filter": filters} if filters else {})
        found = [_labels(each) for each in self._list(response)]
        return [labels for labels in found if all(_fits(each, labels) for each in matchers)]

    async def find(self, key: SilenceKey) -> str | None:
        """Return the id of the silence of this name that stands or is to begin, None when there is none."""
        mark = f"[{key}]"
        for each in self._list(await self._send("GET", "silences")):
            stands = (each.get("status") or {}).get("state") in {"active", "pending"}
            if stands and str(each.get("comment", "")).endswith(mark):
                return str(each.get("id"))
        return None

    async def make(self, silence: Silence) -> str:
        """Make a silence and return its id."""
        body = {
            "matchers": [
                {"name": each.name, "value": each.value, "isRegex": each.regex, "isEqual": True}
                for each in silence.matchers
            ],
            "startsAt": to_text(silence.since),
            "endsAt": to_text(silence.until),
            "createdBy": silence.by,
            "comment": silence.comment,
        }
        response = await self._send("POST", "silences", body=body, key=silence.key)
        answer = self._read(response)
        ident = answer.get("silenceID") if isinstance(answer, dict) else None
        if not ident:
            raise ActionError(self._unreadable(response, applied=True))
        return str(ident)

    async def expire(self, ident: str) -> None:
        """End a silence; one that has ended, or that nobody knows, is fine."""
        try:
            await self._send("DELETE", f"silence/{quote(ident, safe='')}", key=ident)
        except ActionError as error:
            # Alertmanager answers 500 for one that has ended already: what became of it is asked for.
            if await self._stands(ident):
                raise error from None

    async def _stands(self, ident: str) -> bool:
        try:
            answer = self._read(await self._send("GET", f"silence/{quote(ident, safe='')}"))
        except ActionError as error:
            return error.failure.reason is not Reason.NOT_FOUND
        state = (answer.get("status") or {}).get("state") if isinstance(answer, dict) else None
        return state != "expired"

    # ------------------------------------------------------------------------------------------------------------ parts

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> Response:
        config = self._config
        request = Request(
            method=method,
            url=f"{config.url.rstrip('/')}/api/v2/{path}",
            params=params or {},
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            content=None if body is None else json.dumps(body).encode(),
            auth=config.auth,
            tls=config.tls,
            keep=MOST_BODY,
        )
        call = Call(
            run=RunId(""),
            step=StepId(""),
            attempt=1,
            idempotency_key=key,
            timeout=config.timeout,
            secrets=self._secrets,
        )
        response = await self._transport.send(request, call)
        if response.status >= 300:  # noqa: PLR2004 - HTTP's own border
            detail = f"{self._target} answers {response.status}: {_line(response.body)}"
            raise ActionError(failure_of_status(response.status, response.retry_after, detail))
        return response

    def _list(self, response: Response) -> list[Mapping[str, Any]]:
        answer = self._read(response)
        if not isinstance(answer, list) or not all(isinstance(each, dict) for each in answer):
            raise ActionError(self._unreadable(response, applied=False))
        return answer

    def _read(self, response: Response) -> Any:  # noqa: ANN401 - any JSON value
        if response.truncated:
            raise ActionError(self._unreadable(response, applied=False))
        try:
            return json.loads(response.body)
        except (ValueError, RecursionError):
            raise ActionError(self._unreadable(response, applied=None)) from None

    def _unreadable(self, response: Response, *, applied: bool | None) -> Failed:
        """Say what an answer is that no Alertmanager gave: a proxy's page, mostly."""
        detail = f"{self._target} answered {response.status} with something that is no answer of Alertmanager's API"
        return Failed(reason=Reason.REJECTED, detail=detail, applied=applied)


def _labels(alert: Mapping[str, Any]) -> Mapping[str, str]:
    labels = alert.get("labels")
    return {str(name): str(value) for name, value in labels.items()} if isinstance(labels, dict) else {}


def _fits(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher.name, "")
    return re.fullmatch(matcher.value, value) is not None if matcher.regex else value == matcher.value


def _filter(matcher: Matcher) -> str:
    name = matcher.name if _PLAIN_NAME.fullmatch(matcher.name) else _quoted(matcher.name)
    return f"{name}={_quoted(matcher.value)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _line(body: bytes) -> str:
    return " ".join(body[: _DETAIL * 4].decode(errors="replace").split())[:_DETAIL]
