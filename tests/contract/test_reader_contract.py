"""What the port `Reader` answers, over every database, and inside a unit of work just as outside."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.domain import facts
from bot.domain.channel_records import ChannelRecord
from bot.domain.facts import Fact
from bot.domain.ids import (
    INTAKE,
    AlertKey,
    ApprovalId,
    Digest,
    EvidenceId,
    IncidentId,
    RunId,
    StepId,
    incident_stream,
)
from bot.domain.nouns import (
    FIRELINE,
    SCHEDULE,
    Actor,
    AlertStatus,
    ApprovalStatus,
    IncidentStatus,
    Part,
    Phase,
    ReminderOf,
    Routing,
    RunStatus,
    Settlement,
    Severity,
    StepStatus,
    Vote,
    person,
    sender,
)
from bot.domain.ports import Reader
from bot.persistence.projections.rebuild import rebuild
from bot.persistence.questions import RUNS_AT_ONCE
from bot.persistence.store import Store
from bot.persistence.tables import PROJECTIONS
from tests.fakes.any_facts import START as ALERTED
from tests.fakes.any_facts import Append, appends, beginnings, started
from tests.fakes.store import START, MovedClock

ONE, TWO = IncidentId(1), IncidentId(2)
RUN, STEP = RunId("1-1"), StepId("shift")
ASK = ApprovalId("1-1/shift/1")


class Desk:
    """Tells the store what happened and asks it what it makes of it."""

    def __init__(self, store: Store, clock: MovedClock) -> None:
        self.store = store
        self.clock = clock
        self.read: Reader = store.records

    async def tell(self, *told: Fact, by: Actor = FIRELINE, incident: IncidentId = ONE) -> None:
        """Append facts, a second after the last."""
        self.clock.move(seconds=1)
        await self.store.journal.append(incident_stream(incident), by, told)

    async def alert(self, *alerts: facts.AlertSeen, repeated: Sequence[AlertKey] = ()) -> None:
        """Take a delivery in."""
        self.clock.move(seconds=1)
        received = facts.AlertsReceived(
            receiver="fireline",
            group_key='{}:{alertname="X"}',
            external_url="",
            changed=alerts,
            repeated=tuple(repeated),
        )
        await self.store.journal.append(INTAKE, sender("alertmanager"), [received])

    async def step(self) -> Any:
        """Say how the step stands."""
        (record,) = self.read.steps_of(RUN)
        return record.status, record.attempt, record.reason, record.detail


@pytest.fixture
def desk(store: Store, clock: MovedClock) -> Desk:
    """Give a desk over an empty store."""
    return Desk(store, clock)


def opened(incident: IncidentId = ONE, group: str = "service/checkout") -> facts.IncidentOpened:
    """Make the fact that an incident began."""
    return facts.IncidentOpened(
        incident=incident,
        title="Checkout fails",
        severity=Severity.SEV2,
        group=group,
        runbook="checkout-errors",
    )


def seen(key: str, status: AlertStatus = AlertStatus.FIRING, name: str = "CheckoutErrors") -> facts.AlertSeen:
    """Make an alert as its sender describes it."""
    return facts.AlertSeen(
        key=AlertKey(key),
        status=status,
        labels={"alertname": name, "service": "checkout"},
        annotations={"summary": "errors"},
        starts_at=ALERTED,
        ends_at=None if status is AlertStatus.FIRING else ALERTED + timedelta(minutes=5),
        fingerprint="f" + key,
        generator_url="http://prometheus",
    )


def asked(step: StepId = STEP, approval: ApprovalId = ASK) -> facts.ApprovalRequested:
    """Make a question to people."""
    return facts.ApprovalRequested(
        run=RUN, step=step, approval=approval, digest=Digest("d"), action="http.request", effect="mutate", target="router",
        inputs={"url": "https://router.internal", "n": [1, 2]}, sources=("group:sre", "user:U1"), quorum=2, undo="http.request",
        requested_by=person("U9"), expires_at=START + timedelta(hours=1),
    )  # fmt: skip


def call(part: Part = Part.MAIN, attempt: int = 1) -> facts.CallStarted:
    """Make an intent."""
    return facts.CallStarted(
        run=RUN,
        step=STEP,
        part=part,
        attempt=attempt,
        action="http.request",
        inputs={},
        key="k",
        timeout=30.0,
    )


def failed(part: Part = Part.MAIN, *, again: bool = False) -> facts.CallFailed:
    """Make a failure."""
    retry_at = START + timedelta(hours=1) if again else None
    return facts.CallFailed(
        run=RUN, step=STEP, part=part, attempt=1, took=0.5, reason="timeout", detail="no answer", may_have_applied=True,
        retry_at=retry_at, output={"status": 504},
    )  # fmt: skip


async def test_an_empty_store_knows_nothing(store: Store) -> None:
    """Every question has an answer before anything happened."""
    read = store.records
    assert read.incident(ONE) is None
    assert read.open_incident_of_group("g") is None
    assert read.open_incident_of_group("") is None
    assert read.incident_of_channel("C1") is None
    assert read.run(RUN) is None
    assert read.approval(ASK) is None
    assert read.evidence(EvidenceId("1-1/logs/pods.log")) is None
    assert read.runbook_source(Digest("d")) is None
    assert read.outbox_entry("incident/1/status") is None
    assert read.head() == (0, "0" * 64)
    assert read.alerts([]) == {}
    empty = [
        read.incidents(), read.alerts_of(ONE), read.pending_alerts(limit=5), read.unmatched_alerts(), read.recent_alerts(),
        read.refused_deliveries(), read.runs_of(ONE), read.unfinished_runs(), read.steps_of(RUN), read.approvals_of(ONE),
        read.evidence_of(ONE), read.events(), read.events_of_run(RUN), read.raw_events(), read.outbox_behind(), read.inbox_waiting(),
        read.queued_runs(), read.runs_of_group("g"), read.open_incidents_of_group("g"), read.schedules(),
        read.incidents(quiet=True), read.events_of_runs([]),
    ]  # fmt: skip
    assert not any(empty)


async def test_an_incident_from_its_opening_to_its_end(desk: Desk) -> None:
    """Status, first commander, channel and end come from the events, and the group finds it while it is open."""
    await desk.tell(opened(), by=person("U1"))
    await desk.tell(facts.ChannelOpened(incident=ONE, channel="C1", name="inc-1-checkout"))
    await desk.tell(facts.IncidentAcknowledged(incident=ONE, commander="U1"), by=person("U1"))
    await desk.tell(facts.IncidentAcknowledged(incident=ONE, commander="U1"), by=person("U2"))
    await desk.tell(facts.StatusChanged(incident=ONE, status=IncidentStatus.MONITORING))

    record = desk.read.incident(ONE)
    assert record is not None
    assert (record.title, record.severity, record.status) == (
        "Checkout fails",
        Severity.SEV2,
        IncidentStatus.MONITORING,
    )
    assert (record.opened_by, record.opened_at) == (person("U1"), START + timedelta(seconds=1))
    assert (record.commander, record.acknowledged_at) == ("U1", START + timedelta(seconds=3))
    assert (record.channel, record.channel_name, record.runbook) == (
        "C1",
        "inc-1-checkout",
        "checkout-errors",
    )
    assert (record.last_seq, record.open, record.resolved_at) == (5, True, None)
    assert desk.read.open_incident_of_group("service/checkout") == record
    assert desk.read.incident_of_channel("C1") == record

    await desk.tell(facts.IncidentResolved(incident=ONE, summary="rolled back"))
    await desk.tell(opened(TWO), incident=TWO)
    ended = desk.read.incident(ONE)
    assert ended is not None
    assert (ended.open, ended.resolution, ended.resolved_at) == (
        False,
        "rolled back",
        START + timedelta(seconds=6),
    )
    assert [each.id for each in desk.read.incidents()] == [TWO, ONE]
    assert [each.id for each in desk.read.incidents(limit=1)] == [TWO]
    assert [each.id for each in desk.read.incidents(only_open=True)] == [TWO]
    found = desk.read.open_incident_of_group("service/checkout")
    assert found is not None
    assert found.id == TWO


async def test_acknowledging_before_anything_else_counts_within_one_commit(desk: Desk) -> None:
    """Facts of one append are joined in one row; each says who leads, and one of a machine that says nobody changes nothing."""
    first, second = (facts.IncidentAcknowledged(incident=ONE, commander=who) for who in ("U1", ""))
    await desk.tell(opened(), first, second)
    record = desk.read.incident(ONE)
    assert record is not None
    assert record.commander == "U1"


async def test_an_alert_keeps_what_became_of_it(desk: Desk) -> None:
    """Deliveries count; an alert that resolves and fires again stays with its incident, and the incident counts what fires."""
    await desk.alert(seen("a"), seen("b"))
    await desk.alert(repeated=[AlertKey("a")])
    assert [each.key for each in desk.read.pending_alerts(limit=10)] == ["a", "b"]
    assert [each.key for each in desk.read.pending_alerts(limit=1)] == ["a"]

    keys = (AlertKey("a"), AlertKey("b"))
    await desk.tell(opened(), facts.AlertsAttached(incident=ONE, keys=keys, first=seen("a"), total=2))
    await desk.alert(seen("a", AlertStatus.RESOLVED))
    record = desk.read.incident(ONE)
    assert record is not None
    assert (record.alerts, record.firing) == (2, 1)
    resolved = desk.read.alerts(keys)[AlertKey("a")]
    assert (resolved.status, resolved.routing, resolved.incident) == (
        AlertStatus.RESOLVED,
        Routing.ATTACHED,
        ONE,
    )
    assert resolved.ends_at == ALERTED + timedelta(minutes=5)

    await desk.alert(seen("a"))
    again = desk.read.alerts([AlertKey("a"), AlertKey("nobody")])
    assert list(again) == ["a"]
    alert = again[AlertKey("a")]
    assert (alert.status, alert.routing, alert.incident, alert.deliveries) == (
        AlertStatus.FIRING,
        Routing.ATTACHED,
        ONE,
        4,
    )
    assert (alert.first_seen, alert.last_seen) == (START + timedelta(seconds=1), START + timedelta(seconds=5))
    assert (alert.name, alert.receiver, alert.group_key) == (
        "CheckoutErrors",
        "fireline",
        '{}:{alertname="X"}',
    )
    assert (alert.fingerprint, alert.generator_url, alert.starts_at, alert.ends_at) == (
        "fa",
        "http://prometheus",
        ALERTED,
        None,
    )
    assert [each.key for each in desk.read.alerts_of(ONE)] == ["a", "b"]
    assert [each.key for each in desk.read.alerts_of(ONE, limit=1)] == ["a"]
    record = desk.read.incident(ONE)
    assert record is not None
    assert record.firing == 2


async def test_unmatched_alerts_and_refused_deliveries_are_kept(desk: Desk) -> None:
    """What nobody wanted and what nobody could read is there for inspection, newest first."""
    await desk.alert(seen("a"))
    await desk.alert(seen("b"))
    await desk.store.journal.append(
        INTAKE, FIRELINE, [facts.AlertsUnmatched(keys=(AlertKey("a"), AlertKey("b")))]
    )
    assert [each.key for each in desk.read.unmatched_alerts()] == ["b", "a"]
    assert [each.key for each in desk.read.recent_alerts(limit=1)] == ["b"]
    assert not desk.read.pending_alerts(limit=5)

    for reason in ("no JSON", "no alerts"):
        refused = facts.DeliveryRefused(reason=reason, body_sha256=Digest("s"), size=9, source="127.0.0.1")
        await desk.store.journal.append(INTAKE, FIRELINE, [refused])
    newest, oldest = desk.read.refused_deliveries()
    assert (newest.reason, oldest.reason, newest.size, newest.seq) == ("no alerts", "no JSON", 9, 5)


async def test_many_alerts_are_asked_for_at_once(desk: Desk) -> None:
    """A delivery of thousands is one question of few statements."""
    keys = [AlertKey(f"{n:064d}") for n in range(1500)]
    await desk.alert(*(seen(key) for key in keys))
    assert set(desk.read.alerts(keys)) == set(keys)
    assert set(await desk.store.journal.submit(lambda tx: tx.alerts(keys))) == set(keys)
    assert len(desk.read.pending_alerts(limit=5000)) == 1500


async def test_a_run_and_its_place_in_the_recovery(desk: Desk) -> None:
    """A run is under way until it finishes; its phases and its end are told."""
    begun = facts.RunStarted(
        run=RUN, runbook="checkout-errors", digest=Digest("d"), seed="s", autonomy="auto",
        inputs={"service": "checkout", "n": 3}, scope={}, requested_by=person("U1"),
    )  # fmt: skip
    await desk.tell(opened(), begun)
    record = desk.read.run(RUN)
    assert record is not None
    assert (record.status, record.phase, record.requested_by) == (
        RunStatus.RUNNING,
        Phase.STEPS,
        person("U1"),
    )
    assert (record.incident, record.runbook, record.digest) == (ONE, "checkout-errors", "d")
    assert record.inputs == {"service": "checkout", "n": 3}
    assert desk.read.unfinished_runs() == [record]

    await desk.tell(facts.PhaseEntered(run=RUN, phase=Phase.RESCUE, reason="rejected", detail="no"))
    await desk.tell(
        started(RunId("1-2")), facts.RunFinished(run=RUN, status=RunStatus.FAILED, reason="bug", detail="oh")
    )
    ended = desk.read.run(RUN)
    assert ended is not None
    assert (ended.status, ended.phase, ended.reason, ended.detail) == (
        RunStatus.FAILED,
        Phase.RESCUE,
        "bug",
        "oh",
    )
    assert ended.finished_at == START + timedelta(seconds=3)
    assert [each.id for each in desk.read.runs_of(ONE)] == ["1-1", "1-2"]
    assert [each.id for each in desk.read.unfinished_runs()] == ["1-2"]


async def test_a_run_inside_another(desk: Desk) -> None:
    """A run knows the call that it is, its group finds it while it is under way, and undoing it takes it up again."""
    inside = RunId("1-2")
    await desk.tell(opened(), started(RUN))
    await desk.tell(
        facts.RunStarted(
            run=inside,
            runbook="shift-traffic",
            digest=Digest("e"),
            seed="s",
            autonomy="auto",
            inputs={},
            scope={},
            group="service/checkout",
            parent=RUN,
            parent_step=STEP,
            parent_part=Part.UNDO,
            parent_attempt=2,
            ancestors=("checkout-errors",),
        )
    )
    record = desk.read.run(inside)
    assert record is not None
    assert (record.parent, record.parent_step, record.parent_part, record.parent_attempt) == (
        RUN,
        STEP,
        Part.UNDO,
        2,
    )
    assert [each.id for each in desk.read.runs_of_group("service/checkout")] == [inside]
    assert not desk.read.runs_of_group("")

    await desk.tell(facts.RunFinished(run=inside, status=RunStatus.SUCCEEDED))
    assert not desk.read.runs_of_group("service/checkout")
    await desk.tell(facts.RunUndoRequested(run=inside))
    again = desk.read.run(inside)
    assert again is not None
    assert (again.status, again.phase, again.finished_at) == (RunStatus.RUNNING, Phase.UNDO, None)
    assert [each.id for each in desk.read.unfinished_runs()] == [RUN, inside]


async def test_a_line_in_front_of_a_group(desk: Desk) -> None:
    """Who holds a group and who waits, by severity and then in the order of coming; who left it is in it no more."""
    waits: Any = {
        "runbook": "checkout-errors", "digest": Digest("d"), "seed": "s", "autonomy": "auto", "inputs": {"n": 1}, "scope": {},
        "group": "service/checkout",
    }  # fmt: skip
    first, second, third = RunId("1-2"), RunId("1-3"), RunId("1-4")
    await desk.tell(opened(), replace(started(RUN), group="service/checkout"))
    await desk.tell(
        facts.RunQueued(run=first, severity=Severity.SEV3, behind=RUN, place=1, timeout=60.0, **waits)
    )
    await desk.tell(facts.RunQueued(run=second, severity=Severity.SEV3, behind=RUN, place=2, **waits))
    await desk.tell(facts.RunQueued(run=third, severity=Severity.SEV1, behind=RUN, place=1, **waits))
    await desk.tell(facts.RunMoved(run=first, behind=RUN, place=2))
    assert [each.id for each in desk.read.runs_of_group("service/checkout")] == [RUN, third, first, second]
    assert desk.read.runs_of_group("") == []
    assert [each.id for each in desk.read.queued_runs()] == [first, second, third]
    assert [each.id for each in desk.read.unfinished_runs()] == [RUN]
    record = desk.read.run(first)
    assert record is not None
    assert (record.status, record.group, record.severity) == (
        RunStatus.QUEUED,
        "service/checkout",
        Severity.SEV3,
    )
    assert (record.behind, record.place, record.inputs) == (RUN, 2, {"n": 1})
    assert record.started_at == START + timedelta(seconds=2)

    await desk.tell(facts.RunDropped(run=second, why="not now"))
    await desk.tell(facts.RunFinished(run=RUN, status=RunStatus.SUCCEEDED))
    await desk.tell(replace(started(third), group="service/checkout"))
    assert {each.id for each in desk.read.runs_of_group("service/checkout")} == {third, first}
    left, begun = desk.read.run(second), desk.read.run(third)
    assert left is not None
    assert begun is not None
    assert (left.status, left.detail, left.place) == (RunStatus.CANCELLED, "not now", 0)
    assert (begun.status, begun.behind, begun.place) == (RunStatus.RUNNING, "", 0)
    assert [each.id for each in desk.read.open_incidents_of_group("service/checkout")] == [ONE]
    assert desk.read.open_incidents_of_group("") == []


async def test_a_schedule_and_a_quiet_incident(desk: Desk) -> None:
    """What is on schedule, what its last instant led to, and an incident that shows nowhere until somebody is needed."""
    at = START + timedelta(hours=1)
    await desk.tell(facts.ScheduleSet(runbook="sweep", cron="0 * * * *", timezone="UTC"))
    await desk.tell(replace(opened(), scheduled=at), replace(started(RUN), requested_by=SCHEDULE))
    await desk.tell(facts.ScheduleFired(runbook="sweep", due=at, incident=ONE, started=RUN))
    await desk.tell(facts.ScheduleFired(runbook="sweep", due=at + timedelta(hours=1), skipped="busy"))
    (record,) = desk.read.schedules()
    assert (record.runbook, record.cron, record.timezone) == ("sweep", "0 * * * *", "UTC")
    assert record.since == START + timedelta(seconds=1)
    assert (record.due, record.incident, record.started, record.skipped) == (
        at + timedelta(hours=1),
        ONE,
        "",
        "busy",
    )
    assert desk.read.incidents() == []
    assert desk.read.incidents(only_open=True) == []
    (quiet,) = desk.read.incidents(only_open=True, quiet=True)
    assert (quiet.quiet, quiet.scheduled) == (True, at)
    assert desk.read.outbox_behind() == []

    await desk.tell(facts.RunFinished(run=RUN, status=RunStatus.FAILED, reason="rejected", detail="no"))
    (loud,) = desk.read.incidents()
    assert (loud.quiet, loud.scheduled) == (False, at)
    keys = {each.key for each in desk.read.outbox_behind()}
    furniture = {f"incident/1/{each}" for each in ("channel", "bookmarks", "status", "announce")}
    assert keys == {*furniture, "run/1-1"}
    await desk.tell(facts.ScheduleRemoved(runbook="sweep"))
    assert desk.read.schedules() == []


async def test_a_step_through_its_life(desk: Desk) -> None:
    """A step's record follows the facts as the conductor's own state does."""
    await desk.tell(opened(), started(RUN), asked())
    assert await desk.step() == (StepStatus.WAITING_APPROVAL, 0, "", "")
    await desk.tell(facts.ApprovalClosed(run=RUN, step=STEP, approval=ASK, status=ApprovalStatus.APPROVED))
    assert await desk.step() == (StepStatus.PENDING, 0, "", "")
    await desk.tell(call())
    assert await desk.step() == (StepStatus.RUNNING, 1, "", "")
    await desk.tell(failed(again=True))
    assert await desk.step() == (StepStatus.WAITING_RETRY, 1, "timeout", "no answer")
    await desk.tell(call(attempt=2))
    assert await desk.step() == (StepStatus.RUNNING, 2, "timeout", "no answer")
    await desk.tell(facts.CallInterrupted(run=RUN, step=STEP, part=Part.MAIN, attempt=2, again=False))
    await desk.tell(call(Part.SETTLE))
    assert await desk.step() == (StepStatus.RUNNING, 2, "timeout", "no answer")
    await desk.tell(facts.StepOutcomeUnknown(run=RUN, step=STEP, attempt=2, why="the probe can't tell"))
    assert await desk.step() == (StepStatus.UNKNOWN, 2, "timeout", "the probe can't tell")
    await desk.tell(facts.StepSettled(run=RUN, step=STEP, settlement=Settlement.HAPPENED), by=person("U1"))
    assert (await desk.step())[0] is StepStatus.RUNNING
    done = facts.CallSucceeded(
        run=RUN, step=STEP, part=Part.MAIN, attempt=2, took=0.1, output={"status": 200}
    )
    await desk.tell(done)
    await desk.tell(call(Part.VERIFY))
    assert (await desk.step())[0] is StepStatus.VERIFYING
    await desk.tell(failed(Part.VERIFY, again=True))
    assert (await desk.step())[0] is StepStatus.VERIFYING
    await desk.tell(facts.StepSucceeded(run=RUN, step=STEP))
    assert await desk.step() == (StepStatus.SUCCEEDED, 2, "", "")
    (record,) = desk.read.steps_of(RUN)
    assert record.output == {"status": 200}
    assert record.started_at == START + timedelta(seconds=3)
    assert record.finished_at == START + timedelta(seconds=13)
    await desk.tell(call(Part.UNDO))
    unknown = facts.StepOutcomeUnknown(run=RUN, step=STEP, attempt=1, why="?", part=Part.UNDO)
    await desk.tell(
        unknown, facts.StepSettled(run=RUN, step=STEP, settlement=Settlement.DID_NOT, part=Part.UNDO)
    )
    assert (await desk.step())[0] is StepStatus.SUCCEEDED
    await desk.tell(facts.StepUndone(run=RUN, step=STEP))
    assert (await desk.step())[0] is StepStatus.UNDONE


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (
            facts.StepFailed(run=RUN, step=STEP, reason="timeout", detail="d"),
            (StepStatus.FAILED, "timeout", "d"),
        ),
        (facts.StepSkipped(run=RUN, step=STEP, why="not needed"), (StepStatus.SKIPPED, "", "not needed")),
        (facts.StepCancelled(run=RUN, step=STEP, why="stop"), (StepStatus.CANCELLED, "", "stop")),
        (
            facts.StepUndoFailed(run=RUN, step=STEP, reason="rejected", detail="no undo"),
            (StepStatus.PENDING, "rejected", "no undo"),
        ),
    ],
)
async def test_how_a_step_may_end(desk: Desk, end: Fact, expected: Any) -> None:
    """Each end leaves the step with its status and the words for it."""
    await desk.tell(opened(), started(RUN), end)
    status, _, reason, detail = await desk.step()
    assert (status, reason, detail) == expected


async def test_steps_come_in_the_order_in_which_they_began(desk: Desk) -> None:
    """Not by name, and not by how they ended."""
    for name in ("zeta", "alpha", "mid"):
        await desk.tell(facts.StepSkipped(run=RUN, step=StepId(name), why=""))
    await desk.tell(facts.StepUndone(run=RUN, step=StepId("zeta")))
    assert [each.step for each in desk.read.steps_of(RUN)] == ["zeta", "alpha", "mid"]


async def test_an_approval_with_its_votes(desk: Desk) -> None:
    """An approval says exactly what was shown, who said what, and how it closed."""
    await desk.tell(opened(), started(RUN), asked())
    await desk.tell(
        facts.ApprovalVoted(
            run=RUN, step=STEP, approval=ASK, vote=Vote.APPROVE, as_member_of="group:sre", why="go"
        ),
        by=person("U1"),
    )
    await desk.tell(
        facts.ApprovalVoted(run=RUN, step=STEP, approval=ASK, vote=Vote.DENY, as_member_of="user:U2"),
        by=person("U2"),
    )
    second = ApprovalId("1-1/logs/1")
    await desk.tell(asked(StepId("logs"), second))
    record = desk.read.approval(ASK)
    assert record is not None
    assert record.inputs == {"url": "https://router.internal", "n": [1, 2]}
    assert record.sources == ("group:sre", "user:U1")
    assert (record.quorum, record.requested_by, record.requested_at) == (
        2,
        person("U9"),
        START + timedelta(seconds=1),
    )
    assert (record.action, record.effect, record.target, record.undo) == (
        "http.request",
        "mutate",
        "router",
        "http.request",
    )
    assert (record.status, record.expires_at, record.closed_at) == (
        ApprovalStatus.PENDING,
        START + timedelta(hours=1),
        None,
    )
    assert [(vote.by, vote.vote, vote.why) for vote in record.votes] == [
        (person("U1"), Vote.APPROVE, "go"),
        (person("U2"), Vote.DENY, ""),
    ]
    await desk.tell(
        facts.ApprovalClosed(run=RUN, step=STEP, approval=ASK, status=ApprovalStatus.DENIED, why="U2")
    )
    first, other = desk.read.approvals_of(ONE)
    assert (first.status, first.why, first.closed_at, len(first.votes)) == (
        ApprovalStatus.DENIED,
        "U2",
        START + timedelta(seconds=5),
        2,
    )
    assert (other.id, other.votes) == (second, ())


async def test_evidence_is_listed_with_its_incident(desk: Desk) -> None:
    """What was stored can be found by its incident and by its name."""
    stored = facts.EvidenceStored(
        incident=ONE, run=RUN, step=StepId("logs"), evidence=EvidenceId("1-1/logs/pods.log"), name="pods.log",
        evidence_class="logs", sha256=Digest("e" * 64), size=12, media_type="text/plain", source="kubernetes", tool="t", truncated=True,
    )  # fmt: skip
    await desk.tell(opened(), stored)
    (record,) = desk.read.evidence_of(ONE)
    assert desk.read.evidence(EvidenceId("1-1/logs/pods.log")) == record
    assert (record.sha256, record.size, record.truncated, record.evidence_class) == (
        "e" * 64,
        12,
        True,
        "logs",
    )
    assert record.stored_at == START + timedelta(seconds=1)


async def test_events_by_stream_by_run_and_by_place(desk: Desk) -> None:
    """The log can be read whole, by stream, by run, and from any place on."""
    await desk.alert(seen("a"))
    await desk.tell(opened(), started(RUN), call())
    await desk.tell(opened(TWO), incident=TWO)
    await desk.tell(started(RunId("1-2")))
    assert [event.seq for event in desk.read.events()] == [1, 2, 3, 4, 5, 6]
    assert [event.seq for event in desk.read.events(after=2, limit=2)] == [3, 4]
    assert [event.seq for event in desk.read.events(stream=incident_stream(ONE))] == [2, 3, 4, 6]
    assert [event.seq for event in desk.read.events(stream=incident_stream(ONE), after=2, limit=1)] == [3]
    assert [event.kind for event in desk.read.events_of_run(RUN)] == ["run.started", "call.started"]
    gone = [RunId(f"9-{n}") for n in range(RUNS_AT_ONCE)]
    of_each = desk.read.events_of_runs([RUN, *gone, RunId("1-2")])
    assert list(of_each) == [RUN, *gone, RunId("1-2")]
    assert {run: [event.seq for event in events] for run, events in of_each.items() if events} == {
        RUN: [event.seq for event in desk.read.events_of_run(RUN)],
        RunId("1-2"): [6],
    }
    assert [row["seq"] for row in desk.read.raw_events(after=4)] == [5, 6]
    assert list(desk.read.raw_events(limit=1)[0]) == [
        "seq", "at", "stream", "actor", "kind", "data", "prev", "hash",
    ]  # fmt: skip


async def test_chat_learns_what_to_show(desk: Desk) -> None:
    """Events want messages, and a message that stands is found by its key."""
    await desk.tell(opened())
    await desk.tell(facts.RunProposed(incident=ONE, runbook="checkout-errors", why="expired"))
    await desk.tell(started(RUN), asked())
    await desk.tell(facts.MessagePosted(incident=ONE, key="incident/1/status", channel="C1", ts="1.5"))
    wanted = {entry.key: entry.wanted for entry in desk.read.outbox_behind()}
    assert wanted == {
        "incident/1/channel": 1,
        "incident/1/bookmarks": 1,
        "incident/1/announce": 1,
        "incident/1/status": 4,
        "run/1-1": 4,
        "incident/1/proposed/checkout-errors": 3,
        "approval/1-1/shift/1": 4,
    }
    entry = desk.read.outbox_entry("incident/1/status")
    assert entry is not None
    assert (entry.channel, entry.ts, entry.sent, entry.incident) == ("C1", "1.5", 0, ONE)
    assert len(desk.read.outbox_behind(limit=2)) == 2


async def test_a_channel_and_what_people_were_reminded_of(desk: Desk) -> None:
    """Who is not in it, when it was archived, that it was left; and each reminder with the last time that it was given."""
    await desk.tell(opened())
    assert desk.read.channel_of(ONE) == ChannelRecord(incident=ONE)
    lost = facts.NotInvited(who="U0DANA", why="user_is_restricted")
    await desk.tell(facts.ChannelOpened(incident=ONE, channel="C1", name="inc-1"))
    await desk.tell(facts.InvitesRefused(incident=ONE, channel="C1", refused=(lost,)))
    assert desk.read.channel_of(ONE).not_in == (lost,)
    await desk.tell(facts.ChannelRetired(incident=ONE, channel="C1"))
    await desk.tell(facts.ChannelArchived(incident=ONE, channel="C1"))
    place = desk.read.channel_of(ONE)
    assert place.retired_at is not None
    assert place.archived_at is not None
    await desk.tell(facts.ChannelLeft(incident=ONE, channel="C1", why="not_in_channel"))
    assert desk.read.channel_of(ONE) == ChannelRecord(incident=ONE, before="C1", left_why="not_in_channel")
    record = desk.read.incident(ONE)
    assert record is not None
    assert record.channel == ""
    due = START + timedelta(minutes=30)
    for of, approval in (
        (ReminderOf.UPDATE, ""),
        (ReminderOf.APPROVAL, "1-1/shift/1"),
        (ReminderOf.UPDATE, ""),
    ):
        await desk.tell(facts.Reminded(incident=ONE, of=of, due=due, approval=ApprovalId(approval)))
    assert [(each.key, each.due) for each in desk.read.reminders_of(ONE)] == [
        ("1-1/shift/1", due),
        ("update", due),
    ]


def contents(store: Store) -> Mapping[str, Any]:
    """Return every projection's rows."""
    with store.database.reading.connect() as connection:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in PROJECTIONS
        }


@given(log=st.lists(appends(), max_size=25), cut=st.integers(0, 25))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_projections_rebuilt_are_the_projections_that_were(
    store: Store, log: list[Append], cut: int
) -> None:
    """Whatever happened, in however many commits: the log alone makes the same tables again."""

    def all_at_once(tx: Any) -> None:
        for stream, actor, told in [*beginnings(), *log[:cut]]:
            tx.append(stream, actor, told)

    await store.journal.submit(all_at_once)
    for stream, actor, told in log[cut:]:
        await store.journal.append(stream, actor, told)
    before, head = contents(store), store.records.head()

    # A second connection may not write beside the journal on SQLite, so the rebuild runs where units run: one after the other.
    assert await store.journal.submit(lambda tx: rebuild(tx._batch._connection)) == head[0]  # type: ignore[attr-defined]
    after = contents(store)
    assert {name for name in before if before[name] != after[name]} == set()
    assert store.records.head() == head
