"""Small HTTP answers as ASGI messages: ready to send, without a response object's work in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Send

_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, a JSON body and the headers beside Content-Type and Content-Length."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        """Send it; the server takes care of HEAD and of a client that is gone."""
        length = (b"content-length", str(len(self.body)).encode())
        await send(
            {"type": "http.response.start", "status": self.status, "headers": [_JSON, length, *self.headers]}
        )
        await send({"type": "http.response.body", "body": self.body})


def answer(status: int, content: Mapping[str, Any], **headers: str) -> Answer:
    """Make an answer; `retry_after="5"` becomes the header `retry-after`."""
    lines = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Answer(status=status, body=json.dumps(content).encode(), headers=lines)
