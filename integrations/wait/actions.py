"""`wait`: let time pass, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import Field

from bot.actions.contract import Action, ActionSpec, Call, Effect, Inputs
from bot.actions.fields import Duration
from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.durations import format_duration
from integrations.transport import Transport
from integrations.wait.config import WaitConfig


class WaitInputs(Inputs):
    """The inputs of `wait`."""

    for_: Duration = Field(alias="for", ge=timedelta(0), description="How long: 30s, 10m.")


SPEC = ActionSpec(
    name="wait",
    summary="Wait, between one step and the next. The wait lives in memory: a restart begins it anew.",
    effect=Effect.READ,
    repeatable=True,
    inputs=WaitInputs,
    output={"waited": "Seconds that were waited."},
    example={"for": "30s"},
    idle=True,
)


def actions(
    config: WaitConfig,
    _transport: Transport,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[Action, ...]:
    """Make the actions of this integration; tests pass a `sleep` that takes no time."""
    return (Wait(config, sleep),)


class Wait:
    """The action `wait`."""

    spec = SPEC

    def __init__(self, config: WaitConfig, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._config = config
        self._sleep = sleep

    async def run(self, inputs: WaitInputs, call: Call) -> Outcome:
        """Wait, unless it can be seen now that the wait can't end in time."""
        seconds = inputs.for_.total_seconds()
        if inputs.for_ > self._config.longest:
            most = format_duration(self._config.longest)
            return _refused(
                f"a wait of {format_duration(inputs.for_)} is longer than {most}, the longest allowed"
            )
        if seconds > call.budget:
            own = f"{call.timeout:g}s"
            return _refused(
                f"a wait of {format_duration(inputs.for_)} can't end within the step's timeout of {own}"
            )
        await self._sleep(seconds)
        return Succeeded(output={"waited": seconds})


def _refused(detail: str) -> Failed:
    return Failed(reason=Reason.INVALID, detail=detail, applied=False)
