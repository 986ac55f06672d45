"""What a runbook may do unasked."""

from datetime import date

import pytest

from bot.actions.contract import Effect
from bot.policy.autonomy import Gate, gate, why_not_by_itself
from bot.runbook.model import Autonomy


def test_every_autonomy_has_its_gate_for_every_effect() -> None:
    """Reads always pass; the rest as the table says."""
    table = {autonomy: gate(autonomy.value, Effect.MUTATE) for autonomy in Autonomy}
    assert table == {
        Autonomy.OBSERVE: Gate.SHUT,
        Autonomy.PROPOSE: Gate.ASK,
        Autonomy.APPROVE: Gate.ASK,
        Autonomy.AUTO: Gate.OPEN,
    }
    assert {gate(autonomy.value, Effect.READ) for autonomy in Autonomy} == {Gate.OPEN}
    assert gate("auto", Effect.DESTROY) is Gate.OPEN


def test_an_unknown_autonomy_is_an_error() -> None:
    """A word that nobody defined opens nothing."""
    with pytest.raises(KeyError):
        gate("yolo", Effect.READ)


@pytest.mark.parametrize(
    ("autonomy", "valid_until", "today", "why"),
    [
        ("auto", None, date(2026, 1, 1), ""),
        ("auto", date(2026, 1, 1), date(2026, 1, 1), ""),
        ("auto", date(2026, 1, 1), date(2026, 1, 2), "valid until 2026-01-01"),
        ("propose", None, date(2026, 1, 1), "a person starts it"),
    ],
)
def test_what_keeps_a_runbook_from_starting_by_itself(
    autonomy: str, valid_until: date | None, today: date, why: str
) -> None:
    """Its date, or its author."""
    said = why_not_by_itself(autonomy, valid_until, today)
    assert (why in said) if why else (said == "")
