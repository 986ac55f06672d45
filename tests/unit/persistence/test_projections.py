"""Projections as pure functions: every kind has its place in the table, and what chat should show follows from the event alone."""

import typing
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import facts
from bot.domain.events import GENESIS, Event
from bot.domain.facts import Fact
from bot.domain.ids import INTAKE, ApprovalId, Digest, IncidentId, RunId, StepId, StreamId, incident_stream
from bot.domain.nouns import (
    FIRELINE,
    SCHEDULE,
    ApprovalStatus,
    IncidentStatus,
    Part,
    Settlement,
    Severity,
    Vote,
)
from bot.persistence.chat_tables import OUTBOX
from bot.persistence.projections import changes_of, projected_kinds, surface
from bot.persistence.projections.surface import wanted
from tests.fakes.any_facts import every_kind, facts_of_kind, started
from tests.fakes.store import START

STREAM = incident_stream(IncidentId(42))
INCIDENT, RUN, STEP = IncidentId(42), RunId("42-1"), StepId("shift")
ASK = ApprovalId("42-1/shift/1")
STATUS, ANNOUNCE, CHANNEL = "incident/42/status", "incident/42/announce", "incident/42/channel"


def event(fact: Fact, stream: StreamId = STREAM) -> Event:
    """Give a fact a place in a log."""
    return Event(seq=9, at=START, stream=stream, actor=FIRELINE, fact=fact, prev=GENESIS, hash=Digest("h"))


def test_every_kind_has_its_place_in_the_table() -> None:
    """A new kind must say what it changes, be it nothing."""
    assert set(projected_kinds()) == set(every_kind())


def closed() -> facts.ApprovalClosed:
    """Make the end of a question."""
    return facts.ApprovalClosed(run=RUN, step=STEP, approval=ASK, status=ApprovalStatus.APPROVED)


@pytest.mark.parametrize(
    ("fact", "keys"),
    [
        (
            facts.IncidentOpened(incident=INCIDENT, title="t", severity=Severity.SEV1),
            [STATUS, CHANNEL, "incident/42/bookmarks", ANNOUNCE],
        ),
        (facts.IncidentAcknowledged(incident=INCIDENT, commander="U1"), [STATUS, ANNOUNCE, CHANNEL]),
        (facts.StatusChanged(incident=INCIDENT, status=IncidentStatus.IDENTIFIED), [STATUS, ANNOUNCE]),
        (facts.IncidentResolved(incident=INCIDENT), [STATUS, ANNOUNCE, CHANNEL]),
        (facts.NoteAdded(incident=INCIDENT, text="n"), [STATUS]),
        (facts.ChannelOpened(incident=INCIDENT, channel="C", name="inc"), [STATUS, ANNOUNCE]),
        (facts.ChannelRetired(incident=INCIDENT, channel="C"), [CHANNEL]),
        (facts.ChannelArchived(incident=INCIDENT, channel="C"), []),
        (facts.ChannelUnarchived(incident=INCIDENT, channel="C"), [STATUS]),
        (
            facts.ChannelLeft(incident=INCIDENT, channel="C", why="w", again=("approval/42-1/shift/1",)),
            [
                STATUS,
                ANNOUNCE,
                CHANNEL,
                "incident/42/bookmarks",
                "incident/42/shut_out",
                "approval/42-1/shift/1",
            ],
        ),
        (facts.InvitesRefused(incident=INCIDENT, channel="C", refused=()), [STATUS]),
        (facts.MessagePosted(incident=INCIDENT, key=STATUS, channel="C", ts="1"), []),
        (
            facts.PostmortemDrafted(incident=INCIDENT, sha256=Digest("s"), through=1, path="p"),
            ["postmortem/42", "postmortem_file/42"],
        ),
        (
            facts.ShutOut(incident=INCIDENT, channel="C", why="removed"),
            ["incident/42/shut_out", "incident/42/shut_out_lead"],
        ),
        (
            facts.LetIn(incident=INCIDENT, channel="C"),
            ["incident/42/shut_out", "incident/42/shut_out_lead"],
        ),
        (
            facts.UpdateGiven(incident=INCIDENT, message="m", status=IncidentStatus.IDENTIFIED),
            [STATUS, "incident/42/announce", "incident/42/update/9"],
        ),
        (facts.MessageLost(incident=INCIDENT, key=STATUS, channel="C", ts="1"), []),
        (facts.RunProposed(incident=INCIDENT, runbook="b", why="w"), [STATUS, "incident/42/proposed/b"]),
        (closed(), [STATUS, "approval/42-1/shift/1"]),
        (
            facts.ApprovalVoted(run=RUN, step=STEP, approval=ASK, vote=Vote.DENY, as_member_of="group:sre"),
            [STATUS, "approval/42-1/shift/1", CHANNEL],
        ),
        (facts.StepOutcomeUnknown(run=RUN, step=STEP, attempt=1, why="w"), [STATUS, "unknown/42-1/shift"]),
        (
            facts.StepSettled(run=RUN, step=STEP, settlement=Settlement.STOP, part=Part.UNDO),
            [STATUS, "unknown/42-1/shift"],
        ),
    ],
    ids=lambda value: value.KIND if isinstance(value, Fact) else "",
)
def test_what_chat_should_show_anew(fact: Fact, keys: Sequence[str]) -> None:
    """Each event wants the messages that tell of it, and no others."""
    assert list(wanted(event(fact))) == keys


def test_what_belongs_to_no_incident_is_not_shown() -> None:
    """Intake and the process itself have no messages."""
    assert wanted(event(facts.AlertsUnmatched(keys=()), INTAKE)) == ()


def replies(*told: Fact) -> list[tuple[str, bool]]:
    """Return the keys of replies that facts written together change, and whether they may begin them."""
    changes = changes_of([event(fact) for fact in told], "now")
    return [
        (each.key[0], each.create) for each in changes if each.table is OUTBOX and each.key[0][:4] == "run/"
    ]


def test_a_run_s_reply_follows_its_run() -> None:
    """It begins with the run, changes once for what is written together, and a scheduled run has none until people are called."""
    scheduled = replace(started(RUN), requested_by=SCHEDULE)
    succeeded = facts.StepSucceeded(run=RUN, step=STEP)
    assert replies(started(RUN), succeeded) == [("run/42-1", True)]
    assert replies(succeeded, succeeded) == [("run/42-1", False)]
    assert replies(scheduled) == [("run/42-1", False)]
    assert replies(facts.StepOutcomeUnknown(run=RUN, step=STEP, attempt=1, why="w")) == [("run/42-1", True)]


@pytest.mark.parametrize("kind", sorted(surface._PLAIN, key=lambda kind: kind.KIND))
@settings(max_examples=5)
@given(data=st.data())
def test_the_short_way_shows_what_the_long_one_does(kind: type[Fact], data: st.DataObject) -> None:
    """Facts that only tell that runs went on need no look at all that a fact may change."""
    fact: typing.Any = data.draw(facts_of_kind(kind, INCIDENT))
    told = [
        event(replace(fact, run=run))._replace(seq=seq)
        for seq, run in enumerate([RUN, RunId("42-2"), RUN], 1)
    ]
    assert list(surface.shown(told)) == list(surface._shown_in_general(told, INCIDENT))


def test_a_run_takes_back_only_a_proposal_that_was_made() -> None:
    """A run that starts by itself makes no message about a proposal."""
    (change,) = [
        each
        for each in changes_of([event(started(RUN))], "now")
        if each.table is OUTBOX and "proposed" in str(each.key)
    ]
    assert change.key == ("incident/42/proposed/checkout-errors",)
    assert not change.create
