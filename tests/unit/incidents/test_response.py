"""The rules of leading a response: what each refuses, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.facts import (
    IncidentAcknowledged,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    MarkedMessageDeleted,
    MarkedMessageEdited,
    MessageMarked,
    RoleAssigned,
    SeverityChanged,
    StatusChanged,
    UpdateGiven,
)
from bot.domain.ids import IncidentId
from bot.domain.nouns import COMMANDER, ROLES, IncidentStatus, RunStatus, Severity, person
from bot.domain.records import IncidentRecord
from bot.domain.response_records import FreezeRecord, MarkRecord
from bot.errors import Conflict, NotFound, Refused
from bot.incidents import freezing, response, rules
from tests.fakes.alerts import NOON, incident, run

ADA, BOB = person("U0ADA"), person("U0BOB")
ID = IncidentId(42)
OPEN, CLOSED = incident(), incident(resolved_at=NOON)
LED = replace(incident(commander="U0ADA"), roles={COMMANDER: "U0ADA"})
PRIVATE = replace(incident(10), private=True)
MARK = MarkRecord(
    channel="C1",
    ts="1.2",
    incident=ID,
    author="U0BOB",
    text="it is the cache",
    permalink="",
    marked_by=ADA,
    marked_at=NOON,
)


# ---- roles


def test_a_role_is_given_and_taken_away() -> None:
    """The fact tells who has which role afterwards."""
    (given,) = response.assign(LED, ADA, "scribe", "U0BOB", ROLES)
    assert given == RoleAssigned(
        incident=ID, role="scribe", person="U0BOB", roles={COMMANDER: "U0ADA", "scribe": "U0BOB"}
    )
    written = replace(LED, roles=given.roles)
    (taken,) = response.assign(written, ADA, "scribe", None, ROLES)
    assert taken == RoleAssigned(incident=ID, role="scribe", person="", roles={COMMANDER: "U0ADA"})
    (led,) = response.assign(LED, ADA, COMMANDER, "U0BOB", ROLES)
    assert led == RoleAssigned(incident=ID, role=COMMANDER, person="U0BOB", roles={COMMANDER: "U0BOB"})


def test_whoever_takes_the_lead_acknowledges() -> None:
    """That somebody is there counts from then; that somebody was named does not."""
    assert response.assign(OPEN, ADA, COMMANDER, "U0ADA", ROLES) == [
        IncidentAcknowledged(incident=ID, commander="U0ADA")
    ]
    (named,) = response.assign(OPEN, ADA, COMMANDER, "U0BOB", ROLES)
    assert isinstance(named, RoleAssigned)
    was_named = replace(OPEN, commander="U0BOB", roles={COMMANDER: "U0BOB"})
    assert rules.acknowledge(was_named, BOB) == [IncidentAcknowledged(incident=ID, commander="U0BOB")]


@pytest.mark.parametrize(
    ("role", "who", "error", "words"),
    [
        ("pilot", "U0BOB", Refused, "no role pilot"),
        (COMMANDER, "U0ADA", Conflict, "have it already"),
        ("scribe", None, Conflict, "Nobody is scribe"),
        ("scribe", "", Conflict, "have it already|Nobody is scribe"),
    ],
)
def test_roles_that_are_refused(role: str, who: str | None, error: type[Refused], words: str) -> None:
    """The hint for a role that nobody knows names those that there are."""
    with pytest.raises(error, match=words) as refused:
        response.assign(LED, BOB, role, who, ROLES)
    assert "scribe" in f"{refused.value} {refused.value.hint}" or role == COMMANDER


# ---- severity and updates


def test_a_severity_is_changed() -> None:
    """With what it was; the same one is a conflict."""
    assert response.change_severity(OPEN, Severity.SEV1, " all regions ") == [
        SeverityChanged(incident=ID, severity=Severity.SEV1, before=Severity.SEV2, why="all regions")
    ]
    with pytest.raises(Conflict, match="SEV2 already"):
        response.change_severity(OPEN, Severity.SEV2, "")


def test_an_update_tells_and_promises() -> None:
    """A new status is an event of its own; the one that it has already, and none, are not."""
    told = response.update(OPEN, IncidentStatus.IDENTIFIED, " we roll back ", timedelta(minutes=30), NOON)
    assert told == [
        StatusChanged(incident=ID, status=IncidentStatus.IDENTIFIED),
        UpdateGiven(
            incident=ID,
            message="we roll back",
            status=IncidentStatus.IDENTIFIED,
            next_due=NOON + timedelta(minutes=30),
        ),
    ]
    for status in (None, IncidentStatus.INVESTIGATING):
        assert response.update(OPEN, status, "no news", None, NOON) == [
            UpdateGiven(incident=ID, message="no news", status=IncidentStatus.INVESTIGATING)
        ]


@pytest.mark.parametrize(
    ("status", "message", "minutes", "words"),
    [
        (None, " ", None, "needs words"),
        (IncidentStatus.RESOLVED, "over", None, "its own step"),
        (None, "soon", 0, "within 7 days"),
        (None, "some day", 60 * 24 * 8, "within 7 days"),
    ],
)
def test_updates_that_are_refused(
    status: IncidentStatus | None, message: str, minutes: int | None, words: str
) -> None:
    """Each with what to do instead."""
    next_in = None if minutes is None else timedelta(minutes=minutes)
    with pytest.raises(Refused, match=words) as refused:
        response.update(OPEN, status, message, next_in, NOON)
    assert refused.value.hint


# ---- the end, and what follows it


def test_resolving_says_what_customers_felt() -> None:
    """From when to when, as far as anybody said."""
    felt = rules.Felt(since=NOON - timedelta(hours=1), until=NOON, what=" no checkout ")
    ending = rules.resolve(replace(OPEN, firing=0), [], "rolled back", felt, NOON)
    assert ending.facts == [
        IncidentResolved(
            incident=ID,
            summary="rolled back",
            impact_from=NOON - timedelta(hours=1),
            impact_to=NOON,
            impact="no checkout",
        )
    ]


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (None, NOON, "When did customers begin"),
        (NOON + timedelta(hours=1), None, "lies in the past"),
        (NOON - timedelta(hours=2), NOON + timedelta(hours=1), "lies in the past"),
        (NOON - timedelta(hours=1), NOON - timedelta(hours=2), "end before the beginning"),
    ],
)
def test_times_that_can_not_be(since: object, until: object, words: str) -> None:
    """An impact has a beginning, lies in the past, and ends after it began."""
    with pytest.raises(Refused, match=words) as refused:
        rules.resolve(OPEN, [], "", rules.Felt(since=since, until=until), NOON)  # type: ignore[arg-type]
    assert refused.value.hint


def test_reopening_wants_a_reason() -> None:
    """And an incident that is over, stands by itself, and whose group nobody else works on."""
    assert response.reopen(CLOSED, " it fails again ", None, by=ADA) == [
        IncidentReopened(incident=ID, why="it fails again")
    ]
    with pytest.raises(Refused, match="Say why") as bare:
        response.reopen(CLOSED, " ", None, by=ADA)
    assert "reopen it fails" in bare.value.hint
    with pytest.raises(Conflict, match="is open"):
        response.reopen(OPEN, "why", None, by=ADA)
    with pytest.raises(Refused, match="was merged into 10") as merged:
        response.reopen(replace(CLOSED, merged_into=IncidentId(10)), "why", None, by=ADA)
    assert "reopen #10" in merged.value.hint
    with pytest.raises(Conflict, match="Incident 50 is open for service/checkout"):
        response.reopen(CLOSED, "why", incident(50), by=ADA)


def test_a_private_incident_is_named_to_its_own_people_alone() -> None:
    """That another one stands in the way is said to all; which, only to those who may see it."""
    hidden = replace(incident(50), private=True, commander="U9")
    with pytest.raises(Conflict, match="A private incident is open for service/checkout") as refused:
        response.reopen(CLOSED, "why", hidden, by=ADA)
    assert "50" not in f"{refused.value} {refused.value.hint}"
    with pytest.raises(Conflict, match="Incident 50 is open"):
        response.reopen(CLOSED, "why", replace(hidden, commander=ADA.id), by=ADA)


def test_merging() -> None:
    """What was merged into it before goes along."""
    into = incident(10)
    merged = response.merge(OPEN, into, [run(status=RunStatus.FAILED)], [IncidentId(7)])
    assert merged == IncidentMerged(incident=ID, into=IncidentId(10), absorbed=(IncidentId(7),))


@pytest.mark.parametrize(
    ("one", "into", "busy", "words"),
    [
        (OPEN, OPEN, None, "into itself"),
        (CLOSED, incident(10), None, "was resolved"),
        (OPEN, incident(10, resolved_at=NOON), None, "Incident 10 was resolved"),
        (replace(CLOSED, merged_into=IncidentId(9)), incident(10), None, "was merged into 9"),
        (OPEN, PRIVATE, None, "who may see what"),
        (PRIVATE, OPEN, None, "who may see what"),
        (OPEN, incident(10), RunStatus.RUNNING, r"42-1 \(checkout-errors\)"),
        (OPEN, incident(10), RunStatus.QUEUED, r"42-1 \(checkout-errors\)"),
    ],
)
def test_merges_that_are_refused(
    one: IncidentRecord, into: IncidentRecord, busy: RunStatus | None, words: str
) -> None:
    """Over already, of another sort, or with a run that may yet do something."""
    with pytest.raises(Refused, match=words):
        response.merge(one, into, [run(status=busy)] if busy else [], [])


# ---- messages of the timeline


def test_a_message_is_marked_once() -> None:
    """A resolved incident takes it too; a second time is a conflict that says where it stands."""
    given = {"channel": "C1", "ts": "1.2", "author": "U0BOB", "text": " look ", "permalink": "https://x.test"}
    (fact,) = response.mark(CLOSED, None, **given)
    assert fact == MessageMarked(incident=ID, **given | {"text": "look"})
    with pytest.raises(Conflict, match="incident 42 already"):
        response.mark(OPEN, MARK, **given)


def test_edits_and_deletions_are_told_once() -> None:
    """The same words again, an edit that came late and a second deletion tell nothing; what is no mark is not found."""
    later = NOON + timedelta(minutes=1)
    assert response.mark_edited(ID, MARK, "it is DNS", later) == [
        MarkedMessageEdited(
            incident=ID, channel="C1", ts="1.2", text="it is DNS", edited_at=later, author="U0BOB"
        )
    ]
    assert response.mark_edited(ID, MARK, "it is the cache", later) == []
    assert response.mark_edited(ID, replace(MARK, edited_at=later), "it is DNS", NOON) == []
    assert response.mark_deleted(ID, MARK) == [
        MarkedMessageDeleted(incident=ID, channel="C1", ts="1.2", author="U0BOB")
    ]
    assert response.mark_deleted(ID, replace(MARK, deleted_at=NOON)) == []
    for known in (None, replace(MARK, incident=IncidentId(7))):
        with pytest.raises(NotFound):
            response.mark_deleted(ID, known)


# ---- the freeze, and who sees what


def test_a_freeze_wants_a_reason_and_ends_later() -> None:
    """One at a time; one whose time is over stands in nobody's way."""
    held = FreezeRecord(since=NOON, by=ADA, why="deploy weekend", until=NOON + timedelta(hours=1))
    with pytest.raises(Refused, match="Say why"):
        freezing.freeze(None, " \n", None, NOON)
    with pytest.raises(Refused, match="later than now"):
        freezing.freeze(None, "why", NOON, NOON)
    with pytest.raises(Conflict, match="by U0ADA since 2026-11-23T12:00Z: deploy weekend"):
        freezing.freeze(held, "why", None, NOON)
    assert freezing.freeze(held, "a b\nc", None, NOON + timedelta(hours=1))
    with pytest.raises(Conflict, match="Nothing is frozen"):
        freezing.unfreeze(None, "")


def test_a_private_incident_is_seen_by_those_in_it() -> None:
    """Who opened it, who leads it, who has a role in it; another one by everybody."""
    opened = replace(PRIVATE, opened_by=ADA, commander="U0BOB", roles={"scribe": "U0EVE"})
    assert [opened.seen_by(each) for each in ("U0ADA", "U0BOB", "U0EVE", "U0MAL")] == [
        True,
        True,
        True,
        False,
    ]
    assert OPEN.seen_by("U0MAL")


def test_a_private_incident_is_seen_in_its_own_channel_and_told_in_its_own_record() -> None:
    """Whoever is in its channel is in it; while it has none, nowhere is not its channel. What another's record holds, others read."""
    secret = replace(PRIVATE, channel="C1")
    assert secret.seen_from("C1", "U0MAL")
    assert not secret.seen_from("C2", "U0MAL")
    assert not replace(PRIVATE, channel="").seen_from("", "U0MAL")
    assert replace(PRIVATE, opened_by=ADA).seen_from("", ADA.id)
    assert OPEN.seen_from("C2", "U0MAL")
    assert [secret.told_in(each) for each in (secret.id, IncidentId(11))] == [True, False]
    assert OPEN.told_in(IncidentId(11))


@pytest.mark.parametrize("text", ["x" * 101, "x\n" * 100])
def test_a_service_is_a_name(text: str) -> None:
    """No log."""
    with pytest.raises(Refused, match="at most 100"):
        rules.service(text)
    assert rules.service(" check\nout ") == "check out"
