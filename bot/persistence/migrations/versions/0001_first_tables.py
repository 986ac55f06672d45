"""The first tables: the log, its projections, the outbox and the inbox, the texts of runbooks, and who leads.

What they were on the day, written out: `bot.persistence.tables` goes on from here, this file does not.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    log()
    incidents()
    channels()
    alerts()
    runs()
    approvals()
    keeping()
    chat()
    process()
    hands()
    workspaces()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def key(name: str) -> sa.Column[Any]:
    """A text that is, or is part of, the primary key."""
    return sa.Column(name, sa.Text(), primary_key=True, nullable=False)


def place(name: str) -> sa.Column[Any]:
    """A number that is the primary key: given, not counted by the database."""
    return sa.Column(name, NUMBER, primary_key=True, autoincrement=False, nullable=False)


def words(name: str, default: str = "") -> sa.Column[Any]:
    """A text, never null."""
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def maybe(name: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    """A text, or another kind, that may be null."""
    return sa.Column(name, kind or sa.Text(), nullable=True)


def number(name: str) -> sa.Column[Any]:
    """A number that starts at 0."""
    return sa.Column(name, NUMBER, nullable=False, server_default=sa.text("0"))


def flag(name: str) -> sa.Column[Any]:
    """Yes or no."""
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false"))


def index(table: str, name: str, columns: list[str], where: str | None = None) -> None:
    """An index, over the rows of which `where` is true."""
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def log() -> None:
    """The truth."""
    op.create_table(
        "events",
        place("seq"),
        words("at"),
        words("stream"),
        words("actor"),
        words("kind"),
        words("data"),
        words("prev"),
        words("hash"),
        maybe("run"),
    )
    index("events", "events_by_run", ["run", "seq"], "run IS NOT NULL")
    index("events", "events_by_stream", ["stream", "seq"])


def incidents() -> None:
    """The response."""
    op.create_table(
        "incidents",
        place("id"),
        *map(words, ("title", "severity", "status", "concurrency_group", "runbook", "opened_by")),
        *map(maybe, ("opened_at", "acknowledged_at", "resolved_at", "commander")),
        *map(words, ("channel", "channel_name")),
        number("alerts"),
        words("resolution"),
        maybe("scheduled"),
        flag("quiet"),
        words("service"),
        flag("private"),
        words("roles", "{}"),
        maybe("last_update_at"),
        words("last_update"),
        *map(maybe, ("next_update_due", "impact_from", "impact_to")),
        words("impact"),
        maybe("merged_into", NUMBER),
        words("workspace"),
    )
    index("incidents", "incidents_by_channel", ["channel"])
    index("incidents", "incidents_merged", ["merged_into"], "merged_into IS NOT NULL")
    index("incidents", "incidents_merged_by_group", ["concurrency_group"], "merged_into IS NOT NULL")
    index("incidents", "incidents_open", ["id"], "status != 'resolved'")
    index("incidents", "incidents_open_by_group", ["concurrency_group"], "status != 'resolved'")


def channels() -> None:
    """Where it is talked about, and what people were reminded of there."""
    op.create_table(
        "channels",
        place("incident"),
        *map(maybe, ("retired_at", "archived_at")),
        *map(words, ("before", "left_why", "not_in")),
    )
    op.create_table("reminders", place("incident"), key("key"), maybe("due"), maybe("at"))


def alerts() -> None:
    """What was heard."""
    op.create_table(
        "alerts",
        key("key"),
        words("receiver"),
        words("group_key"),
        words("fingerprint"),
        words("status"),
        words("routing"),
        words("labels", "{}"),
        words("annotations", "{}"),
        words("generator_url"),
        maybe("starts_at"),
        maybe("ends_at"),
        maybe("first_seen"),
        maybe("last_seen"),
        number("deliveries"),
        maybe("incident", NUMBER),
        number("seq"),
    )
    index("alerts", "alerts_by_incident", ["incident", "seq"], "incident IS NOT NULL")
    index("alerts", "alerts_by_routing", ["routing", "seq", "key"])
    index("alerts", "alerts_by_seq", ["seq"])
    index("alerts", "alerts_firing", ["incident"], "status = 'firing' AND incident IS NOT NULL")


def runs() -> None:
    """Runs and their steps."""
    op.create_table(
        "runs",
        key("id"),
        number("incident"),
        number("ordinal"),
        words("runbook"),
        words("digest"),
        words("status"),
        words("phase"),
        maybe("requested_by"),
        words("inputs", "{}"),
        maybe("started_at"),
        maybe("finished_at"),
        words("reason"),
        words("detail"),
        words("concurrency_group"),
        words("severity"),
        words("behind"),
        number("place"),
        maybe("paused_at"),
        maybe("paused_by"),
        words("paused_why"),
        number("seq"),
        maybe("parent"),
        maybe("parent_step"),
        words("parent_part"),
        number("parent_attempt"),
    )
    index(
        "runs",
        "runs_busy_by_group",
        ["concurrency_group", "severity", "seq"],
        "concurrency_group != '' AND finished_at IS NULL",
    )
    index("runs", "runs_by_incident", ["incident", "ordinal"])
    index("runs", "runs_queued", ["seq"], "status = 'queued'")
    index("runs", "runs_unfinished", ["seq"], "status = 'running'")
    op.create_table(
        "steps",
        key("run"),
        key("step"),
        words("status", "pending"),
        number("attempt"),
        maybe("started_at"),
        maybe("finished_at"),
        words("reason"),
        words("detail"),
        words("waits_for"),
        maybe("due_at"),
        words("output", "{}"),
        words("item_list", "[]"),
        flag("in_doubt"),
        number("seq"),
    )
    index("steps", "steps_in_doubt", ["seq"], "in_doubt IS true")


def approvals() -> None:
    """Questions to people."""
    op.create_table(
        "approvals",
        key("id"),
        number("incident"),
        words("run"),
        words("step"),
        words("status"),
        words("digest"),
        words("action"),
        words("effect"),
        words("target"),
        words("inputs", "{}"),
        words("undo"),
        words("sources"),
        number("quorum"),
        maybe("requested_by"),
        maybe("requested_at"),
        maybe("expires_at"),
        maybe("escalated_at"),
        words("escalated_to"),
        maybe("closed_at"),
        words("why"),
        number("item_count"),
        words("over"),
        number("seq"),
    )
    index("approvals", "approvals_by_incident", ["incident", "seq"])
    op.create_table(
        "votes",
        place("seq"),
        words("approval"),
        words("voter"),
        words("vote"),
        words("as_member_of"),
        maybe("at"),
        words("why"),
    )
    index("votes", "votes_by_approval", ["approval", "seq"])


def keeping() -> None:
    """What is kept for inspection."""
    op.create_table(
        "evidence",
        key("id"),
        number("incident"),
        words("run"),
        words("step"),
        words("name"),
        words("evidence_class"),
        words("sha256"),
        number("size"),
        words("media_type"),
        words("source"),
        words("tool"),
        flag("truncated"),
        maybe("stored_at"),
        number("seq"),
    )
    index("evidence", "evidence_by_incident", ["incident", "seq"])
    op.create_table(
        "schedules",
        key("runbook"),
        words("cron"),
        words("timezone"),
        maybe("since"),
        maybe("due"),
        maybe("answered_at"),
        maybe("incident", NUMBER),
        words("started"),
        words("skipped"),
        flag("removed"),
    )
    op.create_table(
        "refused_deliveries",
        place("seq"), maybe("at"), words("reason"), words("body_sha256"), number("size"), words("source"),
    )  # fmt: skip
    op.create_table(
        "runbooks",
        key("digest"),
        words("name"),
        words("source"),
    )


def chat() -> None:
    """What chat should show, and what came from it."""
    op.create_table(
        "outbox",
        key("key"),
        *map(number, ("incident", "wanted")),
        *map(words, ("channel", "ts")),
        number("sent"),
        words("digest"),
        number("attempts"),
        maybe("due_at"),
        flag("ambiguous"),
        *map(words, ("error", "gone")),
        number("since"),
    )
    index("outbox", "outbox_behind", ["since"], "wanted > sent AND gone = ''")
    index("outbox", "outbox_given_up", ["incident", "key"], "gone != ''")
    op.create_table(
        "inbox",
        key("key"), words("kind"), words("payload", "{}"), maybe("received_at"), number("attempts"),
        words("error"), flag("closed"),
    )  # fmt: skip
    index("inbox", "inbox_waiting", ["received_at"], "closed IS false")


def process() -> None:
    """Who leads, what the others took in for it, what was found out about targets, and what can't go on."""
    op.create_table("targets", key("target"), maybe("since"), maybe("until"), words("detail"))
    index("targets", "targets_away", ["since"], "since IS NOT NULL")
    op.create_table(
        "dead_letters",
        key("key"), number("number"), words("what"), words("status"), words("reason"), words("title"),
        words("detail"), number("tries"), maybe("since"), maybe("landed_at"), maybe("incident", NUMBER),
        maybe("run"), words("alert_keys", "[]"), maybe("due"), maybe("closed_at"), maybe("closed_by"),
        words("why"),
    )  # fmt: skip
    index("dead_letters", "dead_letters_by_number", ["number"])
    index("dead_letters", "dead_letters_waiting", ["number"], "status = 'waiting'")
    op.create_table("relay", key("key"), words("kind"), words("data", "{}"), words("by"))
    op.create_table(
        "leader",
        place("id"), number("term"), words("host"), *map(number, ("pid", "session")),
        *map(maybe, ("since", "beat_at")), number("beats"), flag("released"),
    )  # fmt: skip


def hands() -> None:
    """What people do to an incident, or to all runs."""
    op.create_table(
        "silences",
        key("key"),
        number("incident"),
        *map(words, ("status", "matchers")),
        *map(maybe, ("asked_at", "until")),
        *map(words, ("by", "why", "ident", "detail")),
        number("seq"),
    )
    index("silences", "silences_by_incident", ["incident", "seq"])
    index("silences", "silences_unsettled", ["seq"], "status = 'asked' OR status = 'ending'")
    op.create_table(
        "marks",
        *map(key, ("channel", "ts")),
        number("incident"),
        *map(words, ("author", "text", "permalink", "marked_by")),
        *map(maybe, ("marked_at", "edited_at", "deleted_at")),
    )
    op.create_table("freeze", place("id"), maybe("since"), words("by"), words("why"), maybe("until"))


def workspaces() -> None:
    """Who let this app into a workspace, as slack_sdk's stores want it, and who is about to."""
    op.create_table(
        "slack_bots",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        *map(words, ("client_id", "app_id")),
        *map(maybe, ("enterprise_id", "enterprise_name", "team_id", "team_name", "bot_token", "bot_id")),
        *map(maybe, ("bot_user_id", "bot_scopes", "bot_refresh_token")),
        maybe("bot_token_expires_at", sa.DateTime()),
        sa.Column("is_enterprise_install", sa.Boolean(), nullable=False),
        sa.Column("installed_at", sa.DateTime(), nullable=False),
    )
    index("slack_bots", "slack_bots_idx", ["client_id", "enterprise_id", "team_id", "installed_at"])
    counted, ends = (
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("expire_at", sa.DateTime(), nullable=False),
    )
    op.create_table("slack_oauth_states", counted, words("state"), ends)


TABLES = (
    "events", "incidents", "alerts", "runs", "steps", "approvals", "votes", "evidence", "schedules", "refused_deliveries", "runbooks", "outbox",
    "inbox", "targets", "dead_letters", "channels", "reminders", "relay", "leader", "silences", "marks", "freeze", "slack_bots",
    "slack_oauth_states",
)  # fmt: skip
