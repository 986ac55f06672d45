"""Faults on demand: what should go wrong, with which call or delivery, how often.

A test or a demo adds a fault and the next matching call or delivery suffers it. This module only keeps the list and hands a fault out;
`api` and `delivery` carry it out.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from bot.localslack.refusal import PersonRefused

CALL_FAULTS = {
    "slow": "wait `seconds` before the call is looked at; others may strike the same call",
    "drop": "close the connection without applying the call or answering",
    "apply_then_drop": "apply the call, then close the connection without answering",
    "ratelimited": "answer 429 with `Retry-After: retry_after`",
    "server_error": "answer `status` (500 by default) without applying the call",
    "error": "answer `{ok: false, error: error}` without applying the call",
}
DELIVERY_FAULTS = {
    "delay": "wait `seconds` before the payload is sent",
    "duplicate": "send the payload `copies` times at once, with nothing that tells the copies apart",
    "out_of_order": "hold the payload back until the next one was sent",
    "disconnect_mid_envelope": "send the Socket Mode envelope, then close the socket before its answer is taken",
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault that waits to strike."""

    id: int
    kind: str
    target: str  # pattern: a method (`chat.*`) or a delivery (`events_api`, `interactive`, `slash_commands`)
    count: int | None = 1  # how often it strikes; None for always
    skip: int = 0  # how many matches pass unharmed first
    seconds: float = 1.0
    retry_after: int = 1
    status: int = 500
    error: str = "internal_error"
    copies: int = 2

    def as_json(self) -> dict[str, Any]:
        """For `/_local/faults`."""
        return asdict(self)


class Faults:
    """The faults that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, kind: str, *, target: str = "*", **options: Any) -> Fault:
        """Add a fault. Raises PersonRefused for a kind or an option that there is not."""
        if kind not in CALL_FAULTS and kind not in DELIVERY_FAULTS:
            known = ", ".join([*CALL_FAULTS, *DELIVERY_FAULTS])
            raise PersonRefused("unknown_fault", f"there is no fault {kind!r}; there are {known}")
        try:
            fault = Fault(id=next(self._ids), kind=kind, target=target, **options)
        except TypeError as error:
            raise PersonRefused("unknown_option", str(error)) from error
        self._waiting.append(fault)
        return fault

    def take(self, target: str, *kinds: str) -> Fault | None:
        """The first fault of one of `kinds` that strikes `target` now, counted as used."""
        for fault in list(self._waiting):
            if fault.kind not in kinds or not fnmatchcase(target, fault.target):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._waiting.remove(fault)
            return fault
        return None

    def waiting(self) -> list[Fault]:
        """All that wait."""
        return list(self._waiting)

    def clear(self, fault_id: int | None = None) -> None:
        """Forget one, or all."""
        self._waiting = [fault for fault in self._waiting if fault_id is not None and fault.id != fault_id]
