"""Changes of one row: joined, they do what they did one after the other."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.persistence.changes import Buffer, Change, joined, row_of, shape_of
from bot.persistence.tables import ALERTS, INCIDENTS, RUNS

Row = dict[str, Any] | None


def apply(change: Change, row: Row) -> Row:
    """Do to a row what the database would."""
    if row is None:
        if not change.create:
            return None
        return {**change.once, **change.counters, **change.initial, **change.values}
    after = {**row, **change.values}
    for name, add in change.counters.items():
        after[name] = after.get(name, 0) + add
    for name, value in change.once.items():
        if after.get(name) is None:
            after[name] = value
    return after


def _changes(*, creating: bool) -> st.SearchStrategy[Change]:
    """Changes of columns that keep one role each, as projections make them."""
    number = st.integers(0, 5)
    return st.builds(
        lambda values, counters, once: Change(
            ALERTS,
            ("k",),
            values=values,
            initial={"i": 7, "v": 9} if creating else {},
            counters={"c": 0, **counters} if creating else counters,
            once=once,
            create=creating,
        ),
        st.dictionaries(st.sampled_from(["v", "w"]), number),
        st.dictionaries(st.just("c"), number),
        st.dictionaries(st.just("o"), number),
    )


@given(
    first=_changes(creating=True) | _changes(creating=False),
    then=_changes(creating=False),
    row=st.none() | st.fixed_dictionaries({"v": st.just(0), "c": st.just(1), "o": st.none() | st.just(3)}),
)
def test_joined_changes_do_what_both_did(first: Change, then: Change, row: Row) -> None:
    """For a row that is there and for one that is not."""
    assert apply(joined(first, then), row) == apply(then, apply(first, row))


def test_a_counter_after_a_value_counts_from_it() -> None:
    """A payload that was put and tried in one commit has been tried once."""
    put = Change(ALERTS, ("k",), values={"attempts": 0})
    tried = Change(ALERTS, ("k",), counters={"attempts": 1}, create=False)
    assert joined(put, tried).values == {"attempts": 1}
    assert joined(tried, put) == put


def test_a_buffer_groups_rows_that_can_share_a_statement() -> None:
    """Rows of one shape go together, whatever came between them."""
    buffer = Buffer()
    buffer.add(Change(RUNS, ("1-1",), values={"status": "running"}))
    buffer.add(Change(RUNS, ("1-2",), values={"phase": "steps"}))
    buffer.add(Change(RUNS, ("1-3",), values={"status": "failed"}))
    buffer.add(Change(INCIDENTS, (1,), values={"title": "x"}))
    assert set(buffer.tables()) == {RUNS, INCIDENTS}
    assert buffer.holds(RUNS, [("1-2",)])
    assert not buffer.holds(RUNS, [("1-9",)])
    assert buffer.holds(RUNS, None)
    taken = buffer.take(RUNS)
    assert sorted(map(sorted, taken.values())) == [
        [("1-1", "running"), ("1-3", "failed")],
        [("1-2", "steps")],
    ]
    assert not buffer.take(RUNS)
    assert not buffer.holds(RUNS, None)


def test_a_shape_says_the_order_of_the_row() -> None:
    """Key, values, initial, counters, once."""
    change = Change(ALERTS, ("k",), {"a": 1}, {"b": 2}, {"c": 3}, {"d": 4})
    assert row_of(change) == ("k", 1, 2, 3, 4)
    assert shape_of(change)[1:] == (("a",), ("b",), ("c",), ("d",))
