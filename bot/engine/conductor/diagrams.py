"""docs/states.md: the tables of states as a person reads them, each as a diagram and as rows. Words and layout only; the rows are `transitions`'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.domain.facts import RunPaused, RunRequeued, RunResumed, RunRetried, RunUndoRequested
from bot.domain.nouns import ApprovalStatus, Phase, RunStatus, StepStatus
from bot.engine.conductor.transitions import (
    APPROVALS,
    BEGINNING,
    ESCALATED,
    ITEMS,
    PAUSED,
    RUNS,
    STEPS,
    Row,
    Subject,
)

_S, _R, _A = StepStatus, RunStatus, ApprovalStatus
OF_A_STEP: Mapping[str, str] = {
    _S.PENDING: "it waits for the steps that it needs, or is ready",
    _S.WAITING_APPROVAL: "people are asked",
    _S.RUNNING: "its call is under way, or its `settle` probe; of a loop, that it goes through its items",
    _S.HELD: "its call waits for room, at its target or among all that run; it was not made",
    _S.WAITING_RETRY: "its call failed and is tried again, came before its `until` was true, or was not made because its target is away",
    _S.VERIFYING: "its effect is made, and its `verify` looks whether it helped",
    _S.UNKNOWN: "its call was cut off and may not be repeated: a person is asked whether it happened",
    _S.SUCCEEDED: "done, and verified where it says how",
    _S.FAILED: "it ended with a reason",
    _S.SKIPPED: "it did nothing: its `if` was false, or the run ended first",
    _S.UNDONE: "its `undo` took the effect back",
    _S.CANCELLED: "the run ended before it did; what it began may stand",
}
OF_A_RUN: Mapping[str, str] = {
    _R.QUEUED: "it waits in line for its concurrency group",
    Phase.STEPS: "its steps are under way",
    Phase.UNDO: "what it did is taken back, in the reverse order of completion",
    Phase.RESCUE: "the steps for when a run fails are under way",
    Phase.ALWAYS: "the steps that run in any case are under way",
    PAUSED: "it begins nothing, and its clock stands still; calls under way are let finish",
    _R.SUCCEEDED: "nothing failed that stops a run",
    _R.FAILED: "something did, its time was over, or Fireline gave up on it",
    _R.CANCELLED: "a person ended it, or took it out of the line",
    _R.UNDONE: "the run around it took back what it did",
}
OF_AN_APPROVAL: Mapping[str, str] = {
    _A.PENDING: "people may decide",
    ESCALATED: "others may decide besides",
    _A.APPROVED: "its quorum is reached: what was shown may run",
    _A.DENIED: "one said no",
    _A.EXPIRED: "nobody decided in time, which is a no",
    _A.VOID: "what was asked is moot",
}

_HEAD = """# States

<!-- Written by `make docs` from bot/engine/conductor/transitions.py; not edited by hand. -->

A run is nothing but its events, folded. Each change of state below has one fact that causes it, named as the timeline names it. A change that stands
in no row is never decided: the conductor refuses it before anything is written. [How the conductor works](architecture.md#the-conductor).
"""
_STEP = """
## A step

The five states at the end of the list are final: the step does nothing more by itself. `run.retried`, a person's retry of a failed run, takes steps
back to `pending`; the rows say which, and the diagram leaves it out.
"""
_LOOP = """
## A loop

A step with `for_each` makes no call itself: it is `running` while its items are under way.
"""
_ITEM = """
## An item of a loop

Each item is a step by itself, `restart[0]`, from its first call on. It goes through what a step goes through, without what is asked of the loop as a
whole:

"""
_RUN = """
## A run

What a run is doing, or how it ended. A paused run goes on in the phase that it was in. First its own way, then what is done with it.
"""
_ASKED = """
What people do with it, and the run around it:
"""
_ASKED_FOR = frozenset({RunPaused, RunResumed, RunRetried, RunRequeued, RunUndoRequested})
_APPROVAL = """
## An approval
"""


def render_reference() -> str:
    """Write docs/states.md."""
    steps = [row for row in STEPS if Subject.STEP in row.of]
    loops = [row for row in STEPS if Subject.LOOP in row.of]
    asked = [row for row in RUNS if row.by in _ASKED_FOR]
    by_itself = [row for row in RUNS if row.by not in _ASKED_FOR]
    return "".join(
        (
            _HEAD,
            _STEP, _meanings(OF_A_STEP), _diagram(_without_retries(steps), first=_S.PENDING), _rows(steps),
            _LOOP, _diagram(_without_retries(loops), first=_S.PENDING), _rows(loops),
            _ITEM, *(f"- {_line(row)}\n" for row in steps if row not in ITEMS),
            _RUN, _meanings(OF_A_RUN), _diagram(by_itself), _ASKED, _diagram(asked), _rows(RUNS),
            _APPROVAL, _meanings(OF_AN_APPROVAL), _diagram(APPROVALS), _rows(APPROVALS),
        )
    )  # fmt: skip


def _without_retries(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.by is not RunRetried]


def _meanings(states: Mapping[str, str]) -> str:
    lines = [f"| `{state}` | {means} |\n" for state, means in states.items()]
    return "".join(("\n| state | means |\n|---|---|\n", *lines))


def _diagram(rows: Iterable[Row], *, first: str = BEGINNING) -> str:
    """Draw rows in Mermaid's words: an arrow for each pair of states, named after all the facts that lead from one to the other.

    `first` is the state that needs no fact, where there is one.
    """
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for before in row.before:
            arrows.setdefault((before, row.after), []).append(row.by.KIND)
    begins = [f"    [*] --> {first}\n"] if first else []
    lines = [
        f"    {before or '[*]'} --> {after}: {', '.join(dict.fromkeys(causes))}\n"
        for (before, after), causes in arrows.items()
    ]
    return "".join(("\n```mermaid\nstateDiagram-v2\n", *begins, *lines, "```\n"))


def _rows(rows: Iterable[Row]) -> str:
    lines = [f"| {_states(row)} | `{row.by.KIND}` | `{row.after}` | {row.when} |\n" for row in rows]
    return "".join(("\n| from | fact | to | when |\n|---|---|---|---|\n", *lines))


def _states(row: Row) -> str:
    return ", ".join(f"`{state}`" if state != BEGINNING else "the beginning" for state in row.before)


def _line(row: Row) -> str:
    return f"{_states(row)} → `{row.after}` by `{row.by.KIND}`: {row.when}"
