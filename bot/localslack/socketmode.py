"""Socket Mode: the app's WebSockets, envelopes to it, its acks back.

`hello`, `{envelope_id, type, payload, accepts_response_payload}`, `{envelope_id[, payload]}`, `disconnect` with a reason; ten connections at the
most, each envelope goes to one of them in turn (https://docs.slack.dev/apis/events-api/using-socket-mode). A URL opens one socket, once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.localslack.clock import Clock
from bot.localslack.delivery import OK, UNREACHABLE, Ack, Payload
from bot.localslack.faults import Fault
from bot.localslack.ids import Ids

Json = dict[str, Any]
CONNECTION_LIMIT = 10
REASONS = frozenset({"warning", "refresh_requested", "link_disabled", "too_many_websockets"})


class _Connection:
    """One socket and the envelopes that wait for their ack on it."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.leaving = False  # told to go; takes no more envelopes
        self.waiting: dict[str, asyncio.Future[Ack]] = {}

    async def say(self, message: Json) -> None:
        await self.socket.send_text(json.dumps(message))

    def lost(self) -> None:
        for future in self.waiting.values():
            if not future.done():
                future.set_result(Ack(outcome=UNREACHABLE))

    def acked(self, message: Json) -> None:
        future = self.waiting.get(str(message.get("envelope_id")))
        if future is not None and not future.done():
            future.set_result(Ack(outcome=OK, status=200, body=message.get("payload")))


class SocketHub:
    """All connections of the app."""

    def __init__(self, clock: Clock, ids: Ids, app_id: str) -> None:
        self._clock = clock
        self._ids = ids
        self._app_id = app_id
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._turn = itertools.count()
        self._envelopes = itertools.count(1)

    @property
    def connected(self) -> int:
        """How many sockets take envelopes."""
        return len(self._open())

    def _open(self) -> list[_Connection]:
        return [connection for connection in self._connections if not connection.leaving]

    def new_ticket(self) -> str:
        """What one socket URL ends in."""
        ticket = self._ids.make("W")
        self._tickets.add(ticket)
        return ticket

    async def endpoint(self, socket: WebSocket) -> None:
        """The ASGI endpoint of one connection, for as long as it lives."""
        ticket = socket.path_params["ticket"]
        if ticket not in self._tickets:
            await socket.close(code=4404)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        connection = _Connection(socket)
        if self.connected >= CONNECTION_LIMIT:
            await connection.say(self._disconnect_message("too_many_websockets"))
            await socket.close()
            return
        self._connections.append(connection)
        try:
            await connection.say(self._hello())
            while True:
                connection.acked(_read(await socket.receive_text()))
        except WebSocketDisconnect:
            pass
        finally:
            connection.leaving = True
            self._connections.remove(connection)
            connection.lost()

    async def send(self, payload: Payload, *, fault: Fault | None = None) -> Ack:
        """Send an envelope over one of the connections and wait for its ack."""
        connections = self._open()
        if not connections:
            return Ack(outcome=UNREACHABLE)
        connection = connections[next(self._turn) % len(connections)]
        envelope_id = f"{self._ids.make('E')}-{next(self._envelopes)}"
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = future
        try:
            await connection.say(_envelope(envelope_id, payload))
            if fault is not None and fault.kind == "disconnect_mid_envelope":
                connection.leaving = True
                await connection.socket.close(code=1011)
                connection.lost()
            return await future
        except (WebSocketDisconnect, RuntimeError):  # Starlette's words for a socket that is gone already
            return Ack(outcome=UNREACHABLE)
        finally:
            connection.waiting.pop(envelope_id, None)

    async def disconnect(self, reason: str, *, close: bool = True) -> int:
        """Tell every connection to go, as Slack does now and then; how many were told."""
        told = self._open()
        for connection in told:
            await connection.say(self._disconnect_message(reason))
            if close:
                connection.leaving = True
                await connection.socket.close()
        return len(told)

    async def drop(self) -> int:
        """Close every connection without a word; how many there were."""
        dropped = self._open()
        for connection in dropped:
            connection.leaving = True
            await connection.socket.close(code=1011)
        return len(dropped)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connected,
            "debug_info": {
                "host": "local-slack",
                "started": self._clock.now().isoformat(sep=" ", timespec="seconds"),
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self._app_id},
        }

    def _disconnect_message(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "local-slack"}}


def _envelope(envelope_id: str, payload: Payload) -> Json:
    envelope: Json = {
        "envelope_id": envelope_id,
        "type": payload.kind,
        "payload": payload.body,
        "accepts_response_payload": payload.accepts_response,
    }
    if payload.kind == "events_api":
        envelope |= {"retry_attempt": payload.retry_num, "retry_reason": payload.retry_reason}
    return envelope


def _read(text: str) -> Json:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
