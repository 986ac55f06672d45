"""Loops for people: one line for the loop, its items behind it by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.grouping import grouped, how_far
from bot.domain.ids import RunId, StepId, instance_id, instance_of
from bot.domain.labels import label_of
from bot.domain.nouns import StepStatus
from bot.domain.records import StepRecord

S = StepStatus


def record(step: str, status: StepStatus = S.SUCCEEDED, items: tuple[object, ...] = ()) -> StepRecord:
    """Make a step's record."""
    return StepRecord(
        run=RunId("1-1"),
        step=StepId(step),
        status=status,
        attempt=1,
        started_at=None,
        finished_at=None,
        reason="",
        detail="",
        output={},
        items=items,
    )


def test_items_stand_behind_their_loop_in_the_order_of_the_list() -> None:
    """However they come; the tenth is after the second."""
    hosts = tuple(f"web-{number}" for number in range(12))
    rows = [record("before"), record("restart", S.RUNNING, hosts)]
    rows += [record(f"restart[{at}]", S.FAILED if at == 2 else S.SUCCEEDED) for at in (10, 2, 0)]
    first, loop = grouped([rows[3], *rows[:3], rows[4]])
    assert first.record.step == "before"
    assert not first.items
    assert not first.how_far
    assert [each.label for each in loop.items] == ["web-0", "web-2", "web-10"]
    assert loop.how_far == "2 of 12 done, 1 failed"


def test_an_item_without_its_loop_stands_by_itself() -> None:
    """Nothing that happened is left out, and an item that the list does not have is called by its number."""
    (alone,) = grouped([record("restart[3]")])
    assert alone.record.step == "restart[3]"
    (loop,) = grouped([record("restart", items=("a",)), record("restart[3]")])
    assert [each.label for each in loop.items] == ["3"]


def test_how_far_says_what_somebody_should_know() -> None:
    """What is done comes first, then what is not as it should be; a step that is no loop has nothing to say."""
    assert how_far(0, []) == ""
    assert how_far(50, [S.SUCCEEDED] * 12 + [S.RUNNING] * 5) == "12 of 50 done"
    states = [S.SUCCEEDED, S.FAILED, S.UNDONE, S.UNDONE, S.CANCELLED, S.UNKNOWN]
    assert how_far(9, states) == "1 of 9 done, 1 failed, 2 undone, 1 cancelled, 1 unknown"


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ("web-1", "web-1"),
        (5, "5"),
        (None, "null"),
        ({"name": "web-1", "id": 7}, "web-1"),
        ({"host": "", "id": 7}, "7"),
        ({"name": ["x"], "size": 3}, '{"name":["x"],"size":3}'),
        ({"name": "Down", "labels": {"instance": "10.0.0.1:9100"}}, "10.0.0.1:9100"),
        ({"name": "Down", "labels": {}}, "Down"),
        (["a", 1], '["a",1]'),
    ],
)
def test_an_item_is_called_what_names_it(item: object, label: str) -> None:
    """A word is itself, a thing its name, an alert where it comes from, anything else its JSON."""
    assert label_of(item) == label


@given(st.integers(0, 999_999))
def test_an_items_id_leads_back_to_its_loop(index: int) -> None:
    """The one place that writes it, and the one that reads it, agree."""
    assert instance_of(instance_id(StepId("restart"), index)) == ("restart", index)


@pytest.mark.parametrize(
    "step",
    [
        "restart",
        "restart[",
        "restart[]",
        "restart[x]",
        "restart[01]",
        "restart[1]x",
        "restart[1][2]",
        "[1]",
        "a[-1]",
        "a[9999999]",
    ],
)
def test_other_ids_are_no_items(step: str) -> None:
    """Whatever somebody sends."""
    assert instance_of(StepId(step)) is None
