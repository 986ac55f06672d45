"""Incidents as they go in real life, event by event: what postmortems and pages are tried on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.domain import facts
from bot.domain.clock import from_text
from bot.domain.ids import AlertKey, ApprovalId, Digest, EvidenceId, RunId, StepId
from bot.domain.nouns import (
    AlertStatus,
    ApprovalStatus,
    IncidentStatus,
    Part,
    Phase,
    RunStatus,
    Severity,
    Vote,
    person,
)
from tests.fakes.timeline import Timeline

NAMES = {"UADA": "Ada Okafor", "UGRACE": "Grace Lindqvist", "UBO": "Bo"}
ADA, GRACE, BO = person("UADA"), person("UGRACE"), person("UBO")
RUN = RunId("42-1")
QUERY = 'sum(rate(http_errors_total{service="checkout"}[5m])) / sum(rate(http_requests_total{service="checkout"}[5m]))'
ROUTER = "https://router.internal/weights/checkout"
HOSTILE = Path(__file__).parent.parent / "data" / "alertmanager" / "repeat_0_33_hostile_text.json"


def alert(name: str = "CheckoutErrors", *, began: float = 95, at: Timeline, **labels: str) -> facts.AlertSeen:
    """Make an alert that began some seconds before now."""
    return facts.AlertSeen(
        key=AlertKey(f"{name}-{began}"),
        status=AlertStatus.FIRING,
        labels={"alertname": name, "service": "checkout", "cluster": "eu-1", "severity": "critical"} | labels,
        annotations={
            "summary": "31 % of checkouts fail",
            "runbook_url": "https://runbooks.example/checkout-errors",
        },
        starts_at=at.now - timedelta(seconds=began),
        ends_at=None,
        fingerprint="ea59f186f95c5d76",
        generator_url="http://prometheus.example:9090/graph?g0.expr=checkout_errors+%3E+0&g0.tab=1",
    )


def hostile(at: Timeline) -> facts.AlertSeen:
    """Make the alert that Alertmanager really delivered with mark-up, mentions and line breaks in its text."""
    body = json.loads(HOSTILE.read_text(encoding="utf-8"))["body"]["alerts"][0]
    return facts.AlertSeen(
        key=AlertKey("hostile"),
        status=AlertStatus.FIRING,
        labels=body["labels"] | {"alertname": '<script>alert("x")</script> | `*b*` [a](http://evil) <@U1>'},
        annotations=body["annotations"] | {"runbook_url": "javascript:alert(1)"},
        starts_at=from_text(body["startsAt"]) - timedelta(hours=1),
        ends_at=None,
        fingerprint=body["fingerprint"],
        generator_url='http://vm:9090/graph?a=")|<b>',
    )


def opened(tale: Timeline, title: str = "Checkout is failing for customers", *, keys: int = 3) -> Timeline:
    """Open an incident for alerts and start its runbook."""
    first = alert(at=tale)
    return tale.add(
        facts.IncidentOpened(
            incident=tale.incident,
            title=title,
            severity=Severity.SEV2,
            group="service/checkout",
            runbook="checkout-errors",
        ),
        facts.AlertsAttached(
            incident=tale.incident,
            keys=tuple(AlertKey(f"{first.key}-{number}") for number in range(keys)),
            first=first,
            total=keys,
        ),
        run_started(),
    )


def run_started(run: RunId = RUN, runbook: str = "checkout-errors") -> facts.RunStarted:
    """Start a run that an alert asked for."""
    return facts.RunStarted(
        run=run,
        runbook=runbook,
        digest=Digest("d1" * 32),
        seed="a seed",
        autonomy="auto",
        inputs={"service": "checkout"},
        scope={"alerts": []},
    )


def call(
    step: str, action: str, *, part: Part = Part.MAIN, attempt: int = 1, **inputs: Any
) -> facts.CallStarted:
    """Begin a call."""
    return facts.CallStarted(
        run=RUN,
        step=StepId(step),
        part=part,
        attempt=attempt,
        action=action,
        inputs=inputs,
        key="k" * 32,
        timeout=30,
    )


def answer(
    step: str, *, part: Part = Part.MAIN, attempt: int = 1, again: Timeline | None = None, **output: Any
) -> facts.CallSucceeded:
    """End a call well; with `again`, a verification that looks once more."""
    return facts.CallSucceeded(
        run=RUN,
        step=StepId(step),
        part=part,
        attempt=attempt,
        took=0.42,
        output=output,
        next_at=again.now + timedelta(seconds=15) if again else None,
    )


def failure(
    step: str,
    reason: str = "timeout",
    *,
    part: Part = Part.MAIN,
    attempt: int = 1,
    again: Timeline | None = None,
) -> facts.CallFailed:
    """End a call badly; with `again`, it is tried once more."""
    return facts.CallFailed(
        run=RUN,
        step=StepId(step),
        part=part,
        attempt=attempt,
        took=30,
        reason=reason,
        detail="no answer within 30 s",
        may_have_applied=False,
        retry_at=again.now + timedelta(seconds=1) if again else None,
    )


def kept(
    step: str,
    name: str,
    sort: str,
    octets: int,
    *,
    truncated: bool = False,
    source: str = "http://prometheus.example:9090",
) -> facts.EvidenceStored:
    """Keep a piece of evidence."""
    return facts.EvidenceStored(
        incident=Timeline().incident,
        run=RUN,
        step=StepId(step),
        evidence=EvidenceId(f"{RUN}/{step}/{name}"),
        name=name,
        evidence_class=sort,
        sha256=Digest(("ab12cd34" * 8)[::-1] if truncated else "ab12cd34" * 8),
        size=octets,
        media_type="application/json",
        source=source,
        tool="prometheus.query_range 1",
        truncated=truncated,
    )


def asked(tale: Timeline, *, effect: str = "mutate", expires: float = 600) -> facts.ApprovalRequested:
    """Ask people about shifting traffic."""
    return facts.ApprovalRequested(
        run=RUN,
        step=StepId("shift"),
        approval=ApprovalId(f"{RUN}/shift/1"),
        digest=Digest("5ca1ab1e" * 8),
        action="http.request",
        effect=effect,
        target="router.internal",
        inputs={"method": "PUT", "url": ROUTER, "json": {"standby": 100}},
        sources=("group:sre", "user:UBO"),
        quorum=1,
        undo="http.request PUT standby: 0",
        expires_at=tale.now + timedelta(seconds=expires),
    )


def voted(vote: Vote, why: str = "") -> facts.ApprovalVoted:
    """Decide on shifting traffic."""
    return facts.ApprovalVoted(
        run=RUN,
        step=StepId("shift"),
        approval=ApprovalId(f"{RUN}/shift/1"),
        vote=vote,
        as_member_of="group:sre",
        why=why,
    )


def closed(status: ApprovalStatus, why: str = "") -> facts.ApprovalClosed:
    """End the question about shifting traffic."""
    return facts.ApprovalClosed(
        run=RUN, step=StepId("shift"), approval=ApprovalId(f"{RUN}/shift/1"), status=status, why=why
    )


def succeeded(step: str) -> facts.StepSucceeded:
    """End a step well."""
    return facts.StepSucceeded(run=RUN, step=StepId(step))


def failed(
    step: str, reason: str = "unavailable", detail: str = "the router answered 503", *, applied: bool = False
) -> facts.StepFailed:
    """End a step badly."""
    return facts.StepFailed(run=RUN, step=StepId(step), reason=reason, detail=detail, applied=applied)


def finished(status: RunStatus, reason: str = "", detail: str = "") -> facts.RunFinished:
    """End the run."""
    return facts.RunFinished(run=RUN, status=status, reason=reason, detail=detail)


def gathered(tale: Timeline) -> Timeline:
    """Gather evidence side by side: the error rate at once, the logs at the third attempt and cut."""
    tale.later(0.04).add(
        call("before", "prometheus.query_range", query=QUERY, last="30m"),
        call("logs", "http.request", url="http://shop.example/logs"),
    )
    tale.later(0.3).add(
        kept("before", "error-rate-before.json", "metrics", 12_412),
        answer("before", first=0.002, last=0.3125, max=0.3346),
        succeeded("before"),
    )
    tale.later(30).add(failure("logs", again=tale)).later(1).add(
        call("logs", "http.request", attempt=2, url="http://shop.example/logs")
    )
    tale.later(30).add(failure("logs", "unavailable", attempt=2, again=tale)).later(1)
    tale.add(call("logs", "http.request", attempt=3, url="http://shop.example/logs"))
    return tale.later(2).add(
        kept("logs", "shop.log", "logs", 8_388_608, truncated=True, source="http://shop.example/logs"),
        answer("logs", attempt=3, status=200),
        succeeded("logs"),
    )


def waiting(tale: Timeline | None = None) -> Timeline:
    """Tell of an incident until its containing step waits for people."""
    tale = opened(tale or Timeline())
    tale.add(facts.ChannelOpened(incident=tale.incident, channel="C42", name="inc-42-checkout-is-failing"))
    tale.add(
        facts.MessagePosted(
            incident=tale.incident, key="incident/42/status", channel="C42", ts="1795417429.000100"
        )
    )
    gathered(tale)
    tale.add(asked(tale))
    return tale.later(20).add(facts.IncidentAcknowledged(incident=tale.incident, commander=ADA.id), by=ADA)


def shifted(tale: Timeline) -> Timeline:
    """Approve, shift traffic and see the error rate fall at the third look."""
    tale.later(41).add(voted(Vote.APPROVE, "standby is healthy"), by=GRACE)
    tale.add(closed(ApprovalStatus.APPROVED), call("shift", "http.request", method="PUT", url=ROUTER))
    tale.later(0.4).add(answer("shift", status=200))
    for look, value in enumerate((0.2891, 0.0412, 0.0021), start=1):
        tale.add(call("shift", "prometheus.query", part=Part.VERIFY, attempt=look, query=QUERY)).later(0.1)
        tale.add(
            answer("shift", part=Part.VERIFY, attempt=look, again=tale if look < 3 else None, value=value)
        )
        tale.later(15 if look < 3 else 0)
    return tale.add(succeeded("shift"))


def contained() -> Timeline:
    """Tell of an incident from the alert to the end, as it should go."""
    tale = shifted(waiting())
    tale.add(finished(RunStatus.SUCCEEDED))
    tale.later(5).add(facts.StatusChanged(incident=tale.incident, status=IncidentStatus.MONITORING), by=ADA)
    tale.later(12).add(
        facts.NoteAdded(
            incident=tale.incident, text="Deploy 4711 went out at 07:00.\nRolled back by hand on eu-1."
        ),
        by=BO,
    )
    tale.later(150).add(
        facts.AlertsResolved(
            incident=tale.incident,
            keys=(AlertKey("CheckoutErrors-95-0"), AlertKey("CheckoutErrors-95-1")),
            firing=1,
        )
    )
    tale.later(30).add(
        facts.AlertsResolved(incident=tale.incident, keys=(AlertKey("CheckoutErrors-95-2"),), firing=0)
    )
    return tale.later(60).add(
        facts.IncidentResolved(
            incident=tale.incident, summary="Traffic is on the standby; deploy 4711 is rolled back."
        ),
        by=ADA,
    )


def denied() -> Timeline:
    """Tell of an incident whose containing step a person refused."""
    tale = waiting()
    tale.later(30).add(voted(Vote.DENY, "standby is in maintenance"), by=GRACE)
    tale.add(closed(ApprovalStatus.DENIED), failed("shift", "rejected", "its approval was denied"))
    return tale.add(finished(RunStatus.FAILED, "rejected", "step shift was denied"))


def expired() -> Timeline:
    """Tell of an incident whose approval nobody gave in time."""
    tale = waiting()
    tale.later(600).add(closed(ApprovalStatus.EXPIRED, "nobody decided in time"))
    tale.add(failed("shift", "rejected", "its approval expired: nobody decided in time"))
    return tale.add(finished(RunStatus.FAILED, "rejected", "step shift was not approved"))


def undone() -> Timeline:
    """Tell of a containing step that fails half-way: its effect is taken back, and another's can't be."""
    tale = waiting()
    tale.later(10).add(voted(Vote.APPROVE), by=GRACE).add(closed(ApprovalStatus.APPROVED))
    tale.add(call("shift", "http.request", method="PUT", url=ROUTER)).later(30)
    tale.add(failure("shift", "unavailable"), failed("shift", applied=True))
    tale.add(facts.PhaseEntered(run=RUN, phase=Phase.UNDO, reason="unavailable", detail="step shift failed"))
    tale.add(call("shift", "http.request", part=Part.UNDO, method="PUT", url=ROUTER)).later(1)
    tale.add(failure("shift", part=Part.UNDO, again=tale)).later(1)
    tale.add(call("shift", "http.request", part=Part.UNDO, attempt=2, method="PUT", url=ROUTER)).later(1)
    tale.add(answer("shift", part=Part.UNDO, attempt=2), facts.StepUndone(run=RUN, step=StepId("shift")))
    tale.add(
        facts.StepUndoFailed(
            run=RUN, step=StepId("drain"), reason="", detail="the runbook says that it can't be undone"
        )
    )
    return tale.add(finished(RunStatus.FAILED, "unavailable", "step shift failed"))
