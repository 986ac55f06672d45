"""The draft as a story: what goes in is what happened, what comes out is what people read."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import facts
from bot.domain.ids import AlertKey, RunId, StepId
from bot.domain.nouns import (
    ApprovalStatus,
    IncidentStatus,
    Part,
    RunStatus,
    Settlement,
    Severity,
    Vote,
)
from bot.postmortem.assemble import assemble
from bot.postmortem.draft import Draft
from bot.postmortem.render import to_markdown, to_page
from tests.fakes import tales
from tests.fakes.tales import ADA, BO, GRACE, NAMES, RUN
from tests.fakes.timeline import Timeline

GOLDEN = Path(__file__).parents[2] / "data" / "postmortem-42.md"
SHIFT = StepId("shift")


def drafted(tale: Timeline) -> Draft:
    """Make the draft of a tale."""
    return assemble(tale.events, NAMES, str)


def said(rows: object) -> str:
    """Join what rows say, for looking into."""
    return "\n".join(row.text for row in rows)  # type: ignore[attr-defined]


def moment(draft: Draft, label: str) -> str:
    """Return how many seconds after the first event a moment was, or why it is unknown."""
    (found,) = [each for each in draft.impact.moments if each.label == label]
    return f"{(found.at - draft.sources[0].at).total_seconds():.0f}" if found.at else found.note


def spans(draft: Draft) -> dict[str, float | None]:
    """Return every duration by its label."""
    return {each.label: each.seconds for each in draft.impact.spans}


def declared(tale: Timeline | None = None) -> Timeline:
    """Declare an incident by hand."""
    tale = tale or Timeline()
    return tale.add(facts.IncidentOpened(incident=tale.incident, title="Odd", severity=Severity.SEV4), by=ADA)


def test_the_whole_story_reads_as_the_golden_file() -> None:
    """The document for people; after a change of wording: WRITE_GOLDEN=1 pytest tests/unit/postmortem, then read it."""
    document = to_markdown(drafted(tales.contained()))
    if os.environ.get("WRITE_GOLDEN") == "1":
        GOLDEN.write_text(document, encoding="utf-8")
    assert document == GOLDEN.read_text(encoding="utf-8")


def test_the_same_events_give_the_same_bytes() -> None:
    """A draft has no clock and no chance in it."""
    first, second = drafted(tales.contained()), drafted(tales.contained())
    assert to_markdown(first) == to_markdown(second)
    assert to_page(first) == to_page(second)


@pytest.mark.parametrize("name", ["contained", "denied", "expired", "undone", "waiting"])
def test_every_reference_points_at_an_event_of_the_incident(name: str) -> None:
    """Each `#57 ab12cd34` on the page is a link, and what it links to is there."""
    tale = getattr(tales, name)()
    page = to_page(drafted(tale))
    anchors = set(re.findall(r'id="event-(\d+)"', page))
    assert anchors == {str(event.seq) for event in tale.events}
    assert set(re.findall(r'href="#event-(\d+)"', page)) <= anchors
    known = {f"#{event.seq} {event.hash[:8]}" for event in tale.events}
    assert set(re.findall(r"`(#\d+ [0-9a-f]{8})`", to_markdown(drafted(tale)))) <= known | {"#57 ab12cd34"}


def test_times_are_measured_from_the_events() -> None:
    """From the alert's start to the last word, each instant is an event's."""
    draft = drafted(tales.contained())
    assert [moment(draft, label) for label in ("Started", "Detected", "Acknowledged")] == ["-95", "0", "84"]
    assert [moment(draft, label) for label in ("Contained", "Alerts over", "Resolved")] == [
        "156",
        "353",
        "413",
    ]
    assert spans(draft)["Time to detect"] == 95
    assert spans(draft)["From start to resolution"] == pytest.approx(508.04, abs=0.1)


def test_an_incident_that_just_opened_says_that_little_is_known() -> None:
    """Nothing is guessed: every gap is unknown and becomes a question."""
    draft = drafted(declared())
    assert [each.seconds for each in draft.impact.spans] == [None] * 6
    assert moment(draft, "Started") == "declared by a person; no alert tells when it began"
    assert said(draft.summary).splitlines() == [
        "Ada Okafor declared the incident at 2026-11-23 07:03:48 UTC.",
        "No runbook ran.",
        "The incident is still investigating, as far as this draft goes.",
    ]
    assert [each.text.split("?")[0] for each in draft.questions] == [
        "What was the root cause",
        "When did it begin",
        "Who led the response",
        "What contained it, and when",
    ]
    assert draft.actions == draft.metrics == draft.led_by == ()
    assert "None was kept." in to_markdown(draft)
    assert "None was kept." in to_page(draft)


def test_without_an_opening_there_is_no_draft() -> None:
    """Events of nothing give no document."""
    with pytest.raises(ValueError, match="tell of no incident"):
        assemble([], {}, str)


def test_an_unresolved_incident_is_told_as_far_as_it_goes() -> None:
    """A draft can be asked for at any time."""
    draft = drafted(tales.waiting())
    assert draft.status is IncidentStatus.INVESTIGATING
    assert moment(draft, "Resolved") == "still investigating"
    assert moment(draft, "Alerts over") == "some still fire, as far as the timeline goes"
    assert "Will step shift be approved?" in said(draft.questions)
    assert "How does run 42-1 end? It is still under way." in said(draft.questions)
    assert "is still under way" in said(draft.summary)


def test_a_contained_incident_is_still_open_until_a_person_says_so() -> None:
    """The alerts may be over before the incident is."""
    tale = tales.shifted(tales.waiting())
    tale.add(facts.AlertsResolved(incident=tale.incident, keys=(AlertKey("a"),), firing=0))
    assert said(drafted(tale).summary).endswith(
        "The alerts were over at 07:06:24; the incident is still investigating, as far as this draft goes."
    )


def test_a_denied_step_says_who_denied_it() -> None:
    """The denial is told once, with its reason, and nothing asks to make the step work."""
    draft = drafted(tales.denied())
    assert "Step shift (http.request) was denied and did not run (by Grace Lindqvist at 07:05:42)." in said(
        draft.summary
    )
    assert draft.approvals[0].votes[0].why == "standby is in maintenance"
    assert draft.approvals[0].outcome == "denied"
    assert "standby is in maintenance; it will not run." in said(draft.timeline)
    assert "UGRACE" not in said(draft.timeline)
    assert "Make step shift work" not in said(draft.actions)
    assert "What would have let run 42-1 succeed? It ended as failed." in said(draft.questions)


def test_an_expired_approval_becomes_an_action_item() -> None:
    """Nobody answered: somebody should find out why."""
    draft = drafted(tales.expired())
    assert "waited for an approval that expired" in said(draft.summary)
    assert "Nobody decided on step shift within 10 min 20 s" in said(draft.actions)


def test_what_was_undone_and_what_could_not_be_is_told() -> None:
    """Both stand in the draft, and what is left behind becomes an action item."""
    draft = drafted(tales.undone())
    assert [(row.step, row.undone) for row in draft.undone] == [("shift", True), ("drain", False)]
    assert "What step shift had done was taken back." in said(draft.summary)
    assert "What step drain had done could not be taken back." in said(draft.summary)
    assert "Check what step drain left behind" in said(draft.actions)
    assert "The undo of step shift needed 2 attempts (timeout): find out why." in said(draft.actions)
    assert moment(draft, "Contained") == "no step that contains the damage was verified"
    assert "could not be taken back" in to_markdown(draft)
    assert "could not be taken back" in to_page(draft)


def test_two_steps_undone_are_told_in_one_sentence() -> None:
    """The plural is right."""
    tale = tales.undone().add(facts.StepUndone(run=RUN, step=StepId("scale")))
    assert "What steps shift and scale had done was taken back." in said(drafted(tale).summary)


def test_noise_is_left_out_and_retries_are_folded() -> None:
    """Two failed attempts are one line with both events behind it; what the bot posted is none."""
    lines = drafted(tales.contained()).timeline
    (retried,) = [each for each in lines if "tried again" in each.text]
    assert retried.text == "Step logs failed 2 times and was tried again each time: timeout and unavailable."
    assert len(retried.refs) == 2
    assert not [each for each in lines if "posted to chat" in each.text]
    assert [each.text for each in lines if each.sort == "alert"][
        -1
    ] == "3 alerts ended in 2 arrivals; none fires any more."


def test_equal_reasons_are_counted_and_parts_are_named() -> None:
    """A verification and an undo that needed more than one try say which they are."""
    tale = tales.waiting()
    for part in (Part.VERIFY, Part.SETTLE):
        for attempt in (1, 2):
            tale.add(tales.failure("shift", part=part, attempt=attempt, again=tale))
    text = said(drafted(tale).timeline)
    assert (
        "The check of step shift failed 2 times and was tried again each time: timeout \N{MULTIPLICATION SIGN}2."
        in text
    )
    assert "The settling probe of step shift failed 2 times" in text


def test_a_failure_that_no_later_line_tells_is_told_itself() -> None:
    """A last attempt whose step was cancelled must not vanish."""
    tale = tales.waiting().add(
        tales.failure("shift", "cancelled"), facts.StepCancelled(run=RUN, step=SHIFT, why="the run ended")
    )
    assert "Step shift failed at attempt 1: cancelled" in said(drafted(tale).timeline)


def test_a_storm_of_alerts_is_one_line() -> None:
    """A thousand arrivals in a row fold, and the document names the first event, the last and how many."""
    tale = tales.opened(Timeline())
    for number in range(1000):
        first = tales.alert(f"Alert{number}", began=number, at=tale)
        tale.add(
            facts.AlertsAttached(incident=tale.incident, keys=(first.key,), first=first, total=4 + number)
        )
    tale.add(facts.AlertsResolved(incident=tale.incident, keys=(AlertKey("a"),), firing=9))
    tale.add(facts.AlertsResolved(incident=tale.incident, keys=(AlertKey("b"),), firing=8))
    draft = drafted(tale)
    assert len(draft.timeline) == 5
    assert (
        "1,000 alerts joined the incident in 1,000 arrivals, Alert0 first; firing since 2026-11-23 06:47:09 UTC; it has 1,003 now."
        in said(draft.timeline)
    )
    assert "2 alerts ended in 2 arrivals; 8 still firing." in said(draft.timeline)
    assert "(1,000 events)" in to_markdown(draft)
    assert moment(draft, "Started") == "-999"


def test_numbers_carry_their_events() -> None:
    """The first look stands beside the last; truth values and text are no numbers."""
    before, shift = drafted(tales.contained()).metrics
    assert before.first == (("first", 0.002), ("last", 0.3125), ("max", 0.3346))
    assert (before.looks, shift.looks) == (1, 3)
    assert (shift.first, shift.last) == ((("value", 0.2891),), (("value", 0.0021),))
    tale = tales.opened(Timeline()).add(
        tales.call("probe", "shell.run"), tales.answer("probe", value=True, max="9")
    )
    assert drafted(tale).metrics == ()


def test_a_number_of_unknown_question_is_shown_without_one() -> None:
    """An input that names nothing measured leaves the column empty."""
    tale = tales.opened(Timeline()).add(
        tales.call("probe", "shell.run", argv=["x"]), tales.answer("probe", value=3)
    )
    assert drafted(tale).metrics[0].what == ""
    assert "| probe |  |" in to_markdown(drafted(tale))


def test_a_change_that_nothing_verified_is_not_called_containment() -> None:
    """It succeeded; whether it helped is unknown, which is a question and an action item."""
    tale = tales.waiting().add(tales.voted(Vote.APPROVE), by=GRACE).add(tales.closed(ApprovalStatus.APPROVED))
    tale.add(tales.call("shift", "http.request"), tales.answer("shift"), tales.succeeded("shift"))
    draft = drafted(tale)
    assert moment(draft, "Contained") == "step shift succeeded, but nothing verified that it helped"
    assert "Give step shift a verification" in said(draft.actions)
    assert "What contained it, and when? Unknown" in said(draft.questions)


def test_a_step_verified_without_approval_contains_too() -> None:
    """Not every containing step asks people; one look without numbers is enough."""
    tale = tales.opened(Timeline()).add(tales.call("drain", "http.request"), tales.answer("drain"))
    tale.add(
        tales.call("drain", "http.request", part=Part.VERIFY),
        tales.answer("drain", part=Part.VERIFY, status=200),
    )
    draft = drafted(tale.add(tales.succeeded("drain")))
    assert "Step drain (http.request) contained it: verified at 07:03:48 by look 1." in said(draft.summary)
    assert "Step drain succeeded: verified at the first look." in said(draft.timeline)


def test_an_unknown_outcome_is_a_question_until_somebody_settles_it() -> None:
    """A person's word ends the question; that a probe was missing stays an action item."""
    tale = tales.waiting().add(tales.call("shift", "http.request"))
    tale.add(facts.CallInterrupted(run=RUN, step=SHIFT, part=Part.MAIN, attempt=1, again=False))
    tale.add(facts.StepOutcomeUnknown(run=RUN, step=SHIFT, attempt=1, why="the process was killed"))
    assert "What became of step shift?" in said(drafted(tale).questions)
    tale.add(
        facts.StepSettled(run=RUN, step=SHIFT, settlement=Settlement.HAPPENED, why="seen in the router"),
        by=BO,
    )
    draft = drafted(tale)
    assert "What became of step shift?" not in said(draft.questions)
    assert "Give step shift a probe" in said(draft.actions)


def test_late_detection_is_an_action_item() -> None:
    """An alert that fired for long before it arrived asks for a shorter way."""
    tale = Timeline()
    first = tales.alert(began=720, at=tale)
    tale.add(facts.IncidentOpened(incident=tale.incident, title="Late", severity=Severity.SEV1))
    tale.add(facts.AlertsAttached(incident=tale.incident, keys=(first.key,), first=first, total=1))
    assert "The alert had fired for 12 min before it reached Fireline" in said(drafted(tale).actions)


def test_clocks_that_differ_are_said_and_not_counted() -> None:
    """A start after the arrival gives no negative duration."""
    tale = Timeline()
    first = replace(tales.alert(at=tale), starts_at=tale.now + timedelta(seconds=5))
    tale.add(facts.IncidentOpened(incident=tale.incident, title="Early", severity=Severity.SEV1))
    tale.add(facts.AlertsAttached(incident=tale.incident, keys=(first.key,), first=first, total=1))
    draft = drafted(tale)
    assert spans(draft)["Time to detect"] is None
    assert "the machines' clocks differ" in said(draft.questions)


def test_a_declared_incident_counts_the_alerts_that_joined() -> None:
    """A person may be quicker than the alerts; then detection is theirs."""
    tale = declared().later(60)
    for name in ("A", "A", "B"):
        first = tales.alert(name, began=30, at=tale)
        tale.add(facts.AlertsAttached(incident=tale.incident, keys=(first.key,), first=first, total=1))
    draft = drafted(tale)
    assert said(draft.summary).startswith(
        "Ada Okafor declared the incident at 2026-11-23 07:03:48 UTC; 3 alerts joined it."
    )
    assert [row.name for row in draft.impact.alerts] == ["A", "B"]


def test_resolving_while_alerts_fire_is_a_question() -> None:
    """Over for people, not for Prometheus."""
    tale = tales.opened(Timeline()).add(facts.IncidentResolved(incident=Timeline().incident), by=ADA)
    tale.add(facts.RunFinished(run=RUN, status=RunStatus.SUCCEEDED))
    assert "Was it over when it was resolved?" in said(drafted(tale).questions)
    tale.add(facts.StatusChanged(incident=tale.incident, status=IncidentStatus.INVESTIGATING), by=ADA)
    assert moment(drafted(tale), "Resolved") == "still investigating"


def test_an_incident_without_alerts_has_none_that_could_be_over() -> None:
    """Declared, led by another, resolved: no alert is missed."""
    tale = declared().add(
        facts.IncidentAcknowledged(incident=Timeline().incident, commander="UGRACE"), by=ADA
    )
    draft = drafted(tale.add(facts.IncidentResolved(incident=tale.incident), by=ADA))
    assert draft.led_by == ("Grace Lindqvist",)
    assert moment(draft, "Alerts over") == "there were none"
    assert "Was it over" not in said(draft.questions)


def test_a_runbook_that_was_only_proposed_asks_for_a_decision() -> None:
    """It matched, it did not run; once it runs, nobody has to decide."""
    tale = declared().add(
        facts.RunProposed(incident=Timeline().incident, runbook="checkout-errors", why="past its date")
    )
    assert "Decide on the runbook checkout-errors: it matched and never ran: past its date." in said(
        drafted(tale).actions
    )
    assert "Decide on" not in said(drafted(tale.add(tales.run_started())).actions)


def test_an_approval_that_became_void_is_told_for_what_it_is() -> None:
    """The run ended before anybody decided; nobody failed to answer."""
    draft = drafted(tales.waiting().add(tales.closed(ApprovalStatus.VOID, "the run ended")))
    assert "was asked for, and the question became void" in said(draft.summary)
    assert "Nobody decided" not in said(draft.actions)


def test_an_approval_asked_for_by_a_person_says_so() -> None:
    """The one who asked may not approve, so the record names them."""
    tale = tales.opened(Timeline())
    draft = drafted(tale.add(replace(tales.asked(tale), requested_by=ADA, target="", undo="", sources=())))
    assert draft.approvals[0].requested_by == "Ada Okafor"
    assert "of nobody (asked for by Ada Okafor)" in to_markdown(draft)
    assert "of nobody (asked for by Ada Okafor)" in to_page(draft)


def test_an_answer_to_a_question_that_was_not_heard_is_kept_out() -> None:
    """A closed approval without its question (a log that was cut) breaks nothing."""
    tale = declared().add(tales.closed(ApprovalStatus.EXPIRED))
    assert drafted(tale).approvals == ()
    assert "Nobody decided" not in said(drafted(tale).actions)


def test_steps_of_two_runs_stay_apart() -> None:
    """The same step in a second run is its own story."""
    tale = tales.contained()
    again = RunId("42-2")
    tale.add(tales.run_started(again), replace(tales.failed("shift"), run=again))
    tale.add(facts.RunFinished(run=again, status=RunStatus.CANCELLED))
    draft = drafted(tale)
    assert moment(draft, "Contained") == "156"
    assert draft.runbooks == ("checkout-errors",)
    assert "Make step shift work: it failed: unavailable the router answered 503." in said(draft.actions)


def test_an_approval_that_escalated_names_everybody_who_could_decide() -> None:
    """The row has those who were asked later too, and the event that says so."""
    tale = tales.waiting()
    ask = tales.asked(tale)
    tale.add(
        facts.ApprovalEscalated(
            run=ask.run,
            step=ask.step,
            approval=ask.approval,
            added=("group:leads",),
            sources=(*ask.sources, "group:leads"),
        )
    )
    (row,) = drafted(tale).approvals
    assert row.of == "group sre, Bo and group leads"
    assert len(row.refs) == 2
