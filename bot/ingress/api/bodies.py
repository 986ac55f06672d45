"""What is asked of the API, checked: one model a verb. A field that nobody knows is refused, so that a mistyped one is not taken for none."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_WORDS = 40_000
"""Characters of a reason or a note: what a note in Slack has at the most."""

Words = Annotated[str, Field(max_length=MOST_WORDS)]
Said = Annotated[str, Field(min_length=1, max_length=MOST_WORDS, pattern=r"\S")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


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
    """End the response; `summary` says what fixed it."""

    summary: Words = ""


class Note(OfIncident):
    """Write into the timeline."""

    text: Said


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
