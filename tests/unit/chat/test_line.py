"""What chat says of runs that wait, were dropped, or were kept out."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.blocks import as_it_is, living_message, proposal_message, rejection_message
from bot.chat.blocks.picture import Picture, Proposal, Rejection, RunPicture
from bot.domain.nouns import RunStatus, person
from bot.domain.records import RunRecord
from tests.fakes.alerts import NOON, incident, run

WAITS = replace(run("42-2", status=RunStatus.QUEUED), group="service/checkout", behind="42-1", place=2)


def shown(*runs: RunRecord) -> str:
    """Return the living message's blocks as text."""
    pictures = [RunPicture(run=each, title=f"Title of {each.id}") for each in runs]
    return str(living_message(Picture(incident=incident(42), runs=pictures), redact=as_it_is).blocks)


def test_a_run_that_waits_says_for_what_and_where() -> None:
    """In one line, below what runs and above what is over."""
    text = shown(replace(run("42-3", status=RunStatus.FAILED), finished_at=NOON), WAITS, run("42-1"))
    line = "⏳ *Title of 42-2* · run `42-2` waits for run 42-1, 2nd in the queue of service/checkout · since"
    assert line in text
    assert text.index("run `42-1` running") < text.index(line) < text.index("run `42-3` failed")


def test_a_run_that_only_waits_does_not_keep_the_incident_open() -> None:
    """The button to resolve is there: resolving takes the run out of the line."""
    assert "Resolve" in shown(WAITS)
    assert "Resolve" not in shown(WAITS, run("42-1"))


def test_a_run_that_was_dropped_says_why() -> None:
    """It never began, so there are no steps to say it."""
    dropped = replace(WAITS, status=RunStatus.CANCELLED, finished_at=NOON, detail="cancelled by hand")
    assert "🚫 cancelled by hand" in shown(dropped)


def test_a_rejected_run_is_said_with_its_reason() -> None:
    """What was kept out, why, and who asked for it."""
    rejection = Rejection(
        incident=incident(42),
        runbook="second",
        title="The second",
        why="run 42-1 (first) has database",
        asked_by=person("U0ADA"),
    )
    message = rejection_message(rejection, redact=as_it_is)
    assert message.text.startswith("🚫 *The second* was not started: run 42-1 (first) has database.")
    assert "asked for by <@U0ADA>" in str(message.blocks)
    unasked = rejection_message(replace(rejection, asked_by=None, title=""), redact=as_it_is)
    assert "*second* was not started" in unasked.text
    assert "an alert" in str(unasked.blocks)


def test_a_proposal_that_was_taken_up_may_wait() -> None:
    """It is not said to be started before it is."""
    proposal = Proposal(incident=incident(42), runbook="second", title="", why="", run=WAITS)
    assert "⏳ queued by" in str(proposal_message(proposal, redact=as_it_is).blocks)
