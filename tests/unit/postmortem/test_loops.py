"""A loop in the timeline and the draft: one line for what its items did, a line for each that went wrong, every event behind them."""

from __future__ import annotations

from dataclasses import replace

from bot.actions.outcome import Reason
from bot.domain import facts
from bot.domain.facts import Fact
from bot.domain.ids import StepId, instance_id
from bot.domain.nouns import FIRELINE
from bot.postmortem.assemble import assemble
from bot.postmortem.draft import Draft
from bot.postmortem.story import read
from bot.postmortem.timeline import timeline
from bot.runbook.expressions import Expression
from bot.runbook.model import OnFailure, Retry
from tests.fakes import looped, tales
from tests.fakes.stage import NOT_YET, OK, Stage, book, failed, loop, step, undo, verify
from tests.fakes.timeline import Timeline


def lines(tale: Timeline) -> list[str]:
    """Return what the timeline says."""
    return [each.text for each in timeline(read(tale.events), {})]


def drafted(tale: Timeline) -> Draft:
    """Draft the postmortem."""
    return assemble(tale.events, {}, str)


def test_fifty_hosts_are_one_line() -> None:
    """What was done in one line; each that failed by its name; the end as any step's."""
    tale = looped.tale(looped.done())
    told = lines(tale)
    assert len(told) < 14
    assert sum("went through its items: 48 of 50 done" in each for each in told) == 1
    assert "Step restart[6] (web-7) failed: rejected, no such host." in told
    assert any(
        each.startswith("Step restart failed: rejected, 2 of 50 items failed, the first web-7")
        for each in told
    )


def test_every_event_is_behind_a_line() -> None:
    """Nothing is left out by being folded."""
    tale = looped.tale(looped.done())
    behind = {ref.seq for line in timeline(read(tale.events), {}) for ref in line.refs}
    quiet = (facts.CallFailed, facts.CallStarted, facts.CallSucceeded)
    items = [event for event in tale.events if "[" in str(getattr(event.fact, "step", ""))]
    assert {event.seq for event in items if not isinstance(event.fact, facts.CallFailed)} <= behind
    assert all(event.seq in behind for event in tale.events if not isinstance(event.fact, quiet))


def test_the_undo_of_many_is_one_line() -> None:
    """How many were taken back, and that the loop was."""
    told = lines(looped.tale(looped.taken_back()))
    assert (
        sum(
            "The undo of step restart went through its items, the last done first: 10 items taken back."
            in each
            for each in told
        )
        == 1
    )
    assert "The effect of step restart was taken back." in told
    summary = " ".join(each.text for each in drafted(looped.tale(looped.taken_back())).summary)
    assert "What step restart (10 items) had done was taken back." in summary


def test_a_loop_contains_the_damage_when_all_its_items_are_verified() -> None:
    """It is the loop that is named, never its last item."""
    restart = step("restart", "push", value="{{ item }}", loop=loop(["a", "b"]), verify=verify())
    stage = Stage(book(restart))
    for name in ("restart[0]", "restart[0]", "restart[1]", "restart[1]"):
        stage.end(name)
    draft = drafted(looped.tale(stage))
    assert "Step restart (push) contained it: verified at" in " ".join(each.text for each in draft.summary)
    assert "each of its 2 items" in " ".join(each.text for each in draft.summary)
    assert not any(
        "contained" in each.text.lower() and "unknown" in each.text.lower() for each in draft.questions
    )


def test_what_is_to_be_done_is_said_once_of_a_loop() -> None:
    """Retries and probes of many items are one thing to do; what an item left behind is one each."""
    stage = Stage(
        book(
            step(
                "restart", "put", value="{{ item }}", loop=loop(["a", "b", "c"], max_parallel=3), undo=undo()
            ),
            step("last", "push", needs=["restart"], on_failure=OnFailure.UNDO),
        )
    )
    for at in range(3):
        stage.end(f"restart[{at}]", failed(Reason.UNAVAILABLE))
    stage.wait(1)
    for at in range(3):
        stage.end(f"restart[{at}]")
    stage.end("last", failed())
    while stage.ended is None:
        stage.end(stage.running()[0][0], failed())
    told = [each.text for each in drafted(looped.tale(stage)).actions]
    assert "Step restart needed further attempts for 3 items (unavailable): find out why." in told
    assert sum(each.startswith("Check what step restart[") for each in told) == 3
    assert sum("3 calls tried again" in each for each in lines(looped.tale(stage))) == 1
    doubtful = looped.half_way()
    questions = drafted(looped.tale(doubtful))
    assert sum("a probe (`settle`)" in each.text for each in questions.actions) == 1
    assert sum("What became of step restart[" in each.text for each in questions.questions) == 5


def test_the_table_of_approvals_says_for_how_many() -> None:
    """And that the list was longer than foreseen."""
    (row,) = drafted(looped.tale(looped.done())).approvals
    assert row.effect == "mutate, for 50 items; 50 items, where max_items: 40 allows 40"


def test_a_loop_that_was_cut_short_says_so() -> None:
    """What was ended early is counted, and so is the evidence that was kept on the way."""
    stage = looped.go_on(looped.restarting(), 9)
    stage.cancel()
    while stage.running() and stage.ended is None:
        stage.end(stage.running()[0][0], failed(Reason.CANCELLED))
    tale = looped.tale(stage)
    kept = next(each.fact for each in tales.contained().events if isinstance(each.fact, facts.EvidenceStored))
    tale.add(replace(kept, run=stage.state.run, step=instance_id(StepId("restart"), 0)))
    (told,) = [each for each in lines(tale) if "went through its items" in each]
    assert "4 of 50 done, 5 ended early, 1 piece of evidence kept" in told


def test_an_item_without_its_list_is_told_all_the_same() -> None:
    """A log that begins in the middle: the item is named by its id."""
    tale = looped.tale(looped.half_way())
    cut = Timeline(1, first=1)
    kept: list[Fact] = [each.fact for each in tale.events if not isinstance(each.fact, facts.LoopExpanded)]
    cut.add(*kept, by=FIRELINE)
    assert "Step restart[6] failed: rejected, no such host." in lines(cut)


def test_a_call_that_is_made_again_until_is_told_once() -> None:
    """Ten looks at something that is not so yet are no ten lines."""
    until = Retry(until=Expression.compile("output.ok"))
    stage = Stage(book(step("ready", retry=until, verify=verify())))
    stage.end("ready", NOT_YET)
    stage.wait(10)
    stage.end("ready", OK)
    told = lines(looped.tale(stage))
    assert sum("did its work" in each for each in told) == 1
