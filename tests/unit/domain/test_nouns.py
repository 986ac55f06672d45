"""Nouns: closed sets and actors."""

import pytest

from bot.domain.nouns import FIRELINE, Actor, ActorKind, StepStatus, person, sender


@pytest.mark.parametrize("actor", [FIRELINE, person("U0ADA"), sender("alertmanager:prod")])
def test_an_actor_survives_the_log(actor: Actor) -> None:
    """What is written of an actor is read back, colons in ids included."""
    assert Actor.parse(str(actor)) == actor


def test_an_unknown_kind_of_actor_is_refused() -> None:
    """An actor is never guessed."""
    with pytest.raises(ValueError, match="robot"):
        Actor.parse("robot:r2")
    assert {kind.value for kind in ActorKind} == {"system", "sender", "person"}


def test_final_statuses_are_those_in_which_nothing_more_happens() -> None:
    """Waiting and running are not final; every end is."""
    final = {status for status in StepStatus if status.final}
    assert final == {
        StepStatus.SUCCEEDED,
        StepStatus.FAILED,
        StepStatus.SKIPPED,
        StepStatus.UNDONE,
        StepStatus.CANCELLED,
    }
