"""uvicorn's HTTP protocol with the head and the body of an answer in one write.

uvicorn writes the head by itself, so a short answer is two packets and two system calls, and whoever waits for it is woken twice. Where thousands of
deliveries a second are answered, that is one in twenty of them.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class WholeAnswers(HttpToolsProtocol):
    """To be given to uvicorn as `http`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Write through a transport that joins what is written in a row."""
        super().connection_made(transport)
        self.transport = Joining(transport, self.loop)  # type: ignore[assignment]  # it stands for a transport, and asks it for all else


class Joining:
    """A transport that holds a piece back until the next one comes, or until the loop's next turn."""

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send a piece, soon."""
        if self._held:
            whole, self._held = self._held + data, b""
            self._transport.write(whole)
        elif data:
            self._held = data
            self._loop.call_soon(self._let_go)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        # To close it is one of these: what was written before goes first.
        self._let_go()
        return getattr(self._transport, name)

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
