"""What goes along when an incident's channel is left for another one: whatever people are still asked, and the runs that are under way.

What is decided, done or attached stays where it was posted, and is read there by those who were in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.facts import RunProposed, RunQueued, RunStarted
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import ApprovalStatus
from bot.domain.ports import Reader

GONE = "deleted"
ARCHIVED = "archived"
REMOVED = "removed"
"""Why a channel is left though its incident goes on."""


def standing(incident: IncidentId) -> tuple[str, ...]:
    """Return the keys of what every channel of an incident has."""
    return tuple(f"incident/{incident}/{each}" for each in ("channel", "bookmarks", "status"))


def still_asked(reader: Reader, incident: IncidentId) -> tuple[str, ...]:
    """Return the keys of what is to stand in the next channel too, of all that was shown so far."""
    return tuple(key for key in _open_keys(reader, incident) if _is_shown(reader, key))


def _open_keys(reader: Reader, incident: IncidentId) -> Iterator[str]:
    under_way = {each.id for each in reader.runs_of(incident) if each.finished_at is None}
    yield from (f"run/{each}" for each in sorted(under_way))
    for approval in reader.approvals_of(incident):
        if approval.status is ApprovalStatus.PENDING:
            yield f"approval/{approval.id}"
            yield f"escalation/{approval.id}"
    yield from (f"unknown/{run}/{step}" for run, step in reader.steps_in_doubt() if run in under_way)
    proposed: dict[str, None] = {}
    for event in reader.events(stream=incident_stream(incident)):
        match event.fact:
            case RunProposed(runbook=name):
                proposed[name] = None
            case RunStarted(runbook=name) | RunQueued(runbook=name):
                proposed.pop(name, None)
    yield from (f"incident/{incident}/proposed/{name}" for name in proposed)


def _is_shown(reader: Reader, key: str) -> bool:
    entry = reader.outbox_entry(key)
    return entry is not None and not entry.gone
