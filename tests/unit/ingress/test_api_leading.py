"""The API's verbs of whoever leads, those that keep something still, and what of a private incident is there for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import facts
from bot.domain.durations import parse_duration
from bot.domain.ids import INTAKE, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, AlertStatus, RunStatus
from tests.fakes import tales
from tests.fakes.alertmanager import LOST
from tests.fakes.alerts import seen
from tests.fakes.api_desk import ADA, Desk


async def done(desk: Desk, verb: str, token: str = "ada", **body: Any) -> Mapping[str, Any]:
    """Ask for something that is done, and return the answer."""
    answer = await desk.post(verb, body, token)
    assert answer.status_code == 200, answer.text
    said: Mapping[str, Any] = answer.json()
    return said


async def refused(desk: Desk, verb: str, token: str = "ada", **body: Any) -> tuple[int, Mapping[str, Any]]:
    """Ask for something that is refused, and return how."""
    answer = await desk.post(verb, body, token)
    return answer.status_code, answer.json()["error"]


async def test_an_incident_is_declared(desk: Desk) -> None:
    """It is answered as it stands, opened by the holder; a severity that is none, and a title of blanks, open nothing."""
    body = {"title": "Checkout  fails", "severity": "SEV2", "service": "checkout"}
    opened = (await done(desk, "declare", **body))["incident"]
    assert (opened["title"], opened["severity"], opened["service"]) == ("Checkout fails", "SEV2", "checkout")
    assert (opened["opened_by"], opened["private"]) == ("person:U0ADA via api/ada", False)
    for wrong in ({"severity": "SEV9"}, {"title": "  "}):
        assert (await refused(desk, "declare", **{**body, **wrong}))[0] == 422
    assert (await refused(desk, "declare", **{**body, "title": "x" * 1000}))[1]["code"] == "refused"
    assert len(desk.office.store.records.incidents(only_open=True)) == 2


async def test_roles_are_given_and_taken_away(desk: Desk) -> None:
    """To oneself where nobody is named, to somebody by id or name, to nobody; who or what there is none of is refused."""
    given = await done(desk, "assign", incident=42, role="scribe")
    assert given["incident"]["roles"]["scribe"] == "U0ADA"
    given = await done(desk, "assign", incident=42, role="scribe", person="@ben")
    assert given["incident"]["roles"]["scribe"] == "U0BEN"
    given = await done(desk, "assign", incident=42, role="scribe", nobody=True)
    assert "scribe" not in given["incident"]["roles"]
    assert (await refused(desk, "assign", incident=42, role="scribe", nobody=True))[0] == 409
    status, error = await refused(desk, "assign", incident=42, role="captain")
    assert (status, "incident_commander" in error["hint"]) == (422, True)
    assert (await refused(desk, "assign", incident=42, role="scribe", person="@nobody"))[0] == 422
    both = await refused(desk, "assign", incident=42, role="scribe", person="U0BEN", nobody=True)
    assert (both[0], both[1]["code"]) == (422, "misfit")


async def test_how_bad_it_is_and_what_stakeholders_hear(desk: Desk) -> None:
    """A severity that it has already is a conflict; the promise of the next word counts from now."""
    changed = await done(desk, "severity", incident=42, severity="SEV4", why="one region alone")
    assert changed["incident"]["severity"] == "SEV4"
    assert (await refused(desk, "severity", incident=42, severity="SEV4"))[0] == 409
    told = await done(
        desk, "update", incident=42, message="a fix rolls out", status="monitoring", next_in="30m"
    )
    assert told["incident"]["status"] == "monitoring"
    record = desk.office.store.records.incident(IncidentId(42))
    assert record is not None
    assert record.next_update_due == desk.office.clock.now() + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"next_in": "30"}, "misfit"),
        ({"next_in": 1800}, "misfit"),
        ({"next_in": "3w"}, "refused"),
        ({"status": "resolved"}, "refused"),
        ({"status": "calm"}, "misfit"),
        ({"message": " "}, "misfit"),
    ],
)
async def test_an_update_that_is_none(desk: Desk, more: Mapping[str, Any], code: str) -> None:
    """A length has its unit and an end in sight, a status is one, and resolving is its own verb."""
    body = {"incident": 42, "message": "we look", **more}
    status, error = await refused(desk, "update", **body)
    assert (status, error["code"]) == (422, code)


async def test_it_goes_on_and_two_become_one(desk: Desk) -> None:
    """Reopening takes an end and a reason; merging takes another incident, and no run that is under way."""
    assert (await refused(desk, "reopen", incident=42, why="it fails again"))[0] == 409
    other = (await done(desk, "declare", title="The same", severity="SEV3"))["incident"]["id"]
    status, error = await refused(desk, "merge", incident=42, into=other)
    assert (status, "cancel" in error["hint"]) == (422, True)
    assert (await refused(desk, "merge", incident=other, into=9999))[0] == 404
    await done(desk, "resolve", incident=other, summary="gone")
    assert (await refused(desk, "reopen", incident=other))[1]["code"] == "misfit"
    assert (await done(desk, "reopen", incident=other, why="not gone"))["incident"]["status"] != "resolved"
    merged = await done(desk, "merge", incident=other, into=42)
    assert merged["incident"]["merged_into"] == 42


async def test_changes_are_frozen_and_go_on(desk: Desk) -> None:
    """By people and programs alike whose token is for it; a second freeze is a conflict, and so is an end of none."""
    held = (await done(desk, "freeze", why="a release", duration="2h"))["freeze"]
    assert (held["why"], held["by"]) == ("a release", "person:U0ADA via api/ada")
    assert desk.office.runs.asked[-1] == (
        "freezing",
        ADA,
        "a release",
        desk.office.clock.now() + parse_duration("2h"),
    )
    assert (await refused(desk, "freeze", why="another"))[0] == 409
    assert (await done(desk, "unfreeze"))["freeze"] is None
    assert (await refused(desk, "unfreeze"))[0] == 409
    assert (await refused(desk, "freeze"))[1]["code"] == "misfit"
    assert (await done(desk, "freeze", why="until further notice"))["freeze"]["until"] is None


async def test_alerts_are_silenced_and_heard_again(desk: Desk) -> None:
    """The answer says whether Alertmanager has it already; without alerts that fire, or for longer than a month, nothing is asked."""
    incident = (await done(desk, "declare", title="Disks", severity="SEV3"))["incident"]["id"]
    none = await refused(desk, "silence", incident=incident, duration="2h")
    assert (none[0], "No alert" in none[1]["message"]) == (422, True)
    alert = seen(status=AlertStatus.FIRING)
    received = facts.AlertsReceived(receiver="r", group_key="g", external_url="", changed=(alert,))
    await desk.office.store.journal.append(INTAKE, FIRELINE, [received])
    attached = facts.AlertsAttached(incident=IncidentId(incident), keys=(alert.key,), first=alert, total=1)
    await desk.office.store.journal.append(incident_stream(IncidentId(incident)), FIRELINE, [attached])
    assert (await refused(desk, "silence", incident=incident, duration="60d"))[0] == 422
    assert (await refused(desk, "silence", incident=incident))[1]["code"] == "misfit"
    stands = (await done(desk, "silence", incident=incident, duration="2h", why="known"))["silence"]
    assert (stands["status"], stands["why"]) == ("standing", "known")
    assert (await refused(desk, "silence", incident=incident, duration="2h"))[0] == 409
    desk.office.alertmanager.fails = [LOST]
    assert (await done(desk, "unsilence", incident=incident))["silence"]["status"] == "ending"


# ---- private incidents


HIDDEN: Mapping[str, Mapping[str, Any]] = {
    "acknowledge": {"incident": 43},
    "resolve": {"incident": 43},
    "note": {"incident": 43, "text": "x"},
    "assign": {"incident": 43, "role": "scribe"},
    "severity": {"incident": 43, "severity": "SEV1"},
    "update": {"incident": 43, "message": "x"},
    "reopen": {"incident": 43, "why": "x"},
    "merge": {"incident": 43, "into": 42},
    "silence": {"incident": 43, "duration": "2h"},
    "unsilence": {"incident": 43},
    "pause": {"run": "43-1"},
    "resume": {"run": "43-1"},
    "retry": {"run": "43-1"},
    "cancel": {"run": "43-1"},
    "settle": {"run": "43-1", "step": "shift", "part": "main", "attempt": 1, "settlement": "stop"},
    "requeue": {"letter": 1},
    "discard": {"letter": 1, "why": "x"},
}


async def test_of_a_private_incident_nothing_is_there_for_others(desk: Desk) -> None:
    """Whoever has no part in it hears letter by letter what they would hear if it were not there, and nothing is done."""
    before = {verb: await refused(desk, verb, **body) for verb, body in HIDDEN.items()}
    await desk.tell_of_a_leak()
    count = len(desk.office.events(43))
    after = {verb: await refused(desk, verb, **body) for verb, body in HIDDEN.items()}
    assert after == before
    assert {status for status, _ in after.values()} == {404}
    for verb in ("pause", "note", "requeue"):
        assert await refused(desk, verb, "deploy", **HIDDEN[verb]) == before[verb]
    hidden = await refused(desk, "merge", incident=42, into=43)
    assert (hidden[0], hidden[1]["message"]) == (404, "There is no incident 43.")
    vote = {"approval": "43-1/shift/1", "digest": "d" * 64}
    assert (await refused(desk, "approve", "ben", **vote))[1][
        "message"
    ] == "There is no approval 43-1/shift/1."
    assert (desk.office.runs.asked, len(desk.office.events(43))) == ([], count)


async def test_those_who_have_a_part_in_it_have_their_hands_on_it(desk: Desk) -> None:
    """Whoever opened it, and whoever was given a role in it; with the role goes the sight of it."""
    opened = (await done(desk, "declare", title="A leak", severity="SEV1", private=True))["incident"]
    number = opened["id"]
    assert opened["private"] is True
    assert (await refused(desk, "note", "deploy", incident=number, text="x"))[0] == 404
    await done(desk, "note", incident=number, text="keys are rotated")
    run = replace(tales.run_started(), run=RunId(f"{number}-1"))
    stream = incident_stream(IncidentId(number))
    await desk.office.store.journal.append(stream, FIRELINE, [run])
    await done(desk, "pause", run=run.run)
    over = facts.RunFinished(run=run.run, status=RunStatus.SUCCEEDED)
    await desk.office.store.journal.append(stream, FIRELINE, [over])
    await done(desk, "resolve", incident=number)
