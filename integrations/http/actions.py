"""`http.request`: one HTTP call, its answer as output, its body as evidence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bot.actions.contract import Action, ActionSpec, Call, Effect
from bot.actions.fields import http_target
from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from integrations.http.config import HttpConfig
from integrations.http.inputs import AuthInputs, HttpInputs, Scalar
from integrations.transport import (
    Basic,
    Bearer,
    Request,
    Response,
    Tls,
    Transport,
    failure_of_status,
)

_JSON = "application/json"
_MAYBE_JSON = frozenset({"", "text/plain", "application/octet-stream"})
_HIDDEN_HEADERS = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authorization"})

SPEC = ActionSpec(
    name="http.request",
    summary="Call a service over HTTP and read its answer.",
    effect=Effect.MUTATE,
    repeatable=False,
    read_if_declared=True,
    inputs=HttpInputs,
    output={
        "status": "The status code.",
        "headers": "The answer's headers, names in lower case; cookies are masked.",
        "json": "The body when it is JSON and was kept whole, else null.",
        "text": "The body as text, cut at `max_output` bytes.",
        "truncated": "Whether the body was longer than what was kept.",
        "url": "What was called in the end, after redirects.",
        "elapsed": "Seconds from sending to the last byte.",
    },
    target=lambda inputs: http_target(inputs.url),
    example={
        "method": "PUT",
        "url": "https://router.internal/weights/checkout",
        "json": {"standby": 100},
        "auth": {"bearer": {"secret": "router/token"}},
        "expect_status": ["2xx"],
    },
)


def actions(config: HttpConfig, transport: Transport) -> tuple[Action, ...]:
    """Make the actions of this integration."""
    return (HttpRequest(config, transport),)


class HttpRequest:
    """The action `http.request`."""

    spec = SPEC

    def __init__(self, config: HttpConfig, transport: Transport) -> None:
        self._config = config
        self._transport = transport

    async def run(self, inputs: HttpInputs, call: Call) -> Outcome:
        """Send the request once and judge the answer's status."""
        if inputs.max_output > self._config.most_output:
            detail = f"max_output is {inputs.max_output}, but at most {self._config.most_output} bytes may be kept as output"
            return Failed(reason=Reason.INVALID, detail=detail, applied=False)
        response = await self._transport.send(_request(inputs), call)
        output = _output(response)
        if inputs.expects(response.status):
            return Succeeded(output=output)
        expected = ", ".join(str(each) for each in inputs.expect_status)
        detail = f"{inputs.method} {http_target(inputs.url)} answered {response.status}, expected {expected}"
        failure = failure_of_status(response.status, response.retry_after, detail)
        return Failed(
            reason=failure.reason,
            detail=failure.detail,
            retry_after=failure.retry_after,
            applied=failure.applied,
            output=output,
        )


def _request(inputs: HttpInputs) -> Request:
    content, media_type = _body(inputs)
    headers = dict(inputs.headers)
    if media_type and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = media_type
    return Request(
        method=inputs.method,
        url=inputs.url,
        params={name: _texts(value) for name, value in inputs.params.items()},
        headers=headers,
        content=content,
        auth=_auth(inputs.auth),
        tls=Tls(verify=inputs.verify_tls, ca_file=inputs.ca_file),
        follow_redirects=inputs.follow_redirects,
        keep=inputs.max_output,
    )


def _body(inputs: HttpInputs) -> tuple[bytes | None, str]:
    if "json_" in inputs.model_fields_set:
        return json.dumps(inputs.json_, ensure_ascii=False).encode(), _JSON
    if inputs.form is not None:
        pairs = [(name, text) for name, value in inputs.form.items() for text in _texts(value)]
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    if inputs.body is not None:
        return inputs.body.encode(), "text/plain; charset=utf-8"
    return None, ""


def _texts(value: Scalar | list[Scalar]) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [json.dumps(each) if isinstance(each, bool) else str(each) for each in values]


def _auth(auth: AuthInputs | None) -> Bearer | Basic | None:
    if auth is None:
        return None
    if auth.bearer is not None:
        return Bearer(token=auth.bearer)
    assert auth.basic is not None  # noqa: S101 - the model asks for one of the two
    return Basic(username=auth.basic.username, password=auth.basic.password)


def _output(response: Response) -> Mapping[str, Any]:
    return {
        "status": response.status,
        "headers": {
            name: "***" if name in _HIDDEN_HEADERS else value for name, value in response.headers.items()
        },
        "json": None if response.truncated else _parsed(response),
        "text": response.body.decode(errors="replace"),
        "truncated": response.truncated,
        "url": response.url,
        "elapsed": response.elapsed,
    }


def _parsed(response: Response) -> Any:  # noqa: ANN401 - any JSON value
    """Return the body's JSON value; None when it isn't JSON, or holds numbers that JSON has not (NaN)."""
    media_type = response.media_type
    looks_like_it = media_type in _MAYBE_JSON and response.body.lstrip()[:1] in (
        b"{",
        b"[",
    )
    if media_type != _JSON and not media_type.endswith("+json") and not looks_like_it:
        return None
    try:
        return json.loads(response.body, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    """Read a number; one that is too large for a float would be infinite, which JSON can't carry any further."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number
