"""Custody and manifest: derived from events, complete, and telling where bytes were not those that were stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.events import GENESIS, Event
from bot.domain.facts import EvidenceAccessed, EvidenceStored, Fact, NoteAdded
from bot.domain.ids import Digest, IncidentId, RunId, StepId, StreamId, evidence_id
from bot.domain.nouns import FIRELINE, Actor, person
from bot.evidence.custody import Handling, custody
from bot.evidence.manifest import manifest

START = datetime(2026, 11, 23, 7, 3, 48, tzinfo=UTC)
ADA, LOGS, METRICS = (
    person("U0ADA"),
    evidence_id(RunId("42-1"), StepId("logs"), "pods.log"),
    evidence_id(RunId("42-1"), StepId("before"), "rate.json"),
)
A, B = Digest("a" * 64), Digest("b" * 64)


def stored(evidence: str, sha256: Digest) -> EvidenceStored:
    """Make the fact that some was stored."""
    run, step, name = evidence.split("/")
    return EvidenceStored(
        incident=IncidentId(42), run=RunId(run), step=StepId(step), evidence=evidence_id(RunId(run), StepId(step), name), name=name,
        evidence_class="logs", sha256=sha256, size=3, media_type="text/plain", source="GET http://x", tool="http.request (fireline 1)",
        truncated=True,
    )  # fmt: skip


def accessed(evidence: str, sha256: Digest, how: str) -> EvidenceAccessed:
    """Make the fact that some was taken out."""
    run, step, name = evidence.split("/")
    return EvidenceAccessed(
        incident=IncidentId(42), evidence=evidence_id(RunId(run), StepId(step), name), sha256=sha256, how=how
    )


def log(*facts: tuple[Actor, Fact]) -> list[Event]:
    """Make events of facts, one a second."""
    return [
        Event(seq=seq, at=START + timedelta(seconds=seq), stream=StreamId("incident/42"), actor=actor, fact=fact, prev=GENESIS, hash=GENESIS)
        for seq, (actor, fact) in enumerate(facts, 1)
    ]  # fmt: skip


EVENTS = log(
    (FIRELINE, stored(LOGS, A)),
    (ADA, NoteAdded(incident=IncidentId(42), text="looking")),
    (FIRELINE, stored(METRICS, B)),
    (ADA, accessed(LOGS, A, "read")),
    (ADA, accessed(LOGS, B, "exported")),
    (FIRELINE, stored(LOGS, B)),
    (FIRELINE, accessed(LOGS, B, "shown redacted")),
)


def test_a_trail_has_every_handling_in_order() -> None:
    """Who, what, when, which bytes, and whether they were the stored ones."""
    trails = custody(EVENTS)
    assert [(each.seq, each.what, each.by, each.as_stored) for each in trails[LOGS]] == [
        (1, "stored", FIRELINE, True), (4, "read", ADA, True), (5, "exported", ADA, False), (6, "stored", FIRELINE, True),
        (7, "shown redacted", FIRELINE, True),
    ]  # fmt: skip
    assert trails[METRICS] == (
        Handling(
            seq=3, at=START + timedelta(seconds=3), by=FIRELINE, what="stored", sha256=B, as_stored=True
        ),
    )
    assert custody([]) == {}


def test_the_manifest_has_a_line_for_each_time_some_was_stored() -> None:
    """What a run stored twice has two lines, which share their trail."""
    lines = manifest(iter(EVENTS))
    assert [(line.evidence, line.sha256, line.seq) for line in lines] == [
        (LOGS, A, 1),
        (METRICS, B, 3),
        (LOGS, B, 6),
    ]
    first = lines[0]
    assert (first.name, first.evidence_class, first.size, first.media_type) == (
        "pods.log",
        "logs",
        3,
        "text/plain",
    )
    assert (first.source, first.tool, first.run, first.step) == (
        "GET http://x",
        "http.request (fireline 1)",
        "42-1",
        "logs",
    )
    assert (first.truncated, first.at) == (True, START + timedelta(seconds=1))
    assert first.custody == lines[2].custody == custody(EVENTS)[LOGS]
    assert manifest([]) == ()


def test_an_access_to_what_was_never_stored_is_kept() -> None:
    """It has a trail of its own, and no line."""
    events = log((ADA, accessed(LOGS, A, "read")))
    assert custody(events)[LOGS][0].as_stored is False
    assert manifest(events) == ()
