"""What may stand from before a retry: it is looked into, before anything of the step is done again."""

from __future__ import annotations

from bot.domain.nouns import Part
from bot.engine.conductor import intents
from bot.engine.conductor.turn import Turn
from bot.runbook.model import Step


def look_into(turn: Turn, step: Step) -> bool:
    """Find out how a step stands whose effect may stand from before; False when nothing is in doubt, or a repeat does no harm."""
    seen = turn.state.step(step.id)
    if not seen.applied:
        return False
    if seen.part is Part.VERIFY:
        intents.start(turn, step, Part.VERIFY)
    elif turn.plan.repeatable(step):
        return False
    elif step.settle is not None:
        intents.start(turn, step, Part.SETTLE)
    else:
        intents.unknown(turn, step, "an earlier call may have had its effect, and it can't be repeated")
    return True


def begin(turn: Turn, step: Step) -> None:
    """Begin an item of a loop: with its call, or with a look at how it stands."""
    if not look_into(turn, step):
        intents.start(turn, step, Part.MAIN)


def leave(turn: Turn, step: Step, why: str) -> None:
    """Give up a step that was to be done: it is skipped, unless an effect of it may stand from before, which must not be forgotten."""
    if turn.state.step(step.id).applied:
        turn.cancel(step, why, applied=True)
    else:
        turn.skip(step, why, stopped=True)
