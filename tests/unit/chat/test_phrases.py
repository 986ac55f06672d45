"""What people type to lead a response is read as they meant it, or refused with what to type instead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.commands import phrases
from bot.chat.commands.phrases import Assignment, Update
from bot.domain.ids import IncidentId
from bot.domain.nouns import COMMANDER, ROLES, IncidentStatus, Severity
from bot.errors import Refused

OURS = (*ROLES, "customer_liaison")
ADA = "U0ADA"
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("typed", "role", "who"),
    [
        ("<@U0BOB|bob> as commander", COMMANDER, "U0BOB"),
        ("<@U0BOB>", COMMANDER, "U0BOB"),
        ("commander <@U0BOB>", COMMANDER, "U0BOB"),
        ("@bob as comms", "communications", "@bob"),
        ("me as Scribe", "scribe", ADA),
        ("scribe: me", "scribe", ADA),
        ("nobody as scribe", "scribe", None),
        ("me as customer liaison", "customer_liaison", ADA),
        ("me as the customer-liaison", "customer_liaison", ADA),
        ("<@U0BOB|bob the builder> as IC", COMMANDER, "U0BOB"),
    ],
)
def test_who_does_what(typed: str, role: str, who: str | None) -> None:
    """In either order, by mention, by name, or oneself."""
    assert phrases.assignment(typed.replace(":", ""), ADA, OURS) == Assignment(role=role, person=who)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Who"),
        ("as scribe", "Who"),
        ("<@U1> <@U2> as scribe", "One person"),
        ("me as comander", "no role “comander”"),
    ],
)
def test_who_is_not_said(typed: str, words: str) -> None:
    """The nearest role is named, and all that there are."""
    with pytest.raises(Refused, match=words) as refused:
        phrases.assignment(typed, ADA, OURS)
    assert "commander" in refused.value.hint


@pytest.mark.parametrize(
    ("typed", "severity", "why"),
    [
        ("SEV1 all regions fail", Severity.SEV1, "all regions fail"),
        ("sev-2: only eu", Severity.SEV2, "only eu"),
        ("3", Severity.SEV3, ""),
        ("sev 4 - it calms down", Severity.SEV4, "it calms down"),
    ],
)
def test_how_bad_it_is(typed: str, severity: Severity, why: str) -> None:
    """With why, where that was said."""
    assert phrases.severity(typed) == (severity, why)


@pytest.mark.parametrize("typed", ["", "bad", "SEV5", "SEV12 x", "10 pods"])
def test_how_bad_is_not_said(typed: str) -> None:
    """What is no severity is asked for."""
    with pytest.raises(Refused, match="How bad"):
        phrases.severity(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("We roll back.", Update(status=None, next_in=None, message="We roll back.")),
        (
            "identified next 30m We roll back.",
            Update(status=IncidentStatus.IDENTIFIED, next_in=HALF_AN_HOUR, message="We roll back."),
        ),
        (
            "Monitoring: it fell, next update in 30m",
            Update(status=IncidentStatus.MONITORING, next_in=HALF_AN_HOUR, message="it fell,"),
        ),
        ("we do it next week", Update(status=None, next_in=None, message="we do it next week")),
        (
            "see <https://status.test|status.test>",
            Update(status=None, next_in=None, message="see https://status.test"),
        ),
        ("", Update(status=None, next_in=None, message="")),
    ],
)
def test_an_update(typed: str, expected: Update) -> None:
    """A status first, the promise anywhere, the rest is the message."""
    assert phrases.update(typed) == expected


@pytest.mark.parametrize(
    ("typed", "length", "why"),
    [
        ("2h known", timedelta(hours=2), "known"),
        ("for 1h30m being fixed now", timedelta(minutes=90), "being fixed now"),
        ("30M", HALF_AN_HOUR, ""),
        ("deploy weekend", None, "deploy weekend"),
        ("", None, ""),
    ],
)
def test_a_length_of_time(typed: str, length: timedelta | None, why: str) -> None:
    """Where one stands first."""
    assert phrases.length_first(typed) == (length, why)


def test_a_length_that_is_none() -> None:
    """The refusal says what one looks like."""
    with pytest.raises(Refused, match="has no unit: write 2s"):
        phrases.length_first("2 known")


@pytest.mark.parametrize(
    ("typed", "here", "pair"),
    [
        ("#12 into #10", None, (12, 10)),
        ("12, 10", None, (12, 10)),
        ("into #10", 12, (12, 10)),
        ("#10", 12, (12, 10)),
        ("this into #10", 12, (12, 10)),
    ],
)
def test_which_goes_into_which(typed: str, here: int | None, pair: tuple[int, int]) -> None:
    """In an incident's channel, that one is meant."""
    assert phrases.merging(typed, None if here is None else IncidentId(here)) == pair


@pytest.mark.parametrize("typed", ["", "#10", "1 2 3", "them"])
def test_which_is_not_said(typed: str) -> None:
    """With how to say it."""
    with pytest.raises(Refused, match="Which one") as refused:
        phrases.merging(typed, None)
    assert "merge #12 into #10" in refused.value.hint


@given(st.text())
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    """No text makes reading fail in another way, and each refusal has a hint."""
    for reads in (
        lambda: phrases.assignment(typed, ADA, OURS),
        lambda: phrases.severity(typed),
        lambda: phrases.update(typed),
        lambda: phrases.length_first(typed),
        lambda: phrases.merging(typed, None),
    ):
        try:
            reads()
        except Refused as refusal:
            assert refusal.hint  # noqa: PT017 - refused is one of two right answers
