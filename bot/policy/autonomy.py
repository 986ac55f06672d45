"""What a runbook may do unasked: the most that its `autonomy` allows for an effect.

observe   reads run; nothing else ever does
propose   nothing starts by itself; once a person starts the run, it goes on as `approve`
approve   reads run; every effect on the world waits for people
auto      runs as written: steps with an `approval` wait, the others do not
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from bot.actions.contract import Effect


class Gate(StrEnum):
    """What stands between a ready step and its action."""

    OPEN = "open"
    """It may run, unless its own approval rule says otherwise."""
    ASK = "ask"
    """It waits for people, even when the step names no approval."""
    SHUT = "shut"
    """It never runs in this run."""


_GATES = {"observe": Gate.SHUT, "propose": Gate.ASK, "approve": Gate.ASK, "auto": Gate.OPEN}


def gate(autonomy: str, effect: Effect) -> Gate:
    """Return what `autonomy` demands of an effect; KeyError when there is no such autonomy."""
    demanded = _GATES[autonomy]
    return Gate.OPEN if effect is Effect.READ else demanded


def least(*autonomies: str) -> str:
    """Return the autonomy that allows the least: what a run inside another has."""
    return min(autonomies, key=tuple(_GATES).index)


def why_not_by_itself(autonomy: str, valid_until: date | None, today: date) -> str:
    """Return why a runbook may only be proposed, in words; empty when an alert may start it."""
    if valid_until is not None and today > valid_until:
        return f"it was valid until {valid_until.isoformat()}, and nobody renewed it"
    if autonomy == "propose":
        return "its autonomy is `propose`: a person starts it"
    return ""
