"""Nouns: closed sets and actors."""

import pytest

from bot.domain.nouns import FIRELINE, Actor, ActorKind, StepStatus, person, sender, service


@pytest.mark.parametrize(
    "actor",
    [
        FIRELINE,
        person("U0ADA"),
        sender("alertmanager:prod"),
        person("U0ADA", via="api/ada"),
        service("deploy", via="api/deploy"),
    ],
)
def test_an_actor_survives_the_log(actor: Actor) -> None:
    """What is written of an actor is read back, colons in ids and the way they came included."""
    read = Actor.parse(str(actor))
    assert (read, read.via) == (actor, actor.via)


def test_a_person_is_the_same_by_whichever_way_they_come() -> None:
    """Four eyes are four eyes: who asked in chat and decides by the API is one person."""
    assert person("U0ADA", via="api/ada") == person("U0ADA")
    assert len({person("U0ADA", via="api/ada"), person("U0ADA"), person("U0ADA", via="api/other")}) == 1


def test_an_unknown_kind_of_actor_is_refused() -> None:
    """An actor is never guessed."""
    with pytest.raises(ValueError, match="robot"):
        Actor.parse("robot:r2")
    assert {kind.value for kind in ActorKind} == {"system", "sender", "person", "service"}


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
