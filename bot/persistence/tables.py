"""What is stored. `events` is the truth; all else is made from it but `inbox`, `runbooks` and the tables of `process_tables` and `workspace_tables`.

Instants are text as `bot.domain.clock.to_text` writes them: of one width, so that they sort as time does, on every database. JSON is text in
canonical form. There are no foreign keys between projections: the log holds them together, and a rebuild may write them in any order.
This module holds no rule: what an event changes is said in `projections/`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from bot.persistence.channel_tables import CHANNELS, REMINDERS
from bot.persistence.chat_tables import OUTBOX
from bot.persistence.columns import count as _count
from bot.persistence.columns import flag as _flag
from bot.persistence.columns import ident as _id
from bot.persistence.columns import instant as _instant
from bot.persistence.columns import json_data as _json
from bot.persistence.columns import seq as _seq
from bot.persistence.columns import words as _text
from bot.persistence.metadata import METADATA
from bot.persistence.process_tables import DEAD_LETTERS
from bot.persistence.response_tables import FREEZE, MARKS, SILENCES

EVENTS = Table(
    "events",
    METADATA,
    _seq("seq", primary_key=True),
    _text("at"),
    _text("stream"),
    _text("actor"),
    _text("kind"),
    _text("data"),
    _text("prev"),
    _text("hash"),
    Column(
        "run", Text, nullable=True
    ),  # what the fact says in its field `run`, so that a run's events are found
)
Index("events_by_stream", EVENTS.c.stream, EVENTS.c.seq)
Index(
    "events_by_run",
    EVENTS.c.run,
    EVENTS.c.seq,
    sqlite_where=EVENTS.c.run.is_not(None),
    postgresql_where=EVENTS.c.run.is_not(None),
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    _seq("id", primary_key=True),
    _text("title"),
    _text("severity"),
    _text("status"),
    _text("concurrency_group"),
    _text("runbook"),
    _text("opened_by"),
    _instant("opened_at"),
    _instant("acknowledged_at"),
    _instant("resolved_at"),
    Column("commander", Text, nullable=True),  # null until somebody took it
    _text("channel"),
    _text("channel_name"),
    _count("alerts"),
    _text("resolution"),
    _instant("scheduled"),
    _flag("quiet"),
    _text("service"),
    _flag("private"),
    _json("roles"),
    _instant("last_update_at"),
    _text("last_update"),
    _instant("next_update_due"),
    _instant("impact_from"),
    _instant("impact_to"),
    _text("impact"),
    Column("merged_into", BigInteger().with_variant(Integer(), "sqlite"), nullable=True),
    _text("workspace"),
)
UNRESOLVED = INCIDENTS.c.status != text("'resolved'")
Index(
    "incidents_open_by_group",
    INCIDENTS.c.concurrency_group,
    sqlite_where=UNRESOLVED,
    postgresql_where=UNRESOLVED,
)
Index("incidents_open", INCIDENTS.c.id, sqlite_where=UNRESOLVED, postgresql_where=UNRESOLVED)
MERGED = INCIDENTS.c.merged_into.is_not(None)
Index(
    "incidents_merged_by_group",
    INCIDENTS.c.concurrency_group,
    sqlite_where=MERGED,
    postgresql_where=MERGED,
)
Index("incidents_merged", INCIDENTS.c.merged_into, sqlite_where=MERGED, postgresql_where=MERGED)
LOUD = INCIDENTS.c.quiet.is_(text("false"))
PUBLIC = INCIDENTS.c.private.is_(text("false"))
Index("incidents_by_channel", INCIDENTS.c.channel)

ALERTS = Table(
    "alerts",
    METADATA,
    _id("key"),
    _text("receiver"),
    _text("group_key"),
    _text("fingerprint"),
    _text("status"),
    _text("routing"),
    _json("labels"),
    _json("annotations"),
    _text("generator_url"),
    _instant("starts_at"),
    _instant("ends_at"),
    _instant("first_seen"),
    _instant("last_seen"),
    _count("deliveries"),
    Column("incident", BigInteger().with_variant(Integer(), "sqlite"), nullable=True),
    _seq(
        "seq", server_default=text("0")
    ),  # of the event that first told of it: the order in which alerts came
)
FIRING = (ALERTS.c.status == text("'firing'")) & ALERTS.c.incident.is_not(None)
Index("alerts_by_seq", ALERTS.c.seq)
Index("alerts_by_routing", ALERTS.c.routing, ALERTS.c.seq, ALERTS.c.key)
Index(
    "alerts_by_incident",
    ALERTS.c.incident,
    ALERTS.c.seq,
    sqlite_where=ALERTS.c.incident.is_not(None),
    postgresql_where=ALERTS.c.incident.is_not(None),
)
Index("alerts_firing", ALERTS.c.incident, sqlite_where=FIRING, postgresql_where=FIRING)

RUNS = Table(
    "runs",
    METADATA,
    _id("id"),
    _count("incident"),
    _count("ordinal"),
    _text("runbook"),
    _text("digest"),
    _text("status"),
    _text("phase"),
    Column("requested_by", Text, nullable=True),
    _json("inputs"),
    _instant("started_at"),
    _instant("finished_at"),
    _text("reason"),
    _text("detail"),
    _text("concurrency_group"),
    _text("severity"),  # of the incident, while the run waits for its group
    _text("behind"),
    _count("place"),
    _instant("paused_at"),
    Column("paused_by", Text, nullable=True),
    _text("paused_why"),
    _seq("seq", server_default=text("0")),
    Column("parent", Text, nullable=True),  # the run around it, and the call of that run that it is
    Column("parent_step", Text, nullable=True),
    _text("parent_part"),
    _count("parent_attempt"),
)
RUNNING = RUNS.c.status == text("'running'")
QUEUED = RUNS.c.status == text("'queued'")
BUSY = (RUNS.c.concurrency_group != text("''")) & RUNS.c.finished_at.is_(None)
Index("runs_by_incident", RUNS.c.incident, RUNS.c.ordinal)
Index("runs_queued", RUNS.c.seq, sqlite_where=QUEUED, postgresql_where=QUEUED)
Index(
    "runs_busy_by_group",
    RUNS.c.concurrency_group,
    RUNS.c.severity,
    RUNS.c.seq,
    sqlite_where=BUSY,
    postgresql_where=BUSY,
)
Index("runs_unfinished", RUNS.c.seq, sqlite_where=RUNNING, postgresql_where=RUNNING)

STEPS = Table(
    "steps",
    METADATA,
    _id("run"),
    _id("step"),
    Column("status", Text, nullable=False, server_default="pending"),
    _count("attempt"),
    _instant("started_at"),
    _instant("finished_at"),
    _text("reason"),
    _text("detail"),
    _text("waits_for"),
    _instant("due_at"),
    _json("output"),
    Column("item_list", Text, nullable=False, server_default="[]"),  # what a loop goes through
    _flag("in_doubt"),  # a call of it, perhaps its undo, was cut off, and nobody said yet what became of it
    _seq("seq", server_default=text("0")),  # of the first event that named it
)
IN_DOUBT = STEPS.c.in_doubt.is_(text("true"))
Index("steps_in_doubt", STEPS.c.seq, sqlite_where=IN_DOUBT, postgresql_where=IN_DOUBT)

APPROVALS = Table(
    "approvals",
    METADATA,
    _id("id"),
    _count("incident"),
    _text("run"),
    _text("step"),
    _text("status"),
    _text("digest"),
    _text("action"),
    _text("effect"),
    _text("target"),
    _json("inputs"),
    _text("undo"),
    _text("sources"),  # a JSON list
    _count("quorum"),
    Column("requested_by", Text, nullable=True),
    _instant("requested_at"),
    _instant("expires_at"),
    _instant("escalated_at"),
    _text("escalated_to"),  # a JSON list
    _instant("closed_at"),
    _text("why"),
    _count("item_count"),  # calls that a loop asks about, 0 for a step that is none
    _text("over"),
    _seq("seq", server_default=text("0")),
)
Index("approvals_by_incident", APPROVALS.c.incident, APPROVALS.c.seq)

VOTES = Table(
    "votes",
    METADATA,
    _seq("seq", primary_key=True),
    _text("approval"),
    _text("voter"),
    _text("vote"),
    _text("as_member_of"),
    _instant("at"),
    _text("why"),
)
Index("votes_by_approval", VOTES.c.approval, VOTES.c.seq)

EVIDENCE = Table(
    "evidence",
    METADATA,
    _id("id"),
    _count("incident"),
    _text("run"),
    _text("step"),
    _text("name"),
    _text("evidence_class"),
    _text("sha256"),
    _count("size"),
    _text("media_type"),
    _text("source"),
    _text("tool"),
    _flag("truncated"),
    _instant("stored_at"),
    _seq("seq", server_default=text("0")),
)
Index("evidence_by_incident", EVIDENCE.c.incident, EVIDENCE.c.seq)

SCHEDULES = Table(
    "schedules",
    METADATA,
    _id("runbook"),
    _text("cron"),
    _text("timezone"),
    _instant("since"),
    _instant("due"),
    _instant("answered_at"),
    Column("incident", BigInteger().with_variant(Integer(), "sqlite"), nullable=True),
    _text("started"),
    _text("skipped"),
    _flag("removed"),
)

REFUSED_DELIVERIES = Table(
    "refused_deliveries",
    METADATA,
    _seq("seq", primary_key=True),
    _instant("at"),
    _text("reason"),
    _text("body_sha256"),
    _count("size"),
    _text("source"),
)

RUNBOOKS = Table("runbooks", METADATA, _id("digest"), _text("name"), _text("source"))

TARGETS = Table("targets", METADATA, _id("target"), _instant("since"), _instant("until"), _text("detail"))
AWAY = TARGETS.c.since.is_not(None)
Index("targets_away", TARGETS.c.since, sqlite_where=AWAY, postgresql_where=AWAY)

PROJECTIONS = (
    INCIDENTS,
    ALERTS,
    RUNS,
    STEPS,
    APPROVALS,
    VOTES,
    EVIDENCE,
    SCHEDULES,
    REFUSED_DELIVERIES,
    OUTBOX,
    TARGETS,
    DEAD_LETTERS,
    CHANNELS,
    REMINDERS,
    SILENCES,
    MARKS,
    FREEZE,
)
"""The tables that are made from events; of `outbox`, only the columns before `channel`."""
