"""The API's verbs that begin something: what people may start is started as Slack would, after a look at what it would do, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain import facts
from bot.domain.ids import IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, RunStatus, Severity, person
from tests.fakes import tales
from tests.fakes.alerts import delivery
from tests.fakes.alerts import seen as firing
from tests.fakes.api_desk import Desk
from tests.fakes.books import book
from tests.fakes.office import open_office
from tests.fakes.playing import tell
from tests.unit.ingress.test_api_leading import done, refused

RESTART = book(
    "restart",
    title="Restart a service",
    inputs={"service": {"type": "string", "pattern": "^[a-z]+$"}},
    steps=[
        {"id": "look", "uses": "prometheus.query", "with": {"query": "up{service='{{ inputs.service }}'}"}},
        {
            "id": "go",
            "uses": "http.request",
            "approval": {"from": ["group:sre"]},
            "with": {"url": "https://router/{{ inputs.service }}?key=hunter2"},
        },
    ],
    concurrency={"group": "restart/{{ inputs.service }}", "when_busy": "queue"},
)
ALONE = book("alone", on={"alert": [{"match": ['alertname="A"']}]}, autonomy="propose")
WITH: Mapping[str, Any] = {"runbook": "restart", "inputs": {"service": "checkout"}}


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give an API over an office with two runbooks, one of which people may start; incident 42 waits for an approval."""
    office = await open_office(tmp_path, RESTART, ALONE)
    await tell(office.store, office.clock, tales.waiting())
    yield Desk(office)
    await office.store.close()


async def test_a_preview_says_what_would_run_and_starts_nothing(desk: Desk) -> None:
    """Its steps with their inputs as far as they can be known, who will be asked, no secret, and the digest to name when starting it."""
    shown = (await done(desk, "preview", **WITH))["preview"]
    assert (shown["runbook"], shown["title"], shown["digest"]) == (
        "restart",
        "Restart a service",
        RESTART.digest,
    )
    look, go = shown["steps"]
    assert (look["effect"], look["inputs"], look["whole"]) == (
        "read",
        {"query": "up{service='checkout'}"},
        True,
    )
    assert (go["effect"], go["sources"], go["inputs"]["url"]) == (
        "mutate",
        ["group:sre"],
        "https://router/checkout?key=[redacted]",
    )
    assert len(desk.office.store.records.incidents()) == 1
    assert desk.office.runs.asked == []


async def test_what_was_previewed_is_run(desk: Desk) -> None:
    """In an incident of its own, under the holder's name; the next one of its group waits in line, and the answer says behind which."""
    shown = (await done(desk, "preview", **WITH))["preview"]
    began = await done(desk, "run", **WITH, digest=shown["digest"])
    run = began["run"]
    assert (run["runbook"], run["inputs"], run["status"]) == ("restart", {"service": "checkout"}, "running")
    assert (run["requested_by"], began["opened"], began["waits"]) == (
        "person:U0ADA via api/ada",
        True,
        "",
    )
    second = await done(desk, "run", **WITH, incident=42)
    assert (second["run"]["incident"], second["run"]["status"], second["opened"]) == (42, "queued", False)
    assert run["id"] in second["waits"]
    status, error = await refused(desk, "run", **WITH, incident=42)
    assert (status, "cancel" in error["hint"]) == (409, True)


async def test_a_runbook_that_changed_since_is_not_started(desk: Desk) -> None:
    """What was looked at is not what would run."""
    other = "0" * 64
    for verb, body in (
        ("run", WITH),
        ("declare", {**WITH, "title": "Checkout fails", "severity": "SEV2"}),
    ):
        status, error = await refused(desk, verb, **body, digest=other)
        assert (status, "changed" in error["message"]) == (409, True)
    assert len(desk.office.store.records.incidents()) == 1


@pytest.mark.parametrize("verb", ["preview", "run", "declare"])
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"runbook": "gone"}, 404, "no runbook named gone"),
        ({"runbook": "alone"}, 422, "not started by people"),
        ({"runbook": "restart"}, 422, "it was not given"),
        ({"runbook": "restart", "inputs": {"service": "NO"}}, 422, "does not match"),
        ({**WITH, "inputs": {"service": "checkout", "extra": "1"}}, 422, "no such input"),
        ({"runbook": "restart", "inputs": {"service": 1}}, 422, "/inputs/service"),
        ({"runbook": ""}, 422, "/runbook"),
    ],
)
async def test_what_may_not_be_started_is_not(
    desk: Desk, verb: str, body: Mapping[str, Any], status: int, words: str
) -> None:
    """A runbook that is none or that takes no commands, and inputs that don't fit: by each verb, and nothing opens."""
    more = {"title": "Checkout fails", "severity": "SEV2"} if verb == "declare" else {}
    answer, error = await refused(desk, verb, **{**more, **body})
    assert answer == status, error
    assert words in error["message"]
    assert len(desk.office.store.records.incidents()) == 1


async def test_what_was_proposed_may_be_started_where_it_was(desk: Desk) -> None:
    """To propose is to offer, there and nowhere else; and what is over takes no more runs."""
    await desk.office.intake.receive(delivery(firing("A")))
    await desk.office.dispatcher.drain()
    number = int(desk.office.store.records.incidents()[0].id)
    assert (await done(desk, "preview", runbook="alone", incident=number))["preview"]["runbook"] == "alone"
    began = (await done(desk, "run", runbook="alone", incident=number))["run"]
    assert began["incident"] == number
    assert (await refused(desk, "run", runbook="alone", incident=42))[0] == 422
    await desk.office.finish(began["id"])
    await done(desk, "resolve", incident=number)
    status, error = await refused(desk, "run", runbook="alone", incident=number)
    assert (status, "reopen" in error["hint"]) == (409, True)


async def test_an_incident_is_declared_with_its_runbook(desk: Desk) -> None:
    """Both are answered; inputs of no runbook are refused; where its group has an incident, that is said instead of opening another."""
    body = {"title": "Checkout fails", "severity": "SEV2", "private": True}
    began = await done(desk, "declare", **body, **WITH, digest=RESTART.digest)
    assert (began["incident"]["title"], began["incident"]["private"]) == ("Checkout fails", True)
    assert began["run"]["incident"] == began["incident"]["id"]
    assert (await refused(desk, "declare", **body, inputs={"service": "x"}))[1]["code"] == "misfit"
    assert (await refused(desk, "declare", **body, **WITH))[0] == 409


async def test_a_token_starts_only_what_it_is_for(desk: Desk) -> None:
    """A program starts nothing, and a person needs the word for it, to declare with a runbook as well; a guest is nobody."""
    for verb in ("preview", "run"):
        for token in ("deploy", "ben"):
            assert (await refused(desk, verb, token, **WITH))[0] == 403
    body = {"title": "Checkout fails", "severity": "SEV2", **WITH}
    status, error = await refused(desk, "declare", "cleo", **body)
    assert (status, "`run`" in error["hint"]) == (403, True)
    plain = {name: body[name] for name in ("title", "severity")}
    assert (await done(desk, "declare", "cleo", **plain))["incident"]["id"]
    desk.barred = {"U0ADA"}
    for verb, asked in (("preview", WITH), ("run", WITH), ("declare", body)):
        assert (await refused(desk, verb, **asked))[0] == 403


async def test_a_private_incident_takes_runs_of_its_own_people_alone(desk: Desk) -> None:
    """For others it is not there, neither for a run nor for a look at one."""
    before = [await refused(desk, verb, **WITH, incident=43) for verb in ("preview", "run")]
    await desk.tell_of_a_leak()
    assert [await refused(desk, verb, **WITH, incident=43) for verb in ("preview", "run")] == before
    assert {status for status, _ in before} == {404}


async def test_a_run_waits_for_a_private_one_in_an_incident_of_its_own(desk: Desk) -> None:
    """Its answer tells that the group is taken, and nothing of the incident that has it."""
    eve = person("U0EVE")
    secret = await desk.office.desk.declare("A leak", Severity.SEV1, eve, private=True, **WITH)
    answer = await done(desk, "run", **WITH)
    assert (answer["opened"], answer["run"]["status"]) == (True, "queued")
    assert answer["waits"] == "waits for its turn, 1st in the queue of restart/checkout"
    assert answer["run"]["incident"] != secret.incident
    assert secret.run not in str(answer)
    assert "U0EVE" not in str(answer)


async def test_what_customers_felt_is_said_with_the_end(desk: Desk) -> None:
    """From when to when, with its zone; an end without a beginning, or one that is yet to come, is refused."""
    over = facts.RunFinished(run=RunId(tales.RUN), status=RunStatus.SUCCEEDED)
    await desk.office.store.journal.append(incident_stream(IncidentId(42)), FIRELINE, [over])
    desk.office.clock.move(hours=3)
    at = desk.office.clock.now()
    began, ended = at.replace(hour=at.hour - 2), at.replace(hour=at.hour - 1)
    for wrong, code in (
        ({"impact_from": "2026-11-23T07:03:00"}, "misfit"),
        ({"impact_from": 1_700_000_000}, "misfit"),
        ({"impact_to": ended.isoformat()}, "refused"),
        ({"impact_from": ended.isoformat(), "impact_to": began.isoformat()}, "refused"),
        ({"impact_from": at.replace(year=at.year + 1).isoformat()}, "refused"),
    ):
        status, error = await refused(desk, "resolve", incident=42, **wrong)
        assert (status, error["code"]) == (422, code), wrong
    told = await done(
        desk,
        "resolve",
        incident=42,
        summary="more connections",
        impact_from=began.isoformat(),
        impact_to=ended.isoformat(),
        impact="checkout failed",
    )
    record = desk.office.store.records.incident(IncidentId(42))
    assert record is not None
    assert (record.impact_from, record.impact_to, record.impact) == (began, ended, "checkout failed")
    assert told["incident"]["impact"] == "checkout failed"
