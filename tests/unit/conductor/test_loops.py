"""Loops: one list, a step an item, the canary first, so many side by side; what a failing item stops, and what people are asked."""

from __future__ import annotations

from typing import Any

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalRequested,
    CallStarted,
    LoopBegan,
    LoopExpanded,
    RunFinished,
    StepFailed,
    StepSkipped,
    StepUndoFailed,
    StepUndone,
)
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, Settlement, StepStatus, Vote, person
from bot.engine.conductor.loops import MOST_WRITTEN
from bot.errors import Conflict, NotFound
from bot.runbook.loops import MOST_ITEMS
from bot.runbook.model import Autonomy, NoUndo, OnFailure
from tests.fakes.stage import NOT_YET, OK, Stage, approval, book, failed, loop, probe, step, undo, verify

S = StepStatus
HOSTS = ["web-1", "web-2", "web-3"]


def a_loop(
    items: object = HOSTS, action: str = "push", *, book_: dict[str, Any] | None = None, **rest: Any
) -> Stage:
    """Run one loop over hosts; its own keys and those of the loop side by side."""
    own = {key: rest.pop(key) for key in ("max_parallel", "canary", "max_items", "of") if key in rest}
    rest.setdefault("value", "{{ item }}")
    return Stage(book(step("restart", action, loop=loop(items, **own), **rest), **(book_ or {})))


def begun(stage: Stage) -> list[Any]:
    """Return what was sent for each item, in the order in which they were begun."""
    calls = [fact for fact in stage.facts(CallStarted) if fact.part is Part.MAIN]
    return [fact.inputs["value"] for fact in calls if fact.step.startswith("restart[")]


def test_one_after_the_other() -> None:
    """Without `max_parallel` an item is begun when the one before it is over, and the step succeeds with the last."""
    stage = a_loop()
    assert stage.facts(LoopExpanded)[0].items == tuple(HOSTS)
    for place in range(3):
        assert stage.running() == [(f"restart[{place}]", Part.MAIN)]
        stage.end(f"restart[{place}]")
    assert begun(stage) == HOSTS
    assert stage.step("restart").status is S.SUCCEEDED
    assert stage.ended is RunStatus.SUCCEEDED


def test_so_many_side_by_side() -> None:
    """`max_parallel` holds at every instant: the next is begun as one ends, whichever that is."""
    stage = a_loop(["a", "b", "c", "d", "e"], max_parallel=2)
    assert [name for name, _ in stage.running()] == ["restart[0]", "restart[1]"]
    stage.end("restart[1]")
    assert sorted(name for name, _ in stage.running()) == ["restart[0]", "restart[2]"]
    stage.end("restart[2]")
    stage.end("restart[0]")
    assert sorted(name for name, _ in stage.running()) == ["restart[3]", "restart[4]"]


def test_what_follows_waits_for_all_items() -> None:
    """A step that needs the loop starts when the last item is over, and sees what each put out."""
    seen = {"value": "{{ steps.restart.output.items | map(attribute='output.ok') | list }}"}
    after = step("after", needs=["restart"], **seen)
    stage = Stage(book(step("restart", "put", value="{{ item }}", loop=loop(HOSTS, max_parallel=3)), after))
    stage.end("restart[0]")
    stage.end("restart[2]", NOT_YET)
    assert stage.step("after").status is S.PENDING
    stage.end("restart[1]")
    assert stage.step("after").call.inputs["value"] == [True, True, False]


def test_what_a_loop_puts_out() -> None:
    """An entry an item, in the order of the list, with counts; what was never begun is skipped."""
    value = "{{ steps.restart.output }}"
    stage = Stage(
        book(
            step("restart", "push", value="{{ item }}", loop=loop(HOSTS), on_failure=OnFailure.STOP),
            always=[step("after", value=value)],
        )
    )
    stage.end("restart[0]")
    stage.end("restart[1]", failed(Reason.REJECTED, "no such host", output={"code": 7}))
    out = stage.step("after").call.inputs["value"]
    assert [each["status"] for each in out["items"]] == ["succeeded", "failed", "skipped"]
    assert [(each["item"], each["index"]) for each in out["items"]] == [
        ("web-1", 0),
        ("web-2", 1),
        ("web-3", 2),
    ]
    assert out["items"][1]["output"] == {"code": 7}
    assert (out["items"][1]["reason"], out["items"][1]["detail"]) == ("rejected", "no such host")
    del out["items"]
    assert out == {"total": 3, "succeeded": 1, "failed": 1, "skipped": 1, "cancelled": 0, "undone": 0}


def test_a_loop_that_is_not_over_says_so() -> None:
    """A step beside it sees its items as pending until they are begun."""
    beside = step("beside", value="{{ steps.restart.output.items | map(attribute='status') | list }}")
    stage = Stage(book(step("restart", value="{{ item }}", loop=loop(HOSTS)), beside))
    assert stage.step("beside").call.inputs["value"] in (["pending"] * 3, ["running", "pending", "pending"])


def test_items_of_any_form_and_twice() -> None:
    """An item may be a mapping, and stand in the list twice; each is called with a key of its own."""
    stage = a_loop([{"host": "a", "port": 1}, 5, 5], value="{{ [item, item_index] }}", max_parallel=3)
    assert begun(stage) == [[{"host": "a", "port": 1}, 0], [5, 1], [5, 2]]
    assert len({fact.key for fact in stage.facts(CallStarted)}) == 3


# ---- the list


def test_an_empty_list_is_skipped() -> None:
    """There is nothing to do, and what follows sees an output with no items."""
    after = step("after", needs=["restart"], value="{{ steps.restart.output.items | length }}")
    stage = Stage(book(step("restart", "push", value="{{ item }}", loop=loop([])), after))
    assert stage.facts(StepSkipped)[0].why == "there is nothing to go through: the list is empty"
    assert stage.step("after").call.inputs["value"] == 0


def test_an_if_that_names_the_item_chooses() -> None:
    """It is asked of each item, and what it leaves out is not in the list: no question, count or canary knows it."""
    stage = a_loop(when="item != 'web-2'", max_items=2, max_parallel=3)
    assert stage.facts(LoopExpanded)[0].items == ("web-1", "web-3")
    assert stage.facts(LoopExpanded)[0].left_out == 1
    assert begun(stage) == ["web-1", "web-3"]
    none = a_loop(when="item_index > 5")
    assert none.facts(StepSkipped)[0].why == "`if: item_index > 5` is false for all 3 items"


def test_an_if_that_names_no_item_is_asked_once() -> None:
    """It is the step's: false, and nothing of it is looked at."""
    stage = a_loop("{{ inputs.gone }}", when="false")
    assert stage.facts(StepSkipped)[0].why == "`if: false` is false"


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ("web-1", "`for_each` gave 'web-1', and should give a list"),
        ("{{ {'a': 1} }}", "`for_each` gave a mapping, and should give a list (write … | items)"),
        ("{{ none }}", "`for_each` gave nothing, and should give a list"),
        ("{{ true }}", "`for_each` gave true or false, and should give a list"),
        ("{{ inputs.gone }}", "inputs has no 'gone'"),
        ("{{ range(1001) }}", "the list has 1,001 items; a run goes through 1,000 at the most"),
    ],
)
def test_what_is_no_list_fails_the_step(items: object, says: str) -> None:
    """Nothing runs, and the step says why."""
    stage = a_loop(items)
    assert says in stage.step("restart").detail
    assert stage.step("restart").reason == Reason.INVALID
    assert not stage.facts(CallStarted)


def test_the_bound_is_the_run_s() -> None:
    """All loops of a run together go through so many items."""
    first = step("first", value="{{ item }}", loop=loop("{{ range(900) | list }}"))
    second = step("second", value="{{ item }}", loop=loop("{{ range(101) | list }}"))
    stage = Stage(book(first, second))
    assert (
        stage.step("second").detail
        == f"the list has 101 items after the 900 before it; a run goes through {MOST_ITEMS:,} at the most"
    )


def test_a_list_that_would_fill_the_log_is_refused() -> None:
    """What the items are, and what is shown of them, is bounded in bytes too."""
    long = "ü" * (MOST_WRITTEN // 20)
    stage = a_loop([long] * 11)
    assert "let it hold names" in stage.step("restart").detail
    shown = a_loop([long] * 6, value="{{ [item, item] }}", approval=approval())
    assert "nobody could look through" in shown.step("restart").detail


def test_an_item_whose_inputs_do_not_render_fails_alone() -> None:
    """It is that item's failure; with `continue` the others go."""
    stage = a_loop(
        [{"n": 1}, {}, {"n": 3}], value="{{ item.n }}", on_failure=OnFailure.CONTINUE, max_parallel=3
    )
    assert [stage.step(f"restart[{at}]").status for at in range(3)] == [S.RUNNING, S.FAILED, S.RUNNING]


# ---- the canary


def test_the_canary_goes_alone_and_the_rest_once_it_verifies() -> None:
    """However many may go side by side, nothing follows before the canary's verification has agreed."""
    stage = a_loop(["a", "b", "c", "d"], canary=2, max_parallel=4, verify=verify())
    assert begun(stage) == ["a", "b"]
    stage.end("restart[0]")
    stage.end("restart[0]")
    stage.end("restart[1]")
    assert stage.running() == [("restart[1]", Part.VERIFY)]
    stage.end("restart[1]", NOT_YET)
    stage.wait(1)
    stage.end("restart[1]")
    assert begun(stage) == ["a", "b", "c", "d"]


def test_a_canary_that_fails_keeps_the_rest_from_running() -> None:
    """Even where the run may go on without this step."""
    after = step("after", needs=["restart"])
    canary = step(
        "restart",
        "push",
        loop=loop(HOSTS, canary=1, max_parallel=3),
        on_failure=OnFailure.CONTINUE,
        verify=verify(within=0),
    )
    stage = Stage(book(canary, after))
    stage.end("restart[0]")
    stage.end("restart[0]", NOT_YET)
    assert stage.step("restart").status is S.FAILED
    assert "1 of 3 items failed, web-1: verify:" in stage.step("restart").detail
    assert stage.step("restart").detail.endswith("; 2 were not begun")
    assert stage.running() == [("after", Part.MAIN)]


def test_a_canary_longer_than_the_list_is_the_list() -> None:
    """It goes, and there is nothing to follow it."""
    stage = a_loop(["a"], canary=3)
    stage.end("restart[0]")
    assert stage.ended is RunStatus.SUCCEEDED


# ---- failures


def test_a_failing_item_stops_new_ones_from_starting() -> None:
    """What runs is let finish; nothing else of the run is begun; the step names what failed and counts what was never begun."""
    beside = step("beside", needs=["slow"])
    stage = Stage(
        book(
            step("restart", "push", value="{{ item }}", loop=loop(["a", "b", "c", "d"], max_parallel=2)),
            step("slow"),
            beside,
        )
    )
    stage.end("restart[0]", failed(Reason.REJECTED, "no such host"))
    assert stage.step("restart").status is S.RUNNING
    stage.end("slow")
    assert stage.step("beside").status is S.SKIPPED
    stage.end("restart[1]")
    assert stage.facts(StepFailed)[-1].detail == "1 of 4 items failed, a: no such host; 2 were not begun"
    assert stage.ended is RunStatus.FAILED
    assert begun(stage) == ["a", "b"]
    assert (
        stage.facts(RunFinished)[0].detail
        == "step restart: 1 of 4 items failed, a: no such host; 2 were not begun"
    )


def test_with_continue_the_others_go_on() -> None:
    """Every item is tried, and the step says at its end how many failed; the run goes on without it."""
    stage = a_loop(["a", "b", "c"], on_failure=OnFailure.CONTINUE)
    for place in range(3):
        stage.end(f"restart[{place}]", failed(Reason.REJECTED, "no") if place != 1 else OK)
    assert stage.step("restart").status is S.FAILED
    assert stage.step("restart").detail == "2 of 3 items failed, the first a: no"
    assert stage.ended is RunStatus.SUCCEEDED


def test_each_item_has_its_own_attempts() -> None:
    """One that is tried again keeps its place, and the key of its intent."""
    stage = a_loop(action="put", max_parallel=2)
    stage.end("restart[0]", failed(Reason.UNAVAILABLE))
    assert stage.step("restart[0]").status is S.WAITING_RETRY
    stage.end("restart[1]")
    assert [name for name, _ in stage.running()] == ["restart[2]"]
    stage.wait(1)
    again = stage.step("restart[0]").call
    assert again.attempt == 2
    assert again.key == stage.facts(CallStarted)[0].key


def test_a_waiting_item_is_given_up_when_another_failed() -> None:
    """A loop that stops does not wait for another try."""
    stage = a_loop(action="put", max_parallel=2)
    stage.end("restart[0]", failed(Reason.UNAVAILABLE, "away"))
    stage.end("restart[1]", failed(Reason.REJECTED, "no"))
    assert stage.step("restart[0]").status is S.FAILED
    assert stage.ended is RunStatus.FAILED


def test_a_step_beside_it_that_fails_ends_the_loop_too() -> None:
    """What runs is let finish, and the loop says how far it came."""
    stage = Stage(book(step("restart", "push", loop=loop(HOSTS)), step("other")))
    stage.end("other", failed())
    stage.end("restart[0]")
    assert stage.step("restart").status is S.CANCELLED
    assert stage.step("restart").detail == "the run stopped at a failed step; 1 of 3 items done"


# ---- undo


def test_undo_is_the_reverse_of_completion_over_items() -> None:
    """Each item that was done is taken back with its own values, the last one first; then the loop is undone."""
    stage = a_loop(
        max_parallel=2,
        undo=undo("{{ item }} as {{ steps.restart.output.ok }}"),
        on_failure=OnFailure.UNDO,
        book_={"rescue": [step("tell", value="{{ steps.restart.output.undone }}")]},
    )
    stage.end("restart[1]")
    stage.end("restart[0]")
    stage.end("restart[2]", failed(applied=False))
    back = []
    while stage.running()[0][1] is Part.UNDO:
        name, _ = stage.running()[0]
        back.append((name, stage.step(name).call.inputs["value"]))
        stage.end(name)
    assert back == [("restart[0]", "web-1 as true"), ("restart[1]", "web-2 as true")]
    assert [fact.step for fact in stage.facts(StepUndone)] == ["restart[0]", "restart[1]", "restart"]
    assert stage.step("restart").status is S.UNDONE
    assert stage.step("tell").call.inputs["value"] == 2


def test_what_came_before_a_loop_is_undone_after_it() -> None:
    """The loop is told once, when the last of its items was taken back, and then the step before it is."""
    loop_ = step(
        "restart", "push", needs=["first"], loop=loop(["a", "b"]), undo=undo(), on_failure=OnFailure.UNDO
    )
    stage = Stage(book(step("first", "put", undo=undo()), loop_))
    stage.end("first")
    stage.end("restart[0]")
    stage.end("restart[1]", failed(applied=False))
    stage.end("restart[0]")
    stage.end("first", failed(Reason.UNAVAILABLE))
    stage.wait(1)
    stage.end("first")
    assert [fact.step for fact in stage.facts(StepUndone)] == ["restart[0]", "restart", "first"]


def test_a_loop_of_which_something_stands_is_not_undone() -> None:
    """One item that can't be taken back is enough."""
    first = step("restart", "push", loop=loop(["a", "b"]), undo=undo())
    stage = Stage(book(first, step("last", needs=["restart"], on_failure=OnFailure.UNDO)))
    stage.end("restart[0]")
    stage.end("restart[1]")
    stage.end("last", failed())
    stage.end("restart[1]")
    stage.end("restart[0]", failed())
    assert stage.step("restart").status is S.SUCCEEDED
    assert stage.step("restart[1]").status is S.UNDONE


def test_what_a_loop_can_not_take_back_is_said_of_each_item() -> None:
    """`undo: none` is said item by item, because each of them stands."""
    first = step("restart", "push", loop=loop(["a", "b"]), undo=NoUndo(why="mail is out"))
    stage = Stage(book(first, step("last", needs=["restart"], on_failure=OnFailure.UNDO)))
    stage.end("restart[0]")
    stage.end("restart[1]")
    stage.end("last", failed())
    assert [fact.step for fact in stage.facts(StepUndoFailed)] == ["restart[1]", "restart[0]"]


# ---- crashes, cancels, unknown outcomes


def test_a_crash_changes_nothing_of_the_list() -> None:
    """What was interrupted is decided item by item; the list stays as it was written down."""
    stage = a_loop("{{ inputs.hosts }}", action="put", max_parallel=2)
    assert stage.step("restart").status is S.FAILED
    stage = Stage(
        book(step("restart", "put", value="{{ item }}", loop=loop("{{ inputs.hosts }}", max_parallel=2))),
        inputs={"hosts": HOSTS},
    )
    stage.end("restart[0]")
    stage.crash()
    assert sorted((fact.step, fact.attempt) for fact in stage.facts(CallStarted)[3:]) == [
        ("restart[1]", 2),
        ("restart[2]", 2),
    ]
    assert len(stage.facts(LoopExpanded)) == len(stage.facts(LoopBegan)) == 1


def test_an_item_whose_outcome_is_unknown_keeps_its_place() -> None:
    """A person says what became of that item; the others go on beside it, as many as may."""
    stage = a_loop(["a", "b", "c"], max_parallel=2)
    stage.crash()
    assert [stage.step(f"restart[{at}]").status for at in (0, 1)] == [S.UNKNOWN, S.UNKNOWN]
    assert not stage.running()
    stage.settle("restart[1]", Settlement.HAPPENED)
    assert stage.running() == [("restart[2]", Part.MAIN)]
    stage.settle("restart[0]", Settlement.DID_NOT)
    assert ("restart[0]", Part.MAIN) in stage.running()
    with pytest.raises(Conflict):
        stage.settle("restart[0]", Settlement.HAPPENED)
    with pytest.raises(NotFound):
        stage.settle("nothing[0]", Settlement.HAPPENED, attempt=1)
    with pytest.raises(Conflict):
        stage.settle("restart[77]", Settlement.HAPPENED, attempt=1)


def test_a_probe_settles_an_item_with_its_own_values() -> None:
    """`settle` sees the item too."""
    stage = a_loop(["a"], settle=probe("item == 'a' and output.ok"))
    stage.crash()
    stage.end("restart[0]")
    assert stage.ended is RunStatus.SUCCEEDED


def test_a_cancelled_loop_ends_at_once() -> None:
    """What runs is stopped, no other item is begun, and the loop says how far it came."""
    stage = a_loop()
    stage.end("restart[0]")
    stage.cancel("enough")
    stage.end("restart[1]", failed(Reason.CANCELLED, "stopped"))
    assert stage.step("restart").status is S.CANCELLED
    assert stage.step("restart").detail == "enough; 1 of 3 items done"
    assert stage.ended is RunStatus.CANCELLED


def test_a_loop_that_has_not_begun_is_skipped_when_the_run_ends() -> None:
    """Nothing of it was done."""
    stage = Stage(book(step("first"), step("restart", "push", needs=["first"], loop=loop(HOSTS))))
    stage.cancel()
    stage.end("first", failed(Reason.CANCELLED))
    assert stage.step("restart").status is S.SKIPPED


# ---- questions


def test_a_loop_is_approved_once_for_exactly_what_runs() -> None:
    """The question shows every call; what runs is what was shown, although it is begun much later."""
    loose = "{{ item }}{{ steps.other.status }}"
    first = step(
        "restart", "push", value=loose, loop=loop(HOSTS), approval=approval(), undo=undo("{{ item }}")
    )
    stage = Stage(book(first, step("other")))
    asked = stage.facts(ApprovalRequested)[0]
    assert asked.items == 3
    assert asked.step == "restart"
    assert asked.inputs["items"][1] == {"value": "web-2pending"}
    assert asked.target == "target of web-1pending, target of web-2pending, target of web-3pending"
    assert asked.undo == 'put {"value":"{{ item }}"}, for each item'
    assert not asked.over
    stage.vote("restart", Vote.APPROVE)
    # `other` runs by now, so that the calls would be others: it is asked anew.
    assert stage.facts(ApprovalClosed)[1].status is ApprovalStatus.VOID
    stage.vote("restart", Vote.APPROVE)
    stage.end("other")
    for place in range(3):
        stage.end(f"restart[{place}]")
    assert begun(stage) == [f"{each}running" for each in HOSTS]
    assert len(stage.facts(LoopExpanded)) == 1


def test_many_targets_are_counted() -> None:
    """The question's one line names a few; the list below it has them all."""
    stage = a_loop([1, 2, 2, 3, 4, 5], approval=approval())
    assert stage.facts(ApprovalRequested)[0].target == "target of 1, target of 2, target of 3 and 2 more"


def test_autonomy_asks_once_for_the_whole_list() -> None:
    """`approve` asks before a loop that changes something, and not before each item."""
    stage = a_loop(max_parallel=3, book_={"autonomy": Autonomy.APPROVE})
    stage.vote("restart", by=person("U0BEN"))
    assert begun(stage) == HOSTS
    looks = a_loop(book_={"autonomy": Autonomy.OBSERVE})
    assert looks.step("restart").status is S.SKIPPED
    assert not looks.facts(LoopExpanded)


def test_over_the_bound_nothing_runs_until_a_person_agrees() -> None:
    """`max_items` is exceeded: anybody but the requester may let exactly this list go."""
    stage = a_loop(max_items=2)
    asked = stage.facts(ApprovalRequested)[0]
    assert stage.facts(LoopExpanded)[0].over == asked.over == "3 items, where max_items: 2 allows 2"
    assert asked.sources == ("anyone",)
    assert not stage.facts(CallStarted)
    stage.vote("restart", groups=())
    assert begun(stage) == ["web-1"]


def test_over_the_bound_a_person_may_stop_it_and_silence_does_too() -> None:
    """It fails closed."""
    denied = a_loop(max_items=2)
    denied.vote("restart", Vote.DENY, why="too many")
    assert denied.ended is RunStatus.FAILED
    assert not denied.facts(CallStarted)
    silent = a_loop(max_items=2, approval=approval("group:sre", expires=60))
    assert silent.facts(ApprovalRequested)[0].sources == ("group:sre",)
    assert silent.facts(ApprovalRequested)[0].over
    silent.wait(61)
    assert silent.ended is RunStatus.FAILED
    assert not silent.facts(CallStarted)


@pytest.mark.parametrize(
    ("items", "share", "of", "over"),
    [
        (3, 10, 30, ""),
        (3, 10, 29, "3 items, where max_items: 10% allows 2"),
        (1, 10, 9, "1 item, where max_items: 10% allows 0"),
        (2, 50, "{{ [1, 2, 3, 4] }}", ""),
        (1, 1, "{{ 100.5 }}", ""),
        (3, 100, "{{ 3 }}", ""),
    ],
)
def test_a_share_is_of_a_number_or_of_a_list(items: int, share: int, of: object, over: str) -> None:
    """Rounded down: a tenth of nine hosts is none."""
    stage = a_loop(list(range(items)), max_items=share, of=of)
    assert stage.facts(LoopExpanded)[0].over == over


@pytest.mark.parametrize("of", ["{{ none }}", "{{ 'many' }}", "{{ -1 }}", "{{ true }}", "{{ inputs.gone }}"])
def test_a_share_of_what_is_no_number_fails_closed(of: str) -> None:
    """Nobody is asked, and nothing runs: the runbook is wrong."""
    stage = a_loop(max_items=10, of=of)
    assert stage.step("restart").reason == Reason.INVALID
    assert not stage.facts(CallStarted)


def test_a_question_is_taken_back_with_its_run() -> None:
    """A loop that waits for people ends with the run, and nothing of it was done."""
    stage = a_loop(approval=approval())
    stage.cancel()
    assert stage.step("restart").status is S.CANCELLED
    assert stage.ended is RunStatus.CANCELLED


def test_a_list_that_can_not_be_shown_is_not_asked_about() -> None:
    """One call that can't be rendered fails the step before anybody is asked to agree to the rest."""
    stage = a_loop([{"n": 1}, {}], value="{{ item.n }}", approval=approval())
    assert stage.step("restart").status is S.FAILED
    assert not stage.facts(ApprovalRequested)


# ---- looping in the other lists


def test_rescue_and_always_may_loop_too() -> None:
    """A loop is a step like any other; a failure in it fails the run."""
    stage = Stage(book(step("one"), always=[step("tell", "push", value="{{ item }}", loop=loop(["a", "b"]))]))
    stage.end("one")
    stage.end("tell[0]")
    stage.end("tell[1]", failed())
    assert stage.ended is RunStatus.FAILED
