"""What the gate costs a call: asked, let through, ended and learned from."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from bot.actions.outcome import Succeeded
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import Part, Severity
from bot.engine.conductor.gate import GO, Entry
from bot.engine.guards import Guards, Rules, TargetRules

CALLS = 20_000
MOST = 100e-6
"""Seconds of CPU that a call may cost; a durable step costs ten times that in the journal alone."""


def test_the_gate_costs_next_to_nothing() -> None:
    """Measured 9 µs a call."""
    guards = Guards(Rules(default=TargetRules(rate=0.0)))
    now, done = datetime.now(UTC), Succeeded()
    began = time.process_time()
    for number in range(CALLS):
        call = (RunId(f"{number}-1"), StepId("a"), Part.MAIN, 1)
        assert guards.ask(Entry(call=call, target="https://a:443", severity=Severity.SEV2, now=now)) is GO
        guards.done(call, done, now)
    cost = (time.process_time() - began) / CALLS
    print(f"{cost * 1e6:.1f} µs a call")  # noqa: T201 - a benchmark tells what it measured
    assert cost < MOST
