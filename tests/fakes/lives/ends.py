"""What must be true in the end, however often a Fireline was killed on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.events import Event
from bot.domain.facts import (
    CallFailed,
    CallInterrupted,
    CallStarted,
    CallSucceeded,
    DeadLetterLanded,
    DeadLetterRequeued,
    EvidenceStored,
    IncidentOpened,
    PostmortemDrafted,
    RunFinished,
    RunRequeued,
    RunStarted,
    StepSettled,
)
from bot.domain.ids import LetterId, LetterKey, RunId
from bot.domain.nouns import Part, RunStatus
from bot.evidence.verify import verify_evidence, verify_log
from bot.persistence.evidence_files import EvidenceFiles
from tests.fakes.lives.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a story must end, and what must have been done by then: each once, those in a tuple in this order."""

    status: RunStatus
    done: tuple[str, ...]


ENDS: Mapping[str, End] = {
    "parallel": End(status=RunStatus.SUCCEEDED, done=("do/north", "do/south", "do/join")),
    "approval": End(status=RunStatus.SUCCEEDED, done=("do/shift", "do/again")),
    "undo": End(status=RunStatus.FAILED, done=("do/first", "do/second", "undo/second", "undo/first")),
    "timers": End(status=RunStatus.SUCCEEDED, done=("do/ripens",)),
    "rescue": End(status=RunStatus.FAILED, done=("do/tried", "do/rescued", "do/after")),
    "loop": End(
        status=RunStatus.FAILED,
        done=(*(f"do/{item}" for item in "abcd"), *(f"undo/{item}" for item in "dcba")),
    ),
    "queued": End(status=RunStatus.SUCCEEDED, done=("do/turn",)),
    "scheduled": End(status=RunStatus.SUCCEEDED, done=("do/nightly",)),
    "asked": End(status=RunStatus.SUCCEEDED, done=("do/done",)),
}


def check(scene: Scene) -> Sequence[Event]:
    """Check everything, and return the events."""
    with scene.record() as reader:
        events: Sequence[Event] = reader.events()
        rows = list(reader.raw_events(limit=1_000_000))
    report = verify_log(rows)
    assert report.ok, report
    kept = EvidenceFiles(scene.data / "evidence")
    evidence = verify_evidence(rows, kept.open)
    assert evidence.ok, evidence
    wanted = [name.partition("-")[0] for name in (*scene.stories, *scene.people, *scene.scheduled)]
    started = {event.fact.run: event.fact.runbook for event in events if isinstance(event.fact, RunStarted)}
    assert sorted(started.values()) == sorted(wanted), "one run for each story"
    assert len([event for event in events if isinstance(event.fact, IncidentOpened)]) == len(wanted)
    ends = [event.fact for event in events if isinstance(event.fact, RunFinished)]
    finished = [fact for fact in ends if not fact.given_up]
    for fact in finished:
        assert fact.status is ENDS[started[fact.run]].status, told(events, fact.run)
    assert len(finished) == len(wanted), "each run ends once"
    for run, name in started.items():
        _check_effects(scene, events, run, ENDS[name])
        _check_calls([event for event in events if getattr(event.fact, "run", None) == run])
    _check_drafts(events)
    _check_letters(events)
    if "parallel" in wanted:
        assert [event.fact.name for event in events if isinstance(event.fact, EvidenceStored)] == [
            "seen.json"
        ]
    return events


def told(events: Sequence[Event], run: str) -> str:
    """Return what happened in a run, an event a line: for a person who looks at a failure."""
    ours = [event for event in events if getattr(event.fact, "run", None) == run]
    return "\n".join(f"{event.seq} {event.at:%S.%f} {event.actor} {event.fact}"[:500] for event in ours)


def _check_effects(scene: Scene, events: Sequence[Event], run: str, end: End) -> None:
    """Each effect once, each under a key of its own; what was undone, in the reverse order."""
    done = [path.split("/") for path in scene.ledger.done]
    ours = [f"{kind}/{step}" for _, kind, of, step in done if of == run]
    assert sorted(ours) == sorted(end.done), f"{ours}\n{told(events, run)}"
    did = [each.removeprefix("do/") for each in ours if each.startswith("do/")]
    undone = [each.removeprefix("undo/") for each in ours if each.startswith("undo/")]
    assert not undone or undone[-1] == did[0], "the first that was done is the last that is undone"
    keys = [
        key
        for each in end.done
        for key in scene.ledger.keys["/{}/{}/{}".format(each.split("/")[0], run, each.split("/")[1])]
    ]
    assert len(set(keys)) == len(end.done)
    assert all(keys)


def _check_calls(events: Sequence[Event]) -> None:
    """Every call has one end; and what was interrupted is not made again before somebody, or a probe, has said what became of it."""
    open_calls: dict[tuple[str, Part], int] = {}
    in_doubt: set[tuple[str, Part]] = set()
    for event in events:
        fact = event.fact
        if isinstance(fact, CallStarted):
            name = (fact.step, fact.part)
            assert name not in open_calls, f"{name} is called while it is under way"
            assert name not in in_doubt, f"{name} is called again although nobody knows what became of it"
            open_calls[name] = fact.attempt
        elif isinstance(fact, CallSucceeded | CallFailed | CallInterrupted):
            name = (fact.step, fact.part)
            assert open_calls.pop(name) == fact.attempt
            if isinstance(fact, CallInterrupted) and not fact.again:
                in_doubt.add(name)
        elif isinstance(fact, StepSettled):
            in_doubt.discard((fact.step, fact.part))
    assert not open_calls
    assert not in_doubt


def _check_drafts(events: Sequence[Event]) -> None:
    """Each incident has one draft on record."""
    drafts = Counter(event.fact.incident for event in events if isinstance(event.fact, PostmortemDrafted))
    assert drafts
    assert set(drafts.values()) == {1}


def _check_letters(events: Sequence[Event]) -> None:
    """Whatever landed was put back, in turns: no letter is lost, and none is taken twice. A run that was given up on goes on as often."""
    waiting: dict[LetterKey, LetterId] = {}
    given_up: Counter[RunId] = Counter()
    for event in events:
        fact = event.fact
        if isinstance(fact, DeadLetterLanded):
            assert fact.key not in waiting, f"{fact.key} lies there already"
            waiting[fact.key] = fact.letter
        elif isinstance(fact, DeadLetterRequeued):
            assert waiting.pop(fact.key) == fact.letter
        elif isinstance(fact, RunFinished) and fact.given_up:
            given_up[fact.run] += 1
        elif isinstance(fact, RunRequeued):
            given_up[fact.run] -= 1
    assert not waiting
    assert not +given_up
    assert not -given_up
