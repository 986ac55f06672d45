"""Rows as records: how what is stored reads as the domain's values. Rows come in the order of their tables' columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from bot.domain.channel_records import ChannelRecord, ReminderRecord
from bot.domain.clock import from_text
from bot.domain.events import Event
from bot.domain.facts import NotInvited, fact_from_data
from bot.domain.nouns import (
    COMMANDER,
    Actor,
    AlertStatus,
    ApprovalStatus,
    IncidentStatus,
    Part,
    Phase,
    Routing,
    RunStatus,
    Severity,
    SilenceStatus,
    StepStatus,
    Vote,
)
from bot.domain.records import (
    AlertRecord,
    ApprovalRecord,
    AwayRecord,
    EvidenceRecord,
    InboxEntry,
    IncidentRecord,
    OutboxEntry,
    RefusedDelivery,
    RelayEntry,
    RunRecord,
    ScheduleRecord,
    StepRecord,
    VoteRecord,
)
from bot.domain.response_records import FreezeRecord, MarkRecord, SilenceRecord
from bot.domain.silences import Matcher

Row = Any
"""A row of SQLAlchemy's: its columns are attributes that no type checker knows."""
_actor = lru_cache(maxsize=1024)(Actor.parse)


def maybe_instant(text: str | None) -> datetime | None:
    """Read an instant where there is one."""
    return None if text is None else from_text(text)


def maybe_actor(text: str | None) -> Actor | None:
    """Read an actor where there is one."""
    return None if text is None else _actor(text)


def event_of(row: Row) -> Event:
    """Read an event of the log; ValueError when its kind is unknown here."""
    seq, at, stream, actor, kind, data, prev, hashed = row
    return Event(
        seq=seq,
        at=from_text(at),
        stream=stream,
        actor=_actor(actor),
        fact=fact_from_data(kind, json.loads(data)),
        prev=prev,
        hash=hashed,
    )


def raw_event(row: Row) -> Mapping[str, Any]:
    """Return an event as it is stored, unread."""
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def incident_of(row: Row) -> IncidentRecord:
    """Read an incident, with what was derived for it."""
    return IncidentRecord(
        id=row.id,
        title=row.title,
        severity=Severity(row.severity),
        status=IncidentStatus(row.status),
        group=row.concurrency_group,
        runbook=row.runbook,
        opened_by=_actor(row.opened_by),
        opened_at=from_text(row.opened_at),
        acknowledged_at=maybe_instant(row.acknowledged_at),
        resolved_at=maybe_instant(row.resolved_at),
        commander=row.commander or "",
        channel=row.channel,
        channel_name=row.channel_name,
        alerts=row.alerts,
        firing=row.firing,
        resolution=row.resolution,
        last_seq=row.last_seq or 0,
        scheduled=maybe_instant(row.scheduled),
        quiet=bool(row.quiet),
        service=row.service,
        private=bool(row.private),
        roles=_roles_of(row),
        last_update_at=maybe_instant(row.last_update_at),
        last_update=row.last_update,
        next_update_due=maybe_instant(row.next_update_due),
        impact_from=maybe_instant(row.impact_from),
        impact_to=maybe_instant(row.impact_to),
        impact=row.impact,
        merged_into=row.merged_into,
        workspace=row.workspace,
    )


def _roles_of(row: Row) -> Mapping[str, str]:
    """Return who has which role; the commander is who took the incident, and stands in a column of its own."""
    others = {role: who for role, who in json.loads(row.roles).items() if role != COMMANDER}
    return {COMMANDER: row.commander, **others} if row.commander else others


def silence_of(row: Row) -> SilenceRecord:
    """Read a silence."""
    return SilenceRecord(
        key=row.key,
        incident=row.incident,
        status=SilenceStatus(row.status),
        matchers=tuple(Matcher(**each) for each in json.loads(row.matchers)),
        asked_at=from_text(row.asked_at),
        until=from_text(row.until),
        by=_actor(row.by),
        why=row.why,
        ident=row.ident,
        detail=row.detail,
    )


def mark_of(row: Row) -> MarkRecord:
    """Read a chat message that stands in a timeline."""
    return MarkRecord(
        channel=row.channel,
        ts=row.ts,
        incident=row.incident,
        author=row.author,
        text=row.text,
        permalink=row.permalink,
        marked_by=_actor(row.marked_by),
        marked_at=from_text(row.marked_at),
        edited_at=maybe_instant(row.edited_at),
        deleted_at=maybe_instant(row.deleted_at),
    )


def freeze_of(row: Row) -> FreezeRecord:
    """Read the freeze."""
    return FreezeRecord(
        since=from_text(row.since), by=_actor(row.by), why=row.why, until=maybe_instant(row.until)
    )


def channel_of(row: Row) -> ChannelRecord:
    """Read how an incident's channel stands."""
    return ChannelRecord(
        incident=row.incident,
        retired_at=maybe_instant(row.retired_at),
        archived_at=maybe_instant(row.archived_at),
        before=row.before,
        left_why=row.left_why,
        not_in=tuple(NotInvited(**each) for each in json.loads(row.not_in or "[]")),
    )


def reminder_of(row: Row) -> ReminderRecord:
    """Read what people were reminded of."""
    return ReminderRecord(incident=row.incident, key=row.key, due=from_text(row.due), at=from_text(row.at))


def alert_of(row: Row) -> AlertRecord:
    """Read an alert."""
    return AlertRecord(
        key=row.key,
        receiver=row.receiver,
        group_key=row.group_key,
        fingerprint=row.fingerprint,
        status=AlertStatus(row.status),
        routing=Routing(row.routing),
        labels=json.loads(row.labels),
        annotations=json.loads(row.annotations),
        generator_url=row.generator_url,
        starts_at=from_text(row.starts_at),
        ends_at=maybe_instant(row.ends_at),
        first_seen=from_text(row.first_seen),
        last_seen=from_text(row.last_seen),
        deliveries=row.deliveries,
        incident=row.incident,
    )


def refused_of(row: Row) -> RefusedDelivery:
    """Read a delivery that could not be read."""
    return RefusedDelivery(
        seq=row.seq,
        at=from_text(row.at),
        reason=row.reason,
        body_sha256=row.body_sha256,
        size=row.size,
        source=row.source,
    )


def run_of(row: Row) -> RunRecord:
    """Read a run."""
    return RunRecord(
        id=row.id,
        incident=row.incident,
        runbook=row.runbook,
        digest=row.digest,
        status=RunStatus(row.status),
        phase=Phase(row.phase),
        requested_by=maybe_actor(row.requested_by),
        inputs=json.loads(row.inputs),
        started_at=from_text(row.started_at),
        finished_at=maybe_instant(row.finished_at),
        reason=row.reason,
        detail=row.detail,
        group=row.concurrency_group,
        severity=Severity(row.severity) if row.severity else None,
        behind=row.behind,
        place=row.place,
        paused_at=maybe_instant(row.paused_at),
        paused_by=maybe_actor(row.paused_by),
        paused_why=row.paused_why,
        parent=row.parent,
        parent_step=row.parent_step,
        parent_part=Part(row.parent_part or Part.MAIN),
        parent_attempt=row.parent_attempt,
    )


def step_of(row: Row) -> StepRecord:
    """Read a step."""
    return StepRecord(
        run=row.run,
        step=row.step,
        status=StepStatus(row.status),
        attempt=row.attempt,
        started_at=maybe_instant(row.started_at),
        finished_at=maybe_instant(row.finished_at),
        reason=row.reason,
        detail=row.detail,
        output=json.loads(row.output),
        items=tuple(json.loads(row.item_list)),
        waits_for=row.waits_for,
        due_at=maybe_instant(row.due_at),
        in_doubt=bool(row.in_doubt),
    )


def away_of(row: Row) -> AwayRecord:
    """Read a target that does not answer."""
    return AwayRecord(
        target=row.target, since=from_text(row.since), until=from_text(row.until), detail=row.detail
    )


def approvals_of(rows: Iterable[Row]) -> list[ApprovalRecord]:
    """Read approvals, each with its votes, from rows that repeat an approval for every vote and stand together."""
    together = (list(same) for _, same in groupby(rows, key=lambda row: row.id))
    return [
        _approval_of(same[0], tuple(_vote_of(row) for row in same if row.vote_seq is not None))
        for same in together
    ]


def _approval_of(row: Row, votes: tuple[VoteRecord, ...]) -> ApprovalRecord:
    return ApprovalRecord(
        id=row.id,
        incident=row.incident,
        run=row.run,
        step=row.step,
        status=ApprovalStatus(row.status),
        digest=row.digest,
        action=row.action,
        effect=row.effect,
        target=row.target,
        inputs=json.loads(row.inputs),
        undo=row.undo,
        sources=tuple(json.loads(row.sources)),
        quorum=row.quorum,
        requested_by=maybe_actor(row.requested_by),
        requested_at=from_text(row.requested_at),
        expires_at=maybe_instant(row.expires_at),
        escalated_at=maybe_instant(row.escalated_at),
        escalated_to=tuple(json.loads(row.escalated_to or "[]")),
        closed_at=maybe_instant(row.closed_at),
        why=row.why,
        items=row.item_count,
        over=row.over,
        votes=votes,
    )


def _vote_of(row: Row) -> VoteRecord:
    return VoteRecord(
        by=_actor(row.vote_voter),
        vote=Vote(row.vote_vote),
        as_member_of=row.vote_as_member_of,
        at=from_text(row.vote_at),
        why=row.vote_why,
    )


def evidence_of(row: Row) -> EvidenceRecord:
    """Read a piece of evidence."""
    return EvidenceRecord(
        id=row.id,
        incident=row.incident,
        run=row.run,
        step=row.step,
        name=row.name,
        evidence_class=row.evidence_class,
        sha256=row.sha256,
        size=row.size,
        media_type=row.media_type,
        source=row.source,
        tool=row.tool,
        truncated=bool(row.truncated),
        stored_at=from_text(row.stored_at),
    )


def schedule_of(row: Row) -> ScheduleRecord:
    """Read a schedule with the last of its instants that was answered."""
    return ScheduleRecord(
        runbook=row.runbook,
        cron=row.cron,
        timezone=row.timezone,
        since=from_text(row.since),
        due=maybe_instant(row.due),
        answered_at=maybe_instant(row.answered_at),
        incident=row.incident,
        started=row.started,
        skipped=row.skipped,
    )


def outbox_of(row: Row) -> OutboxEntry:
    """Read how far chat is with one thing."""
    return OutboxEntry(
        key=row.key,
        incident=row.incident,
        wanted=row.wanted,
        sent=row.sent,
        channel=row.channel,
        ts=row.ts,
        digest=row.digest,
        attempts=row.attempts,
        due_at=maybe_instant(row.due_at),
        ambiguous=bool(row.ambiguous),
        error=row.error,
        gone=row.gone,
    )


def inbox_of(row: Row) -> InboxEntry:
    """Read a payload from chat."""
    return InboxEntry(
        key=row.key,
        kind=row.kind,
        payload=json.loads(row.payload),
        received_at=from_text(row.received_at),
        attempts=row.attempts,
        error=row.error,
    )


def relay_of(row: Row) -> RelayEntry:
    """Read what was kept for the leader."""
    return RelayEntry(key=row.key, kind=row.kind, data=json.loads(row.data))
