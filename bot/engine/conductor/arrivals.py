"""What can arrive at a run: the only reasons for which the conductor decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.actions.outcome import Outcome
from bot.domain.facts import EvidenceStored, NoteAdded
from bot.domain.ids import ApprovalId, Digest, StepId
from bot.domain.nouns import Actor, Part, Settlement, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The run's start is in the log."""


class CallEnded(NamedTuple):
    """A call came to its end; `took` is in seconds, `chance` in [0, 1) spreads a retry. A named tuple, since it comes by the thousand.

    `evidence` is what the call's bytes became, or a note on why they could not be kept.
    """

    step: StepId
    part: Part
    attempt: int
    outcome: Outcome
    took: float
    chance: float
    evidence: EvidenceStored | NoteAdded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """The process is new: calls that the log has begun and not ended were interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCame:
    """An instant that the run waits for has come, or may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast:
    """A person decided on an approval; `groups` are theirs, `digest` is of what they were shown."""

    approval: ApprovalId
    by: Actor
    groups: frozenset[str]
    vote: Vote
    digest: Digest
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementGiven:
    """A person said what became of an interrupted call: of that attempt of that part, and of no other."""

    step: StepId
    part: Part
    attempt: int
    by: Actor
    settlement: Settlement
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAsked:
    """A person asked that the run ends; with `undo`, that what it did is taken back first."""

    by: Actor
    why: str = ""
    undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAsked:
    """A person asked that the run begins nothing more for now."""

    by: Actor
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAsked:
    """A person asked that a paused run goes on."""

    by: Actor
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAsked:
    """A person asked that a run which failed goes on from where it did."""

    by: Actor
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequeueAsked:
    """A person asked that a run which could not go on is put back."""

    by: Actor
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAsked:
    """The run around this one, which is over, takes back the step that this run was."""

    why: str = ""


Wish = VoteCast | SettlementGiven | CancelAsked | PauseAsked | ResumeAsked | RetryAsked | RequeueAsked
"""What people ask of a run: it is granted or refused in words, unlike a machine's word, which may simply come too late."""
Arrival = Began | CallEnded | Recovered | TimeCame | UndoAsked | Wish
