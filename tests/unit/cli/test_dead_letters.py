"""`fireline dead-letters` and `fireline runs`: what can't go on, what is under way, and what nobody knows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.domain import facts
from bot.domain.ids import ApprovalId, Digest, RunId, StepId
from bot.domain.nouns import Part, Severity, person
from tests.fakes.store import open_test_store
from tests.fakes.timeline import Timeline
from tests.unit.cli.conftest import COMMON, HOSTILE, RUN, Home, Ran, make_home

Fireline = Callable[..., Ran]


def test_what_waits_is_listed_with_why(fireline: Fireline, stuck: Home) -> None:
    """What was closed only where it is asked for; control characters are shown, not obeyed."""
    ran = fireline("dead-letters", "list", "-c", stuck.config)
    assert ran.status == 0
    assert "run 42-1 of checkout-errors" in ran.out
    assert "refused: " in ran.out
    assert "#42" in ran.out
    assert "schedule" not in ran.out
    assert "\x1b" not in ran.out
    everything = fireline("dead-letters", "list", "--all", "-c", stuck.config).out
    assert "discarded" in everything
    data = json.loads(fireline("dead-letters", "list", "--json", "-c", stuck.config).out)
    assert [(each["id"], each["what"], each["tries"], each["reason"]) for each in data] == [
        (1, "run", 2, "bug"),
        (2, "message", 1, "refused"),
    ]


def test_one_is_shown_with_what_can_be_done(fireline: Fireline, stuck: Home) -> None:
    """And what was done, once it was."""
    ran = fireline("dead-letters", "show", "1", "-c", stuck.config)
    assert "tried    2 times" in ran.out
    assert "fireline dead-letters requeue 1" in ran.out
    assert "it goes on from where it stood" in ran.out
    closed = fireline("dead-letters", "show", "3", "-c", stuck.config).out
    assert "by U0ADA: not tonight" in closed
    assert "requeue" not in closed
    data = json.loads(fireline("dead-letters", "show", "2", "--json", "-c", stuck.config).out)
    assert data["can"]["discard"] == "chat never shows it"
    missing = fireline("dead-letters", "show", "9", "-c", stuck.config)
    assert (missing.status, "no dead letter 9" in missing.err) == (1, True)


def test_nothing_is_said_plainly(fireline: Fireline, tmp_path: Path) -> None:
    """An empty list is good news."""
    empty = make_home(tmp_path / "home")
    assert "No dead letters" in fireline("dead-letters", "list", "-c", empty.config).out
    assert "Nothing has landed" in fireline("dead-letters", "list", "--all", "-c", empty.config).out
    assert fireline("runs", "-c", empty.config).out == "Nothing runs.\n"
    assert "known" in fireline("runs", "--unknown", "-c", empty.config).out


def test_while_nothing_runs_the_fact_is_written_here(fireline: Fireline, stuck: Home) -> None:
    """Under the name of who asked; once, and not without a reason where one is needed."""
    ran = fireline("dead-letters", "requeue", "1", "--why", "mended", "-c", stuck.config)
    assert ran.status == 0
    assert "the next start of Fireline takes it up" in ran.out
    again = fireline("dead-letters", "requeue", "1", "-c", stuck.config)
    assert (again.status, "was put back by" in again.err) == (1, True)
    assert fireline("dead-letters", "discard", "2", "-c", stuck.config).status != 0
    assert (
        "chat never shows it"
        in fireline("dead-letters", "discard", "2", "--why", "old", "-c", stuck.config).out
    )

    async def read() -> list[Any]:
        store = await open_test_store(stuck.folder / "data")
        try:
            return [(each.kind, each.fact) for each in store.records.events()][-2:]
        finally:
            await store.close()

    (first, put_back), (second, discarded) = asyncio.run(read())
    assert (first, put_back.why, put_back.run) == ("dead_letter.requeued", "mended", RUN)
    assert (second, discarded.why) == ("dead_letter.discarded", "old")


def test_runs_say_what_they_are_at(fireline: Fireline, tmp_path: Path) -> None:
    """Under way, paused, in line; and what of them a person must settle, with what was sent."""
    tale = Timeline(42)
    tale.add(facts.IncidentOpened(incident=tale.incident, title="Down", severity=Severity.SEV2))
    tale.add(facts.RunStarted(run=RUN, runbook="checkout-errors", requested_by=person("U0ADA"), **COMMON))
    call = facts.CallStarted(
        run=RUN, step=StepId("shift"), part=Part.MAIN, attempt=1, action="http.request",
        inputs={"url": HOSTILE}, key="key-of-shift", timeout=30.0,
    )  # fmt: skip
    tale.add(call)
    tale.add(facts.StepOutcomeUnknown(run=RUN, step=StepId("shift"), attempt=1, why="cut off"))
    second = RunId("42-2")
    tale.add(facts.RunStarted(run=second, runbook="other", parent=RUN, **COMMON), facts.RunPaused(run=second))
    ask = facts.ApprovalRequested(
        run=second, step=StepId("ask"), approval=ApprovalId("42-2/ask/1"), digest=Digest("d"), action="a",
        effect="mutate", target="", inputs={}, sources=(), quorum=1,
    )  # fmt: skip
    tale.add(ask)
    queued = facts.RunQueued(
        run=RunId("42-3"), runbook="later", group="g", severity=Severity.SEV2, behind=RUN, place=1, **COMMON
    )
    tale.add(queued)
    home = make_home(tmp_path / "home", *tale.events)
    text = fireline("runs", "-c", home.config).out
    assert "running (steps)" in text
    assert "shift unknown: a person must say what happened" in text
    assert "paused, inside 42-1" in text
    assert "ask waits for approval" in text
    assert "waits for run 42-1, 1st in the queue of g" in text
    assert "fireline runs --unknown" in text
    data = json.loads(fireline("runs", "--json", "-c", home.config).out)
    assert [each["id"] for each in data] == ["42-1", "42-2", "42-3"]
    ran = fireline("runs", "--unknown", "-c", home.config)
    assert not ran.err
    unknown = ran.out
    assert "Run 42-1 in incident #42: step shift, attempt 1" in unknown
    assert "http.request" in unknown
    assert "key-of-shift" in unknown
    assert "cut off" in unknown
    assert "it happened · it did not, run it · stop here" in unknown
    (one,) = json.loads(fireline("runs", "--unknown", "--json", "-c", home.config).out)
    assert one["answers"] == ["happened", "did_not", "stop"]
    assert (one["incident"], one["key"], one["inputs"]) == (42, "key-of-shift", {"url": HOSTILE})
