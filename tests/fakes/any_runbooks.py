"""Runbooks and outcomes of calls, drawn at random: for tests that let anything happen to a run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.runbook.expressions import Expression
from bot.runbook.model import NoUndo, OnFailure, Retry, Runbook, Step
from tests.fakes.stage import approval, book, loop, probe, step, undo, verify

UNDOS = st.sampled_from(
    [None, undo(), undo(action="push"), undo("{{ steps.s0.output.ok }}"), NoUndo(why="no")]
)
LEADS = "group:sre-leads"
ASKING = [
    approval(expires=20),
    approval(quorum=2, expires=30),
    approval(expires=20, escalate_to=[LEADS]),
    approval(quorum=2, expires=20, escalate_to=[LEADS]),
]
APPROVALS = st.sampled_from([None, None, None, None, None, approval(), *ASKING])
LOOPS = st.builds(
    loop,
    st.sampled_from([["a", "b", "b"], ["a"], [], "{{ [1, 2, 3, 4] }}", "{{ inputs.gone }}"]),
    max_parallel=st.integers(1, 3),
    canary=st.integers(0, 2),
    max_items=st.sampled_from([None, None, 2, 50]),
    of=st.sampled_from([None, None, "{{ 4 }}"]),
)
"""Loops: short ones, some with a canary, some longer than their bound, some that are no list."""
UNTIL = Retry(attempts=3, until=Expression.compile("output.ok"))
FINE, NOT_YET = Succeeded(output={"ok": True}), Succeeded(output={"ok": False})
PASSING = [
    Failed(reason=Reason.UNAVAILABLE, detail="away"),
    Failed(reason=Reason.THROTTLED, detail="slowly", retry_after=3.0),
]
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.sampled_from([FINE, NOT_YET, *PASSING]),
    st.just(FINE),
    st.builds(
        Failed,
        reason=st.sampled_from(list(Reason)),
        detail=st.just("no"),
        applied=st.sampled_from([None, None, True, False]),
        retry_after=st.sampled_from([None, 3.0]),
    ),
)


@st.composite
def steps(draw: st.DrawFn, prefix: str, most: int) -> list[Step]:
    """Draw a list of steps; each may need any of those before it."""
    made: list[Step] = []
    for number in range(draw(st.integers(0 if prefix != "s" else 1, most))):
        name = f"{prefix}{number}"
        needs = draw(st.sets(st.sampled_from([each.id for each in made]))) if made else set()
        more: dict[str, Any] = {}
        action = draw(st.sampled_from(["look", "push", "push", "put"]))
        if action != "look" and draw(st.booleans()):
            more["undo"] = draw(UNDOS)
        if draw(st.booleans()):
            more["verify"] = verify(within=draw(st.sampled_from([0, 5])))
        if action == "push" and draw(st.booleans()):
            more["settle"] = probe()
        more["approval"] = draw(APPROVALS)
        more["on_failure"] = draw(
            st.sampled_from(list(OnFailure) if prefix == "s" else [OnFailure.STOP, OnFailure.CONTINUE])
        )
        odd = draw(st.integers(0, 9)) == 9
        when = draw(st.sampled_from(["not inputs.yes", "inputs.gone"])) if odd else None
        value = draw(
            st.sampled_from([1, "{{ steps.s0.status }}", "{{ steps.s1.status if steps.s1 is defined }}"])
        )
        if draw(st.integers(0, 3)) == 3:
            more["loop"], value = draw(LOOPS), "{{ item }}"
        if draw(st.integers(0, 7)) == 7:
            more["retry"] = UNTIL
        made.append(step(name, action, needs=sorted(needs), when=when, value=value, **more))
    return made


@st.composite
def runbooks(draw: st.DrawFn) -> Runbook:
    """Draw a runbook."""
    return book(
        *draw(steps("s", 4)),
        rescue=draw(steps("r", 2)),
        always=draw(steps("z", 2)),
        timeout=draw(st.sampled_from([None, timedelta(seconds=25)])),
    )


@st.composite
def rich_runbooks(draw: st.DrawFn) -> Runbook:
    """Draw little: a runbook in which everything that a step can have is there, so that runs go far."""
    back = OnFailure.UNDO
    return book(
        step("s0", "put", undo=undo("{{ steps.s0.output.ok }}")),
        step("s1", "push", value="{{ steps.s0.status }}", undo=undo(action="push")),
        step(
            "s2",
            "put",
            needs=["s0"],
            value="{{ steps.s1.status }}",
            undo=undo(),
            approval=draw(st.sampled_from(ASKING)),
            on_failure=back,
        ),
        step(
            "s3",
            "push",
            needs=["s0", "s1"],
            undo=NoUndo(why="no"),
            settle=probe(),
            verify=verify(within=5),
            on_failure=back,
        ),
        rescue=[step("r0", "push")],
        always=[step("z0", "put", verify=verify())],
        timeout=draw(st.sampled_from([None, timedelta(seconds=25)])),
    )


@st.composite
def looping_runbooks(draw: st.DrawFn) -> Runbook:
    """Draw little: loops with all that a loop can have, one before the other, so that runs go far into them."""
    back = draw(st.sampled_from([OnFailure.UNDO, OnFailure.STOP, OnFailure.CONTINUE]))
    return book(
        step("s0", "put", undo=undo()),
        step(
            "s1",
            "push",
            value="{{ item }}",
            loop=loop(["a", "b", "c", "d"], max_parallel=draw(st.integers(1, 3)), canary=1, max_items=3),
            verify=verify(within=5),
            undo=undo("{{ item }} {{ steps.s1.output.ok }}"),
            on_failure=back,
        ),
        step(
            "s2",
            "put",
            needs=["s1"],
            value="{{ item }}",
            loop=loop("{{ steps.s1.output.items | map(attribute='item') | list }}", max_parallel=2),
            retry=UNTIL,
            undo=undo(),
            on_failure=OnFailure.UNDO,
        ),
        always=[step("z0", value="{{ item }}", loop=loop(["x", "y"]))],
        timeout=draw(st.sampled_from([None, timedelta(seconds=60)])),
    )
