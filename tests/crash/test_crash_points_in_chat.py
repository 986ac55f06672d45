"""Fireline is killed around everything that it says to Slack and hears from it: nothing is lost, and nothing stands there twice.

Most of such a case is waiting, at Slack's pace; so cases share a test, side by side, each with a workspace of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.crashpoints import CrashPoint
from bot.domain.facts import (
    ApprovalVoted,
    CallStarted,
    ChannelOpened,
    IncidentOpened,
    RunFinished,
    StepOutcomeUnknown,
    StepSettled,
)
from bot.domain.nouns import RunStatus
from bot.evidence.verify import verify_log
from bot.postmortem.describe import describe
from tests.fakes.lives.nest import Nest
from tests.fakes.lives.scene import KILLED, PATIENCE
from tests.fakes.lives.workspace import BEN, Workspace, workspace

P = CrashPoint
SLOW = 4.0
"""Seconds that Slack takes to carry out a call in the case of a slow Slack."""


@dataclass(frozen=True, slots=True)
class Case:
    """Where to die; with `slow`, Slack takes its time over calls of that method, and the kill comes while it has the nth in hand."""

    point: CrashPoint
    nth: int = 1
    detail: str = ""
    slow: bool = False

    def __str__(self) -> str:
        return (
            f"{self.point}{'/' if self.detail else ''}{self.detail}@{self.nth}{' slow' if self.slow else ''}"
        )


CREATE, POST, EDIT, PIN = "conversations.create", "chat.postMessage", "chat.update", "pins.add"
GROUPS: Sequence[Sequence[Case]] = (
    (
        Case(P.OUTBOX_BEFORE_CALL, detail=CREATE),
        Case(P.OUTBOX_AFTER_CALL, detail=CREATE),
        Case(P.OUTBOX_BEFORE_CALL, detail=POST),
        Case(P.OUTBOX_AFTER_CALL, detail=POST),
        Case(P.OUTBOX_AFTER_CALL, 3, detail=POST),
        Case(P.OUTBOX_BEFORE_CALL, detail=POST, slow=True),
    ),
    (
        Case(P.OUTBOX_BEFORE_CALL, detail=EDIT),
        Case(P.OUTBOX_AFTER_CALL, detail=EDIT),
        Case(P.OUTBOX_AFTER_CALL, detail=PIN),
        Case(P.OUTBOX_RECORDED, 4),
        Case(P.INBOX_BEFORE_WRITE),
        Case(P.INBOX_WRITTEN),
        Case(P.INBOX_BEFORE_HANDLING),
        Case(P.INBOX_HANDLED),
        Case(P.CALL_AFTER_EFFECT, detail="main"),
    ),
)


def test_every_point_of_chat_has_its_case() -> None:
    """A crash point that no case kills at proves nothing."""
    points = {point for point in CrashPoint if point.startswith(("inbox.", "outbox."))}
    assert points <= {case.point for group in GROUPS for case in group}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", GROUPS, ids=["around the first posts", "around changes and clicks"])
async def test_killed_around_a_word_it_is_said_once(
    group: Sequence[Case], hatchery: Nest, tmp_path: Path
) -> None:
    """One channel, each message once, each click once, the effect once, and in the end chat shows what the log says."""
    results = await asyncio.gather(
        *(play(case, hatchery, tmp_path / str(number)) for number, case in enumerate(group)),
        return_exceptions=True,
    )
    failed = {str(case): result for case, result in zip(group, results, strict=True) if result is not None}
    assert not failed


async def play(case: Case, hatchery: Nest, folder: Path) -> None:
    """Live until the kill, then to the end; then check everything."""
    async with workspace(hatchery, folder) as place:
        try:
            await die(place, case)
            life = place.begin()
            await place.until(place.ended)
            life.kill()
            await life.ended(within=PATIENCE)
            check(place)
            if case.point is P.CALL_AFTER_EFFECT:
                check_question(place)
        except BaseException:
            print(f"{case}\n{place.scene.log()}")  # noqa: T201 - what the lives wrote, beside the failure
            raise


async def die(place: Workspace, case: Case) -> None:
    """Live up to the kill."""
    if case.slow:
        place.slack.faults.add("slow", target=case.detail, seconds=SLOW)
        life = place.begin()
        await place.until(lambda: not place.slack.faults.waiting())
        life.kill()
        assert await life.ended(within=PATIENCE) == KILLED
        return
    life = place.begin(die_at=[case.point, case.detail, case.nth])
    dying = asyncio.create_task(life.ended(within=PATIENCE))
    await place.until(dying.done)
    assert await dying == KILLED, f"{case} was never reached"


def check(place: Workspace) -> None:
    """Check the record, the service outside, and what people see."""
    with place.scene.record() as reader:
        events = reader.events()
        report = verify_log(reader.raw_events(limit=1_000_000))
    assert report.ok, report
    facts = [event.fact for event in events]
    for kind in (IncidentOpened, ChannelOpened, ApprovalVoted, RunFinished):
        assert len([fact for fact in facts if isinstance(fact, kind)]) == 1, kind
    assert [fact.status for fact in facts if isinstance(fact, RunFinished)] == [RunStatus.SUCCEEDED]
    assert place.scene.ledger.done == ["/do/1-1/shift"]
    assert len(place.channels()) == 1
    messages = place.messages()
    assert {"incident/1/status", "incident/1/announce", "approval/1-1/shift/1"} <= set(messages)
    assert not [key for key, count in messages.items() if count > 1]
    assert "Approved" in place.texts("approval/1-1/shift/1")


def check_question(place: Workspace) -> None:
    """The channel was asked what became of the call: what was sent, when, what is known, three answers; and it says who gave which."""
    asked = place.questions[0]
    with place.scene.record() as reader:
        events = reader.events()
    sent = next(event.fact for event in events if isinstance(event.fact, CallStarted))
    known = next(event.fact for event in events if isinstance(event.fact, StepOutcomeUnknown))
    for shown in (
        "Did it happen?",
        "http.request",
        str(sent.inputs["url"]),
        sent.key,
        "Fireline sent this at",
        known.why,
    ):
        assert shown in asked
    assert [word for word in ("settle_happened", "settle_did_not", "settle_stop") if word in asked] == [
        "settle_happened",
        "settle_did_not",
        "settle_stop",
    ]
    answered = place.texts("unknown/1-1/shift")
    assert "settle_" not in answered
    assert f"*It happened*, says <@{BEN}>" in answered
    settled = next(event for event in events if isinstance(event.fact, StepSettled))
    assert describe(settled, {BEN: "Ben Ruiz"}) == "Ben Ruiz settled step shift: it happened."
