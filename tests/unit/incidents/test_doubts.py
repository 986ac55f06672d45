"""A call in doubt, read from its run's events: the part that is in doubt, its last attempt, and the answer to it."""

from typing import Any

from bot.domain.facts import CallStarted, Fact, StepOutcomeUnknown, StepSettled
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import FIRELINE, Actor, Part, Settlement, person
from bot.incidents.doubts import doubt_of
from tests.fakes.timeline import Timeline

RUN, STEP = RunId("42-1"), StepId("shift")
ADA = person("U0ADA")


def sent(part: Part = Part.MAIN, attempt: int = 1, step: StepId = STEP) -> CallStarted:
    """Make an intent."""
    return CallStarted(
        run=RUN,
        step=step,
        part=part,
        attempt=attempt,
        action="http.request",
        inputs={"n": attempt},
        key=f"k{attempt}",
        timeout=30.0,
    )


def told(*facts: tuple[Fact, Actor] | Fact) -> Any:
    """Write facts into a run's log, and read the doubt out of it."""
    tale = Timeline()
    for each in facts:
        fact, by = each if isinstance(each, tuple) else (each, FIRELINE)
        tale.add(fact, by=by)
    return doubt_of(tale.events, STEP)


def asked(part: Part = Part.MAIN, attempt: int = 1) -> StepOutcomeUnknown:
    """Make a question."""
    return StepOutcomeUnknown(run=RUN, step=STEP, attempt=attempt, why="cut off", part=part)


def test_nothing_is_in_doubt_that_nobody_asked_about() -> None:
    """A call that is under way, or of another step, is no doubt."""
    assert told(sent()) is None
    assert told(sent(step=StepId("other"))) is None


def test_what_was_sent_is_the_part_in_doubt() -> None:
    """Not the probe that was asked about it since."""
    doubt = told(sent(), sent(Part.SETTLE), asked())
    assert (doubt.part, doubt.attempt, doubt.action, doubt.inputs, doubt.key) == (
        Part.MAIN, 1, "http.request", {"n": 1}, "k1",
    )  # fmt: skip
    assert doubt.sent_at <= doubt.asked_at
    assert (doubt.why, doubt.settlement, doubt.settled_by) == ("cut off", None, None)


def test_the_first_answer_counts_and_a_new_doubt_has_none() -> None:
    """Who said it stands beside it."""
    answer = StepSettled(run=RUN, step=STEP, settlement=Settlement.HAPPENED, why="")
    doubt = told(sent(), asked(), (answer, ADA), (answer, person("U0BEN")))
    assert (doubt.settlement, doubt.settled_by) == (Settlement.HAPPENED, ADA)
    again = told(sent(), asked(), (answer, ADA), sent(attempt=2), asked(attempt=2))
    assert (again.attempt, again.settlement) == (2, None)


def test_a_log_that_does_not_tell_what_was_sent() -> None:
    """The question stands all the same."""
    doubt = told(asked(Part.UNDO))
    assert (doubt.part, doubt.action, doubt.inputs, doubt.sent_at) == (Part.UNDO, "", {}, None)
