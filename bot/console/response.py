"""What people did to an incident, or to all runs, as a page says it: roles, updates, silences, what it was merged into, the freeze."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.clock import Clock
from bot.domain.ids import IncidentId
from bot.domain.nouns import COMMANDER
from bot.domain.records import IncidentRecord
from bot.domain.response_records import FreezeRecord, SilenceRecord
from bot.postmortem.wording import because, instant, listed, person_name

Write = Callable[[str], str]
"""Makes text that others may read: redacted, on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How the response stands beside its runs. Empty, None, where there is nothing to say; `late` when an update was promised and did not come."""

    service: str
    workspace: str
    private: bool
    roles: Sequence[tuple[str, str]]
    update: str
    update_at: datetime | None
    next_due: datetime | None
    late: bool
    silenced: str
    felt: str
    merged_into: IncidentId | None


def response_of(
    record: IncidentRecord,
    silences: Sequence[SilenceRecord],
    names: Mapping[str, str],
    write: Write,
    clock: Clock,
) -> Response:
    """Read it from the records."""
    now = clock.now()
    due = record.next_update_due
    return Response(
        service=write(record.service),
        workspace=write(record.workspace),
        private=record.private,
        roles=[
            (write(role).replace("_", " "), person_name(who, names))
            for role, who in record.roles.items()
            if role != COMMANDER
        ],
        update=write(record.last_update),
        update_at=record.last_update_at,
        next_due=due,
        late=due is not None and due < now,
        silenced=_silenced([each for each in silences if each.holds(now)], names, write),
        felt=_felt(record, write),
        merged_into=record.merged_into,
    )


def _silenced(standing: Sequence[SilenceRecord], names: Mapping[str, str], write: Write) -> str:
    return listed(
        f"until {instant(each.until)} by {person_name(each.by.id, names)}{because(write(each.why))}"
        for each in standing
    )


def _felt(record: IncidentRecord, write: Write) -> str:
    if record.impact_from is None:
        return write(record.impact)
    until = f" until {instant(record.impact_to)}" if record.impact_to else ""
    return f"from {instant(record.impact_from)}{until}{because(write(record.impact))}"


def frozen(freeze: FreezeRecord | None, names: Mapping[str, str], write: Write, clock: Clock) -> str:
    """Say who froze changes, since when and why; empty while nobody did, or when its time is over."""
    if freeze is None or not freeze.holds(clock.now()):
        return ""
    until = f", until {instant(freeze.until)}" if freeze.until else ""
    return f"by {person_name(freeze.by.id, names)} since {instant(freeze.since)}{until}{because(write(freeze.why))}"
