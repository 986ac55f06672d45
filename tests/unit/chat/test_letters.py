"""What chat says of dead letters: what can't go on, why, and the two things that a person can do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.chat.blocks import as_it_is, living_message
from bot.chat.blocks.letter_list import letters_listed
from bot.chat.blocks.picture import Picture, RunPicture, StepLine
from bot.chat.commands.words import lettered, read
from bot.domain.dead_letters import key_of
from bot.domain.ids import IncidentId, LetterId, RunId, StepId
from bot.domain.nouns import DeadKind, DeadReason, LetterStatus, RunStatus, StepStatus
from bot.domain.records import DeadLetter
from bot.errors import Refused
from tests.fakes.alerts import NOON, incident, run

LETTER = DeadLetter(
    id=LetterId(7),
    key=key_of(DeadKind.RUN, "42-1"),
    what=DeadKind.RUN,
    status=LetterStatus.WAITING,
    reason=DeadReason.BUG,
    title="run 42-1 of checkout-errors",
    detail="Fireline could not go on: KeyError: 'a <bug>'",
    tries=2,
    since=NOON,
    landed_at=NOON,
    incident=IncidentId(42),
    run=RunId("42-1"),
)
MESSAGE = replace(
    LETTER,
    id=LetterId(8),
    key=key_of(DeadKind.MESSAGE, "x"),
    what=DeadKind.MESSAGE,
    run=None,
    title="the draft",
    tries=1,
)
DEAD = RunPicture(
    run=replace(run("42-1", status=RunStatus.FAILED), finished_at=NOON, reason="bug", detail=LETTER.detail),
    title="Checkout is failing",
)


def drawn(*letters: DeadLetter, runs: tuple[RunPicture, ...] = (DEAD,)) -> tuple[str, list[Any]]:
    """Return the living message's text and its buttons."""
    message = living_message(Picture(incident=incident(42), runs=runs, letters=letters), redact=as_it_is)
    rows = [each["elements"] for each in message.blocks if each["type"] == "actions"]
    return str(message.blocks), [button for row in rows for button in row]


def test_a_run_that_can_t_go_on_says_why_and_what_to_do() -> None:
    """Its reason, how often it was tried, and two buttons, instead of the one that tries a failed run again."""
    text, buttons = drawn(LETTER)
    assert "⛔ *Can't go on:* Checkout is failing · run `42-1`" in text
    assert "KeyError: 'a &lt;bug&gt;'" in text
    assert "tried 2 times · dead letter 7" in text
    labels = {each["action_id"]: each["text"]["text"] for each in buttons}
    assert labels["letter_requeue/7"] == "Put back"
    assert labels["letter_discard/7"] == "End it"
    assert "run_retry" not in labels
    (back,) = [each for each in buttons if each["action_id"] == "letter_requeue/7"]
    assert back["value"] == '{"letter":7}'
    assert "repeated only where that is safe" in back["confirm"]["text"]["text"]
    (end,) = [each for each in buttons if each["action_id"] == "letter_discard/7"]
    assert "confirm" not in end, "its form asks why, and says what it means"


def test_a_run_that_failed_by_its_own_rules_is_only_tried_again() -> None:
    """It is no dead letter."""
    _, buttons = drawn()
    assert "run_retry" in {each["action_id"] for each in buttons}


def test_several_are_told_apart_and_the_rest_is_counted() -> None:
    """Each button names its letter; another run may be under way beside them."""
    more = [replace(MESSAGE, id=LetterId(n)) for n in (8, 9, 10)]
    text, buttons = drawn(LETTER, *more, runs=(DEAD, RunPicture(run=run("42-2"), title="Another")))
    assert "the draft" in text
    assert "⛔ … and 1 more can't go on" in text
    labels = [each["text"]["text"] for each in buttons if each["action_id"].startswith("letter_")]
    assert labels == ["Put back 7", "End it 7", "Put back 8", "Discard 8", "Put back 9", "Discard 9"]
    assert len({each["action_id"] for each in buttons}) == len(buttons)


def test_the_list_says_what_waits_and_how_to_answer() -> None:
    """With the incident of each; nothing is said plainly; a long list is cut and says so."""
    assert "No dead letters" in letters_listed([], "/incident", redact=as_it_is).text
    message = letters_listed([LETTER, MESSAGE], "/incident", redact=as_it_is)
    assert message.text == "2 dead letters"
    assert "run 42-1 of checkout-errors in #42" in str(message.blocks)
    assert "`/incident requeue 7`" in str(message.blocks)
    long = letters_listed([replace(MESSAGE, incident=None)] * 23, "/incident", redact=as_it_is)
    assert "… and 3 more" in str(long.blocks)
    assert " in #" not in str(long.blocks)


def test_what_people_type_is_understood() -> None:
    """The number first, the reason after it; other words for the list."""
    assert read("letters").verb == "dead-letters"
    assert lettered("#7 mended by hand") == (7, "mended by hand")
    assert lettered("7") == (7, "")
    with pytest.raises(Refused, match="Which dead letter"):
        lettered("the first")


def test_an_undo_in_doubt_waits_for_a_person_too() -> None:
    """Its step has ended; that it may be undone or not stands in front all the same, while the run is under way."""
    doubted = StepLine(id=StepId("shift"), name="Move traffic", status=StepStatus.SUCCEEDED, in_doubt=True)
    text, _ = drawn(runs=(RunPicture(run=run("42-1"), title="Checkout", steps=[doubted]),))
    assert "Somebody must say what happened:* Move traffic" in text
    over, _ = drawn(runs=(replace(DEAD, steps=[doubted]),))
    assert "Somebody must say" not in over
