"""Load from a process of its own: deliveries that nobody has seen, over connections that are kept open.

    python -m tests.benchmarks.load PORT SECONDS CONNECTIONS RATE TAG

A RATE of 0 sends as quickly as the answers come; otherwise so many a second, and a latency counts from when its request was due, so
that a stall shows in every request that it delayed. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

import uvloop

PATH = "/webhooks/alertmanager"
SIZE = 2200
"""Bytes of a body, as a delivery of one alert with its usual words has."""
_WORDS = "what is wrong and what it means for customers; "


def template() -> bytes:
    """Make a body of `SIZE` bytes in which every `@@@@@@@@@@@@` is replaced by the request's serial."""
    labels = {"alertname": "Bench", "cluster": "c1", "env": "lab", "severity": "critical", "svc": "@" * 12}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {
            "summary": f"{'@' * 12} is bad",
            "runbook_url": "https://runbooks.example/c",
            "description": "",
        },
        "startsAt": "2026-11-23T07:04:58.024Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://vm:19090/graph?g0.expr=svc_bad+%3E+0&g0.tab=1",
        "fingerprint": "0000" + "@" * 12,
    }
    body = {
        "receiver": "bench",
        "status": "firing",
        "alerts": [alert],
        "groupLabels": {"alertname": "Bench"},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://vm:19093",
        "version": "4",
        "groupKey": '{}:{svc="' + "@" * 12 + '"}',
        "truncatedAlerts": 0,
    }
    missing = SIZE - len(json.dumps(body))
    alert["annotations"]["description"] = (_WORDS * 60)[:missing]  # type: ignore[index]
    return json.dumps(body).encode()


class Connection(asyncio.Protocol):
    """One connection with one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._head = b""
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def send(self, due: float) -> None:
        """Send the next request."""
        self.due = due
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole."""
        data = self._head + data
        head, found, body = data.partition(b"\r\n\r\n")
        length = (
            int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0") if found else 1
        )
        if len(body) < length:
            self._head = data
            return
        self._head = b""
        self._load.answered(self, data[9:12].decode())


class Load:
    """All connections, and what they saw."""

    def __init__(self, seconds: float, rate: float, tag: str) -> None:
        self._pieces = template().split(b"@" * 12)
        length = len(template())
        self._head = (
            f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nUser-Agent: Alertmanager/0.25.0\r\nContent-Length: {length}\r\n"
            "Authorization: Bearer benchmark\r\nContent-Type: application/json\r\n\r\n"
        ).encode()
        self._serial = 0
        self._tag = tag
        self._seconds = seconds
        self._rate = rate
        self._idle: list[Connection] = []
        self._overdue: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.ends = 0.0

    def next_request(self) -> bytes:
        """Make a request that was never sent before."""
        self._serial += 1
        return self._head + f"{self._tag:>2}{self._serial:010d}".encode().join(self._pieces)

    def answered(self, connection: Connection, status: str) -> None:
        """Count an answer, and send on."""
        now = time.perf_counter()
        self.statuses[status] += 1
        self.latencies.append(now - connection.due)
        if self._rate == 0:
            if now < self.ends:
                connection.send(now)
        elif self._overdue:
            connection.send(self._overdue.pop(0))
        else:
            self._idle.append(connection)

    async def run(self, port: int, connections: int) -> dict[str, object]:
        """Send for as long as asked."""
        loop = asyncio.get_running_loop()
        opened = [
            (await loop.create_connection(lambda: Connection(self), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        started = time.perf_counter()
        self.ends = started + self._seconds
        if self._rate == 0:
            for each in opened:
                each.send(started)
            await asyncio.sleep(self._seconds)
        else:
            self._idle = opened
            for number in range(int(self._seconds * self._rate)):
                due = started + number / self._rate
                await asyncio.sleep(max(0, due - time.perf_counter()))
                if self._idle:
                    self._idle.pop().send(due)
                else:
                    self._overdue.append(due)
        took = time.perf_counter() - started
        await asyncio.sleep(0.3)
        return self._report(took)

    def _report(self, took: float) -> dict[str, object]:
        ordered = sorted(self.latencies)
        at = {
            f"p{each}_ms": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * each // 100)], 2)
            for each in (50, 95, 99)
        }
        return {
            "per_second": round(len(ordered) / took, 1),
            "statuses": dict(self.statuses),
            "max_ms": round(1000 * ordered[-1], 2),
            **at,
        }


if __name__ == "__main__":
    port, seconds, connections, rate, tag = sys.argv[1:]
    load = Load(float(seconds), float(rate), tag)
    print(json.dumps(uvloop.run(load.run(int(port), int(connections)))))  # noqa: T201 - its output
