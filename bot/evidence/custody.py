"""Custody: who had a piece of evidence in their hands, in the order of the log. Derived from events alone, so it has no gap that they haven't."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.events import Event
from bot.domain.facts import EvidenceAccessed, EvidenceStored
from bot.domain.ids import Digest, EvidenceId
from bot.domain.nouns import Actor

STORED = "stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """Something was done with evidence: `what` is `stored`, `read`, `exported` or `shown redacted`; `seq` is the event behind it.

    `as_stored`: the bytes were those that had been stored under this id before; where it is false, ask why.
    """

    seq: int
    at: datetime
    by: Actor
    what: str
    sha256: Digest
    as_stored: bool


def custody(events: Iterable[Event]) -> dict[EvidenceId, tuple[Handling, ...]]:
    """Return the trail of every piece of evidence that the events, in log order, tell of."""
    trails: dict[EvidenceId, list[Handling]] = {}
    stored: set[tuple[EvidenceId, Digest]] = set()
    for event in events:
        fact = event.fact
        match fact:
            case EvidenceStored():
                what = STORED
                stored.add((fact.evidence, fact.sha256))
            case EvidenceAccessed():
                what = fact.how
            case _:
                continue
        handling = Handling(
            seq=event.seq,
            at=event.at,
            by=event.actor,
            what=what,
            sha256=fact.sha256,
            as_stored=(fact.evidence, fact.sha256) in stored,
        )
        trails.setdefault(fact.evidence, []).append(handling)
    return {evidence: tuple(trail) for evidence, trail in trails.items()}
