"""The API: who may ask for what, in which form, what is done then, and how a refusal reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette

from bot.domain import facts
from bot.domain.dead_letters import Landing, land
from bot.domain.events import Event
from bot.domain.ids import ApprovalId, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import (
    FIRELINE,
    DeadKind,
    DeadReason,
    Part,
    RunStatus,
    Settlement,
    Vote,
)
from bot.domain.ports import Reader
from bot.errors import Conflict, FirelineError, JournalBehind, NotAllowed
from bot.ingress.api.holders import Holder
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.routes import MOST_BODY, standby_api
from tests.fakes import tales
from tests.fakes.api_desk import ADA, DEPLOY, HOLDERS, TOKENS, Desk
from tests.fakes.asgi import request
from tests.fakes.timeline import Timeline

DIGEST = "d" * 64


STREAM = incident_stream(IncidentId(42))
ASKED = f"{tales.RUN}/shift/1"
BODIES: Mapping[str, Mapping[str, Any]] = {
    "approve": {"approval": ASKED, "digest": DIGEST},
    "deny": {"approval": ASKED, "digest": DIGEST, "why": "not now"},
    "settle": {"run": tales.RUN, "step": "shift", "part": "main", "attempt": 1, "settlement": "happened"},
    "acknowledge": {"incident": 42},
    "resolve": {"incident": 42},
    "note": {"incident": 42, "text": "looked"},
    "pause": {"run": tales.RUN},
    "resume": {"run": tales.RUN},
    "retry": {"run": tales.RUN},
    "cancel": {"run": tales.RUN},
    "requeue": {"letter": 1},
    "discard": {"letter": 1, "why": "done by hand"},
    "declare": {"title": "Checkout fails", "severity": "SEV2"},
    "preview": {"runbook": "restart"},
    "run": {"runbook": "restart"},
    "assign": {"incident": 42, "role": "scribe"},
    "severity": {"incident": 42, "severity": "SEV4"},
    "update": {"incident": 42, "message": "we look"},
    "reopen": {"incident": 42, "why": "it fails again"},
    "merge": {"incident": 42, "into": 43},
    "silence": {"incident": 42, "duration": "2h"},
    "unsilence": {"incident": 42},
    "freeze": {"why": "a release"},
    "unfreeze": {},
}


async def test_an_approval_is_shown_whole_and_decided_by_its_digest(desk: Desk) -> None:
    """What waits is listed with the digest that a vote must name, and the vote arrives with its holder, their groups and the way they came."""
    async with desk.client() as client:
        listed = (await client.get("waiting")).json()
        shown = (await client.get(f"approvals/{ASKED}")).json()["approval"]
        answer = await client.post(
            "approve", json={"approval": ASKED, "digest": shown["digest"], "why": " looks right "}
        )
    assert listed == {"approvals": [shown], "unknown": []}
    assert (shown["action"], shown["inputs"]["method"], shown["status"]) == ("http.request", "PUT", "pending")
    assert answer.status_code == 200
    assert answer.json()["approval"]["id"] == ASKED
    (asked,) = desk.office.runs.asked
    assert asked == ("vote", ASKED, ADA, frozenset({"sre"}), Vote.APPROVE, shown["digest"], "looks right")
    assert asked[2].via == "api/ada"


async def test_what_is_shown_has_no_secrets(desk: Desk) -> None:
    """Text passes the redaction; names and digests stay letter by letter."""
    asked = replace(
        tales.asked(Timeline()), inputs={"url": "http://x?key=hunter2"}, approval=ApprovalId("42-1/shift/2")
    )
    await desk.office.store.journal.append(STREAM, FIRELINE, [asked])
    async with desk.client() as client:
        answer = await client.get("approvals/42-1/shift/2")
    assert answer.json()["approval"]["inputs"] == {"url": "http://x?key=[redacted]"}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_denial_needs_a_reason(desk: Desk) -> None:
    """Whoever reads the record later wants to know why."""
    answer = await desk.post("deny", {**BODIES["deny"], "why": "  "})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "misfit")
    assert "/why" in answer.json()["error"]["message"]
    assert (await desk.post("deny", BODIES["deny"])).status_code == 200
    assert desk.office.runs.asked[-1][4:] == (Vote.DENY, DIGEST, "not now")


async def test_an_unknown_outcome_is_listed_and_settled_as_it_was_shown(desk: Desk) -> None:
    """The part and the attempt that are in doubt stand in the list, and go back with the word."""
    unknown = facts.StepOutcomeUnknown(
        run=tales.RUN, step=StepId("shift"), attempt=2, why="it was cut off", part=Part.UNDO
    )
    await desk.office.store.journal.append(STREAM, FIRELINE, [unknown])
    async with desk.client() as client:
        (shown,) = (await client.get("waiting")).json()["unknown"]
    assert shown == {
        "incident": 42,
        "run": tales.RUN,
        "step": "shift",
        "attempt": 2,
        "why": "it was cut off",
        "part": "undo",
    }
    call = {name: shown[name] for name in ("run", "step", "part", "attempt")}
    answer = await desk.post("settle", {**call, "settlement": "did_not"})
    assert answer.status_code == 200
    assert desk.office.runs.asked == [
        ("settle", tales.RUN, "shift", Part.UNDO, 2, ADA, Settlement.DID_NOT, "")
    ]


async def test_only_runs_in_doubt_are_read_whole(desk: Desk) -> None:
    """With a thousand runs under way, whoever asks what waits does not have all their events read."""
    read: list[RunId] = []

    class Reading:
        """The records, with an eye on whose events are read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.office.store.records, name)

        def events_of_run(self, run: RunId) -> Sequence[Event]:
            read.append(run)
            return desk.office.store.records.events_of_run(run)

    onlooker = Onlooker(cast("Reader", Reading()), str)
    holder = Holder(name="ada", actor=ADA, groups=frozenset(), may=frozenset())
    assert (await onlooker.waiting(holder))["unknown"] == []
    assert read == []
    unknown = facts.StepOutcomeUnknown(run=tales.RUN, step=StepId("shift"), attempt=1, why="it was cut off")
    await desk.office.store.journal.append(STREAM, FIRELINE, [unknown])
    (shown,) = (await onlooker.waiting(holder))["unknown"]
    assert (shown["step"], read) == ("shift", [tales.RUN])


async def test_an_incident_is_taken_noted_and_resolved(desk: Desk) -> None:
    """The desk's own rules hold: what it refuses is refused here, with its hint, and the log says by which way people came."""
    desk.office.clock.move(minutes=1)
    taken = await desk.post("acknowledge", {"incident": 42})
    assert (taken.status_code, taken.json()["incident"]["id"]) == (200, 42)
    assert (await desk.post("note", {"incident": 42, "text": "the pool was full"})).status_code == 200
    busy = await desk.post("resolve", {"incident": 42, "summary": "done"})
    assert (busy.status_code, busy.json()["error"]["code"]) == (422, "refused")
    assert "cancel" in busy.json()["error"]["hint"]
    assert (await desk.post("note", {"incident": 43, "text": "x"})).status_code == 404
    done = [(each.kind, str(each.actor)) for each in desk.office.events(42)][-2:]
    assert done == [
        ("incident.acknowledged", "person:U0ADA via api/ada"),
        ("incident.note_added", "person:U0ADA via api/ada"),
    ]


@pytest.mark.parametrize("verb", ["pause", "resume", "retry", "cancel"])
async def test_a_run_is_steered(desk: Desk, verb: str) -> None:
    """By a person, and by a program that was given leave to; the reason goes along."""
    run = tales.RUN
    if verb == "retry":
        over = facts.RunFinished(run=run, status=RunStatus.FAILED)
        await desk.office.store.journal.append(STREAM, FIRELINE, [over])
    more = {"undo": True} if verb == "cancel" else {}
    answer = await desk.post(verb, {"run": run, "why": "a release", **more}, "deploy")
    assert answer.status_code == 200, answer.text
    assert answer.json()["run"]["id"] == run
    asked = {"cancel": "cancel and undo"}.get(verb, verb)
    assert desk.office.runs.asked == [(asked, run, DEPLOY, "a release")]
    missing = await desk.post(verb, {"run": "9-9"}, "ada")
    assert missing.status_code == 404


# ---- who may


async def test_nobody_without_a_token(desk: Desk) -> None:
    """Neither a wrong token, nor the right one in another form: no browser can be made to send a bearer token."""
    shown: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer wrong-token-0123456789abc"},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {TOKENS['ada']}"},
        {"authorization": TOKENS["ada"]},
        {"cookie": f"token={TOKENS['ada']}"},
    ]
    async with desk.client(None) as client:
        for headers in shown:
            answers = [await client.post(verb, json=BODIES[verb], headers=headers) for verb in BODIES]
            answers += [await client.get(path, headers=headers) for path in ("waiting", "elsewhere", "me")]
            for each in answers:
                assert (each.status_code, each.headers["www-authenticate"]) == (401, "Bearer")
                assert each.json()["error"]["hint"]
    assert desk.office.runs.asked == []


async def test_two_authorizations_are_none(desk: Desk) -> None:
    """Which of two headers a proxy reads is nobody's guess."""
    lines = [("authorization", f"Bearer {TOKENS['ada']}"), ("authorization", "Bearer other")]
    assert (await request(desk.app, "/api/v1/me", method="GET", headers=lines)).status == 401


@pytest.mark.parametrize(
    ("token", "may"),
    [
        ("ada", set(BODIES)),
        ("deploy", {"note", "pause", "resume", "retry", "cancel", "requeue", "discard"}),
        ("ben", {"approve", "deny", "settle"}),
    ],
)
async def test_a_token_is_for_what_it_says(desk: Desk, token: str, may: set[str]) -> None:
    """What it is not for is refused before anything is looked at, and the hint says what whoever runs Fireline would set."""
    for verb, body in BODIES.items():
        answer = await desk.post(verb, body, token)
        if verb not in may:
            assert answer.status_code == 403
            assert f"api.tokens.{token}.may" in answer.json()["error"]["hint"]
        else:
            assert answer.status_code != 403, answer.text


async def test_a_guest_with_a_token_decides_nothing(desk: Desk) -> None:
    """What Slack says of a person counts here too; a program is nobody of whom Slack could say anything."""
    desk.barred = {"U0ADA", "deploy"}
    for verb in set(BODIES) - {"note"}:
        assert (await desk.post(verb, BODIES[verb])).status_code == 403, verb
    assert desk.office.runs.asked == []
    assert (await desk.post("pause", BODIES["pause"], "deploy")).status_code == 200


async def test_me(desk: Desk) -> None:
    """Whoever has a token can ask what it is."""
    async with desk.client() as client:
        assert (await client.get("me")).json() == {
            "token": "ada",
            "actor": "person:U0ADA via api/ada",
            "groups": ["sre"],
            "may": ["decide", "declare", "freeze", "note", "respond", "run", "silence", "steer"],
        }


# ---- how it is asked, and how it is refused


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "unreadable"),
        (b"[]", "application/json", 422, "misfit"),
        (b'{"run": "42-1", "sure": true}', "application/json", 422, "misfit"),
        (b'{"run": 42}', "application/json; charset=utf-8", 422, "misfit"),
        (b"{}", "application/json", 422, "misfit"),
        (b'{"run": "42-1"}', "text/plain", 415, "unreadable"),
        (b'{"run": "42-1"}', "application/x-www-form-urlencoded", 415, "unreadable"),
        (b" " * (MOST_BODY + 1), "application/json", 413, "too_large"),
    ],
)
async def test_a_body_that_does_not_fit(
    desk: Desk, content: bytes, kind: str, status: int, code: str
) -> None:
    """It is refused with its places, and nothing is done."""
    async with desk.client() as client:
        answer = await client.post("cancel", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert desk.office.runs.asked == []


async def test_a_body_that_does_not_come(desk: Desk) -> None:
    """A client that leaves, and one that stalls, hold nothing up."""
    lines = [("authorization", f"Bearer {TOKENS['ada']}"), ("content-type", "application/json")]
    left = await request(desk.app, "/api/v1/pause", headers=lines, parts=[b"{"], leaves=True)
    assert left.status == 400


async def test_an_address_that_is_none(desk: Desk) -> None:
    """It says where the addresses stand; a verb is POSTed."""
    async with desk.client() as client:
        assert (await client.get("elsewhere")).json()["error"]["hint"] == "docs/api.md has every address."
        assert (await client.get("approve")).status_code == 404
        assert (await client.get("approvals/1-1/x/1")).json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (Conflict("It is decided already: hunter2."), 409, "conflict"),
        (NotAllowed("You asked for this run."), 403, "not_allowed"),
        (JournalBehind("10,000 wait"), 503, "unavailable"),
    ],
)
async def test_what_the_rooms_behind_refuse(
    desk: Desk, problem: FirelineError, status: int, code: str
) -> None:
    """Each refusal has its status, a word for programs, and no secret; what may work later says when."""
    desk.office.runs.fails = problem
    answer = await desk.post("approve", BODIES["approve"])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert "hunter2" not in error["message"]
    assert ("retry-after" in answer.headers) is (status == 503)


async def test_a_process_that_stands_by_says_where_to_go() -> None:
    """Whoever decides must hear what came of it, so nothing is taken in here; and a stranger hears nothing."""
    app = Starlette(routes=standby_api(HOLDERS, lambda: "pid 7 on two"))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://fireline/api/v1/") as client:
        stranger = await client.post("approve", json={})
        answer = await client.post("approve", json={}, headers={"authorization": f"Bearer {TOKENS['ada']}"})
    assert stranger.status_code == 401
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "standing_by")
    assert "pid 7 on two" in answer.json()["error"]["message"]
    assert answer.headers["retry-after"]


async def test_a_private_incident_is_shown_to_those_who_are_asked(desk: Desk) -> None:
    """Ben's token is in no group that the approval names: for him there is nothing; for Ada, who is asked, there is."""
    await desk.tell_of_a_leak()
    for token, statuses in (("ada", 200), ("ben", 404)):
        async with desk.client(token) as client:
            shown = await client.get("approvals/43-1/shift/1")
            listed = (await client.get("waiting")).json()["approvals"]
        assert shown.status_code == statuses
        assert ("43-1/shift/1" in [each["id"] for each in listed]) is (statuses == 200)


async def test_dead_letters_are_put_back_and_let_go(desk: Desk) -> None:
    """Listed for whoever may look, put back once under the holder's name, and let go with a reason alone."""
    for about in ("sweep", "count"):
        landing = Landing(
            what=DeadKind.SCHEDULE, about=about, reason=DeadReason.BUG, title=about, detail="hunter2"
        )
        await desk.office.store.journal.submit(lambda tx, landing=landing: land(tx, landing))
    async with desk.client("ben") as client:
        listed = (await client.get("dead-letters")).json()["dead_letters"]
    assert [(each["id"], each["detail"], each["status"]) for each in listed] == [
        (1, "[redacted]", "waiting"),
        (2, "[redacted]", "waiting"),
    ]
    done = await desk.post("requeue", {"letter": 1, "why": "mended"}, "deploy")
    assert done.json()["dead_letter"]["status"] == "requeued"
    assert done.json()["dead_letter"]["closed_by"] == "service:deploy via api/deploy"
    assert (await desk.post("requeue", {"letter": 1})).status_code == 409
    assert (await desk.post("discard", {"letter": 2})).status_code == 422
    assert (await desk.post("discard", {"letter": 2, "why": "old"})).json()["dead_letter"]["why"] == "old"
    assert (await desk.post("requeue", {"letter": 9})).status_code == 404
