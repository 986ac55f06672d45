"""What a turn foresees: a state that does not depend on when its facts are written, or none at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings

from bot.domain.facts import CallHeld, CallRefused, CallStarted, Fact, RunFinished, RunRequeued
from bot.domain.ids import IncidentId, StepId, run_id
from bot.domain.nouns import HoldCause, Part, RunStatus
from bot.engine.conductor.evolve import begin, evolve, minds_the_instant
from bot.engine.conductor.state import RunState
from tests.fakes.any_facts import START, Append, appends, started

RUN = run_id(IncidentId(1), 1)
LATER = START + timedelta(seconds=1)


def state() -> RunState:
    """Return a run that has just begun."""
    return begin(started(RUN), START)


@settings(max_examples=40)
@given(appends())
def test_what_minds_no_instant_comes_out_the_same(append: Append) -> None:
    """Whatever happens to a run, only what is said to mind the instant makes another state of another instant."""
    _, actor, facts = append
    for fact in facts:
        if not (
            minds_the_instant(fact) or isinstance(fact, RunRequeued)
        ):  # decided only of a run that was given up
            assert evolve(state(), fact, START, actor) == evolve(state(), fact, LATER, actor)


@pytest.mark.parametrize(
    "fact",
    [
        CallStarted(
            run=RUN, step=StepId("shift"), part=Part.VERIFY, attempt=1, action="a", inputs={}, key="k", timeout=1.0
        ),
        CallHeld(
            run=RUN, step=StepId("shift"), part=Part.MAIN, attempt=1, action="a", inputs={}, target="t",
            cause=HoldCause.RATE, detail="",
        ),
        CallRefused(
            run=RUN, step=StepId("shift"), part=Part.MAIN, attempt=1, action="a", inputs={}, target="t", detail="",
            since=START, retry_at=None,
        ),
        RunFinished(run=RUN, status=RunStatus.FAILED, reason="bug", given_up=True),
    ],
    ids=lambda fact: fact.KIND,
)  # fmt: skip
def test_what_minds_it_is_known(fact: Fact) -> None:
    """A verification's first look, a wait for room, a refusal and a run that was given up are timed from when they were written."""
    assert minds_the_instant(fact)
    assert evolve(state(), fact, START) != evolve(state(), fact, LATER)
