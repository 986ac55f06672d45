"""What an action is: a spec that the linter, the conductor and the docs read, and one coroutine that does it.

An action gets checked inputs and a `Call`; it returns an `Outcome`. It keeps no state between calls, takes no secret as text (a `SecretRef` is
resolved through `call.secrets` at the wire, fresh each attempt), and never outlives its cancellation by more than it needs to clean up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.actions.outcome import ActionError, Failed, Outcome, Reason
from bot.domain.ids import RunId, StepId
from bot.errors import ConfigurationError, FirelineError


class Effect(StrEnum):
    """What an action does to the world, mildest first."""

    READ = "read"
    MUTATE = "mutate"
    DESTROY = "destroy"

    @property
    def rank(self) -> int:
        """Order by harm: read 0, mutate 1, destroy 2."""
        return ("read", "mutate", "destroy").index(self.value)


class SecretRef(BaseModel):
    """A secret by name, `{secret: pagerduty/token}`; the value never enters a runbook, an event or a log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    secret: str = Field(description="Name of the secret, as the settings know it.", min_length=1)


class Inputs(BaseModel):
    """Base of every action's inputs: unknown keys are refused, values are frozen once checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InvalidInputs(FirelineError):
    """The inputs don't fit the action; `problems` has a sentence for each misfit, with its path."""

    def __init__(self, action: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{action}: {'; '.join(problems)}")
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """What is true of an action at every call.

    `repeatable`: calling twice with the same idempotency key has the effect of calling once. `read_if_declared`: the action can't know what a
    call does (an HTTP request, a command), so a step may say `effect: read`, which makes it repeatable too. `output` describes the output's
    fields, a sentence each. `target` names what a call touches (a host, a cluster), for the approval and for limits by target. `example` is
    inputs that the model takes, for the docs. `idle`: a call only waits and uses nothing meanwhile, so that it takes no room among those that run.
    `nested`: the call is another run, so its effect is that run's, and the log tells how it ended.
    """

    name: str
    summary: str
    effect: Effect
    repeatable: bool
    inputs: type[Inputs]
    output: Mapping[str, str] = field(default_factory=dict)
    read_if_declared: bool = False
    target: Callable[[Any], str] = lambda _inputs: ""
    example: Mapping[str, Any] = field(default_factory=dict)
    idle: bool = False
    nested: bool = False

    def check(self, values: Mapping[str, Any]) -> Inputs:
        """Turn rendered values into the action's inputs; InvalidInputs tells every misfit."""
        try:
            return self.inputs.model_validate(values)
        except ValidationError as error:
            problems = tuple(_sentence(each["loc"], each["msg"]) for each in error.errors(include_url=False))
            raise InvalidInputs(self.name, problems) from None


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    path = ".".join(str(part) for part in place)
    return f"{path}: {message}" if path else message


class Secrets(Protocol):
    """Resolves secret names to values at the wire."""

    def resolve(self, ref: SecretRef) -> str:
        """Return the value as it is now; `bot.errors.ConfigurationError` when there is no such secret."""
        ...


class Capture(Protocol):
    """Where an action writes the raw bytes that it saw, when the step keeps evidence."""

    def write(self, chunk: bytes) -> None:
        """Add bytes in the order in which they were seen."""
        ...

    def describe(self, *, media_type: str, source: str) -> None:
        """Say what the bytes are (`application/json`) and where they came from (a URL without credentials, an argv)."""
        ...


class NoCapture:
    """The capture of a step that keeps no evidence."""

    def write(self, chunk: bytes) -> None:
        """Drop the bytes."""

    def describe(self, *, media_type: str, source: str) -> None:
        """Drop the description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt of one action.

    `timeout` is in seconds; the engine cancels the coroutine when it is over, and an action that can (a request, a process) stops itself first.
    `idempotency_key` is the same for every attempt of the same intent.
    """

    run: RunId
    step: StepId
    attempt: int
    idempotency_key: str
    timeout: float
    secrets: Secrets
    capture: Capture = field(default_factory=NoCapture)

    @property
    def budget(self) -> float:
        """Seconds that an action gives itself: a little less than `timeout`, so that its own account of a time-out comes first."""
        return self.timeout - min(0.1, self.timeout / 10)

    def secret(self, ref: SecretRef) -> str:
        """Return a secret as it is now; ActionError when there is none: the call fails, and nothing has happened."""
        try:
            return self.secrets.resolve(ref)
        except ConfigurationError as error:
            raise ActionError(Failed(reason=Reason.INVALID, detail=str(error), applied=False)) from None


class Action(Protocol):
    """What an integration implements."""

    @property
    def spec(self) -> ActionSpec:
        """What is true of every call."""
        ...

    async def run(self, inputs: Any, call: Call) -> Outcome:  # noqa: ANN401 - each action knows its own inputs model
        """Do it once. `inputs` is an instance of `spec.inputs`.

        May raise ActionError; any other exception is recorded as `Reason.BUG`.
        """
        ...


class Catalogue(Mapping[str, ActionSpec]):
    """The specs of every action there is, by name; the linter, the conductor and the docs read it."""

    def __init__(self, specs: tuple[ActionSpec, ...]) -> None:
        self._specs = {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}

    def __getitem__(self, name: str) -> ActionSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)
