"""Who may decide an approval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.nouns import FIRELINE, Actor, person, sender, service
from bot.errors import NotAllowed
from bot.policy.approvals import ANYONE, able_to_approve, right_to_decide

ADA = person("U0ADA")


@pytest.mark.parametrize(
    ("sources", "groups", "right"),
    [
        (["group:sre"], {"sre"}, "group:sre"),
        (["user:U0ADA"], set(), "user:U0ADA"),
        (["group:db", "group:sre"], {"sre", "web"}, "group:sre"),
        ([ANYONE], set(), ANYONE),
    ],
)
def test_a_source_gives_the_right(sources: list[str], groups: set[str], right: str) -> None:
    """The first source that fits is the one that is recorded."""
    assert right_to_decide(by=ADA, groups=frozenset(groups), sources=sources, requested_by=None) == right


@pytest.mark.parametrize("sources", [[], ["group:sre"], ["user:U0BEN"], ["group:U0ADA"], ["user:sre"]])
def test_no_source_no_right(sources: list[str]) -> None:
    """A user's name is not a group's, and an empty list is nobody."""
    with pytest.raises(NotAllowed, match="not among them"):
        right_to_decide(by=ADA, groups=frozenset({"web"}), sources=sources, requested_by=None)


@pytest.mark.parametrize("machine", [FIRELINE, sender("alertmanager")])
def test_machines_never_decide(machine: object) -> None:
    """Not even where anyone may."""
    with pytest.raises(NotAllowed, match="Only a person"):
        right_to_decide(by=machine, groups=frozenset(), sources=[ANYONE], requested_by=None)  # type: ignore[arg-type]


@given(
    st.lists(st.sampled_from([ANYONE, "group:sre", "user:U0ADA"])), st.sets(st.sampled_from(["sre", "web"]))
)
def test_the_requester_never_decides(sources: list[str], groups: set[str]) -> None:
    """Whatever groups they are in and whatever the rule says."""
    with pytest.raises(NotAllowed, match="somebody else"):
        right_to_decide(by=ADA, groups=frozenset(groups), sources=sources, requested_by=ADA)


def test_who_may_decide_is_said_in_words() -> None:
    """Nobody has to know how a runbook writes a group."""
    sources = ["group:sre", "user:U0BEN", ANYONE]
    with pytest.raises(NotAllowed) as refusal:
        right_to_decide(by=ADA, groups=frozenset(), sources=sources, requested_by=ADA)
    assert refusal.value.hint == "Ask the group sre or U0BEN or anybody else."
    with pytest.raises(NotAllowed, match="Only the group sre may decide"):
        right_to_decide(by=ADA, groups=frozenset(), sources=["group:sre"], requested_by=None)


@pytest.mark.parametrize(
    ("requested_by", "approved", "able"),
    [
        (None, [], {"U0ADA", "U0BEN"}),
        (ADA, [], {"U0BEN"}),
        (service("U0ADA"), [], {"U0ADA", "U0BEN"}),
        (ADA, [person("U0CLEO")], {"U0BEN", "U0CLEO"}),
    ],
)
def test_who_is_able_to_approve(requested_by: Actor | None, approved: list[Actor], able: set[str]) -> None:
    """Not the requester, and not only they who may yet: who approved and left the group has approved. A service is nobody's namesake."""
    assert able_to_approve(["U0ADA", "U0BEN"], requested_by=requested_by, approved=approved) == able
