"""The questions that the store answers, each a statement that an index serves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
    union_all,
)

from bot.persistence.channel_tables import CHANNELS, REMINDERS
from bot.persistence.chat_tables import BEHIND, GIVEN_UP, INBOX, OUTBOX, WAITING
from bot.persistence.process_tables import DEAD, DEAD_LETTERS, RELAY
from bot.persistence.response_tables import FREEZE, MARKS, SILENCES, UNSETTLED
from bot.persistence.statements import Query
from bot.persistence.tables import (
    ALERTS,
    APPROVALS,
    AWAY,
    BUSY,
    EVENTS,
    EVIDENCE,
    FIRING,
    IN_DOUBT,
    INCIDENTS,
    LOUD,
    MERGED,
    PUBLIC,
    QUEUED,
    REFUSED_DELIVERIES,
    RUNBOOKS,
    RUNNING,
    RUNS,
    SCHEDULES,
    STEPS,
    TARGETS,
    UNRESOLVED,
    VOTES,
)

NO_LIMIT = 2**62
_limit = bindparam("limit", type_=BigInteger)


def _given(name: str, kind: type[Any] = Text) -> Any:  # noqa: ANN401 - a parameter stands for any column's value
    return bindparam(name, type_=kind)


# ------------------------------------------------------------------------------------------------------------ incidents

# Derived at each reading, by an index, and not kept: so a burst of a run's events does not rewrite its incident's row each time,
# and an alert that fires again counts without an event of the incident.
_firing = (
    select(func.count())
    .where(FIRING, ALERTS.c.incident == INCIDENTS.c.id)
    .correlate(INCIDENTS)
    .scalar_subquery()
)
_last_seq = (
    select(func.max(EVENTS.c.seq))
    .where(EVENTS.c.stream == literal("incident/", Text) + cast(INCIDENTS.c.id, Text))
    .correlate(INCIDENTS)
    .scalar_subquery()
)
_incidents: Select[Any] = select(*INCIDENTS.c, _firing.label("firing"), _last_seq.label("last_seq"))

INCIDENT = Query(_incidents.where(INCIDENTS.c.id == _given("incident", BigInteger)))
_newest = INCIDENTS.c.id.desc()
_OPEN: Mapping[bool, tuple[ColumnElement[bool], ...]] = {True: (UNRESOLVED,), False: ()}
_NO_QUIET: Mapping[bool, tuple[ColumnElement[bool], ...]] = {True: (), False: (LOUD,)}
_NO_PRIVATE: Mapping[bool, tuple[ColumnElement[bool], ...]] = {True: (), False: (PUBLIC,)}
INCIDENTS_NEWEST = {
    (only_open, quiet, private): Query(
        _incidents.where(*_OPEN[only_open], *_NO_QUIET[quiet], *_NO_PRIVATE[private])
        .order_by(_newest)
        .limit(_limit)
    )
    for only_open, quiet, private in product((False, True), repeat=3)
}
"""By whether only the open ones are wanted, and whether the quiet ones and the private ones are too."""
_of_workspace = INCIDENTS.c.workspace.in_([_given("workspace"), _given("or_workspace")])
INCIDENTS_OF_WORKSPACE = {
    (only_open, quiet, private): Query(
        _incidents.where(*_OPEN[only_open], *_NO_QUIET[quiet], *_NO_PRIVATE[private], _of_workspace)
        .order_by(_newest)
        .limit(_limit)
    )
    for only_open, quiet, private in product((False, True), repeat=3)
}
"""The same of one chat workspace; `or_workspace` is a second name of it."""


def _is_there(incident: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether what belongs to an incident is of that workspace; each is looked up by its number, however many others there are."""
    return select(INCIDENTS.c.id).where(INCIDENTS.c.id == incident, _of_workspace).exists()


# What was merged into an incident left its concurrency group there.
_of_group = union_all(
    select(INCIDENTS.c.id).where(UNRESOLVED, INCIDENTS.c.concurrency_group == _given("group")),
    select(INCIDENTS.c.merged_into).where(MERGED, INCIDENTS.c.concurrency_group == _given("group")),
)
INCIDENT_OF_GROUP = Query(
    _incidents.where(UNRESOLVED, INCIDENTS.c.id.in_(_of_group)).order_by(INCIDENTS.c.id.desc()).limit(_limit)
)
MERGED_INTO = Query(
    select(INCIDENTS.c.id)
    .where(MERGED, INCIDENTS.c.merged_into == _given("incident", BigInteger))
    .order_by(INCIDENTS.c.id)
)
INCIDENT_OF_CHANNEL = Query(
    _incidents.where(INCIDENTS.c.channel == _given("channel")).order_by(INCIDENTS.c.id.desc()).limit(_limit)
)
INCIDENT_OF_CHANNEL_THERE = Query(
    _incidents.where(INCIDENTS.c.channel == _given("channel"), _of_workspace)
    .order_by(INCIDENTS.c.id.desc())
    .limit(_limit)
)
LAST_INCIDENT = Query(select(func.max(INCIDENTS.c.id)))

CHANNEL = Query(select(*CHANNELS.c).where(CHANNELS.c.incident == _given("incident", BigInteger)))
REMINDERS_OF = Query(
    select(*REMINDERS.c)
    .where(REMINDERS.c.incident == _given("incident", BigInteger))
    .order_by(REMINDERS.c.key)
)

# --------------------------------------------------------------------------------------------------------------- alerts

_alerts: Select[Any] = select(*ALERTS.c)
ALERTS_OF = Query(
    _alerts.where(ALERTS.c.incident == _given("incident", BigInteger))
    .order_by(ALERTS.c.seq, ALERTS.c.key)
    .limit(_limit)
)
ALERTS_ROUTED_OLDEST = Query(
    _alerts.where(ALERTS.c.routing == _given("routing")).order_by(ALERTS.c.seq, ALERTS.c.key).limit(_limit)
)
ALERTS_ROUTED_NEWEST = Query(
    _alerts.where(ALERTS.c.routing == _given("routing"))
    .order_by(ALERTS.c.seq.desc(), ALERTS.c.key.desc())
    .limit(_limit)
)
ALERTS_NEWEST = Query(_alerts.order_by(ALERTS.c.seq.desc(), ALERTS.c.key.desc()).limit(_limit))
KEY_COUNTS = (1, 16, 256)
"""How many keys one question for alerts may name; shorter lists repeat their last key."""
ALERTS_OF_KEYS = {
    count: Query(_alerts.where(ALERTS.c.key.in_([_given(f"key_{n}") for n in range(count)])))
    for count in KEY_COUNTS
}
REFUSED_NEWEST = Query(select(*REFUSED_DELIVERIES.c).order_by(REFUSED_DELIVERIES.c.seq.desc()).limit(_limit))

# ----------------------------------------------------------------------------------------------------------------- runs

RUN = Query(select(*RUNS.c).where(RUNS.c.id == _given("run")))
RUNS_OF = Query(
    select(*RUNS.c).where(RUNS.c.incident == _given("incident", BigInteger)).order_by(RUNS.c.ordinal)
)
RUNS_OF_GROUP = Query(
    select(*RUNS.c)
    .where(BUSY, RUNS.c.concurrency_group == _given("group"))
    .order_by(RUNS.c.severity, RUNS.c.seq)
)
RUNS_QUEUED = Query(select(*RUNS.c).where(QUEUED).order_by(RUNS.c.seq).limit(_limit))
RUNS_QUEUED_THERE = Query(
    select(*RUNS.c).where(QUEUED, _is_there(RUNS.c.incident)).order_by(RUNS.c.seq).limit(_limit)
)
RUNS_UNFINISHED = Query(select(*RUNS.c).where(RUNNING).order_by(RUNS.c.seq))
LAST_RUN = Query(select(func.max(RUNS.c.ordinal)).where(RUNS.c.incident == _given("incident", BigInteger)))
STEPS_OF = Query(select(*STEPS.c).where(STEPS.c.run == _given("run")).order_by(STEPS.c.seq))
STEPS_IN_DOUBT = Query(
    select(STEPS.c.run, STEPS.c.step)
    .join_from(STEPS, RUNS, RUNS.c.id == STEPS.c.run)
    .where(IN_DOUBT, RUNNING)
    .order_by(STEPS.c.seq)
)
_letters: Select[Any] = select(*DEAD_LETTERS.c)
DEAD_LETTER = Query(_letters.where(DEAD_LETTERS.c.number == _given("number", BigInteger)))
DEAD_LETTER_OF = Query(_letters.where(DEAD_LETTERS.c.key == _given("key")))
DEAD_LETTERS_WAITING = Query(_letters.where(DEAD).order_by(DEAD_LETTERS.c.number).limit(_limit))
DEAD_LETTERS_ALL = Query(_letters.order_by(DEAD_LETTERS.c.number.desc()).limit(_limit))
_LETTER_THERE: Mapping[bool, ColumnElement[bool]] = {
    True: DEAD_LETTERS.c.incident.is_(None) | _is_there(DEAD_LETTERS.c.incident),
    False: _is_there(DEAD_LETTERS.c.incident),
}
DEAD_LETTERS_WAITING_THERE = {
    home: Query(_letters.where(DEAD, there).order_by(DEAD_LETTERS.c.number).limit(_limit))
    for home, there in _LETTER_THERE.items()
}
DEAD_LETTERS_ALL_THERE = {
    home: Query(_letters.where(there).order_by(DEAD_LETTERS.c.number.desc()).limit(_limit))
    for home, there in _LETTER_THERE.items()
}
"""By whether the workspace is home, which has those of no incident too."""
DEAD_LETTERS_OF = Query(
    _letters.where(DEAD, DEAD_LETTERS.c.incident == _given("incident", BigInteger)).order_by(
        DEAD_LETTERS.c.number
    )
)
LAST_DEAD_LETTER = Query(select(func.max(DEAD_LETTERS.c.number)))
TARGETS_AWAY = Query(select(*TARGETS.c).where(AWAY).order_by(TARGETS.c.since, TARGETS.c.target))
RUNBOOK = Query(select(RUNBOOKS.c.source).where(RUNBOOKS.c.digest == _given("digest")))

_approvals: Select[Any] = select(
    *APPROVALS.c, *(each.label(f"vote_{each.name}") for each in VOTES.c)
).outerjoin_from(APPROVALS, VOTES, VOTES.c.approval == APPROVALS.c.id)
APPROVAL = Query(_approvals.where(APPROVALS.c.id == _given("approval")).order_by(VOTES.c.seq))
APPROVALS_OF = Query(
    _approvals.where(APPROVALS.c.incident == _given("incident", BigInteger)).order_by(
        APPROVALS.c.seq, APPROVALS.c.id, VOTES.c.seq
    )
)

EVIDENCE_OF = Query(
    select(*EVIDENCE.c)
    .where(EVIDENCE.c.incident == _given("incident", BigInteger))
    .order_by(EVIDENCE.c.seq, EVIDENCE.c.id)
)
EVIDENCE_ONE = Query(select(*EVIDENCE.c).where(EVIDENCE.c.id == _given("evidence")))

SCHEDULES_ALL = Query(
    select(*SCHEDULES.c)
    .where(SCHEDULES.c.runbook > "", SCHEDULES.c.removed.is_(text("false")))
    .order_by(SCHEDULES.c.runbook)
)

SILENCES_OF = Query(
    select(*SILENCES.c)
    .where(SILENCES.c.incident == _given("incident", BigInteger))
    .order_by(SILENCES.c.seq, SILENCES.c.key)
)
SILENCES_UNSETTLED = Query(select(*SILENCES.c).where(UNSETTLED).order_by(SILENCES.c.seq, SILENCES.c.key))
MARKED = Query(select(*MARKS.c).where(MARKS.c.channel == _given("channel"), MARKS.c.ts == _given("ts")))
FROZEN = Query(select(*FREEZE.c).where(FREEZE.c.id == text("1"), FREEZE.c.since.is_not(None)))

# -------------------------------------------------------------------------------------------------------------- the log

_stored = (
    EVENTS.c.seq,
    EVENTS.c.at,
    EVENTS.c.stream,
    EVENTS.c.actor,
    EVENTS.c.kind,
    EVENTS.c.data,
    EVENTS.c.prev,
    EVENTS.c.hash,
)
_after = EVENTS.c.seq > _given("after", BigInteger)
EVENTS_AFTER = Query(select(*_stored).where(_after).order_by(EVENTS.c.seq).limit(_limit))
EVENTS_OF_STREAM = Query(
    select(*_stored).where(EVENTS.c.stream == _given("stream"), _after).order_by(EVENTS.c.seq).limit(_limit)
)
EVENTS_OF_RUN = Query(select(*_stored).where(EVENTS.c.run == _given("run")).order_by(EVENTS.c.seq))
RUNS_AT_ONCE = 64
"""How many runs one question for their events names; shorter lists repeat their last."""
EVENTS_OF_RUNS = Query(
    select(*_stored)
    .where(EVENTS.c.run.in_([_given(f"run_{n}") for n in range(RUNS_AT_ONCE)]))
    .order_by(EVENTS.c.seq)
)
HEAD = Query(select(EVENTS.c.seq, EVENTS.c.hash).order_by(EVENTS.c.seq.desc()).limit(_limit))

# ----------------------------------------------------------------------------------------------------------------- chat

OUTBOX_ENTRY = Query(select(*OUTBOX.c).where(OUTBOX.c.key == _given("key")))
OUTBOX_BEHIND = Query(select(*OUTBOX.c).where(BEHIND).order_by(OUTBOX.c.since, OUTBOX.c.key).limit(_limit))
OUTBOX_BEHIND_THERE = Query(
    select(*OUTBOX.c)
    .where(BEHIND, _is_there(OUTBOX.c.incident))
    .order_by(OUTBOX.c.since, OUTBOX.c.key)
    .limit(_limit)
)
OUTBOX_GIVEN_UP = Query(
    select(*OUTBOX.c)
    .where(GIVEN_UP, OUTBOX.c.incident == _given("incident", BigInteger))
    .order_by(OUTBOX.c.key)
)
INBOX_ENTRY = Query(select(*INBOX.c).where(INBOX.c.key == _given("key")))
INBOX_WAITING = Query(
    select(*INBOX.c).where(WAITING).order_by(INBOX.c.received_at, INBOX.c.key).limit(_limit)
)
INBOX_KNOWN = Query(select(INBOX.c.key).where(INBOX.c.key == _given("key")))
INBOX_ATTEMPTS = Query(select(INBOX.c.attempts).where(INBOX.c.key == _given("key")))
RELAY_WAITING = Query(select(*RELAY.c).order_by(RELAY.c.key).limit(_limit))
