"""Sending payloads to the app: commands, interactions and events, over a socket if one is connected, else by signed HTTP.

It keeps the 3-second ack timer, retries events as Slack does (at once, after 1 minute, after 5; `x-slack-retry-num` and `-reason`) and
carries out delivery faults. What is in a payload, and what a person sees of its answer, is made elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.localslack.clock import Clock
from bot.localslack.faults import Fault, Faults
from bot.localslack.journal import WireLog

Json = dict[str, Any]

OK, LATE, REFUSED, UNREACHABLE = "ok", "late", "refused", "unreachable"
_REASONS = {LATE: "http_timeout", REFUSED: "http_error", UNREACHABLE: "connection_failed"}
_HELD_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What the app is told."""

    kind: str  # events_api, interactive, slash_commands
    what: str  # for the log: the event type, the action ids, the command
    body: Json
    accepts_response: bool = False
    retry_num: int = 0
    retry_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How the app answered. `body` is JSON, text, or None for an empty answer."""

    outcome: str
    status: int = 0
    body: Any = None
    no_retry: bool = False


class Courier(Protocol):
    """A way to the app."""

    async def send(self, payload: Payload, *, fault: Fault | None = None) -> Ack:
        """Send and wait for the answer. Never raises for what the app or the network does."""
        ...


class Sockets(Courier, Protocol):
    """The way over Socket Mode."""

    @property
    def connected(self) -> int:
        """How many sockets the app holds."""
        ...


class Delivery:
    """Chooses the way, watches the clock, retries, keeps the log."""

    def __init__(
        self,
        *,
        clock: Clock,
        http: Courier,
        sockets: Sockets,
        faults: Faults,
        log: WireLog,
        ack_seconds: float,
        retry_after: tuple[float, ...],
    ) -> None:
        self._clock = clock
        self._http = http
        self._sockets = sockets
        self._faults = faults
        self._log = log
        self._ack_seconds = ack_seconds
        self._retry_after = retry_after
        self._tasks: set[asyncio.Task[Any]] = set()
        self._held: list[asyncio.Event] = []
        self._under_way = 0
        self._settled = asyncio.Event()

    async def send(self, payload: Payload) -> Ack:
        """Send a payload and give the app's answer, `late` after the ack time."""
        delay = self._faults.take(payload.kind, "delay")
        if delay is not None:
            await self._clock.sleep(delay.seconds)
        if self._faults.take(payload.kind, "out_of_order") is not None:
            await self._hold()
        fault = self._faults.take(payload.kind, "duplicate", "disconnect_mid_envelope")
        if fault is not None and fault.kind == "duplicate":
            acks = await asyncio.gather(*(self._once(payload) for _ in range(fault.copies)))
            ack = acks[0]
        else:
            ack = await self._once(payload, fault=fault)
        for held in self._held:
            held.set()
        return ack

    def send_event(self, payload: Payload) -> None:
        """Send an event in the background, with retries."""
        self._under_way += 1
        task = asyncio.create_task(self._with_retries(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until no event is on its way; those that wait for their next retry don't count."""
        while self._under_way:
            self._settled.clear()
            await self._settled.wait()

    async def close(self) -> None:
        """Stop everything that is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _with_retries(self, payload: Payload) -> None:
        ack = await self._event(payload)
        for number, wait in enumerate(self._retry_after, start=1):
            if ack.outcome == OK or ack.no_retry:
                return
            await self._clock.sleep(wait)
            self._under_way += 1
            ack = await self._event(replace(payload, retry_num=number, retry_reason=_REASONS[ack.outcome]))

    async def _event(self, payload: Payload) -> Ack:
        try:
            return await self.send(payload)
        finally:
            self._under_way -= 1
            self._settled.set()

    async def _hold(self) -> None:
        held = asyncio.Event()
        self._held.append(held)
        sleep = asyncio.create_task(self._clock.sleep(_HELD_SECONDS))
        released = asyncio.create_task(held.wait())
        await asyncio.wait({sleep, released}, return_when=asyncio.FIRST_COMPLETED)
        sleep.cancel()
        released.cancel()
        self._held.remove(held)

    async def _once(self, payload: Payload, *, fault: Fault | None = None) -> Ack:
        over_socket = self._sockets.connected > 0
        courier: Courier = self._sockets if over_socket else self._http
        at, started = self._clock.now().timestamp(), time.monotonic()
        sending = asyncio.create_task(courier.send(payload, fault=fault))
        timer = asyncio.create_task(self._clock.sleep(self._ack_seconds))
        try:
            await asyncio.wait({sending, timer}, return_when=asyncio.FIRST_COMPLETED)
            ack = sending.result() if sending.done() else Ack(outcome=LATE)
        finally:
            sending.cancel()
            timer.cancel()
        self._log.delivery(
            at=at,
            kind=payload.kind,
            what=payload.what,
            via="socket" if over_socket else "http",
            retry_num=payload.retry_num,
            outcome=ack.outcome,
            status=ack.status,
            took_ms=round((time.monotonic() - started) * 1000, 2),
        )
        return ack
