"""What people read of what happened and of what was said: names, never ids or marks that are for machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.chat.blocks import announce_line, as_it_is, living_message, postmortem_message
from bot.chat.blocks.answers import refused
from bot.chat.blocks.control import all_of
from bot.chat.blocks.ink import Ink
from bot.chat.blocks.picture import Draft, Links, Picture, RunPicture, StepLine
from bot.chat.blocks.told import timeline_told
from bot.chat.blocks.words import step_line
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalVoted,
    Fact,
    NoteAdded,
    RoleAssigned,
    RunStarted,
    StepFailed,
)
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, SilenceKey, StepId
from bot.domain.nouns import Actor, ApprovalStatus, IncidentStatus, SilenceStatus, StepStatus, Vote, person
from bot.domain.records import IncidentRecord
from bot.domain.response_records import SilenceRecord
from bot.postmortem.describe import describe
from tests.fakes.alerts import NOON, incident, run
from tests.fakes.timeline import Timeline

TOLD = replace(
    incident(42),
    status=IncidentStatus.MONITORING,
    last_update_at=NOON + timedelta(minutes=7),
    last_update="Errors fall, says <@U0BEN|ben>; <!channel> is calm",
)
STEP = {"run": RunId("42-1"), "step": StepId("shift")}
QUESTION = ApprovalId("42-1/shift/1")
SAID = "<@U0CLEO> knows more"


def blocks(record: IncidentRecord) -> str:
    """Return the living message's blocks as text."""
    return str(living_message(Picture(incident=record), redact=as_it_is).blocks)


def test_the_last_update_stands_where_people_look() -> None:
    """In the pinned message and in the line of the central channel: whom it is for reads nothing else."""
    line = str(announce_line(Picture(incident=TOLD), redact=as_it_is).blocks)
    for shown in (blocks(TOLD), line):
        assert "*Last update* <!date^1795435620^{time}|12:07 UTC>" in shown
        assert "> Errors fall, says <@U0BEN>; &lt;!channel&gt; is calm" in shown


def test_what_was_said_last_is_over_with_the_incident() -> None:
    """Then what ended it is what counts; and nothing is there before somebody said something."""
    over = replace(TOLD, status=IncidentStatus.RESOLVED, resolved_at=NOON, resolution="<@U0BEN> put it back")
    assert "Last update" not in blocks(over)
    assert "> <@U0BEN> put it back" in blocks(over)
    assert "Last update" not in blocks(incident(42))


def test_since_when_is_said_of_the_incident() -> None:
    """A status that came later is not said to have stood from the beginning."""
    assert "Monitoring · open since <!date^" in blocks(TOLD)


def told(fact: Fact, by: Actor, record: IncidentRecord = TOLD) -> str:
    """Return the line of one event."""
    (happened,) = Timeline().add(fact, by=by).events
    message = timeline_told(record, [(happened, describe(happened, {}))], more=0, console="", redact=as_it_is)
    return str(message.blocks[1]["text"]["text"])


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (
            NoteAdded(incident=IncidentId(42), text="ask <@U0CLEO> or <@U0DAN|dan>, not U0XYZ"),
            "<@U0ADA> noted: ask <@U0CLEO> or @dan, not U0XYZ.",
        ),
        (
            ApprovalVoted(**STEP, approval=QUESTION, vote=Vote.DENY, as_member_of="user:U0ADA", why=SAID),
            "<@U0ADA> denied step shift: <@U0CLEO> knows more.",
        ),
        (
            ApprovalClosed(**STEP, approval=QUESTION, status=ApprovalStatus.DENIED, why=SAID),
            "was denied: <@U0CLEO> knows more.",
        ),
        (
            StepFailed(**STEP, reason=Reason.REJECTED, detail=f"its approval was denied: {SAID}"),
            "rejected, its approval was denied: <@U0CLEO> knows more.",
        ),
        (
            StepFailed(**STEP, reason=Reason.INVALID, detail="it answered <!doctype html>"),
            "it answered &lt;!doctype html&gt;.",
        ),
        (
            RoleAssigned(incident=IncidentId(42), role="scribe", person="U0BEN", roles={"scribe": "U0BEN"}),
            "<@U0ADA> made <@U0BEN> scribe.",
        ),
        (
            RunStarted(
                run=RunId("42-1"),
                runbook="b",
                digest=Digest("d"),
                seed="s",
                autonomy="auto",
                inputs={},
                scope={},
                requested_by=person("U0BEN"),
            ),
            "asked for by <@U0BEN>.",
        ),
    ],
)
def test_a_timeline_names_people(fact: Fact, line: str) -> None:
    """By mentions, which Slack turns into names; what only looks like an id stays as it was said."""
    assert told(fact, person("U0ADA")).endswith(line)


def test_a_step_says_why_it_was_denied() -> None:
    """The person who denied named people; what a machine answered names nobody."""

    def line(detail: str) -> str:
        step = StepLine(id=STEP["step"], name="Shift", status=StepStatus.FAILED, detail=detail)
        return step_line(step, Ink())

    assert line(f"its approval was denied: {SAID}").endswith("its approval was denied: <@U0CLEO> knows more")
    assert line(SAID).endswith("&lt;@U0CLEO&gt; knows more")


def test_a_silence_is_told_beside_the_alerts() -> None:
    """Else a quiet channel looks like a calm service; and it goes on after the incident, until its time is over."""
    silence = SilenceRecord(
        key=SilenceKey("fireline/42/a"),
        incident=IncidentId(42),
        status=SilenceStatus.STANDING,
        matchers=(),
        asked_at=NOON,
        until=NOON + timedelta(hours=2),
        by=person("U0BEN"),
        why="",
    )
    line = "🔇 silenced until <!date^1795442400^{time}|14:00 UTC> by <@U0BEN>"
    over = replace(TOLD, status=IncidentStatus.RESOLVED, resolved_at=NOON)
    for record in (TOLD, over):
        picture = Picture(incident=replace(record, alerts=2, firing=1), silences=[silence])
        assert line in str(living_message(picture, redact=as_it_is).blocks)


def test_what_asks_once_more_is_plain() -> None:
    """Slack shows the text of that dialog as it is, with every asterisk."""
    picture = RunPicture(run=run("42-1"), title="Restart")
    for each in all_of(picture, Ink()):
        if "confirm" in each:
            assert each["confirm"]["text"]["type"] == "plain_text"
            assert "*" not in each["confirm"]["text"]["text"]


def test_where_it_goes_on_is_a_channel_to_go_to() -> None:
    """Who comes to the channel of an incident that was merged wants to be in the other one."""
    merged = replace(
        TOLD, status=IncidentStatus.RESOLVED, resolved_at=NOON, merged_into=IncidentId(7), resolution="merged"
    )
    there = Picture(incident=merged, goes_on="C0007")
    assert "*Goes on as #7* in <#C0007>" in str(living_message(there, redact=as_it_is).blocks)
    assert "*Goes on as #7*, which" in blocks(merged)


def test_who_is_in_the_way_is_named_in_a_refusal() -> None:
    """The rooms below know people by ids."""
    shown = refused("Frozen already, by U0ADA since 12:00: <!here>.", "", redact=as_it_is)
    assert shown.blocks[0]["text"]["text"] == "❗ Frozen already, by <@U0ADA> since 12:00: &lt;!here&gt;."


def test_a_draft_is_behind_a_link_or_where_its_file_is() -> None:
    """A path on the server is for those who have no console."""
    draft = Draft(incident=TOLD, path="/var/lib/pm.md", sha256="a" * 64, drafted_at=NOON, timeline=(), more=0)
    linked = replace(draft, links=Links(postmortem="https://fireline.test/pm"))
    assert "/var/lib/pm.md" in str(postmortem_message(draft, redact=as_it_is).blocks)
    assert "/var/lib" not in str(postmortem_message(linked, redact=as_it_is).blocks)
