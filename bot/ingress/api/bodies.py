"""What is asked of the API, checked: one model a verb. A field that nobody knows is refused, so that a mistyped one is not taken for none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.domain.clock import from_text
from bot.domain.durations import parse_duration
from bot.domain.nouns import IncidentStatus, Severity

MOST_WORDS = 40_000
"""Characters of a reason or a note: what a note in Slack has at the most."""

Words = Annotated[str, Field(max_length=MOST_WORDS)]
Said = Annotated[str, Field(min_length=1, max_length=MOST_WORDS, pattern=r"\S")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _text(value: object, what: str) -> str:
    """Return a text; ValueError, saying what it should be, for a bare number of nobody knows what."""
    if not isinstance(value, str):
        raise ValueError(what)  # noqa: TRY004 - pydantic tells a ValueError as a misfit
    return value


def _length(value: object) -> timedelta:
    """Read `2h30m`."""
    return parse_duration(_text(value, "a length of time is a text, like 30m, 2h or 1d"))


Length = Annotated[timedelta, BeforeValidator(_length)]


def _moment(value: object) -> datetime:
    """Read `2026-11-23T07:03:00Z`; ValueError for what has no zone, since nobody knows when that is."""
    return from_text(_text(value, "an instant is a text, like 2026-11-23T07:03:00Z"))


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Body(BaseModel):
    """Base of all that is asked."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Approve(Body):
    """Let exactly that run which was shown: `digest` is of it."""

    approval: Name
    digest: Hex
    why: Words = ""


class Deny(Body):
    """Keep it from running; the reason is for those who read the record."""

    approval: Name
    digest: Hex
    why: Said


class Settle(Body):
    """Say what became of a call that was cut off: of that attempt of that part, as it was shown."""

    run: Name
    step: Name
    part: Literal["main", "settle", "verify", "undo"]
    attempt: Annotated[int, Field(ge=1)]
    settlement: Literal["happened", "did_not", "stop"]
    why: Words = ""


class OfIncident(Body):
    """Something about an incident."""

    incident: Number


class Resolve(OfIncident):
    """End the response; `summary` says what fixed it, the rest what customers felt, and when."""

    summary: Words = ""
    impact_from: Moment | None = None
    impact_to: Moment | None = None
    impact: Words = ""


class Note(OfIncident):
    """Write into the timeline."""

    text: Said


class Declare(Body):
    """Open an incident; a `private` one is seen by those alone who take part in it.

    With a `runbook`, that is started in it, with `inputs` as one would type them; `digest` as for `Run`.
    """

    title: Said
    severity: Severity
    service: Words = ""
    private: bool = False
    runbook: Name | None = None
    inputs: dict[str, Words] = {}
    digest: Hex | None = None

    @model_validator(mode="after")
    def _of_a_runbook(self) -> Self:
        if self.runbook is None and (self.inputs or self.digest is not None):
            msg = "inputs and digest are a runbook's: name it"
            raise ValueError(msg)
        return self


class Preview(Body):
    """Work out what a runbook would do with these inputs, in that incident or in a new one."""

    runbook: Name
    inputs: dict[str, Words] = {}
    incident: Number | None = None


class Run(Preview):
    """Start it; with the `digest` that a preview had, only if the runbook is still that one."""

    digest: Hex | None = None


class Assign(OfIncident):
    """Give a role to a person, by their id or `@ada`: to the holder where nobody is named, and with `nobody` to none."""

    role: Name
    person: Name | None = None
    nobody: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.nobody and self.person is not None:
            msg = "either a person or nobody"
            raise ValueError(msg)
        return self


class ChangeSeverity(OfIncident):
    """Say how bad it is."""

    severity: Severity
    why: Words = ""


class Update(OfIncident):
    """Tell stakeholders how it stands; `next_in` promises when they hear again."""

    message: Said
    status: IncidentStatus | None = None
    next_in: Length | None = None


class Reopen(OfIncident):
    """Go on with a response that was ended too early; the reason is for those who read the record."""

    why: Said


class Merge(OfIncident):
    """End an incident as part of another, which goes on."""

    into: Number


class Silence(OfIncident):
    """Have Alertmanager keep its firing alerts to itself for a while."""

    duration: Length
    why: Words = ""


class Freeze(Body):
    """Hold changes in every run; without a `duration` until somebody unfreezes."""

    why: Said
    duration: Length | None = None


class Unfreeze(Body):
    """Let changes go on."""

    why: Words = ""


class OfRun(Body):
    """Something about a run."""

    run: Name
    why: Words = ""


class Cancel(OfRun):
    """End a run; with `undo`, take back first what it did."""

    undo: bool = False


class OfLetter(Body):
    """Something about a dead letter."""

    letter: Number
    why: Words = ""


class Discard(OfLetter):
    """Let it go; the reason is for those who read the record."""

    why: Said
