"""The breaker as a value: what opens it, what closes it, and how long it stays open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.engine.guards.breaker import (
    CLOSED,
    REMEMBERED,
    Breaker,
    BreakerRule,
    heard,
    is_trial,
    left,
    refuses,
    tried,
    word_of,
)

RULE = BreakerRule(failures=3, window=60.0, open_for=10.0, longest=40.0)


def after(*words: str, at: float = 0.0, rule: BreakerRule = RULE) -> Breaker:
    """Return a breaker that heard these words, a second apart."""
    breaker = CLOSED
    for second, word in enumerate(words):
        breaker = heard(breaker, rule, word, trial=False, now=at + second)
    return breaker


def test_it_opens_at_enough_failures_and_says_why() -> None:
    """The third failure of three opens it for the first pause; until then calls go through."""
    assert not refuses(after("timeout", "timeout"), 1.0)
    breaker = after("timeout", "unavailable", "timeout")
    assert (breaker.since, breaker.until) == (2.0, 12.0)
    assert breaker.why == "3 of the last 3 calls failed, the last with timeout"
    assert refuses(breaker, 11.9)
    assert not refuses(breaker, 12.0)


def test_failures_among_many_answers_do_not_open_it() -> None:
    """A target that answers more often than not is there."""
    assert after("", "", "", "", "timeout", "timeout", "timeout").since is None
    assert after("", "", "timeout", "timeout", "timeout").since is not None


def test_an_answer_does_not_open_it() -> None:
    """What was enough to open it does so at a failure alone, never at an answer."""
    half = after("", "", "", "timeout", "timeout", "timeout", rule=BreakerRule(failures=4))
    assert heard(half, RULE, "", trial=False, now=6.0).since is None


def test_what_is_long_ago_counts_no_more() -> None:
    """Failures older than the window are forgotten."""
    breaker = after("timeout", "timeout")
    assert heard(breaker, RULE, "timeout", trial=False, now=61.5).since is None


def test_each_time_in_a_row_it_stays_open_twice_as_long_up_to_the_longest() -> None:
    """10 s, 20 s, 40 s, and no longer; since when it is away does not change."""
    breaker = after("timeout", "timeout", "timeout")
    pauses = []
    for _ in range(5):
        pauses.append(breaker.until - (breaker.until - 0))
        now = breaker.until
        breaker = heard(tried(breaker), RULE, "unavailable", trial=True, now=now)
        pauses[-1] = breaker.until - now
    assert pauses == [20.0, 40.0, 40.0, 40.0, 40.0]
    assert breaker.since == 2.0
    assert breaker.why == "a call that tried it ended with unavailable"


def test_one_answer_of_the_trial_closes_it() -> None:
    """It forgets all that was."""
    assert heard(tried(after("timeout", "timeout", "timeout")), RULE, "", trial=True, now=12.0) == CLOSED


@pytest.mark.parametrize("word", ["", "timeout"])
def test_calls_from_before_it_opened_change_nothing(word: str) -> None:
    """They tell of then, whatever they tell."""
    breaker = after("timeout", "timeout", "timeout")
    assert heard(breaker, RULE, word, trial=False, now=5.0) == breaker


def test_a_trial_that_told_nothing_leaves_the_next_one_to_try() -> None:
    """A trial that was cancelled gives its place up."""
    breaker = tried(after("timeout", "timeout", "timeout"))
    assert is_trial(breaker)
    assert left(breaker).trying is False


def test_without_a_number_of_failures_it_never_opens() -> None:
    """A zero turns it off."""
    assert after(*["timeout"] * 30, rule=BreakerRule(failures=0)).since is None


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Succeeded(), ""),
        (Failed(reason=Reason.TIMEOUT, detail="", applied=False), "timeout"),
        (Failed(reason=Reason.UNAVAILABLE, detail=""), "unavailable"),
        (Failed(reason=Reason.THROTTLED, detail=""), "throttled"),
        (Failed(reason=Reason.FORBIDDEN, detail=""), ""),
        (Failed(reason=Reason.NOT_FOUND, detail=""), ""),
        (Failed(reason=Reason.INVALID, detail=""), ""),
        (Failed(reason=Reason.INVALID, detail="", applied=False), None),
        (Failed(reason=Reason.CANCELLED, detail=""), None),
        (Failed(reason=Reason.BUG, detail=""), None),
    ],
)
def test_what_an_outcome_says_of_its_target(outcome: Outcome, word: str | None) -> None:
    """Any answer says that it is there; what never left this machine, or was cut off here, says nothing."""
    assert word_of(outcome) == word


WORDS = st.lists(st.tuples(st.sampled_from(["", "timeout", "throttled"]), st.floats(0.0, 30.0)), max_size=60)


@given(WORDS)
def test_whatever_is_heard_an_open_breaker_stays_open_for_its_pause_and_no_longer_than_the_longest(
    words: list[tuple[str, float]],
) -> None:
    """It refuses exactly until its time is over, lets one try, and remembers no more than it must."""
    breaker, now = CLOSED, 1000.0
    for word, later in words:
        now += later
        before = breaker
        trial = before.since is not None and not refuses(before, now)
        if trial:
            before = tried(before)
        breaker = heard(before, RULE, word, trial=trial, now=now)
        assert len(breaker.recent) <= REMEMBERED
        if refuses(before, now):
            assert breaker == before
        if breaker.since is None:
            assert not refuses(breaker, now)
            assert breaker.times == 0
        else:
            assert breaker.since <= now
            assert breaker.until - now <= RULE.longest
        if trial:
            assert (breaker.since is None) == (word == "")
