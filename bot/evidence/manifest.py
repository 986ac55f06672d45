"""The manifest: what evidence there is, a line for each time that some was stored, with its custody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.events import Event
from bot.domain.facts import EvidenceStored
from bot.domain.ids import Digest, EvidenceId, RunId, StepId
from bot.evidence.custody import Handling, custody


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A piece of evidence. `seq` is the event that stored it; `size` is in bytes; `custody` is its whole trail.

    A step that ran again may have stored other bytes under the same id: then each has its line, and they share the trail.
    """

    evidence: EvidenceId
    name: str
    evidence_class: str
    sha256: Digest
    size: int
    media_type: str
    source: str
    tool: str
    run: RunId
    step: StepId
    truncated: bool
    at: datetime
    seq: int
    custody: tuple[Handling, ...]


def manifest(events: Iterable[Event]) -> tuple[Line, ...]:
    """Return a line for each piece of evidence that the events, in log order, tell of."""
    told = list(events)
    trails = custody(told)
    return tuple(_line(event, event.fact, trails) for event in told if isinstance(event.fact, EvidenceStored))


def _line(event: Event, fact: EvidenceStored, trails: dict[EvidenceId, tuple[Handling, ...]]) -> Line:
    return Line(
        evidence=fact.evidence,
        name=fact.name,
        evidence_class=fact.evidence_class,
        sha256=fact.sha256,
        size=fact.size,
        media_type=fact.media_type,
        source=fact.source,
        tool=fact.tool,
        run=fact.run,
        step=fact.step,
        truncated=fact.truncated,
        at=event.at,
        seq=event.seq,
        custody=trails[fact.evidence],
    )
