"""Due times: the newest word counts, and what has come is taken once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import RunId
from bot.engine.due import DueTimes

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def at(seconds: int) -> datetime:
    """Return an instant."""
    return NOW + timedelta(seconds=seconds)


def test_the_newest_word_counts() -> None:
    """A run that changed its mind is due at its last word alone."""
    due = DueTimes()
    due.put(RunId("a"), at(5))
    due.put(RunId("a"), at(9))
    due.put(RunId("b"), at(7))
    assert due.next() == at(7)
    due.put(RunId("b"), None)
    due.put(RunId("b"), None)
    assert due.take(at(8)) == []
    assert due.take(at(9)) == ["a"]
    assert due.next() is None


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 20)), max_size=30),
    st.integers(0, 20),
)
def test_it_agrees_with_a_dictionary(words: list[tuple[str, int | None]], now: int) -> None:
    """Whatever is put, what is due is what a plain dictionary would say."""
    due, plain = DueTimes(), dict[str, int]()
    for run, seconds in words:
        due.put(RunId(run), None if seconds is None else at(seconds))
        if seconds is None:
            plain.pop(run, None)
        else:
            plain[run] = seconds
    assert due.next() == (at(min(plain.values())) if plain else None)
    taken = due.take(at(now))
    assert sorted(taken) == sorted(run for run, seconds in plain.items() if seconds <= now)
    assert due.take(at(now)) == []
