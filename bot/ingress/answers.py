"""Small HTTP answers as ASGI messages: ready to send, without a response object's work in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Send

_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, a JSON body and the headers beside Content-Type and Content-Length."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    _messages: tuple[dict[str, Any], dict[str, Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lines = [_JSON, (b"content-length", str(len(self.body)).encode()), *self.headers]
        start = {"type": "http.response.start", "status": self.status, "headers": lines}
        # Made once, since the same few answers are sent again and again; the server only reads them.
        object.__setattr__(self, "_messages", (start, {"type": "http.response.body", "body": self.body}))

    async def send(self, send: Send) -> None:
        """Send it; the server takes care of HEAD and of a client that is gone."""
        start, body = self._messages
        await send(start)
        await send(body)


def answer(status: int, content: Mapping[str, Any], **headers: str) -> Answer:
    """Make an answer; `retry_after="5"` becomes the header `retry-after`."""
    lines = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Answer(status=status, body=json.dumps(content).encode(), headers=lines)
