"""The page of states shows the tables of the code, all of them, and a word on each state."""

from pathlib import Path

import pytest

from bot.domain.facts import RunRetried, StepUndone
from bot.domain.nouns import StepStatus
from bot.engine.conductor import diagrams
from bot.engine.conductor.transitions import APPROVALS, BEGINNING, RUNS, STEPS, Row

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_is_in_step() -> None:
    """docs/states.md is what the tables render to."""
    assert PAGE.read_text(encoding="utf-8") == diagrams.render_reference(), "run `make docs`"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (STEPS, diagrams.OF_A_STEP),
        (RUNS, diagrams.OF_A_RUN),
        (APPROVALS, diagrams.OF_AN_APPROVAL),
    ],
    ids=["steps", "runs", "approvals"],
)
def test_each_state_is_explained(rows: tuple[Row, ...], words: dict[str, str]) -> None:
    """Neither a state without a word, nor a word about none."""
    assert {state for row in rows for state in (*row.before, row.after)} - {BEGINNING} == set(words)


def test_each_row_is_drawn() -> None:
    """An arrow in a diagram for each change but a retry's, and a row in a table for all of them."""
    page = PAGE.read_text(encoding="utf-8")
    for row in (*STEPS, *RUNS, *APPROVALS):
        assert f"| `{row.by.KIND}` | `{row.after}` | {row.when} |" in page
        for before in row.before:
            arrow = f"    {before or '[*]'} --> {row.after}: "
            assert arrow in page or (row in STEPS and row.by.KIND == "run.retried"), arrow


def test_the_last_five_are_final() -> None:
    """The page says so of its list, which has the order of the code."""
    assert list(diagrams.OF_A_STEP) == [each.value for each in StepStatus]
    assert [each.final for each in StepStatus] == [False] * (len(StepStatus) - 5) + [True] * 5
    ends = {row.by for row in STEPS for before in row.before if StepStatus(before).final}
    assert ends == {StepUndone, RunRetried}, "an end is undone, or a person has the run tried again"
