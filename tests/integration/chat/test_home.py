"""The home tab over the wire: what each person finds there, and that it keeps up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.facts import ChangesUnfrozen, IncidentAcknowledged, IncidentOpened, RunStarted, UpdateGiven
from bot.domain.ids import incident_stream
from bot.domain.nouns import IncidentStatus, person
from tests.fakes.books import book
from tests.integration.chat.conftest import ADA, BEN, CLEO, DANA, Workplace, until
from tests.integration.chat.moved import clock, pass_time, wait_for

INCIDENTS = "C0INCIDENTS"


def facts(place: Workplace, kind: type[Any]) -> list[Any]:
    """Every fact of a kind in the log."""
    return [each.fact for each in place.store.records.events() if isinstance(each.fact, kind)]


async def test_each_finds_what_is_open_and_what_waits_for_them(place: Workplace) -> None:
    """Ada may decide, Cleo may not; a guest sees what is open, and nothing to run."""
    place.books.append(book("restart", title="Restart a service"))
    incident = await place.open_incident()
    approval = await place.ask_approval(incident)
    await until(lambda: place.channel_of(incident))
    await place.posted(place.channel_of(incident), f"approval/{approval}")
    for user in (ADA, CLEO, DANA):
        await place.look_home(user)
        await until(lambda user=user: "Checkout is failing" in place.home(user))  # type: ignore[misc]
    assert "Decide: Move traffic to the standby" in place.home(ADA)
    assert "Go there" in place.home(ADA)
    assert "Decide:" not in place.home(CLEO)
    assert "Restart a service" in place.home(CLEO)
    assert "Restart a service" not in place.home(DANA)
    assert "open/run" not in place.home(DANA)


async def test_a_tab_keeps_up_while_somebody_looked_lately(http_place: Workplace) -> None:
    """Many changes, one publication more; a look that would show the same makes none."""
    place = http_place
    await place.look_home(BEN)
    await until(lambda: "No incident is open" in place.home(BEN))
    for each in range(4):
        await place.open_incident(f"Trouble {each}")
    await until(lambda: "Trouble 3" in place.home(BEN))
    assert "Trouble 0" in place.home(BEN)
    assert len(place.calls("views.publish")) <= 3
    assert place.home(ADA) == ""


async def test_a_promised_update_is_asked_for_when_it_falls_due(http_place: Workplace) -> None:
    """Nothing else happens at that instant: the tab of whoever has a role says so by itself."""
    place = http_place
    incident = await place.open_incident()
    due = clock(place).now() + timedelta(minutes=10)
    promise = UpdateGiven(
        incident=incident, message="We look", status=IncidentStatus.INVESTIGATING, next_due=due
    )
    taken = IncidentAcknowledged(incident=incident, commander=ADA)
    await place.store.journal.append(incident_stream(incident), person(ADA), [taken, promise])
    await place.look_home(ADA)
    await until(lambda: "Checkout is failing" in place.home(ADA))
    await place.settled()
    await pass_time(place, 580, step=290)
    assert "was promised" not in place.home(ADA)
    await wait_for(place, lambda: "An update was promised" in place.home(ADA), within=60, step=5)


async def test_forms_are_opened_from_there(http_place: Workplace) -> None:
    """An incident is declared and a runbook run without any channel: the modal itself says how it went."""
    place = http_place
    place.books.append(book("restart", title="Restart a service"))
    await place.look_home(ADA)
    await until(lambda: place.home(ADA))
    home = place.slack.world.views.homes[ADA]
    body = {"user": ADA, "view_id": home, "action_id": "open/declare"}
    await place._act("action", body)
    await place.shown(ADA, "declare")
    await place.submit(ADA, title="Search is slow", severity="SEV3")
    assert "is open" in str(await place.shown(ADA, "outcome"))
    assert facts(place, IncidentOpened)[0].title == "Search is slow"
    await place._act("action", body | {"action_id": "open/run/restart"})
    await place.shown(ADA, "run_go")
    await place.submit(ADA)
    await until(lambda: facts(place, RunStarted))
    assert "runs as" in str(await place.shown(ADA, "outcome"))


async def test_everything_can_be_done_from_an_incidents_message(http_place: Workplace) -> None:
    """More … shows what makes sense now; a button in it acts, and the modal says so."""
    place = http_place
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"incident/{incident}/status")
    await until(lambda: ADA in place.slack.world.channels[channel].members)
    await place.press(ADA, channel, ts, "open/more")
    shown = str(await place.shown(ADA, "more"))
    assert all(f"open/{form}" in shown for form in ("note", "run", "resolve"))
    await place.press_in_modal(ADA, "acknowledge")
    assert "Done" in str(await place.shown(ADA, "outcome"))
    record = place.store.records.incident(incident)
    assert record is not None
    assert record.commander == ADA
    await place.press(ADA, channel, ts, "open/more")
    await place.shown(ADA, "more")
    await place.press_in_modal(ADA, "open/note")
    await place.shown(ADA, "note")
    await place.submit(ADA, text="the queue is empty again")
    assert place.modal(ADA) is None
    assert any("Noted" in each for each in place.texts(channel, seen_by=ADA))


async def test_what_only_reads_is_behind_a_button_too(http_place: Workplace) -> None:
    """Commands don't work in threads: what happened, what was kept and who is on call are told in a modal on top."""
    place = http_place
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"incident/{incident}/status")
    for look, told in (
        ("timeline", "The whole timeline"),
        ("evidence", "Nothing was kept"),
        ("oncall", "sre"),
    ):
        await place.press(ADA, channel, ts, "open/more")
        await place.shown(ADA, "more")
        await place.press_in_modal(ADA, f"open/{look}")
        assert told in str(await place.shown(ADA, "outcome"))


async def test_changes_are_frozen_and_let_go_on_from_there(http_place: Workplace) -> None:
    """The tab says by whom and why, and the button becomes the way back; nobody who decides nothing has either."""
    place = http_place
    for user in (ADA, DANA):
        await place.look_home(user)
        await until(lambda user=user: place.home(user))  # type: ignore[misc]
    assert "open/freeze" not in place.home(DANA)
    home = {"user": ADA, "view_id": place.slack.world.views.homes[ADA]}
    await place._act("action", home | {"action_id": "open/freeze"})
    await place.shown(ADA, "freeze")
    await place.submit(ADA, why="deploy weekend")
    await until(lambda: "deploy weekend" in place.home(ADA))
    assert "open/freeze" not in place.home(ADA)
    await place._act("action", home | {"action_id": "unfreeze"})
    await until(lambda: "open/freeze" in place.home(ADA))
    assert facts(place, ChangesUnfrozen)
