"""What is kept for inspection: evidence, deliveries that could not be read (their bytes are in the evidence store), and targets that are away."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import BreakerClosed, BreakerOpened, DeliveryRefused, EvidenceStored
from bot.persistence.changes import Change
from bot.persistence.tables import EVIDENCE, REFUSED_DELIVERIES, TARGETS


def evidence_stored(fact: EvidenceStored, event: Event, at: str) -> Iterable[Change]:
    """Keep a piece of evidence; gathered again by a later attempt, the later one stands here and both stand in the log."""
    yield Change(
        EVIDENCE,
        (fact.evidence,),
        values={
            "incident": fact.incident,
            "run": fact.run,
            "step": fact.step,
            "name": fact.name,
            "evidence_class": fact.evidence_class,
            "sha256": fact.sha256,
            "size": fact.size,
            "media_type": fact.media_type,
            "source": fact.source,
            "tool": fact.tool,
            "truncated": fact.truncated,
            "stored_at": at,
            "seq": event.seq,
        },
    )


def delivery_refused(fact: DeliveryRefused, event: Event, at: str) -> Iterable[Change]:
    """Keep word of a body that could not be read."""
    yield Change(
        REFUSED_DELIVERIES,
        (event.seq,),
        values={
            "at": at,
            "reason": fact.reason,
            "body_sha256": fact.body_sha256,
            "size": fact.size,
            "source": fact.source,
        },
    )


def breaker_opened(fact: BreakerOpened, _event: Event, _at: str) -> Iterable[Change]:
    """Keep word of a target that does not answer."""
    values = {"since": to_text(fact.since), "until": to_text(fact.until), "detail": fact.detail}
    yield Change(TARGETS, (fact.target,), values)


def breaker_closed(fact: BreakerClosed, _event: Event, _at: str) -> Iterable[Change]:
    """It answers again."""
    yield Change(TARGETS, (fact.target,), {"since": None, "until": None, "detail": ""})
