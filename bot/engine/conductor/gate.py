"""The gate: what the conductor asks before it records an intent.

May this call be made now, must it wait, or is its target known to be away?
Asked before the intent, so that a call that waits was certainly never made: a process that is killed while it waits leaves no doubt behind.
What the gate answered is a fact (`CallStarted`, `CallHeld`, `CallRefused`), so a replay asks nobody. `bot.engine.guards` keeps the real gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from bot.domain.ids import RunId, StepId
from bot.domain.nouns import HoldCause, Part, Severity

CallId = tuple[RunId, StepId, Part, int]
"""A call: its run, its step, its part, its attempt."""


class Entry(NamedTuple):
    """A call that a run wants to make. `since` is when it began to wait, None when it is asked for the first time.

    `target` is empty where a call touches nothing that could be protected; `idle` says that it only waits, and takes no room;
    `repeatable` that making it twice does no harm; `changes` that it does something to the world which is not there to take something back.
    """

    call: CallId
    target: str
    severity: Severity
    now: datetime
    since: datetime | None = None
    idle: bool = False
    repeatable: bool = True
    changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Make the call now; its room is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Wait: the run is woken when its turn has come. `until` is when that is, where it can be known."""

    cause: HoldCause
    detail: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The target is away: the call is not made. `again` is when it may be asked for next; it lies after now."""

    detail: str
    since: datetime
    again: datetime


Verdict = Go | Hold | Refused
GO = Go()


class Gate(Protocol):
    """Answers for every target at once, over all runs."""

    def ask(self, entry: Entry) -> Verdict:
        """Answer, and keep room for a call that may go. Asking again about a call that waits changes nothing."""
        ...

    def waits(self, call: CallId) -> bool:
        """Tell whether this call stands in line, and would only be told so again."""
        ...


class OpenGate:
    """Lets every call go: rehearsals and tests, which have nobody to protect."""

    def ask(self, entry: Entry) -> Verdict:  # noqa: ARG002 - the port's signature
        """Let it go."""
        return GO

    def waits(self, call: CallId) -> bool:  # noqa: ARG002 - the port's signature
        """Nothing waits."""
        return False


OPEN_GATE = OpenGate()
