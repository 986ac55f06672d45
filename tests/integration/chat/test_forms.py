"""Forms over the wire: what opens them, what is checked in them, what they do, and what they don't."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.domain.facts import ApprovalVoted, IncidentResolved, NoteAdded, RunStarted
from bot.domain.ids import IncidentId
from bot.domain.nouns import Vote, person
from tests.fakes.books import book
from tests.integration.chat.conftest import ADA, BEN, DANA, Workplace, until

INCIDENTS = "C0INCIDENTS"
RESTART: dict[str, Any] = {
    "title": "Restart a service",
    "inputs": {
        "service": {"type": "string", "pattern": "^[a-z-]+$"},
        "count": {"type": "integer", "default": 2},
        "region": {"type": "string", "enum": ["eu", "us"], "default": "{{ vars.region }}"},
        "drain": {"type": "boolean", "required": False},
    },
    "steps": [
        {"id": "look", "uses": "prometheus.query", "with": {"query": 'up{service="{{ inputs.service }}"}'}},
        {
            "id": "then",
            "uses": "prometheus.query",
            "with": {"query": "{{ steps.look.output.value }}"},
            "approval": {"from": ["group:sre"], "expires": "10m"},
        },
    ],
}


async def opened(place: Workplace) -> str:
    """Open an incident; return its channel, with Ada in it."""
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    await place.posted(channel, f"incident/{incident}/status")
    await until(lambda: ADA in place.slack.world.channels[channel].members)
    return channel


def facts(place: Workplace, kind: type[Any]) -> list[Any]:
    """Every fact of a kind in the log."""
    return [each.fact for each in place.store.records.events() if isinstance(each.fact, kind)]


async def test_an_incident_is_declared_by_form(place: Workplace) -> None:
    """The bare command opens it; what lacks stays beside its field; the channel hears of what was done."""
    ack = await place.command(ADA, INCIDENTS, "declare")
    assert ack == {"outcome": "ok", "status": 200, "body": None} or ack["outcome"] == "ok"
    await place.shown(ADA, "declare")
    await place.submit(ADA, title="Checkout is failing", severity="SEV2")
    assert place.modal(ADA) is None
    await until(lambda: place.channel_of(IncidentId(1)))
    await until(lambda: any("#1* is open" in each for each in place.texts(INCIDENTS, seen_by=ADA)))


async def test_a_form_sent_off_four_times_does_its_thing_once(place: Workplace) -> None:
    """The same payload at once, and the same form pressed again when its first ack was lost."""
    channel = await opened(place)
    await place.command(ADA, channel, "note")
    await place.shown(ADA, "note")
    view = place.slack.world.views.top(ADA)
    assert view is not None
    body = {"user": ADA, "view_id": view.id, "values": {"text": "the deploy is out"}}
    await place.fault(kind="duplicate", target="note", copies=3)
    answers = [place._act("view/submit", body) for _ in range(2)]
    await asyncio.gather(*answers, return_exceptions=True)
    await until(lambda: not place.store.records.inbox_waiting())
    assert [each.text for each in facts(place, NoteAdded)] == ["the deploy is out"]


async def test_a_form_that_was_left_open_over_a_restart_works(place: Workplace) -> None:
    """All that it needs goes with it."""
    channel = await opened(place)
    await place.command(ADA, channel, "resolve")
    await place.shown(ADA, "resolve")
    await place.surface.stop()
    await place.surface.start()
    if place.mode == "socket":
        await until(lambda: place.slack.sockets.connected == place.config.socket_lines)
    await place.submit(ADA, summary="rolled back")
    await until(lambda: facts(place, IncidentResolved))
    assert facts(place, IncidentResolved)[0].summary == "rolled back"


async def test_what_can_t_be_done_stays_in_the_form(place: Workplace) -> None:
    """The incident was resolved meanwhile: the form says so, and stays."""
    channel = await opened(place)
    await place.command(ADA, channel, "resolve")
    await place.shown(ADA, "resolve")
    await place.command(BEN, channel, "resolve it went away")
    await until(lambda: facts(place, IncidentResolved))
    await place.submit(ADA, summary="me too")
    assert "was resolved" in place.errors(ADA)["summary"]
    assert len(facts(place, IncidentResolved)) == 1


async def test_a_deny_says_why(place: Workplace) -> None:
    """The button asks for the reason first; nothing is decided before; then it is on record."""
    incident = await place.open_incident()
    approval = await place.ask_approval(incident)
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    await place.press(ADA, channel, ts, "deny")
    shown = await place.shown(ADA, "deny")
    assert "Move traffic to the standby" in str(shown)
    assert facts(place, ApprovalVoted) == []
    await place.submit(ADA, why="traffic is back")
    await until(lambda: "Denied" in place.text(channel, ts))
    assert place.runs.asked == [("vote", approval, person(ADA), Vote.DENY)]
    assert facts(place, ApprovalVoted)[0].why == "traffic is back"
    assert "traffic is back" in place.text(channel, ts)


async def test_who_may_not_decide_is_told_before_and_after(place: Workplace) -> None:
    """A guest gets no form; somebody outside the group is refused in theirs."""
    incident = await place.open_incident()
    approval = await place.ask_approval(incident, sources=("group:leads",))
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    for user in (ADA, DANA):
        place.slack.world.add_member(place.slack.world.channels[channel], user)
    await place.press(DANA, channel, ts, "deny")
    await until(lambda: any("uests" in each for each in place.texts(channel, seen_by=DANA)))
    assert place.modal(DANA) is None
    await place.press(ADA, channel, ts, "deny")
    await place.shown(ADA, "deny")
    await place.submit(ADA, why="no")
    assert "not among them" in place.errors(ADA)["why"]
    assert place.runs.asked == []


async def test_everything_that_will_run_is_shown_in_pages(http_place: Workplace) -> None:
    """What the message had to cut stands whole in the modal, page by page."""
    place = http_place
    incident = await place.open_incident()
    sent = {"body": "".join(f"<line {each}>" for each in range(3000))}
    approval = await place.ask_approval(incident, inputs=sent)
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    assert "Show details" in place.text(channel, ts)
    await place.press(ADA, channel, ts, "details")
    first = str(await place.shown(ADA, "details"))
    pages = [first]
    while "details_page/next" in pages[-1]:
        await place.press_in_modal(ADA, "details_page/next")
        await until(lambda: str(place.modal(ADA)) != pages[-1])
        pages.append(str(place.modal(ADA)))
    shown = "".join(pages)
    assert all(f"<line {each}>" in shown for each in (0, 1500, 2999))
    assert len(pages) > 2


async def test_a_run_is_filled_in_checked_and_looked_at_before_it_starts(place: Workplace) -> None:
    """Choose, fill in wrongly, fill in rightly, see what it would do, and only then does anything run."""
    place.books.append(book("restart", **RESTART))
    channel = await opened(place)
    await place.command(ADA, channel, "run")
    await place.shown(ADA, "run_pick")
    await place.submit(ADA, runbook="restart")
    form = str(await place.shown(ADA, "run_inputs"))
    for element in ("plain_text_input", "number_input", "static_select", "radio_buttons"):
        assert element in form
    await place.submit(ADA, **{"in:service": "NOT ONE"})
    assert "does not match" in place.errors(ADA)["in:service"]
    await place.submit(ADA, **{"in:service": "checkout", "in:count": "3"})
    shown = str(await place.shown(ADA, "run_go"))
    assert 'up{service=\\\\"checkout\\\\"}' in shown
    assert "{{ steps.look.output.value }}" in shown
    assert "asks" in shown
    assert facts(place, RunStarted) == []
    await place.submit(ADA)
    await until(lambda: facts(place, RunStarted))
    (started,) = facts(place, RunStarted)
    assert started.inputs == {"service": "checkout", "count": 3, "region": "eu", "drain": None}
    assert started.requested_by == person(ADA)
    assert place.modal(ADA) is None


async def test_a_runbook_that_changed_since_is_looked_at_again(http_place: Workplace) -> None:
    """What was seen is not what would run, so it is shown anew, and nothing starts."""
    place = http_place
    place.books.append(book("plain"))
    channel = await opened(place)
    await place.command(ADA, channel, "run")
    await place.shown(ADA, "run_pick")
    await place.submit(ADA, runbook="plain")
    await place.shown(ADA, "run_go")
    place.books[0] = book("plain", title="Another title")
    await place.submit(ADA)
    assert "Another title" in str(await place.shown(ADA, "run_go"))
    assert facts(place, RunStarted) == []
    await place.submit(ADA)
    await until(lambda: facts(place, RunStarted))


async def test_an_incident_is_declared_with_a_runbook(http_place: Workplace) -> None:
    """Its preview comes in between; one press then opens the incident and starts the run."""
    place = http_place
    place.books.append(book("plain"))
    await place.command(ADA, INCIDENTS, "declare")
    await place.shown(ADA, "declare")
    await place.submit(ADA, title="Checkout is failing", severity="SEV1", runbook="plain")
    await place.shown(ADA, "run_go")
    assert not place.store.records.incidents()
    await place.submit(ADA)
    await until(lambda: facts(place, RunStarted))
    (incident,) = place.store.records.incidents()
    assert (incident.title, incident.severity) == ("Checkout is failing", "SEV1")


async def test_a_guest_starts_nothing(http_place: Workplace) -> None:
    """Neither by the bare command nor by a shortcut's form."""
    place = http_place
    place.books.append(book("plain"))
    channel = await opened(place)
    place.slack.world.add_member(place.slack.world.channels[channel], DANA)
    ack = await place.command(DANA, channel, "run")
    assert "uests" in str(ack["body"])
    assert place.modal(DANA) is None


async def test_a_slow_answer_of_slack_shows_something_at_once(http_place: Workplace) -> None:
    """Who they are is asked first, and that takes long: the modal is there before, and becomes the form."""
    place = http_place
    place.books.append(book("plain"))
    channel = await opened(place)
    await place.fault(kind="slow", target="users.info", seconds=2)
    await place.command(ADA, channel, "run")
    await until(lambda: place.calls("views.open"), seconds=1.9)
    await place.shown(ADA, "run_pick")
    assert len(place.calls("views.update")) == 1


async def test_a_form_that_can_t_be_opened_is_said(http_place: Workplace) -> None:
    """Slack refuses the trigger: the person reads what to type instead."""
    place = http_place
    channel = await opened(place)
    await place.fault(kind="error", target="views.open", error="expired_trigger_id")
    await place.command(ADA, channel, "note")
    await until(lambda: any("could not be opened" in each for each in place.texts(channel, seen_by=ADA)))
