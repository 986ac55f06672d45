"""Stories that together lead runs, steps, loops, items and approvals through every change of state that their tables have.

Each is told twice where it can be: of a step that makes a call (`a`), and of a loop with one item that does (`a[0]`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from bot.actions.outcome import Reason
from bot.domain.nouns import Settlement, Vote
from bot.engine.conductor import UndoAsked, evolve, replay
from bot.engine.conductor.transitions import Change, made
from bot.runbook.expressions import Expression
from bot.runbook.model import ApprovalRule, OnFailure, Retry, Step
from tests.fakes.gates import HELD, ToldGate
from tests.fakes.stage import NOT_YET, Stage, approval, book, failed, loop, probe, step, undo, verify

SURELY_NOT = failed(Reason.REJECTED, applied=False)
PERHAPS = failed(Reason.REJECTED, applied=True)
LOST = failed(Reason.TIMEOUT)
AWAY = timedelta(seconds=90)


class Teller:
    """Tells stories of one kind of step; `name` is what makes the call."""

    def __init__(self, *, looped: bool) -> None:
        self.looped = looped
        self.name = "a[0]" if looped else "a"
        self.gate = ToldGate()
        self._stages: list[Stage] = []

    def step(self, action: str = "push", *, items: object = "x", **rest: Any) -> Step:
        """Make the step that the story is about."""
        listed = loop(["x"] if items == "x" else items, max_parallel=3) if self.looped else None
        return step("a", action, loop=listed, **{"needs": [], **rest})

    def run(self, *steps: Step, shut: bool = False, away: bool = False, **rest: Any) -> Stage:
        """Begin a run; the gate may hold calls from the start, or know that targets are away."""
        self.gate.shut, self.gate.away = HELD if shut else None, AWAY if away else None
        stage = Stage(book(*steps, **rest), gate=self.gate)
        self._stages.append(stage)
        return stage

    def open(self) -> None:
        """Let every call go from now on."""
        self.gate.shut = self.gate.away = None

    def changes(self) -> set[Change]:
        """Return every change of state that was told so far."""
        return {change for stage in self._stages for change in changes_of(stage)}


def changes_of(stage: Stage) -> Iterator[Change]:
    """Return the changes of state that the facts of a stage made."""
    state = replay(stage.events[:1])
    assert state is not None
    for event in stage.events[1:]:
        after = evolve(state, event.fact, event.at, event.actor)
        yield from made(stage.plan, state, event.fact, after)
        state = after


def plain(tell: Teller) -> None:
    """It is called, and done; another fails."""
    stage = tell.run(tell.step(), step("b", "push", needs=["a"]))
    stage.end(tell.name)
    stage.end("b", SURELY_NOT)


def fails_and_is_tried_again(tell: Teller) -> None:
    """It failed without effect, and is done when the run is tried again."""
    stage = tell.run(tell.step())
    stage.end(tell.name, SURELY_NOT)
    stage.retry()
    stage.end(tell.name)


def can_not_begin(tell: Teller) -> None:
    """Its inputs come to nothing."""
    tell.run(tell.step(value="{{ inputs.gone }}"))


def no_list(tell: Teller) -> None:
    """What it goes through is no list; of a step without one, its condition comes to nothing."""
    more: dict[str, Any] = {"items": "{{ 3 }}"} if tell.looped else {"when": "inputs.gone"}
    tell.run(tell.step(**more))


def kept_out(tell: Teller) -> None:
    """It is skipped by its own rule."""
    tell.run(tell.step(when="false"))


def never_reached(tell: Teller) -> None:
    """It is skipped because the run stopped before it, and done when the run is tried again."""
    stage = tell.run(step("b", "push"), tell.step(needs=["b"]))
    stage.end("b", SURELY_NOT)
    stage.retry()
    stage.end("b")


def verified(tell: Teller) -> None:
    """Its verification agrees."""
    stage = tell.run(tell.step(verify=verify()))
    stage.end(tell.name)
    stage.end(tell.name)


def verified_again(tell: Teller) -> None:
    """Its verification failed, and is looked at anew when the run is tried again: at once, held, and refused."""
    stage = tell.run(tell.step(verify=verify()))
    stage.end(tell.name)
    for shut, away in ((False, False), (True, False), (False, True)):
        stage.end(tell.name, failed())
        tell.gate.shut, tell.gate.away = HELD if shut else None, AWAY if away else None
        stage.retry()
        tell.open()
        stage.wait(AWAY.total_seconds())


def the_look_waits(tell: Teller) -> None:
    """Its verification waits for room, and the run is cancelled."""
    stage = tell.run(tell.step(verify=verify()))
    tell.gate.shut = HELD
    stage.end(tell.name)
    stage.cancel()


def the_look_is_refused(tell: Teller) -> None:
    """What its verification looks at is away."""
    stage = tell.run(tell.step(verify=verify()))
    tell.gate.away = AWAY
    stage.end(tell.name)


def held(tell: Teller) -> None:
    """Its call waits for room, then its target is away, then it is made."""
    stage = tell.run(tell.step("put"), shut=True)
    tell.gate.shut, tell.gate.away = None, AWAY
    stage.wait(0)
    tell.gate.shut, tell.gate.away = HELD, None
    stage.wait(AWAY.total_seconds())
    tell.open()
    stage.wait(0)


def held_and_refused(tell: Teller) -> None:
    """Its call waits for room, its target is away, and it is not one that waits for that."""
    stage = tell.run(tell.step(), shut=True)
    tell.gate.shut, tell.gate.away = None, AWAY
    stage.wait(0)


def held_and_cancelled(tell: Teller) -> None:
    """Its call waits for room when the run is cancelled."""
    stage = tell.run(tell.step(), shut=True)
    stage.cancel()


def refused(tell: Teller) -> None:
    """Its target is away from the start, for longer than it waits."""
    stage = tell.run(tell.step("put"), away=True)
    stage.wait(AWAY.total_seconds())
    stage.wait(AWAY.total_seconds())


def tried_again(tell: Teller) -> None:
    """Its call fails in passing and is made again."""
    stage = tell.run(tell.step("put"))
    stage.end(tell.name, failed(Reason.UNAVAILABLE))
    stage.wait(30)


def not_yet(tell: Teller) -> None:
    """Its `until` is not true yet when the run is cancelled."""
    stage = tell.run(tell.step("put", retry=Retry(attempts=3, until=Expression.compile("output.ok"))))
    stage.end(tell.name, NOT_YET)
    stage.cancel()


def cut_off(tell: Teller, **gate: bool) -> Stage:
    """Its call is cut off, can be repeated, and must wait."""
    stage = tell.run(tell.step("put"))
    tell.gate.shut = HELD if gate.get("shut") else None
    tell.gate.away = AWAY if gate.get("away") else None
    stage.crash()
    return stage


def cut_off_and_held(tell: Teller) -> None:
    """There is no room for it."""
    cut_off(tell, shut=True)


def cut_off_and_refused(tell: Teller) -> None:
    """Its target is away."""
    cut_off(tell, away=True)


def unknown(tell: Teller) -> None:
    """Nobody knows what became of it, and a person says that it happened."""
    stage = tell.run(tell.step())
    stage.crash()
    stage.settle(tell.name, Settlement.HAPPENED)


def unknown_and_cancelled(tell: Teller) -> None:
    """Nobody knows what became of it, and the run is cancelled."""
    stage = tell.run(tell.step())
    stage.crash()
    stage.cancel()


def cancelled_and_undone(tell: Teller) -> None:
    """It is cancelled half-way, and what it may have done is undone."""
    stage = tell.run(tell.step("put", undo=undo()))
    stage.cancel(undo=True)
    stage.end(tell.name, failed(Reason.CANCELLED))
    stage.end(tell.name)


def undone(tell: Teller) -> None:
    """It succeeded, another failed, and it is undone."""
    stage = tell.run(tell.step("put", undo=undo()), step("b", needs=["a"], on_failure=OnFailure.UNDO))
    stage.end(tell.name)
    stage.end("b", failed())
    stage.end(tell.name)


def failed_and_undone(tell: Teller) -> None:
    """It failed after its effect, and is undone."""
    stage = tell.run(tell.step("put", undo=undo(), on_failure=OnFailure.UNDO))
    stage.end(tell.name, PERHAPS)
    stage.end(tell.name)


def out_of_time(tell: Teller) -> None:
    """It is cut off by the run's own time, and begun again when the run is tried again."""
    stage = tell.run(tell.step("put"), timeout=timedelta(seconds=30))
    stage.wait(30)
    stage.end(tell.name, failed(Reason.CANCELLED))
    stage.retry()


def asked_of_a_person(tell: Teller) -> None:
    """It may have had its effect before the run was tried again; a person says that it has not."""
    stage = tell.run(tell.step())
    stage.end(tell.name, PERHAPS)
    stage.retry()
    stage.settle(tell.name, Settlement.DID_NOT)


def asked_of_its_probe(tell: Teller) -> None:
    """The same, and its probe says so: at once, after it waited for room, and after its target was away."""
    stage = tell.run(tell.step(settle=probe()))
    for shut, away in ((False, False), (True, False), (False, True)):
        stage.end(tell.name, LOST)
        stage.end(tell.name, failed())
        stage.settle(tell.name, Settlement.STOP)
        tell.gate.shut, tell.gate.away = HELD if shut else None, AWAY if away else None
        stage.retry()
        tell.open()
        stage.wait(AWAY.total_seconds())
        stage.end(tell.name, NOT_YET)


def left_behind(tell: Teller) -> None:
    """It is to be done once more, one whose effect may stand, and the run stops before both; then they are."""
    other = step("b", "push", needs=[])
    stage = tell.run(other, tell.step("put", approval=approval(), items=["x", "y"]))
    stage.vote("a")
    stage.end(tell.name, PERHAPS)
    if tell.looped:
        stage.end("a[1]", SURELY_NOT)
    stage.end("b", SURELY_NOT)
    for _ in range(2):
        stage.retry()
        stage.end("b", SURELY_NOT)


def clean_up(tell: Teller) -> None:
    """It is clean-up, was done, and is done afresh at the run's new end."""
    stage = tell.run(step("b", "push"), always=[tell.step()])
    stage.end("b", SURELY_NOT)
    stage.end(tell.name)
    stage.retry()


def given_up(tell: Teller, action: str = "push", **rest: Any) -> Stage:
    """It is clean-up, and about to be under way when Fireline gives up on the run."""
    stage = tell.run(step("b", "push"), always=[tell.step(action, **rest)])
    stage.end("b", SURELY_NOT)
    return stage


def given_up_while_it_runs(tell: Teller) -> None:
    """Its call is under way."""
    stage = given_up(tell)
    stage.give_up()
    stage.retry()


def given_up_while_it_waits(tell: Teller) -> None:
    """It waits to be tried again."""
    stage = given_up(tell, "put")
    stage.end(tell.name, failed(Reason.UNAVAILABLE))
    stage.give_up()
    stage.retry()


def given_up_while_it_is_verified(tell: Teller) -> None:
    """Its verification is under way."""
    stage = given_up(tell, verify=verify())
    stage.end(tell.name)
    stage.give_up()
    stage.retry()


def given_up_in_doubt(tell: Teller) -> None:
    """A person is asked."""
    stage = given_up(tell)
    stage.crash()
    stage.give_up()
    stage.retry()


def given_up_before_its_call(tell: Teller) -> None:
    """Its call waits for room."""
    stage = tell.run(step("b", "push"), always=[tell.step()])
    tell.gate.shut = HELD
    stage.end("b", SURELY_NOT)
    stage.give_up()
    stage.retry()


# ---- approvals


def _asking(tell: Teller, rule: ApprovalRule) -> Stage:
    return tell.run(tell.step(approval=rule))


def escalated(tell: Teller, *then: Vote) -> Stage:
    """Nobody decided in time, and others are asked besides."""
    stage = _asking(tell, approval(expires=60, escalate_to=["group:leads"]))
    stage.wait(60)
    for vote in then:
        stage.vote("a", vote)
    return stage


def approved_late(tell: Teller) -> None:
    """They approve."""
    escalated(tell, Vote.APPROVE)


def denied_late(tell: Teller) -> None:
    """They deny."""
    escalated(tell, Vote.DENY)


def decided_by_nobody(tell: Teller) -> None:
    """They don't decide either."""
    stage = escalated(tell)
    stage.wait(60)


def moot_late(tell: Teller) -> None:
    """The run ends first."""
    stage = escalated(tell)
    stage.cancel()


def denied(tell: Teller) -> None:
    """One denies."""
    stage = _asking(tell, approval())
    stage.vote("a", Vote.DENY)


def expired(tell: Teller) -> None:
    """Nobody decides in time, and nobody else is asked."""
    stage = _asking(tell, approval(expires=60))
    stage.wait(60)


def moot(tell: Teller) -> None:
    """The run is cancelled while people are asked; of one that ran out of time, it is asked anew."""
    _asking(tell, approval()).cancel()
    stage = tell.run(tell.step(approval=approval()), timeout=timedelta(seconds=30))
    stage.wait(30)
    stage.retry()


def changed(tell: Teller) -> None:
    """What would run is no longer what was shown."""
    stage = tell.run(step("b", needs=[]), tell.step(value="{{ steps.b.status }}", approval=approval()))
    stage.end("b")
    stage.vote("a")


# ---- the run


def paused_everywhere(tell: Teller) -> None:
    """A person holds it in each of its phases."""
    stage = tell.run(
        tell.step("put", undo=undo()),
        step("b", needs=["a"], on_failure=OnFailure.UNDO),
        rescue=[step("r")],
        always=[step("z")],
    )
    for name in (tell.name, None, tell.name, "r", "z"):
        stage.pause()
        stage.resume()
        if name is None:
            stage.end("b", failed())
        else:
            stage.end(name)


def undone_for_the_run_around(tell: Teller) -> None:
    """It was over, and takes back what it did."""
    stage = tell.run(tell.step("put", undo=undo()))
    stage.end(tell.name)
    stage.arrive(UndoAsked())
    stage.end(tell.name)


def not_undone_for_the_run_around(tell: Teller) -> None:
    """It was over, and can't take back what it did."""
    stage = tell.run(tell.step("put"), step("b", "push", needs=["a"]))
    stage.end(tell.name)
    stage.end("b", SURELY_NOT)
    stage.arrive(UndoAsked())


def cancelled_and_taken_back(tell: Teller) -> None:
    """It was cancelled, and takes back what it did until then."""
    stage = tell.run(tell.step("put", undo=undo()), step("b", needs=["a"]))
    stage.end(tell.name)
    stage.cancel()
    stage.end("b")
    stage.arrive(UndoAsked())


def broken_in(tell: Teller) -> None:
    """Fireline gives up on it: in its steps, in its rescue, and while it is paused."""
    for paused in (False, True):
        stage = tell.run(tell.step())
        if paused:
            stage.pause()
        stage.give_up()
    stage = tell.run(tell.step(), rescue=[step("r")])
    stage.end(tell.name, SURELY_NOT)
    stage.give_up()


def put_back(tell: Teller) -> None:
    """Fireline gives up on it in each of its phases, and a person puts it back."""
    stage = tell.run(
        tell.step("put", undo=undo()),
        step("b", needs=["a"], on_failure=OnFailure.UNDO),
        rescue=[step("r")],
        always=[step("z")],
    )
    stage.give_up()
    stage.requeue()
    stage.end(tell.name)
    stage.end("b", failed())
    for name in (tell.name, "r", "z"):
        stage.give_up()
        stage.requeue()
        stage.end(name)


STORIES: tuple[Callable[[Teller], None], ...] = (
    plain, fails_and_is_tried_again, can_not_begin, no_list, kept_out, never_reached, verified, verified_again, the_look_waits,
    the_look_is_refused, held, held_and_refused, held_and_cancelled, refused, tried_again, not_yet, cut_off_and_held, cut_off_and_refused,
    unknown, unknown_and_cancelled, cancelled_and_undone, undone, failed_and_undone, out_of_time, asked_of_a_person, asked_of_its_probe,
    left_behind, clean_up, given_up_while_it_runs, given_up_while_it_waits, given_up_while_it_is_verified, given_up_in_doubt,
    given_up_before_its_call, approved_late, denied_late, decided_by_nobody, moot_late, denied, expired, moot, changed, paused_everywhere,
    undone_for_the_run_around, not_undone_for_the_run_around, cancelled_and_taken_back, broken_in, put_back,
)  # fmt: skip
