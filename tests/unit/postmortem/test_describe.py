"""One sentence for each event."""

# ruff: noqa: E501 - a sentence that is compared is kept whole

from __future__ import annotations

import pytest

from bot.domain import facts
from bot.domain.facts import Fact, kinds
from bot.domain.ids import AlertKey, ApprovalId, Digest, EvidenceId, LetterId, LetterKey, RunId, StepId
from bot.domain.nouns import (
    FIRELINE,
    SCHEDULE,
    Actor,
    ApprovalStatus,
    DeadKind,
    DeadReason,
    HoldCause,
    IncidentStatus,
    Part,
    Phase,
    ReminderOf,
    RunStatus,
    Settlement,
    Severity,
    Vote,
    person,
    sender,
)
from bot.domain.silences import Matcher
from bot.postmortem.describe import SENTENCES, describe
from tests.fakes import tales
from tests.fakes.tales import ADA, NAMES
from tests.fakes.timeline import Timeline

RUN, STEP, ASKED = RunId("42-1"), StepId("shift"), ApprovalId("42-1/shift/1")
SHA = Digest("ab12cd34" * 8)
NOW = Timeline()
HERE = {"run": RUN, "step": STEP}
THERE = {"incident": NOW.incident}
CALL = {**HERE, "attempt": 1}
WISH = {**CALL, "action": "a.b", "inputs": {}, "target": "https://router.internal:443"}
ANSWER = {**CALL, "took": 0.42}
FAILURE = {**ANSWER, "reason": "timeout", "detail": "no answer.", "may_have_applied": False}
EVIDENCE = {
    **HERE,
    **THERE,
    "evidence": EvidenceId("42-1/shift/a"),
    "name": "a.log",
    "evidence_class": "logs",
}
BYTES = {"sha256": SHA, "size": 812, "media_type": "text/plain", "source": "s", "tool": "t"}
APPROVAL = {**HERE, "approval": ASKED}
ASK = {**APPROVAL, "digest": SHA, "action": "http.request", "effect": "mutate", "inputs": {}, "quorum": 1}
INSIDE = {"parent": "42-7", "parent_step": "shift", "parent_attempt": 1}
STARTED = {
    "run": RUN,
    "runbook": "rb",
    "digest": SHA,
    "seed": "s",
    "autonomy": "auto",
    "inputs": {},
    "scope": {},
}
QUEUED = {**STARTED, "group": "service/checkout", "severity": Severity.SEV2}
OPENED = {**THERE, "title": "Down", "severity": Severity.SEV2}
ALERT = tales.alert(at=NOW)
NAMELESS = facts.AlertSeen(
    key=AlertKey("k"),
    status=ALERT.status,
    labels={},
    annotations={},
    starts_at=ALERT.starts_at,
    ends_at=None,
    fingerprint="f",
)
K = AlertKey("a")
LETTER = {"letter": LetterId(7), "key": LetterKey("run/42-1"), "what": DeadKind.RUN}
SILENCE = {**THERE, "silence": "fireline/42/9f86"}
MARK = {**THERE, "channel": "C1", "ts": "1.2"}

CASES: list[tuple[Actor, Fact, str]] = [
    (FIRELINE, facts.IncidentOpened(**OPENED, runbook="rb"), "Fireline opened incident 42 as SEV2, by the runbook rb: Down."),
    (ADA, facts.IncidentOpened(**OPENED), "Ada Okafor declared incident 42 as SEV2: Down."),
    (
        FIRELINE,
        facts.AlertsAttached(**THERE, keys=(K,), first=ALERT, total=1),
        "The alert CheckoutErrors joined the incident, firing since 2026-11-23 07:02:13 UTC.",
    ),
    (
        FIRELINE,
        facts.AlertsAttached(**THERE, keys=(K, AlertKey("b")), first=NAMELESS, total=1200),
        "2 alerts joined the incident, an alert without a name first, firing since 2026-11-23 07:02:13 UTC; the incident has 1,200 now.",
    ),
    (FIRELINE, facts.AlertsResolved(**THERE, keys=(K,), firing=0), "1 alert is over; none fires any more."),
    (FIRELINE, facts.AlertsResolved(**THERE, keys=(K, K), firing=3), "2 alerts are over; 3 still firing."),
    (FIRELINE, facts.RunProposed(**THERE, runbook="rb", why="past its date"), "The runbook rb was proposed and not started: past its date."),
    (FIRELINE, facts.ChannelOpened(**THERE, channel="C1", name="inc-42"), "The channel #inc-42 was opened."),
    (FIRELINE, facts.ChannelArchived(**THERE, channel="C1"), "The channel C1 was archived."),
    (FIRELINE, facts.ChannelRetired(**THERE, channel="C1"), "The time of the channel C1 was over: it is to be archived."),
    (FIRELINE, facts.ChannelUnarchived(**THERE, channel="C1"), "The channel C1 was taken out of the archive."),
    (FIRELINE, facts.ChannelLeft(**THERE, channel="C1", why="not_in_channel"), "The channel C1 can't be used any more, and a new one is opened: not_in_channel."),
    (FIRELINE, facts.ChannelLeft(**THERE, channel="C1", why="archived"), "The channel C1 can't be used any more, and a new one is opened: it was archived while the response was under way."),
    (FIRELINE, facts.InvitesRefused(**THERE, channel="C1", refused=()), "Everybody who should be in the channel is there now."),
    (FIRELINE, facts.InvitesRefused(**THERE, channel="C1", refused=(facts.NotInvited(who="UADA", why="user_is_restricted"), facts.NotInvited(who="group:oncall", why="no_such_group"))), "Some who should be in the channel could not be invited: Ada Okafor (user_is_restricted) and the group oncall (no_such_group)."),
    (FIRELINE, facts.Reminded(**THERE, of=ReminderOf.UPDATE, due=NOW.now), "People were reminded that a word on how it stands is due (due 2026-11-23 07:03:48 UTC)."),
    (FIRELINE, facts.Reminded(**THERE, of=ReminderOf.COMMANDER, due=NOW.now), "People were reminded that nobody leads the response (due 2026-11-23 07:03:48 UTC)."),
    (FIRELINE, facts.Reminded(**THERE, of=ReminderOf.APPROVAL, due=NOW.now, approval=ASKED), "People were reminded that 42-1/shift/1 waits for their decision (due 2026-11-23 07:03:48 UTC)."),
    (FIRELINE, facts.MessagePosted(**THERE, key="incident/42/status", channel="C1", ts="1.2"), "A message was posted to chat: incident/42/status."),
    (FIRELINE, facts.MessageLost(**THERE, key="incident/42/status", channel="C1", ts="1.2"), "The message incident/42/status was deleted in Slack, and is posted anew."),
    (FIRELINE, facts.ShutOut(**THERE, channel="C1", why="removed"), "Fireline was removed from the incident's channel: how things stand can't be shown there until that is mended."),
    (FIRELINE, facts.LetIn(**THERE, channel="C1"), "Fireline can write in the incident's channel again."),
    (FIRELINE, facts.ChatStopped(code="token_revoked"), "Slack refuses this app (token_revoked): nothing is shown there until that is mended, and nothing is given up."),
    (FIRELINE, facts.ChatStopped(code="token_revoked", workspace="T2"), "Slack refuses this app in the workspace T2 (token_revoked): nothing is shown there until that is mended, and nothing is given up."),
    (FIRELINE, facts.ChatWentOn(stopped_for=252.0), "Slack takes this app's calls again, after 4 min 12 s."),
    (FIRELINE, facts.WorkspaceJoined(workspace="T2", name="Payments", by="U7", scopes=("commands",)), "This app was let into the Slack workspace Payments (T2) by U7."),
    (ADA, facts.IncidentAcknowledged(**THERE, commander="UADA"), "Ada Okafor acknowledged the incident and leads it."),
    (ADA, facts.IncidentAcknowledged(**THERE, commander="UX"), "Ada Okafor acknowledged the incident; UX leads it."),
    (ADA, facts.StatusChanged(**THERE, status=IncidentStatus.MONITORING, why="it fell"), "Ada Okafor set the status to monitoring: it fell."),
    (ADA, facts.NoteAdded(**THERE, text="a\nb!"), "Ada Okafor noted: a b!"),
    (ADA, facts.IncidentResolved(**THERE), "Ada Okafor resolved the incident."),
    (
        ADA,
        facts.IncidentResolved(**THERE, summary="rolled back", impact_from=NOW.now, impact_to=NOW.now, impact="no checkout"),
        "Ada Okafor resolved the incident: rolled back; customers felt it from 2026-11-23 07:03:48 UTC until 2026-11-23 07:03:48 UTC: no checkout.",
    ),
    (ADA, facts.IncidentResolved(**THERE, impact_from=NOW.now), "Ada Okafor resolved the incident; customers felt it from 2026-11-23 07:03:48 UTC."),
    (ADA, facts.IncidentResolved(**THERE, impact="slow pages"), "Ada Okafor resolved the incident; customers felt it: slow pages."),
    (ADA, facts.IncidentOpened(**OPENED, service="checkout", private=True), "Ada Okafor declared incident 42 as SEV2, of checkout, seen by those alone who take part in it: Down."),
    (ADA, facts.RoleAssigned(**THERE, role="scribe", person="UADA"), "Ada Okafor is scribe now."),
    (ADA, facts.RoleAssigned(**THERE, role="incident_commander", person="UX"), "Ada Okafor made UX incident commander."),
    (ADA, facts.RoleAssigned(**THERE, role="scribe", person=""), "Ada Okafor took the role of scribe away: nobody has it."),
    (ADA, facts.SeverityChanged(**THERE, severity=Severity.SEV1, before=Severity.SEV2, why="all regions"), "Ada Okafor raised the severity from SEV2 to SEV1: all regions."),
    (ADA, facts.SeverityChanged(**THERE, severity=Severity.SEV3, before=Severity.SEV2), "Ada Okafor lowered the severity from SEV2 to SEV3."),
    (
        ADA,
        facts.UpdateGiven(**THERE, message="we roll back", status=IncidentStatus.IDENTIFIED, next_due=NOW.now),
        "Ada Okafor gave an update (identified, the next by 2026-11-23 07:03:48 UTC): we roll back.",
    ),
    (ADA, facts.UpdateGiven(**THERE, message="m", status=IncidentStatus.IDENTIFIED), "Ada Okafor gave an update (identified): m."),
    (ADA, facts.IncidentReopened(**THERE, why="it fails again"), "Ada Okafor reopened the incident: it fails again."),
    (ADA, facts.IncidentMerged(**THERE, into=10, absorbed=(7, 9)), "Ada Okafor merged this incident into incident 10, where it goes on, with 7 and 9."),
    (ADA, facts.IncidentAbsorbed(**THERE, other=12, title="Cart is slow", alerts=2), "Ada Okafor merged incident 12 into this one with 2 alerts: Cart is slow."),
    (ADA, facts.IncidentAbsorbed(**THERE, other=12, title="Cart is slow", alerts=0), "Ada Okafor merged incident 12 into this one: Cart is slow."),
    (
        ADA,
        facts.SilenceAsked(
            **SILENCE, until=NOW.now, why="known", matchers=(Matcher(name="alertname", value="X"), Matcher(name="instance", value="a|b", regex=True))
        ),
        "Ada Okafor asked for silence until 2026-11-23 07:03:48 UTC of the alerts with alertname=X, instance=~a|b: known.",
    ),
    (FIRELINE, facts.SilenceStands(**SILENCE, ident="c0ffee", until=NOW.now), "The alerts are silenced until 2026-11-23 07:03:48 UTC, by silence c0ffee of Alertmanager."),
    (ADA, facts.SilenceEndAsked(**SILENCE), "Ada Okafor asked that the alerts be heard again."),
    (FIRELINE, facts.SilenceEnded(**SILENCE), "The alerts are heard again: their silence was ended."),
    (FIRELINE, facts.SilenceFailed(**SILENCE, detail="400"), "Alertmanager did not silence the alerts: 400."),
    (FIRELINE, facts.SilenceFailed(**SILENCE, detail="403", ending=True), "Alertmanager did not end the silence, which stands: 403."),
    (ADA, facts.MessageMarked(**MARK, author="UADA", text="look\nhere"), "Ada Okafor added what they said to the timeline: look here."),
    (ADA, facts.MessageMarked(**MARK, author="UX", text=""), "Ada Okafor added to the timeline what UX said: a message without text."),
    (
        FIRELINE,
        facts.MarkedMessageEdited(**MARK, text="no", edited_at=NOW.now, author="UADA"),
        "A message of Ada Okafor that stands in the timeline was edited at 2026-11-23 07:03:48 UTC, and says now: no.",
    ),
    (FIRELINE, facts.MarkedMessageEdited(**MARK, text="", edited_at=NOW.now), "A message that stands in the timeline was edited at 2026-11-23 07:03:48 UTC, and says now: nothing."),
    (FIRELINE, facts.MarkedMessageDeleted(**MARK, author="UADA"), "A message of Ada Okafor that stands in the timeline was deleted in chat; what it said stays here."),
    (ADA, facts.ChangesFrozen(why="deploy weekend", until=NOW.now), "Ada Okafor froze changes until 2026-11-23 07:03:48 UTC: deploy weekend."),
    (ADA, facts.ChangesFrozen(why="deploy weekend"), "Ada Okafor froze changes: deploy weekend."),
    (FIRELINE, facts.ChangesUnfrozen(why="its time was over"), "Fireline ended the freeze (its time was over): changes go on."),
    (FIRELINE, facts.EvidenceStored(**EVIDENCE, **BYTES, truncated=True), "Step shift kept evidence: a.log (logs, 812 B, not whole, SHA-256 ab12cd34ab12…)."),
    (FIRELINE, facts.EvidenceStored(**EVIDENCE, **BYTES), "Step shift kept evidence: a.log (logs, 812 B, SHA-256 ab12cd34ab12…)."),
    (ADA, facts.EvidenceAccessed(**THERE, evidence=EvidenceId("e"), sha256=SHA, how="read"), "Ada Okafor took out evidence e (read)."),
    (ADA, facts.PostmortemDrafted(**THERE, sha256=SHA, through=57, path="p"), "A postmortem was drafted from the timeline up to event 57."),
    (
        sender("am"),
        facts.AlertsReceived(receiver="r", group_key="g", external_url="", changed=(ALERT, NAMELESS), repeated=(K,), truncated=2, again=(K,)),
        "The sender am delivered 2 new or changed alerts (CheckoutErrors and without a name), 1 known already, 1 routed anew, 2 left out by the sender.",
    ),
    (sender("am"), facts.AlertsReceived(receiver="r", group_key="g", external_url="", changed=()), "The sender am delivered 0 new or changed alerts."),
    (FIRELINE, facts.AlertsUnmatched(keys=(K,)), "No runbook wants 1 alert; kept, and nothing was opened."),
    (sender("x"), facts.DeliveryRefused(reason="not JSON", body_sha256=SHA, size=2048, source="10.0.0.1"), "A delivery of 2.0 KiB from 10.0.0.1 could not be read: not JSON."),
    (FIRELINE, facts.ProcessStarted(version="1.0", host="h", pid=7), "Fireline 1.0 started on h as process 7."),
    (FIRELINE, facts.LeadTaken(term=1, host="h", pid=7, how="first"), "Process 7 on h leads, in term 1."),
    (
        FIRELINE,
        facts.LeadTaken(term=3, host="h", pid=7, how="handed over", before="pid 6 on g"),
        "Process 7 on h leads, in term 3; pid 6 on g handed over.",
    ),
    (
        FIRELINE,
        facts.LeadTaken(term=2, host="h", pid=7, how="took over", before="pid 6 on g"),
        "Process 7 on h leads, in term 2; pid 6 on g had stopped without a word.",
    ),
    (FIRELINE, facts.RunbooksLoaded(digests={"a": "b"}, refused=2), "1 runbook is in force; 2 files refused."),
    (
        FIRELINE,
        facts.BreakerOpened(target="https://router.internal:443", since=NOW.now, until=NOW.now, detail="router.internal is not answering"),
        "router.internal is not answering: not called since 2026-11-23 07:03:48 UTC, to be tried again from 2026-11-23 07:03:48 UTC on.",
    ),
    (
        FIRELINE,
        facts.BreakerClosed(target="https://router.internal:443", since=NOW.now),
        "router.internal answers again; it was not called since 2026-11-23 07:03:48 UTC.",
    ),
    (FIRELINE, facts.RunbooksLoaded(digests={}), "0 runbooks are in force."),
    (FIRELINE, facts.ScheduleSet(runbook="rb", cron="0 4 * * MON", timezone="UTC"), "The runbook rb is on schedule: 0 4 * * MON, UTC."),
    (FIRELINE, facts.ScheduleRemoved(runbook="rb"), "The runbook rb is on no schedule any more."),
    (
        FIRELINE,
        facts.ScheduleFired(runbook="rb", due=NOW.now, missed_since=NOW.now, incident=NOW.incident, started="42-1"),
        "The schedule of rb came due at 2026-11-23 07:03:48 UTC and led to run 42-1; those since 2026-11-23 07:03:48 UTC were missed.",
    ),
    (
        FIRELINE,
        facts.ScheduleFired(runbook="rb", due=NOW.now, incident=NOW.incident),
        "The schedule of rb came due at 2026-11-23 07:03:48 UTC and led to incident 42.",
    ),
    (
        FIRELINE,
        facts.ScheduleFired(runbook="rb", due=NOW.now, skipped="run 41-1 is under way still"),
        "The schedule of rb came due at 2026-11-23 07:03:48 UTC and led to no run: run 41-1 is under way still.",
    ),
    (
        FIRELINE,
        facts.IncidentOpened(**OPENED, runbook="rb", scheduled=NOW.now),
        "Fireline opened incident 42 as SEV2, by the runbook rb on schedule at 2026-11-23 07:03:48 UTC: Down.",
    ),
    (FIRELINE, facts.RunStarted(**STARTED, requested_by=SCHEDULE), "Run 42-1 of the runbook rb began, asked for by the runbook's schedule."),
    (FIRELINE, facts.RunStarted(**STARTED), "Run 42-1 of the runbook rb began."),
    (FIRELINE, facts.RunStarted(**STARTED, requested_by=ADA), "Run 42-1 of the runbook rb began, asked for by Ada Okafor."),
    (FIRELINE, facts.RunStarted(**STARTED | INSIDE, requested_by=ADA), "Run 42-1 of the runbook rb began inside run 42-7, as its step shift."),
    (FIRELINE, facts.RunStarted(**STARTED | INSIDE, parent_part=Part.UNDO), "Run 42-1 of the runbook rb began inside run 42-7, as the undo of its step shift."),
    (FIRELINE, facts.RunUndoRequested(run=RUN, why="run 42-7 takes back step shift"), "Run 42-1 began to undo what it had done: run 42-7 takes back step shift."),
    (FIRELINE, facts.RunFinished(run=RUN, status=RunStatus.UNDONE), "Run 42-1 was undone."),
    (FIRELINE, facts.RunQueued(**QUEUED, behind="41-1", place=2), "Run 42-1 of the runbook rb waits in the queue of service/checkout, number 2, behind run 41-1."),
    (
        FIRELINE,
        facts.RunQueued(**QUEUED, behind="", place=1, requested_by=ADA),
        "Run 42-1 of the runbook rb, asked for by Ada Okafor, waits in the queue of service/checkout, number 1.",
    ),
    (FIRELINE, facts.RunMoved(run=RUN, behind="41-1", place=1), "Run 42-1 is number 1 in its queue now, behind run 41-1."),
    (ADA, facts.RunDropped(run=RUN, why="not now"), "Ada Okafor took run 42-1 out of the queue: not now."),
    (
        FIRELINE,
        facts.RunRejected(**THERE, runbook="rb", group="g", busy="41-1", why="run 41-1 has g"),
        "The runbook rb was not started: run 41-1 has g.",
    ),
    (FIRELINE, facts.PhaseEntered(run=RUN, phase=Phase.UNDO, reason="timeout", detail="d"), "Run 42-1 began to undo what it had done: timeout, d."),
    (ADA, facts.RunCancelRequested(run=RUN, why="false alarm"), "Ada Okafor asked run 42-1 to end: false alarm."),
    (ADA, facts.RunCancelRequested(run=RUN, why="", undo=True), "Ada Okafor asked run 42-1 to end, and to undo what it did."),
    (ADA, facts.RunPaused(run=RUN, why="a deploy is under way"), "Ada Okafor paused run 42-1: a deploy is under way."),
    (ADA, facts.RunResumed(run=RUN, paused_for=125), "Ada Okafor let run 42-1 go on after a pause of 2 min 5 s."),
    (
        ADA,
        facts.RunRetried(run=RUN, why="mended", steps=(StepId("shift"),)),
        "Ada Okafor had run 42-1 tried again from where it failed with 1 step to do still: mended.",
    ),
    (FIRELINE, facts.RunRequeued(run=RUN, lay_for=125), "Run 42-1 goes on from where it stood, after it lay for 2 min 5 s."),
    (
        FIRELINE,
        facts.DeadLetterLanded(**LETTER, reason=DeadReason.BUG, title="run 42-1 of rb", detail="KeyError: 'x'", tries=1, **THERE, run=RUN),
        "Run 42-1 of rb can't go on, and is dead letter 7: KeyError: 'x'.",
    ),
    (
        FIRELINE,
        facts.DeadLetterLanded(**LETTER | {"what": DeadKind.MESSAGE}, reason=DeadReason.REFUSED, title="", detail="", tries=4),
        "Message can't go on after 4 tries, and is dead letter 7.",
    ),
    (ADA, facts.DeadLetterRequeued(**LETTER, run=RUN, why="mended"), "Ada Okafor put dead letter 7 (run 42-1) back: mended."),
    (ADA, facts.DeadLetterDiscarded(**LETTER, why="done by hand"), "Ada Okafor discarded dead letter 7 (run): done by hand."),
    (ADA, facts.RunRetried(run=RUN), "Ada Okafor had run 42-1 tried again from where it failed."),
    (FIRELINE, facts.RunFinished(run=RUN, status=RunStatus.SUCCEEDED), "Run 42-1 succeeded."),
    (
        FIRELINE,
        facts.ApprovalRequested(**ASK, target="router", sources=("group:sre", "user:UADA"), expires_at=NOW.now),
        "Step shift asked 1 person of group sre and Ada Okafor to approve http.request (mutate) on router, until 2026-11-23 07:03:48 UTC.",
    ),
    (FIRELINE, facts.ApprovalRequested(**ASK, target="", sources=()), "Step shift asked 1 person of nobody to approve http.request (mutate)."),
    (
        FIRELINE,
        facts.ApprovalRequested(**ASK, target="web-1", sources=(), items=3, over="3 items, where max_items: 2 allows 2"),
        "Step shift asked 1 person of nobody to approve http.request (mutate) for 3 items on web-1; 3 items, where max_items: 2 allows 2.",
    ),
    (FIRELINE, facts.LoopExpanded(**HERE, items=("web-1", {"name": "web-2"})), "Step shift has 2 items to go through: web-1 and web-2."),
    (
        FIRELINE,
        facts.LoopExpanded(**HERE, items=("a",) * 14, left_out=1, over="14 items, where max_items: 5 allows 5"),
        f"Step shift has 14 items to go through: {'a, ' * 11}a and 2 more; 1 left out by its condition; that is more than it may do unasked: 14 items, where max_items: 5 allows 5.",
    ),
    (FIRELINE, facts.LoopBegan(**HERE), "Step shift began to go through its items."),
    (ADA, facts.ApprovalVoted(**APPROVAL, vote=Vote.APPROVE, as_member_of="group:sre"), "Ada Okafor approved step shift as a member of group sre."),
    (ADA, facts.ApprovalVoted(**APPROVAL, vote=Vote.DENY, as_member_of="user:UADA", why="no"), "Ada Okafor denied step shift: no."),
    (
        FIRELINE,
        facts.ApprovalEscalated(**APPROVAL, added=("group:leads",), sources=("group:sre", "group:leads"), expires_at=NOW.now),
        "Nobody decided on step shift in time, so group leads may decide too, until 2026-11-23 07:03:48 UTC.",
    ),
    (FIRELINE, facts.ApprovalEscalated(**APPROVAL, added=(), sources=()), "Nobody decided on step shift in time, so nobody new may decide too."),
    (FIRELINE, facts.ApprovalClosed(**APPROVAL, status=ApprovalStatus.VOID, why="the run ended"), "The approval for step shift became void: the run ended."),
    (FIRELINE, facts.StepSkipped(**HERE, why="`if` was false"), "Step shift was skipped: `if` was false."),
    (FIRELINE, facts.CallStarted(**CALL, part=Part.MAIN, action="a.b", inputs={}, key="k", timeout=3), "Step shift began: a.b."),
    (
        FIRELINE,
        facts.CallStarted(**{**CALL, "attempt": 2}, part=Part.UNDO, action="a.b", inputs={}, key="k", timeout=3),
        "The undo of step shift began again, attempt 2: a.b.",
    ),
    (
        FIRELINE,
        facts.CallHeld(**WISH, part=Part.MAIN, cause=HoldCause.RATE, detail="router.internal takes 5 calls a second"),
        "Step shift waits, and was not called: router.internal takes 5 calls a second.",
    ),
    (
        FIRELINE,
        facts.CallHeld(**WISH, part=Part.MAIN, cause=HoldCause.FROZEN, detail="frozen by UADA: deploy weekend"),
        "Step shift waits, and was not called: frozen by Ada Okafor: deploy weekend.",
    ),
    (
        FIRELINE,
        facts.CallHeld(**WISH, part=Part.UNDO, cause=HoldCause.PAUSED, detail="router.internal asked for a pause", until=NOW.now),
        "The undo of step shift waits until 2026-11-23 07:03:48 UTC, and was not called: router.internal asked for a pause.",
    ),
    (
        FIRELINE,
        facts.CallRefused(**WISH, part=Part.MAIN, detail="router.internal is not answering", since=NOW.now),
        "Step shift was not called: router.internal is not answering, since 2026-11-23 07:03:48 UTC.",
    ),
    (
        FIRELINE,
        facts.CallRefused(**WISH, part=Part.VERIFY, detail="router.internal is not answering", since=NOW.now, retry_at=NOW.now),
        "The check of step shift was not called: router.internal is not answering, since 2026-11-23 07:03:48 UTC; it waits until 2026-11-23 07:03:48 UTC.",
    ),
    (FIRELINE, facts.CallSucceeded(**ANSWER, part=Part.MAIN), "Step shift got its answer in 0.4 s."),
    (FIRELINE, facts.CallSucceeded(**ANSWER, part=Part.VERIFY, next_at=NOW.now), "The check of step shift got its answer in 0.4 s; it asks again at 2026-11-23 07:03:48 UTC."),
    (FIRELINE, facts.CallFailed(**FAILURE, part=Part.MAIN), "Step shift failed at attempt 1: timeout, no answer."),
    (
        FIRELINE,
        facts.CallFailed(**FAILURE | {"may_have_applied": True}, part=Part.SETTLE, retry_at=NOW.now),
        "The settling probe of step shift failed at attempt 1: timeout, no answer; it may have had its effect all the same; it is tried again at 2026-11-23 07:03:48 UTC.",
    ),
    (FIRELINE, facts.CallInterrupted(**CALL, part=Part.MAIN, again=True), "Fireline stopped while step shift ran, so nobody saw how it ended; it is safe to run it again."),
    (FIRELINE, facts.CallInterrupted(**CALL, part=Part.UNDO, again=False), "Fireline stopped while the undo of step shift ran, so nobody saw how it ended; it can't be repeated safely."),
    (FIRELINE, facts.StepSucceeded(**HERE), "Step shift succeeded."),
    (FIRELINE, facts.StepFailed(**HERE, reason="timeout", detail="d.", applied=True), "Step shift failed: timeout, d; its effect may stand."),
    (FIRELINE, facts.StepFailed(**HERE, reason="", detail=""), "Step shift failed."),
    (FIRELINE, facts.StepOutcomeUnknown(**CALL, why="killed"), "Nobody knows how attempt 1 of step shift ended: killed."),
    (FIRELINE, facts.StepSettled(**HERE, settlement=Settlement.HAPPENED), "A probe settled step shift: it happened."),
    (ADA, facts.StepSettled(**HERE, settlement=Settlement.STOP, why="unsure"), "Ada Okafor settled step shift: the run must stop: unsure."),
    (FIRELINE, facts.StepCancelled(**HERE, why="the run ended", applied=True), "Step shift was ended before its work was done: the run ended; its effect may stand."),
    (FIRELINE, facts.StepCancelled(**HERE, why=""), "Step shift was ended before its work was done."),
    (FIRELINE, facts.StepUndone(**HERE), "The effect of step shift was taken back."),
    (FIRELINE, facts.StepUndoFailed(**HERE, reason="timeout", detail="d"), "The effect of step shift could not be taken back: timeout, d."),
]  # fmt: skip


def test_every_kind_of_fact_has_its_sentence() -> None:
    """A fact that somebody adds and nobody words fails here, not at 3 a.m."""
    assert set(SENTENCES) == {kind for kind in kinds().values() if kind.__module__.startswith("bot.")}


def test_every_sentence_is_tried() -> None:
    """The cases above leave no kind out."""
    assert {type(fact) for _, fact, _ in CASES} == set(SENTENCES)


@pytest.mark.parametrize(
    ("by", "fact", "said"), CASES, ids=lambda each: each.KIND if isinstance(each, Fact) else ""
)
def test_a_sentence(by: Actor, fact: Fact, said: str) -> None:
    """Each event reads as one plain sentence."""
    (event,) = Timeline().add(fact, by=by).events
    assert describe(event, NAMES) == said


def test_a_strangers_text_stays_on_one_line_and_hides_nothing() -> None:
    """Line breaks, bells and marks that reverse the reading order don't reach a reader."""
    (event,) = Timeline().add(facts.NoteAdded(**THERE, text="a\r\n\x07b\u202ec"), by=person("UX")).events
    assert describe(event, {}) == "UX noted: a \ufffdb\ufffdc."
