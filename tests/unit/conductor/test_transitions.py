"""The tables of states: each row is reached, none is missing, and what has no row is refused before it is written."""

from __future__ import annotations

import pytest

from bot.domain.facts import RunDropped, RunQueued, RunStarted, StepSucceeded
from bot.domain.ids import StepId
from bot.domain.nouns import Phase, RunStatus
from bot.engine.conductor.transitions import BEGINNING, LEGAL, Change, Subject
from bot.engine.conductor.turn import Turn
from bot.errors import IllegalTransition
from tests.fakes.stage import Stage, book, step
from tests.fakes.stories import STORIES, Teller

IN_LINE: frozenset[Change] = frozenset(
    {
        (Subject.RUN, BEGINNING, RunQueued, RunStatus.QUEUED),
        (Subject.RUN, RunStatus.QUEUED, RunDropped, RunStatus.CANCELLED),
        (Subject.RUN, RunStatus.QUEUED, RunStarted, Phase.STEPS),
        (Subject.RUN, BEGINNING, RunStarted, Phase.STEPS),
    }
)
"""What happens before there is a run to conduct."""


def in_words(change: Change) -> str:
    """Name a change."""
    subject, was, by, becomes = change
    return f"{subject}: {was} → {becomes} by {by.KIND}"


@pytest.fixture(scope="module")
def told() -> set[Change]:
    """Tell every story of a step and of a loop alike."""
    seen: set[Change] = set()
    for looped in (False, True):
        for story in STORIES:
            teller = Teller(looped=looped)
            story(teller)
            seen |= teller.changes()
    return seen


def test_what_happens_is_in_the_tables(told: set[Change]) -> None:
    """Nothing else does, wherever a run is led."""
    assert not list(map(in_words, told - LEGAL))


def test_every_row_is_reached(told: set[Change]) -> None:
    """No row stands there for nothing: one that never happens would hide what never may."""
    assert not list(map(in_words, LEGAL - IN_LINE - told))


def test_what_has_no_row_is_refused() -> None:
    """A step that has not begun does not succeed: a bug that would say so ends as an error, and nothing of it is written."""
    stage = Stage(book(step("a"), step("b", needs=["a"])))
    turn = Turn(stage.plan, stage.state, stage.now)
    with pytest.raises(IllegalTransition, match=r"no step goes from pending to succeeded by step\.succeeded"):
        turn.record(StepSucceeded(run=stage.state.run, step=StepId("b")))
