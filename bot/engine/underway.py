"""A run under way in this process: its state, its lock, and the tasks that perform its calls. It decides nothing and writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from bot.actions.outcome import Failed, Reason
from bot.domain.events import Event
from bot.domain.facts import CallStarted
from bot.domain.ids import StepId
from bot.domain.nouns import Part
from bot.engine.conductor import (
    Arrival,
    CallEnded,
    CancelCall,
    CancelInside,
    Decided,
    Perform,
    Plan,
    RunInside,
    RunState,
    SettlementGiven,
    effects,
    evolve,
)

_LOG = structlog.get_logger(__name__)

CallId = tuple[StepId, Part, int]
Acting = asyncio.Task[CallEnded]
"""A call that is being performed."""


@dataclass(slots=True, kw_only=True)
class UnderWay:
    """A run under way.

    `first` is what must be decided before anything else may arrive, or any call be made: its start, or its recovery; None afterwards. `stale` says
    that a write was cut off or failed, which leaves open whether it took place: the log knows, and is asked before anything else is decided.
    `broken` says that the run can't be conducted and is being ended.
    """

    plan: Plan
    state: RunState
    first: Arrival | None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: dict[CallId, Acting] = field(default_factory=dict)
    stale: bool = False
    broken: bool = False

    @property
    def idle(self) -> bool:
        """Tell whether the run is over for sure, and nothing is to be decided about it."""
        return self.state.over and self.first is None and not self.stale

    def follow(self, events: Sequence[Event], *, foreseen: RunState | None = None) -> None:
        """Move the state along events that are durable, or to where they were foreseen to lead."""
        if foreseen is not None:
            self.state = foreseen
            return
        for event in events:
            self.state = evolve(self.state, event.fact, event.at, event.actor)

    def match_calls(self, begin: Callable[[CallStarted], Acting]) -> list[RunInside | CancelInside]:
        """Begin the calls that the state wants, and stop those that it wants stopped; return what it wants of runs inside this one.

        A call is forgotten once the state no longer wants it, not when its task has ended: until its outcome is written it is under way.
        """
        inside: list[RunInside | CancelInside] = []
        calls: dict[CallId, Acting] = {}
        for effect in effects(self.state):
            if isinstance(effect, Perform):
                name = _name(effect.call)
                calls[name] = self.calls.get(name) or begin(effect.call)
            elif isinstance(effect, CancelCall):
                name = _name(effect)
                calls[name] = self.calls[name]
                self._stop(calls[name])
            else:
                inside.append(effect)
        self.calls = calls
        return inside

    def stop_calls(self) -> None:
        """Stop every call."""
        for acting in self.calls.values():
            self._stop(acting)

    @staticmethod
    def _stop(acting: Acting) -> None:
        if not acting.cancelling():
            acting.cancel()


def ending_of(call: CallStarted, acting: Acting) -> CallEnded:
    """Return how a call ended whose task is over: cut off, perhaps before it began, or broken as nobody foresaw."""
    if acting.cancelled():
        asked = bool(acting.cancelling())
        why = "stopped because the run is ending" if asked else f"{call.action} was cut off from within"
        return _cut_off(call, Reason.CANCELLED, why)
    bug = acting.exception()
    if bug is None:
        return acting.result()
    _LOG.error("a call broke", run=call.run, step=call.step, exc_info=bug)
    return _cut_off(call, Reason.BUG, f"Fireline could not see it through: {type(bug).__name__}")


def without_new_steps(decided: Decided, arrival: Arrival) -> Decided:
    """Leave out what would begin another step, and all that follows: none of it is lost, since the next start decides it from the same state.

    What continues the step whose call has just ended, or was just settled, is begun (its verification, its probe, its next attempt): nothing
    else would.
    """
    step = arrival.step if isinstance(arrival, CallEnded | SettlementGiven) else None
    for place, (_, fact) in enumerate(decided.decisions):
        if isinstance(fact, CallStarted) and fact.step != step:
            return Decided(decided.decisions[:place], None)
    return decided


def _name(call: CallStarted | CancelCall) -> CallId:
    return (call.step, call.part, call.attempt)


def _cut_off(call: CallStarted, reason: Reason, detail: str) -> CallEnded:
    outcome = Failed(reason=reason, detail=detail)
    return CallEnded(
        step=call.step, part=call.part, attempt=call.attempt, outcome=outcome, took=0.0, chance=0.0
    )
