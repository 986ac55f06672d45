"""One HTTP request straight into an ASGI application, byte by byte as the test wants it; no server, no client in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp


@dataclass(slots=True)
class Answered:
    """What the application answered, and how many parts of the body it asked for; `status` is 0 when it said nothing."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def request(
    app: ASGIApp,
    path: str,
    *,
    method: str = "POST",
    headers: Iterable[tuple[str, str]] = (),
    parts: Iterable[bytes] = (b"",),
    client: tuple[str, int] | None = ("127.0.0.1", 50000),
    leaves: bool = False,
    stalls: bool = False,
) -> Answered:
    """Send a request in `parts`; then the client `leaves` without the rest, or `stalls`, or all was sent."""
    answered = Answered()
    chunks = list(parts)

    async def receive() -> Mapping[str, Any]:
        if answered.read < len(chunks):
            answered.read += 1
            more = answered.read < len(chunks) or leaves or stalls
            return {"type": "http.request", "body": chunks[answered.read - 1], "more_body": more}
        if stalls:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answered.body += message.get("body", b"")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": client,
        "server": ("127.0.0.1", 8080),
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    return answered
