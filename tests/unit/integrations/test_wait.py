"""`wait`: it waits, or says at once that it can't end in time."""

from __future__ import annotations

from typing import Any

import pytest

from bot.actions.contract import InvalidInputs
from bot.actions.outcome import Failed, Reason, Succeeded
from integrations.transport import Transport
from integrations.wait import WaitConfig, actions
from tests.fakes.actions import a_call, outcome_of


@pytest.fixture
def slept() -> list[float]:
    """The waits that were asked for."""
    return []


@pytest.fixture
def action(slept: list[float]) -> Any:
    """The action, on a clock that takes no time."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return actions(WaitConfig(), Transport(), sleep=sleep)[0]


async def test_waits(action: Any, slept: list[float]) -> None:
    """It waits as long as it is told."""
    outcome = await outcome_of(action, {"for": "1m30s"}, a_call(timeout=100))
    assert outcome == Succeeded(output={"waited": 90.0})
    assert slept == [90.0]


@pytest.mark.parametrize(("wait", "limit"), [("10s", 10.0), ("2d", 1e6)])
async def test_a_wait_that_can_not_end_is_refused_at_once(
    action: Any, slept: list[float], wait: str, limit: float
) -> None:
    """A wait longer than the step's timeout, or than the settings allow, fails before it begins."""
    outcome = await outcome_of(action, {"for": wait}, a_call(timeout=limit))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.may_have_applied, slept) == (
        Reason.INVALID,
        False,
        [],
    )


@pytest.mark.parametrize("value", [30, "30", "-3s", "soon", "", None])
def test_a_duration_needs_a_number_and_a_unit(action: Any, value: Any) -> None:
    """What is no duration is refused."""
    with pytest.raises(InvalidInputs, match="for"):
        action.spec.check({"for": value})
