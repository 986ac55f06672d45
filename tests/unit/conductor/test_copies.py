"""Copies: what was changed is changed, what was not is as it was, and the original never moves."""

from dataclasses import dataclass

import pytest

from bot.domain.nouns import StepStatus
from bot.engine.conductor.copies import replace
from bot.engine.conductor.state import StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class Slotted:
    """A value with slots, as facts are."""

    name: str
    number: int = 0


def test_a_state_is_copied_with_a_change() -> None:
    """The copy equals one that was made so."""
    before = StepState(detail="why")
    after = replace(before, status=StepStatus.FAILED)
    assert after == StepState(detail="why", status=StepStatus.FAILED)
    assert before == StepState(detail="why")


def test_a_copy_stays_frozen() -> None:
    """Nobody can write into it."""
    with pytest.raises(AttributeError):
        replace(StepState(), detail="why").detail = "other"  # type: ignore[misc]


def test_what_has_slots_is_copied_too() -> None:
    """A fact inside a state is one."""
    assert replace(Slotted(name="a"), number=2) == Slotted(name="a", number=2)
