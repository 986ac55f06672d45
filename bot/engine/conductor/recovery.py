"""A run is taken up by those who did not see how its calls ended: a process that is new, a person who puts it back, the run around it.

    the process is new                the run goes on where it stood
    given up, and put back            the same; its clock stood still meanwhile
    given up, and taken back          what was under way ends, as one that may have had its effect, and is undone with the rest
    a bug failed it, and put back     it came to its end, so it is tried again, as any failed run is

A call that was under way was interrupted, in each of these: whether it had its effect is found out, never guessed.
"""

from __future__ import annotations

from datetime import timedelta

from bot.actions.nested import is_nested
from bot.actions.outcome import Reason
from bot.domain.facts import CallInterrupted, RunRequeued, RunUndoRequested
from bot.domain.ids import instance_of
from bot.domain.nouns import Part, RunStatus, StepStatus
from bot.engine.conductor import again, calls, doubt, steps
from bot.engine.conductor.arrivals import Recovered, RequeueAsked, RetryAsked, UndoAsked
from bot.engine.conductor.control import postponed
from bot.engine.conductor.phases import watch_deadline
from bot.engine.conductor.turn import Turn
from bot.errors import Conflict
from bot.runbook.model import Step


def recovered(turn: Turn, _arrival: Recovered) -> None:
    """Go on after a crash."""
    _look_into_calls(turn)


def requeue(turn: Turn, arrival: RequeueAsked) -> None:
    """Put a run back that could not go on; Conflict says why it can't be."""
    state = turn.state
    if not state.over:
        msg = f"Run {state.run} is under way: there is nothing to put back."
        raise Conflict(msg, hint="Its message shows what it waits for.")
    if state.given_up is None:
        if state.status is not RunStatus.FAILED or state.reason != Reason.BUG:
            msg = f"Run {state.run} came to its end, and no bug is to blame: it {state.status.value}."
            raise Conflict(msg, hint=f"`retry {state.run}` tries one again that failed.")
        again.retry(turn, RetryAsked(by=arrival.by, why=arrival.why))
        return
    if state.parent is not None:
        msg = f"Run {state.run} runs inside run {state.parent}, which has gone on without it."
        raise Conflict(msg, hint=f"Put run {state.parent} back, or start its runbook anew.")
    length = max(turn.now - state.given_up.since, timedelta())
    fact = RunRequeued(
        run=state.run,
        lay_for=length.total_seconds(),
        why=arrival.why,
        postponed=postponed(turn, length),
    )
    turn.record(fact, arrival.by)
    # Its time may have been over before Fireline gave up on it.
    watch_deadline(turn)
    _look_into_calls(turn)


def undo_asked(turn: Turn, arrival: UndoAsked) -> None:
    """Take back what a run did that is over."""
    state = turn.state
    if state.over:
        turn.record(RunUndoRequested(run=state.run, why=arrival.why))
        if state.given_up is not None:
            _end_what_was_under_way(turn)


def _end_what_was_under_way(turn: Turn) -> None:
    """End the steps that were not over when Fireline gave up on the run; a run inside this one was asked to end, and is waited for."""
    # Items before their loops.
    for name in sorted(turn.state.steps, key=lambda name: instance_of(name) is None):
        step, call = steps.named(turn, name), turn.state.step(name).call
        if call is not None and call.part is Part.UNDO:
            calls.interrupted(turn, step, call)
        elif call is None or not is_nested(call.action):
            if call is not None:
                turn.record(
                    CallInterrupted(
                        run=call.run, step=name, part=call.part, attempt=call.attempt, again=False
                    )
                )
            _end(turn, step)


def _end(turn: Turn, step: Step) -> None:
    seen, why = turn.state.step(step.id), "Fireline had given up on the run, and it is taken back"
    if seen.status is StepStatus.WAITING_APPROVAL:
        steps.withdraw(turn, step, why)
    elif seen.status is StepStatus.PENDING:
        doubt.leave(turn, step, why)
    elif not seen.status.final:
        turn.cancel(step, why, applied=seen.applied)


def _look_into_calls(turn: Turn) -> None:
    for name, seen in turn.state.steps.items():
        # A run inside this one is no call that could be cut off: the log knows how it stands.
        if seen.call is not None and not is_nested(seen.call.action):
            calls.interrupted(turn, steps.named(turn, name), seen.call)
