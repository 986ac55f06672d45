"""How a pause changes a run's state: its clock stands still, and everything that it timed is later by as much when it goes on.

So it is while a run lies in the dead-letter list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.facts import Postponed, RunPaused, RunRequeued, RunResumed
from bot.domain.ids import ApprovalId
from bot.domain.nouns import Actor, RunStatus
from bot.engine.conductor.state import RunState, StepState


def paused(state: RunState, _fact: RunPaused, at: datetime, _actor: Actor) -> RunState:
    """Stop the run's clock."""
    return replace(state, paused=at)


def resumed(state: RunState, fact: RunResumed, _at: datetime, _actor: Actor) -> RunState:
    """Let the clock go on; the instants by which things happen move by the length of the pause."""
    return _go_on(state, timedelta(seconds=fact.paused_for), fact.postponed)


def requeued(state: RunState, fact: RunRequeued, _at: datetime, _actor: Actor) -> RunState:
    """Go on with a run that was given up, where it stood; its clock stood still since."""
    given_up = state.given_up
    assert given_up is not None  # noqa: S101 - decided of no other run
    back = replace(
        state,
        status=RunStatus.RUNNING,
        given_up=None,
        reason=given_up.reason,
        detail=given_up.detail,
        paused=given_up.since,
    )
    return _go_on(back, timedelta(seconds=fact.lay_for), fact.postponed)


def _go_on(state: RunState, length: timedelta, postponed: Sequence[Postponed]) -> RunState:
    expiries = {each.approval: each.expires_at for each in postponed}
    return replace(
        state,
        paused=None,
        deadline=state.deadline + length if state.deadline is not None else None,
        steps={
            name: _later(step, expiries, state.paused, length) if not step.status.final else step
            for name, step in state.steps.items()
        },
    )


def _later(
    step: StepState, expiries: Mapping[ApprovalId, datetime | None], since: datetime | None, length: timedelta
) -> StepState:
    """Move a step's own instants. A retry that is due stays due: its pause was for the target's sake, and the target had its rest."""
    if step.verifying_since is not None and since is not None:
        # One that began during the pause has all of its time before it.
        lost = since + length - max(since, step.verifying_since)
        step = replace(step, verifying_since=step.verifying_since + max(lost, timedelta()))
    if step.refused_since is not None:
        # Nobody lost patience while the run stood still.
        step = replace(step, refused_since=step.refused_since + length)
    approval = step.approval
    if approval is None or approval.asked.approval not in expiries:
        return step
    asked = replace(approval.asked, expires_at=expiries[approval.asked.approval])
    return replace(step, approval=replace(approval, asked=asked))
