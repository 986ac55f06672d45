"""A run is taken up by those who did not see how its calls ended: a process that is new, or a person who puts back what Fireline gave up on.

    the process is new                the run goes on where it stood
    given up, and put back            the same; its clock stood still meanwhile
    a bug failed it, and put back     it came to its end, so it is tried again, as any failed run is

A call that was under way was interrupted, in each of these: whether it had its effect is found out, never guessed.
"""

from __future__ import annotations

from datetime import timedelta

from bot.actions.nested import is_nested
from bot.actions.outcome import Reason
from bot.domain.facts import RunRequeued
from bot.domain.nouns import RunStatus
from bot.engine.conductor import again, calls, steps
from bot.engine.conductor.arrivals import Recovered, RequeueAsked, RetryAsked
from bot.engine.conductor.control import postponed
from bot.engine.conductor.phases import watch_deadline
from bot.engine.conductor.turn import Turn
from bot.errors import Conflict


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


def _look_into_calls(turn: Turn) -> None:
    for name, seen in turn.state.steps.items():
        # A run inside this one is no call that could be cut off: the log knows how it stands.
        if seen.call is not None and not is_nested(seen.call.action):
            calls.interrupted(turn, steps.named(turn, name), seen.call)
