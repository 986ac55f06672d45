"""What went over the wire: every Web API call and every delivery to the app, for assertions and for the page.

Tokens are never kept. The lists are bounded; `seq` tells whether something was pushed out.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

Json = dict[str, Any]
KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One Web API call and its answer."""

    seq: int
    at: float  # epoch seconds on the Local Slack's clock
    method: str
    args: Json
    ok: bool
    error: str
    status: int  # of the HTTP answer; 0 if the connection was cut
    fault: str
    ts: str  # of the message that the call made or changed, if any


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One payload sent to the app, and how it was answered."""

    seq: int
    at: float
    kind: str  # events_api, interactive, slash_commands
    what: str  # the event type, the action ids, the command
    via: str  # http or socket
    retry_num: int
    outcome: str
    status: int
    took_ms: float


class WireLog:
    """Both lists."""

    def __init__(self) -> None:
        self._seq = itertools.count(1)
        self.calls: deque[CallRecord] = deque(maxlen=KEPT)
        self.deliveries: deque[DeliveryRecord] = deque(maxlen=KEPT)

    def call(self, **fields: Any) -> None:
        """Keep a call."""
        self.calls.append(CallRecord(seq=next(self._seq), **fields))

    def delivery(self, **fields: Any) -> None:
        """Keep a delivery."""
        self.deliveries.append(DeliveryRecord(seq=next(self._seq), **fields))

    def calls_as_json(self, *, method: str = "", since: int = 0) -> list[Json]:
        """The calls after `since`, of one method where given."""
        return [asdict(c) for c in self.calls if c.seq > since and (not method or c.method == method)]

    def deliveries_as_json(self, *, kind: str = "", since: int = 0) -> list[Json]:
        """The deliveries after `since`, of one kind where given."""
        return [asdict(d) for d in self.deliveries if d.seq > since and (not kind or d.kind == kind)]
