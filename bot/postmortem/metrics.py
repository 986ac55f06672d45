"""Numbers that the run saw: what a step's queries answered, and for a verification the first look beside the last.

Only numbers that stand in an output under a name that says what they are; nothing is computed from raw series here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain import facts
from bot.domain.nouns import Part
from bot.postmortem.draft import Metric, ref
from bot.postmortem.story import StepStory, Story, Told
from bot.postmortem.wording import plain

_NUMBERS = ("value", "first", "last", "min", "max", "avg", "mean", "sum", "count")
"""Output fields that hold a measured number, in the order in which they are shown."""

_QUESTIONS = ("query", "url", "metric")
"""Inputs that say what was measured."""

_Look = tuple[Told[facts.CallSucceeded], tuple[tuple[str, float], ...]]


def metrics(story: Story) -> tuple[Metric, ...]:
    """Collect the numbers of every step, in the order of the steps."""
    return tuple(metric for step in story.steps for metric in _of_step(step))


def _of_step(step: StepStory) -> Iterator[Metric]:
    for part in (Part.MAIN, Part.VERIFY):
        looks: list[_Look] = [
            (answer, numbers) for answer in step.answers(part) if (numbers := numbers_in(answer.fact.output))
        ]
        if looks:
            (first, first_numbers), (last, last_numbers) = looks[0], looks[-1]
            yield Metric(
                step=step.step,
                what=_question(step, part),
                looks=len(looks),
                first_at=first.at,
                first=first_numbers,
                first_ref=ref(first.event),
                last_at=last.at,
                last=last_numbers,
                last_ref=ref(last.event),
            )


def numbers_in(output: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return the measured numbers of an output, by name; a truth value is no number."""
    found = ((name, output.get(name)) for name in _NUMBERS)
    return tuple(
        (name, value)
        for name, value in found
        if isinstance(value, int | float) and not isinstance(value, bool)
    )


def _question(step: StepStory, part: Part) -> str:
    inputs = next((call.fact.inputs for call in reversed(step.calls(part))), {})
    return next((plain(str(inputs[name])) for name in _QUESTIONS if inputs.get(name)), "")
