"""What people may do to an incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import pytest

from bot.domain.facts import IncidentAcknowledged, IncidentResolved, NoteAdded
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus, person
from bot.domain.records import IncidentRecord, RunRecord
from bot.errors import Conflict, NotFound, Refused
from bot.incidents import rules
from bot.incidents.opening import Opening
from bot.runbook.model import Concurrency, WhenBusy
from bot.runbook.templates import Template
from tests.fakes.alerts import NOON, incident, run

ADA, BOB = person("U0ADA"), person("U0BOB")
CLOSED = incident(resolved_at=NOON)


def resolve(
    record: IncidentRecord, runs: list[RunRecord], summary: str = "", felt: rules.Felt | None = None
) -> rules.Ending:
    """Resolve an incident at noon."""
    return rules.resolve(record, runs, summary, felt or rules.Felt(), NOON)


@dataclass
class Book:
    """As much of a runbook as the rules look at."""

    name: str = "checkout-errors"
    command: bool = True
    concurrency: Concurrency | None = None


@dataclass
class Asked:
    """As much of an opening as the rules look at."""

    runbook: Book
    inputs: dict[str, str]


def asked(*, command: bool = True, when_busy: WhenBusy | None = None, **inputs: str) -> Opening:
    """Ask for a run of a runbook that takes commands, or not."""
    concurrency = None if when_busy is None else Concurrency(group=Template.compile("g"), when_busy=when_busy)
    return cast("Opening", Asked(Book(command=command, concurrency=concurrency), inputs))


def test_the_first_who_acknowledges_commands() -> None:
    """The next ones are on record, and the commander stays."""
    assert rules.acknowledge(incident(), ADA) == [
        IncidentAcknowledged(incident=IncidentId(42), commander="U0ADA")
    ]
    (second,) = rules.acknowledge(incident(commander="U0ADA"), BOB)
    assert second == IncidentAcknowledged(incident=IncidentId(42), commander="U0ADA")


def test_acknowledging_twice_is_a_conflict() -> None:
    """A second click says what is so already."""
    with pytest.raises(Conflict, match="You have incident 42 already"):
        rules.acknowledge(incident(commander="U0ADA"), ADA)


def test_resolving_when_all_is_quiet() -> None:
    """Nothing to warn of."""
    ending = resolve(incident(firing=0), [run(status=RunStatus.SUCCEEDED)], "rolled back")
    assert ending.facts == [IncidentResolved(incident=IncidentId(42), summary="rolled back")]
    assert ending.warnings == ()


@pytest.mark.parametrize(("firing", "words"), [(1, "1 alert still fires"), (3, "3 alerts still fire")])
def test_resolving_while_alerts_fire_warns(firing: int, words: str) -> None:
    """A person may know better than an alert, but is told."""
    (warning,) = resolve(incident(firing=firing), []).warnings
    assert words in warning


def test_a_run_under_way_keeps_the_incident_open() -> None:
    """The hint names the run and how to end it."""
    with pytest.raises(Refused, match=r"42-2 \(checkout-errors\)") as refused:
        resolve(incident(), [run("42-1", status=RunStatus.FAILED), run("42-2")])
    assert "cancel 42-2" in refused.value.hint


def test_what_is_resolved_stays_resolved() -> None:
    """Every change of a resolved incident is a conflict that says since when."""
    for act in (
        lambda: rules.acknowledge(CLOSED, ADA),
        lambda: resolve(CLOSED, []),
        lambda: rules.may_start(asked(), CLOSED, []),
    ):
        with pytest.raises(Conflict, match="was resolved at 2026-11-23T12:00Z"):
            act()


def test_notes_are_taken_even_later() -> None:
    """The postmortem wants them."""
    assert rules.note(CLOSED, " the cache was cold\n") == [
        NoteAdded(incident=IncidentId(42), text="the cache was cold")
    ]


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_note_needs_words(text: str) -> None:
    """An empty note is refused."""
    with pytest.raises(Refused, match="needs words"):
        rules.note(incident(), text)


def test_a_novel_is_no_note() -> None:
    """What is longer than any surface takes in is refused, with its length."""
    with pytest.raises(Refused, match="40001 characters"):
        rules.note(incident(), "x" * 40_001)


def test_a_title_is_one_line() -> None:
    """White space of any sort becomes a blank."""
    assert rules.title("  Checkout\n\tis   down ") == "Checkout is down"


@pytest.mark.parametrize(("text", "words"), [(" ", "needs a title"), ("x" * 501, "at most 500")])
def test_titles_that_are_none(text: str, words: str) -> None:
    """Nothing is no title, and a log is none either."""
    with pytest.raises(Refused, match=words):
        rules.title(text)


def test_a_runbook_that_takes_no_commands() -> None:
    """Its author decides that."""
    with pytest.raises(Refused, match="not started by people"):
        rules.may_start(asked(command=False), incident(), [])


def test_a_proposed_runbook_may_be_started() -> None:
    """To propose is to offer, even when the runbook takes no commands elsewhere."""
    rules.may_start(asked(command=False), incident(runbook="checkout-errors"), [])


def test_the_same_runbook_does_not_run_twice_at_once() -> None:
    """The conflict names the run; another runbook, or a finished run, is in nobody's way."""
    rules.may_start(asked(), None, [])
    rules.may_start(asked(), incident(), [run(status=RunStatus.FAILED), run(runbook="other")])
    with pytest.raises(Conflict, match="run 42-1"):
        rules.may_start(asked(), incident(), [run()])


def test_runs_that_wait_for_each_other_differ_in_their_inputs() -> None:
    """Where runs queue, the same runbook may be asked for again with other inputs; the same ones are a conflict, waiting or not."""
    other = replace(run(), inputs={"pod": "1"})
    rules.may_start(asked(when_busy=WhenBusy.QUEUE, pod="2"), incident(), [other])
    with pytest.raises(Conflict, match="under way"):
        rules.may_start(asked(when_busy=WhenBusy.QUEUE, pod="1"), incident(), [other])
    with pytest.raises(Conflict, match="under way"):
        rules.may_start(asked(when_busy=WhenBusy.REJECT, pod="2"), incident(), [other])
    waiting = replace(other, status=RunStatus.QUEUED)
    with pytest.raises(Conflict, match="waits in line"):
        rules.may_start(asked(when_busy=WhenBusy.QUEUE, pod="1"), incident(), [waiting])


def test_an_incident_that_is_not_there() -> None:
    """The number is named."""
    assert rules.found(CLOSED, CLOSED.id) is CLOSED
    with pytest.raises(NotFound, match="no incident 7"):
        rules.found(None, IncidentId(7))
