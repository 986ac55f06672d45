"""Fakes of the action contract: a scriptable action that counts its calls, secrets from a dictionary, a capture in memory.

The contract suite in `tests/contract/test_action_contract.py` holds the scripted action to what real ones are held to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from bot.actions.contract import ActionSpec, Call, Effect, Inputs, NoCapture, SecretRef
from bot.actions.outcome import ActionError, Failed, Outcome, Reason, Succeeded
from bot.domain.ids import RunId, StepId
from bot.errors import ConfigurationError


class FakeSecrets:
    """Secrets by name; a test may change `values` between calls, as a vault would."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.asked: list[str] = []

    def resolve(self, ref: SecretRef) -> str:
        """Return the value as it is now."""
        self.asked.append(ref.secret)
        if ref.secret not in self.values:
            raise ConfigurationError(f"there is no secret {ref.secret!r}")
        return self.values[ref.secret]


class MemoryCapture:
    """Keeps what an action captured."""

    def __init__(self) -> None:
        self.data = b""
        self.media_type = ""
        self.source = ""

    def write(self, chunk: bytes) -> None:
        """Add bytes."""
        self.data += chunk

    def describe(self, *, media_type: str, source: str) -> None:
        """Note what the bytes are."""
        self.media_type = media_type
        self.source = source


def a_call(
    *,
    timeout: float = 10.0,
    secrets: FakeSecrets | None = None,
    capture: MemoryCapture | NoCapture | None = None,
    key: str = "key-1",
    attempt: int = 1,
) -> Call:
    """Make a call as the engine would."""
    return Call(
        run=RunId("42-1"),
        step=StepId("step"),
        attempt=attempt,
        idempotency_key=key,
        timeout=timeout,
        secrets=secrets or FakeSecrets(),
        capture=capture or NoCapture(),
    )


class AnyInputs(Inputs):
    """Inputs of a scripted action: anything a test wants to see again."""

    value: Any = Field(default=None, description="Anything.")
    note: str = Field(default="", description="A word on why.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made."""

    inputs: Any
    call: Call


Scripted = Outcome | Exception | Callable[[Any, Call], Outcome]


class ScriptedAction:
    """An action that answers as it is told, in order, the last answer for ever; `calls` holds what it was asked.

    `hold()` makes later calls wait until `release()`; `started` is set while a call is under way. `effects` counts the calls that went through
    by idempotency key, so that a test can see what happened twice.
    """

    def __init__(
        self,
        name: str = "fake.do",
        outcomes: Iterable[Scripted] = (Succeeded(),),
        *,
        effect: Effect = Effect.MUTATE,
        repeatable: bool = False,
        read_if_declared: bool = False,
        inputs: type[Inputs] = AnyInputs,
    ) -> None:
        self._spec = ActionSpec(
            name=name,
            summary="Do as the test says.",
            effect=effect,
            repeatable=repeatable,
            read_if_declared=read_if_declared,
            inputs=inputs,
            output={"value": "What the test says."},
            target=lambda _inputs: "fake",
            example={"value": 1} if inputs is AnyInputs else {},
        )
        self._script = list(outcomes)
        self._go = asyncio.Event()
        self._go.set()
        self.started = asyncio.Event()
        self.calls: list[Made] = []
        self.cancelled = 0
        self.effects: dict[str, int] = {}

    @property
    def spec(self) -> ActionSpec:
        """What is true of every call."""
        return self._spec

    def then(self, *outcomes: Scripted) -> None:
        """Script what comes next, after what is still to come."""
        self._script += outcomes

    def hold(self) -> None:
        """Make calls wait."""
        self._go.clear()

    def release(self) -> None:
        """Let waiting calls go on."""
        self._go.set()

    async def run(self, inputs: Any, call: Call) -> Outcome:
        """Answer the next thing in the script."""
        self.calls.append(Made(inputs=inputs, call=call))
        self.started.set()
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.effects[call.idempotency_key] = self.effects.get(call.idempotency_key, 0) + 1
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Succeeded | Failed):
            return answer
        return answer(inputs, call)


def failing(reason: Reason, detail: str = "as the test says", *, applied: bool | None = None) -> Failed:
    """Make a failure."""
    return Failed(reason=reason, detail=detail, applied=applied)


async def outcome_of(action: Any, values: Mapping[str, Any], call: Call) -> Outcome:
    """Run an action as the engine does: check the inputs, take an ActionError for its failure."""
    try:
        outcome: Outcome = await action.run(action.spec.check(values), call)
    except ActionError as error:
        return error.failure
    return outcome
