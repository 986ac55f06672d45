"""Pictures to draw messages from, with hostile text wherever text comes from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.chat.blocks.picture import Draft, Links, Picture, Proposal, RunPicture, StepLine, UnknownCall
from bot.domain.channel_records import ChannelRecord
from bot.domain.events import GENESIS, Event
from bot.domain.facts import NoteAdded, NotInvited
from bot.domain.grouping import how_far
from bot.domain.ids import (
    ApprovalId,
    Digest,
    EvidenceId,
    IncidentId,
    RunId,
    SilenceKey,
    StepId,
    incident_stream,
)
from bot.domain.nouns import (
    FIRELINE,
    ApprovalStatus,
    IncidentStatus,
    Phase,
    RunStatus,
    Severity,
    SilenceStatus,
    StepStatus,
    Vote,
    person,
)
from bot.domain.records import ApprovalRecord, EvidenceRecord, IncidentRecord, RunRecord, VoteRecord
from bot.domain.response_records import SilenceRecord

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DIGEST = Digest("d" * 64)
BITS = (
    "<!channel>",
    "<@U0BOSS>",
    "<https://evil.test|here>",
    "@everyone",
    "&amp;",
    "<",
    ">",
    "&",
    "`",
    "```",
    "*",
    "\n> ",
    "\u202e",
    "\u2066",
    "\u200b",
    "\x00",
    "\ud7ff",
    "é",
    "🔥",
    "checkout ",
    "x" * 200,
    '"',
    "\\",
    "|",
    "hunter2",
)
TEXT = st.lists(st.sampled_from(BITS), max_size=12).map("".join)
LONG = st.one_of(
    TEXT, st.sampled_from(["<&>" * 4000, "x" * 10_000, "<!channel>" * 1000, "é" * 9000, '"\\\n' * 3000])
)
IDS = st.sampled_from(["", "U0ADA", "U0BEN", "<!channel>", "ada@example.com"])
TIMES = st.integers(0, 200_000).map(lambda seconds: AT + timedelta(seconds=seconds))
MAYBE = st.none() | TIMES
REASONS = st.sampled_from(["user_is_restricted", "no_such_group", "not_in_channel"])
INPUTS = st.dictionaries(TEXT, LONG | st.integers() | st.lists(TEXT, max_size=4), max_size=5)


@st.composite
def incidents(draw: st.DrawFn) -> IncidentRecord:
    """Any incident."""
    resolved = draw(MAYBE)
    return IncidentRecord(
        id=IncidentId(draw(st.integers(1, 10**9))),
        title=draw(LONG),
        severity=draw(st.sampled_from(Severity)),
        status=IncidentStatus.RESOLVED
        if resolved
        else draw(st.sampled_from([IncidentStatus.INVESTIGATING, IncidentStatus.MONITORING])),
        group="",
        runbook=draw(TEXT),
        opened_by=draw(st.sampled_from([FIRELINE, person("U0ADA"), person("<!here>")])),
        opened_at=AT,
        acknowledged_at=None,
        resolved_at=resolved,
        commander=draw(IDS),
        channel=draw(st.sampled_from(["", "C0001"])),
        channel_name="",
        alerts=draw(st.integers(0, 500)),
        firing=draw(st.integers(0, 500)),
        resolution=draw(LONG),
        last_seq=1,
        roles=draw(st.dictionaries(TEXT, IDS, max_size=9)),
        last_update_at=draw(MAYBE),
        last_update=draw(LONG),
    )


@st.composite
def loops(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """What a loop has besides; nothing for most steps."""
    begun = draw(st.sampled_from([0, 0, 0, 1, 6]))
    if not begun:
        return {}
    items = [
        StepLine(
            id=StepId(f"s{number}[{each}]"),
            name=draw(TEXT),
            status=draw(st.sampled_from(StepStatus)),
            detail=draw(TEXT),
        )
        for each in range(begun)
    ]
    return {"items": items, "total": 50, "how_far": how_far(50, [each.status for each in items])}


@st.composite
def runs(draw: st.DrawFn, number: int) -> RunPicture:
    """Any run, with up to forty steps."""
    status = draw(st.sampled_from(RunStatus))
    record = RunRecord(
        id=RunId(f"1-{number}"),
        incident=IncidentId(1),
        runbook=draw(TEXT),
        digest=DIGEST,
        status=status,
        phase=Phase.STEPS,
        requested_by=None,
        inputs={},
        started_at=AT,
        finished_at=None if status is RunStatus.RUNNING else draw(TIMES),
        reason=draw(TEXT),
        detail=draw(LONG),
        paused_at=draw(MAYBE) if status is RunStatus.RUNNING else None,
        paused_by=draw(st.sampled_from([None, person("U0ADA"), person("<!channel>")])),
        paused_why=draw(LONG),
    )
    count = draw(st.sampled_from([0, 1, 5, 14, 15, 40]))
    steps = [
        StepLine(
            id=StepId(f"s{each}"),
            name=draw(TEXT),
            status=draw(st.sampled_from(StepStatus)),
            started_at=draw(MAYBE),
            finished_at=draw(MAYBE),
            detail=draw(TEXT),
            **draw(loops(each)),
        )
        for each in range(count)
    ]
    return RunPicture(run=record, title=draw(TEXT), steps=steps)


@st.composite
def approvals(draw: st.DrawFn, number: int = 1) -> ApprovalRecord:
    """Any approval."""
    votes = tuple(
        VoteRecord(
            by=person(f"U0V{each}"),
            vote=draw(st.sampled_from(Vote)),
            as_member_of="group:sre",
            at=AT,
            why=draw(LONG),
        )
        for each in range(draw(st.integers(0, 20)))
    )
    return ApprovalRecord(
        id=ApprovalId(f"1-1/s0/{number}"),
        incident=IncidentId(1),
        run=RunId("1-1"),
        step=StepId("s0"),
        status=draw(st.sampled_from(ApprovalStatus)),
        digest=DIGEST,
        action=draw(TEXT),
        effect=draw(st.sampled_from(["read", "mutate", "destroy", "odd"])),
        target=draw(LONG),
        inputs=draw(INPUTS | st.lists(INPUTS, min_size=1, max_size=6).map(lambda each: {"items": each})),
        undo=draw(LONG),
        sources=tuple(
            draw(st.lists(st.sampled_from(["group:sre", "user:U0ADA", "anyone"]), min_size=1, max_size=3))
        ),
        items=draw(st.sampled_from([0, 0, 2])),
        over=draw(LONG),
        quorum=draw(st.integers(1, 3)),
        requested_by=draw(st.sampled_from([None, person("U0ADA")])),
        requested_at=AT,
        expires_at=draw(MAYBE),
        closed_at=draw(MAYBE),
        why=draw(LONG),
        votes=votes,
    )


@st.composite
def pieces(draw: st.DrawFn, number: int) -> EvidenceRecord:
    """Any piece of evidence."""
    return EvidenceRecord(
        id=EvidenceId(f"1-1/s/{number}"),
        incident=IncidentId(1),
        run=RunId("1-1"),
        step=StepId("s"),
        name=draw(TEXT),
        evidence_class="logs",
        sha256=DIGEST,
        size=1,
        media_type="text/plain",
        source="",
        tool="",
        truncated=False,
        stored_at=AT,
    )


@st.composite
def places(draw: st.DrawFn) -> ChannelRecord | None:
    """Any state of a channel, with people who are not in it."""
    missing = [
        NotInvited(
            who=draw(st.sampled_from(["U0DANA", "group:sre", "group:<!here>"])), why=draw(TEXT | REASONS)
        )
        for _ in range(draw(st.sampled_from([0, 1, 9])))
    ]
    place = ChannelRecord(
        incident=IncidentId(1),
        before=draw(st.sampled_from(["", "C0OLD"])),
        left_why=draw(TEXT | REASONS),
        not_in=tuple(missing),
    )
    return draw(st.sampled_from([None, place]))


@st.composite
def silences(draw: st.DrawFn) -> SilenceRecord:
    """Any silence that stands."""
    return SilenceRecord(
        key=SilenceKey("fireline/1/a"),
        incident=IncidentId(1),
        status=SilenceStatus.STANDING,
        matchers=(),
        asked_at=AT,
        until=draw(TIMES),
        by=draw(st.sampled_from([person("U0ADA"), person("<!here>")])),
        why=draw(TEXT),
    )


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Any incident with all that belongs to it."""
    asked = [draw(approvals(each)) for each in range(draw(st.integers(0, 8)))]
    return Picture(
        incident=draw(incidents()),
        runs=[draw(runs(each + 1)) for each in range(draw(st.integers(0, 5)))],
        approvals=asked,
        evidence=[draw(pieces(each)) for each in range(draw(st.integers(0, 7)))],
        alerts=draw(st.lists(TEXT, max_size=40)),
        links=Links(
            incident=draw(st.sampled_from(["", "https://fireline.test/incidents/1", "javascript:alert(1)"])),
            messages={f"approval/{each.id}": "https://slack.test/archives/C1/p1|x>" for each in asked},
        ),
        update_due=draw(MAYBE),
        place=draw(places()),
        deciders={each.id: frozenset(draw(st.sets(IDS))) for each in asked if draw(st.booleans())},
        silences=draw(st.lists(silences(), max_size=2)),
        who_may={"group:sre": "<!subteam^S1>", "user:U0ADA": "<@U0ADA>", "anyone": "anyone"},
    )


@st.composite
def unknown_calls(draw: st.DrawFn) -> UnknownCall:
    """Any call whose outcome was unknown at some time."""
    return UnknownCall(
        incident=draw(incidents()),
        run="1-1",
        step=StepId("shift"),
        name=draw(LONG),
        action=draw(TEXT),
        inputs=draw(st.dictionaries(TEXT, LONG, max_size=4)),
        part=draw(st.sampled_from(["main", "undo"])),
        sent_at=draw(MAYBE),
        why=draw(LONG),
        asked_at=draw(MAYBE),
        settlement=draw(st.sampled_from(["", "happened", "did_not", "stop"])),
        attempt=draw(st.integers(1, 9)),
        key=draw(TEXT),
        settled_by="<@U0ADA>",
        settled_at=draw(MAYBE),
        moot=draw(st.sampled_from(["", "The run ended."])),
    )


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    """Any proposed runbook."""
    run = draw(runs(1))
    return Proposal(
        incident=draw(incidents()),
        runbook=draw(TEXT),
        title=draw(LONG),
        why=draw(LONG),
        run=draw(st.sampled_from([None, run.run])),
    )


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Any postmortem draft."""
    incident = draw(incidents())
    told = [
        (
            Event(
                seq=each + 1,
                at=AT,
                stream=incident_stream(incident.id),
                actor=FIRELINE,
                fact=NoteAdded(incident=incident.id, text="x"),
                prev=GENESIS,
                hash=DIGEST,
            ),
            draw(LONG),
        )
        for each in range(draw(st.integers(0, 20)))
    ]
    return Draft(
        incident=incident,
        path=draw(TEXT),
        sha256=DIGEST,
        drafted_at=AT,
        timeline=told,
        more=draw(st.integers(0, 5)),
        links=Links(postmortem="https://fireline.test/p"),
        approvals=2,
        evidence=3,
    )
