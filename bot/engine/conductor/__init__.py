"""The conductor: `decide(plan, state, arrival, now) → facts`, `evolve(state, fact) → state`, `effects(state) → what to do now`.

Pure: no I/O, no clock, no randomness of its own. Live runs, recovery, rehearsals and tests all go through these three functions.
"""

from bot.engine.conductor.arrivals import (
    Arrival,
    Began,
    CallEnded,
    CancelAsked,
    PauseAsked,
    Recovered,
    RequeueAsked,
    ResumeAsked,
    RetryAsked,
    SettlementGiven,
    TimeCame,
    UndoAsked,
    VoteCast,
)
from bot.engine.conductor.decide import Decided, conclude, decide
from bot.engine.conductor.effects import CancelCall, CancelInside, Perform, RunInside, effects, next_due
from bot.engine.conductor.evolve import evolve, replay
from bot.engine.conductor.plan import Plan
from bot.engine.conductor.state import RunState, StepState

__all__ = [
    "Arrival",
    "Began",
    "CallEnded",
    "CancelAsked",
    "CancelCall",
    "CancelInside",
    "Decided",
    "PauseAsked",
    "Perform",
    "Plan",
    "Recovered",
    "RequeueAsked",
    "ResumeAsked",
    "RetryAsked",
    "RunInside",
    "RunState",
    "SettlementGiven",
    "StepState",
    "TimeCame",
    "UndoAsked",
    "VoteCast",
    "conclude",
    "decide",
    "effects",
    "evolve",
    "next_due",
    "replay",
]
