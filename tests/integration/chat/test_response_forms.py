"""The forms of a response under way, each from its bare command to what the log then says."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.facts import (
    ChangesFrozen,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    RoleAssigned,
    SeverityChanged,
    UpdateGiven,
)
from bot.domain.ids import IncidentId
from bot.domain.nouns import Severity, person
from tests.integration.chat.conftest import ADA, BEN, DANA, Workplace, until
from tests.integration.chat.test_forms import facts, opened

FILLED: dict[str, tuple[dict[str, Any], type[Any], dict[str, Any]]] = {
    "update": (
        {"status": "identified", "message": "A deploy broke it", "next_in": "30"},
        UpdateGiven,
        {"message": "A deploy broke it"},
    ),
    "assign": ({"role": "scribe", "person": BEN}, RoleAssigned, {"role": "scribe", "person": BEN}),
    "severity": ({"severity": "SEV1", "why": "all regions"}, SeverityChanged, {"severity": Severity.SEV1}),
    "freeze": ({"why": "the migration runs"}, ChangesFrozen, {"why": "the migration runs"}),
}


@pytest.mark.parametrize("form", FILLED)
async def test_a_response_is_led_by_forms(http_place: Workplace, form: str) -> None:
    """A bare command opens the form; what was entered is on record, by who entered it, and the channel hears."""
    place = http_place
    channel = await opened(place)
    values, kind, expected = FILLED[form]
    await place.command(ADA, channel, form)
    await place.shown(ADA, form)
    before = len(place.texts(channel, seen_by=ADA))
    await place.submit(ADA, **values)
    assert place.errors(ADA) == {}
    await until(lambda: facts(place, kind))
    fact = facts(place, kind)[0]
    assert {name: getattr(fact, name) for name in expected} == expected
    assert next(each.actor for each in place.store.records.events() if each.fact == fact) == person(ADA)
    await until(lambda: len(place.texts(channel, seen_by=ADA)) > before)


async def test_a_guest_quiets_and_freezes_nothing(http_place: Workplace) -> None:
    """Neither is a form shown, nor is one that somehow was taken."""
    place = http_place
    channel = await opened(place)
    place.slack.world.add_member(place.slack.world.channels[channel], DANA)
    for form in ("silence", "freeze"):
        ack = await place.command(DANA, channel, form)
        assert "uests" in str(ack["body"])
    assert place.modal(DANA) is None
    await place.command(ADA, channel, "freeze")
    await place.shown(ADA, "freeze")
    view = place.slack.world.views.top(ADA)
    assert view is not None
    view.user = DANA
    await place._act("view/submit", {"user": DANA, "view_id": view.id, "values": {"why": "because"}})
    assert "uests" in str(view.errors)
    assert facts(place, ChangesFrozen) == []


async def test_a_bot_gets_no_role(http_place: Workplace) -> None:
    """Whoever is picked must be a person who can do it."""
    place = http_place
    channel = await opened(place)
    await place.command(ADA, channel, "assign")
    await place.shown(ADA, "assign")
    await place.submit(ADA, role="scribe", person=place.slack.world.app.bot_user_id)
    assert "nobody who can do it" in str(place.errors(ADA))
    assert facts(place, RoleAssigned) == []


async def test_a_resolved_incident_says_what_customers_felt_and_is_reopened_with_a_reason(
    http_place: Workplace,
) -> None:
    """From the button below its message: the form carries the times; the way back stands where Resolve stood."""
    place = http_place
    channel = await opened(place)
    ts = await place.posted(channel, "incident/1/status")
    await place.press(ADA, channel, ts, "open/resolve")
    await place.shown(ADA, "resolve")
    await place.submit(
        ADA, summary="rolled back", impact="a third failed", impact_from=1795000000, impact_to=1795003600
    )
    await until(lambda: facts(place, IncidentResolved))
    (resolved,) = facts(place, IncidentResolved)
    assert (resolved.summary, resolved.impact) == ("rolled back", "a third failed")
    await until(lambda: "open/reopen" in place.text(channel, ts))
    await place.press(ADA, channel, ts, "open/reopen")
    await place.shown(ADA, "reopen")
    await place.submit(ADA, why="the errors are back")
    await until(lambda: facts(place, IncidentReopened))
    assert facts(place, IncidentReopened)[0].why == "the errors are back"


async def test_an_impact_that_ends_before_it_begins_stays_in_the_form(http_place: Workplace) -> None:
    """The desk's own words stand at the time that is wrong, and nothing is resolved."""
    place = http_place
    channel = await opened(place)
    await place.command(ADA, channel, "resolve")
    await place.shown(ADA, "resolve")
    await place.submit(ADA, summary="x", impact_from=1795003600, impact_to=1795000000)
    assert set(place.errors(ADA)) == {"impact_to"}
    assert facts(place, IncidentResolved) == []


async def test_nobody_fills_in_a_form_for_nothing(http_place: Workplace) -> None:
    """What can't be done any more, or not yet, is said before a form is shown."""
    place = http_place
    channel = await opened(place)
    assert "Incident 1 is open" in str((await place.command(ADA, channel, "reopen"))["body"])
    await place.command(ADA, channel, "resolve it is over")
    await until(lambda: facts(place, IncidentResolved))
    for form in ("resolve", "update", "assign", "severity", "merge"):
        assert "was resolved" in str((await place.command(ADA, channel, form))["body"])
    assert place.modal(ADA) is None


async def test_an_incident_is_merged_into_another(http_place: Workplace) -> None:
    """The form lists the others that are open."""
    place = http_place
    channel = await opened(place)
    other = await place.open_incident("Search is slow")
    await place.command(ADA, channel, "merge")
    assert "Search is slow" in str(await place.shown(ADA, "merge"))
    await place.submit(ADA, into=str(int(other)))
    await until(lambda: facts(place, IncidentMerged))
    record = place.store.records.incident(IncidentId(1))
    assert record is not None
    assert record.merged_into == other


async def test_what_can_t_be_silenced_stays_in_the_form(http_place: Workplace) -> None:
    """No alert of this incident fires: the desk's words stand in the form."""
    place = http_place
    channel = await opened(place)
    await place.command(ADA, channel, "silence")
    await place.shown(ADA, "silence")
    await place.submit(ADA, minutes="60", why="deploying")
    assert place.errors(ADA) != {}


async def test_a_private_incident_is_unseen_by_others(http_place: Workplace) -> None:
    """Whoever declared it sees it at home and in forms; nobody else does."""
    place = http_place
    await place.command(ADA, "C0INCIDENTS", "declare")
    await place.shown(ADA, "declare")
    await place.submit(ADA, title="A key leaked", severity="SEV2", private=["private"], service="vault")
    await until(lambda: place.store.records.incident(IncidentId(1)))
    record = place.store.records.incident(IncidentId(1))
    assert record is not None
    assert (record.private, record.service) == (True, "vault")
    for user in (ADA, BEN):
        await place.look_home(user)
    await until(lambda: place.home(BEN) and place.home(ADA))
    assert "A key leaked" in place.home(ADA)
    assert "A key leaked" not in place.home(BEN)
    channel = await opened(place)
    await place.command(BEN, channel, "merge")
    assert "no other open incident" in str(await place.shown(BEN, "outcome"))
    ack = await place.command(BEN, channel, "update #1")
    assert "no incident #1" in str(ack["body"])
