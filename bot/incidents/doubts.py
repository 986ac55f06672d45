"""A call whose outcome nobody knows, read from its run's events: what was sent and when, what is known, and what was said of it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.facts import CallStarted, StepOutcomeUnknown, StepSettled
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import Actor, Part, Settlement

ANSWERS: Mapping[Settlement, str] = {
    Settlement.HAPPENED: "it happened",
    Settlement.DID_NOT: "it did not, run it",
    Settlement.STOP: "stop here",
}
"""What a person can say of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A call in doubt. `key` is the idempotency key that it was sent with: what to look for in its target's own log.

    `settlement`, `settled_by` and `settled_at` are the answer, None while there is none.
    """

    run: RunId
    step: StepId
    part: Part
    attempt: int
    action: str
    inputs: Mapping[str, Any]
    key: str
    sent_at: datetime | None
    asked_at: datetime
    why: str
    settlement: Settlement | None = None
    settled_by: Actor | None = None
    settled_at: datetime | None = None


def doubt_of(events: Sequence[Event], step: StepId) -> Doubt | None:
    """Return the last doubt about a step, None when there was none; `events` are its run's."""
    started: dict[Part, Event] = {}
    asked: Event | None = None
    sent: Event | None = None
    settled: Event | None = None
    for event in events:
        match event.fact:
            case CallStarted(step=name, part=part) if name == step:
                started[part] = event
            case StepOutcomeUnknown(step=name, part=part) if name == step:
                # Of the part that is in doubt: a probe that was asked about it since is not what was sent.
                asked, sent, settled = event, started.get(part), None
            case StepSettled(step=name) if name == step and asked is not None and settled is None:
                settled = event
    return _made(asked, sent, settled) if asked is not None else None


def _made(asked: Event, sent: Event | None, settled: Event | None) -> Doubt:
    question = asked.fact
    assert isinstance(question, StepOutcomeUnknown)  # noqa: S101 - chosen by it
    call = sent.fact if sent is not None and isinstance(sent.fact, CallStarted) else None
    answer = settled.fact if settled is not None and isinstance(settled.fact, StepSettled) else None
    return Doubt(
        run=question.run,
        step=question.step,
        part=question.part,
        attempt=question.attempt,
        action=call.action if call else "",
        inputs=call.inputs if call else {},
        key=call.key if call else "",
        sent_at=sent.at if sent else None,
        asked_at=asked.at,
        why=question.why,
        settlement=answer.settlement if answer else None,
        settled_by=settled.actor if settled else None,
        settled_at=settled.at if settled else None,
    )
