"""What people may do to an incident, decided on records alone: each rule returns the facts to append, or raises Refused with a hint.

No rule reads a clock or the store; the desk calls them inside a unit of work, so what they are shown is what is true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.clock import to_text
from bot.domain.facts import Fact, IncidentAcknowledged, IncidentResolved, NoteAdded
from bot.domain.ids import IncidentId
from bot.domain.nouns import Actor, RunStatus
from bot.domain.records import IncidentRecord, RunRecord
from bot.errors import Conflict, NotFound, Refused
from bot.incidents.opening import Opening
from bot.runbook.model import Runbook, WhenBusy

_MOST_TITLE = 500
"""Characters of an incident's title: a sentence, not a log."""
_MOST_SERVICE = 100
"""Characters of the name of what is affected."""
_MOST_TEXT = 40_000
"""Characters of a note or summary: what Slack takes in one message, the longest way in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What resolving does, and what the one who resolves should know; `warnings` are sentences."""

    facts: Sequence[Fact]
    warnings: tuple[str, ...]


def found(record: IncidentRecord | None, incident: IncidentId) -> IncidentRecord:
    """Return the incident, or raise NotFound in words."""
    if record is None:
        raise NotFound(f"There is no incident {incident}.", hint="List the open ones with `list`.")
    return record


def title(text: str) -> str:
    """Return a title as one line; Refused when it is empty or too long."""
    line = " ".join(text.split())
    if not line:
        raise Refused("An incident needs a title.", hint="Say in a sentence what is wrong.")
    if len(line) > _MOST_TITLE:
        raise Refused(
            f"A title has at most {_MOST_TITLE} characters; this one has {len(line)}.",
            hint="Put the rest into a note.",
        )
    return line


def service(text: str) -> str:
    """Return the name of what is affected as one line, empty where nothing was said; Refused when it is too long for a name."""
    line = " ".join(text.split())
    if len(line) > _MOST_SERVICE:
        raise Refused(f"A service's name has at most {_MOST_SERVICE} characters.")
    return line


def acknowledge(incident: IncidentRecord, by: Actor) -> Sequence[Fact]:
    """Let a person take an incident: the first becomes incident commander, later ones are on record beside them."""
    must_be_open(incident)
    if incident.commander == by.id and incident.acknowledged_at is not None:
        raise Conflict(f"You have incident {incident.id} already: you are its incident commander.")
    return [IncidentAcknowledged(incident=incident.id, commander=incident.commander or by.id)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What customers felt, and when; None and empty where nobody said."""

    since: datetime | None = None
    until: datetime | None = None
    what: str = ""


def resolve(
    incident: IncidentRecord, runs: Sequence[RunRecord], summary: str, felt: Felt, now: datetime
) -> Ending:
    """End the response.

    A run under way keeps it open: it may wait for an approval or be about to change something, and nobody would be watching. So the person ends
    the run first, in the open, rather than have it ended behind their back. Alerts that still fire don't: people know things that alerts don't.
    """
    must_be_open(incident)
    busy = [run for run in runs if run.status is RunStatus.RUNNING]
    if busy:
        names = ", ".join(f"{run.id} ({run.runbook})" for run in busy)
        raise Refused(
            f"Incident {incident.id} can't be resolved while a run is under way: {names}.",
            hint=f"Let it finish, or cancel it first: `cancel {busy[0].id}`.",
        )
    warnings: tuple[str, ...] = ()
    if incident.firing:
        alerts = "1 alert still fires" if incident.firing == 1 else f"{incident.firing} alerts still fire"
        warnings = (f"{alerts}; the same alerts won't open a new incident until they end and start again.",)
    _must_be_told_in_order(felt, now)
    resolved = IncidentResolved(
        incident=incident.id,
        summary=spoken(summary),
        impact_from=felt.since,
        impact_to=felt.until,
        impact=spoken(felt.what),
    )
    return Ending(facts=[resolved], warnings=warnings)


def _must_be_told_in_order(felt: Felt, now: datetime) -> None:
    if felt.since is None and felt.until is not None:
        raise Refused(
            "When did customers begin to feel it?", hint="An end needs its beginning.", about="impact_from"
        )
    for name, each in (("impact_from", felt.since), ("impact_to", felt.until)):
        if each is not None and each > now:
            raise Refused(
                "What customers felt lies in the past.", hint="A time that is typed is UTC.", about=name
            )
    if felt.since is not None and felt.until is not None and felt.until < felt.since:
        raise Refused(
            "Customers can't feel the end before the beginning.",
            hint="Look at the two times.",
            about="impact_to",
        )


def note(incident: IncidentRecord, text: str) -> Sequence[Fact]:
    """Add a person's words to the timeline; a resolved incident takes them too, for its postmortem."""
    words = spoken(text)
    if not words:
        raise Refused("A note needs words.")
    return [NoteAdded(incident=incident.id, text=words)]


def may_be_started(runbook: Runbook, incident: IncidentRecord | None) -> None:
    """Raise Refused or Conflict unless people may start this runbook, in this incident when there is one already.

    One that was proposed in the incident may be started there even when it takes no commands: to propose is to offer.
    """
    proposed = incident is not None and incident.runbook == runbook.name
    if not runbook.command and not proposed:
        raise Refused(
            f"The runbook {runbook.name} is not started by people.",
            hint="Its author allows that with `on: {command: true}`.",
        )
    if incident is not None:
        must_be_open(incident)


def may_start(opening: Opening, incident: IncidentRecord | None, runs: Sequence[RunRecord]) -> None:
    """Raise Refused or Conflict unless a person may start this run, in this incident when there is one already.

    A runbook is under way in an incident once; where its runs wait for each other, once with the same inputs.
    """
    runbook = opening.runbook
    may_be_started(runbook, incident)
    waits = runbook.concurrency is not None and runbook.concurrency.when_busy is WhenBusy.QUEUE
    for run in runs:
        alike = run.runbook == runbook.name and (not waits or run.inputs == opening.inputs)
        if alike and run.status in {RunStatus.RUNNING, RunStatus.QUEUED}:
            where = "is under way" if run.status is RunStatus.RUNNING else "waits in line"
            raise Conflict(
                f"{runbook.name} {where} in incident {run.incident} already: run {run.id}.",
                hint=f"Follow it there, or cancel it first: `cancel {run.id}`.",
            )


def may_go_on(
    run: RunRecord,
    incident: IncidentRecord,
    runs: Sequence[RunRecord],
    of_group: Sequence[RunRecord],
    *,
    seen: Callable[[RunRecord], bool],
) -> None:
    """Raise Conflict unless a run that is over may go on, where its incident and its concurrency group stand now.

    `runs` are its incident's, `of_group` those of its group that have not ended; `seen` tells which of these may be named to whoever hears of it.
    Whether the run itself can go on, the conductor says.
    """
    must_be_open(incident)
    for other in of_group:
        if other.id != run.id and other.status is RunStatus.RUNNING:
            if not seen(other):
                raise hidden(run.group)
            raise Conflict(
                f"Run {other.id} ({other.runbook}) has {run.group} now, in incident {other.incident}.",
                hint=f"Wait until it is over, or cancel it first: `cancel {other.id}`.",
            )
    for other in runs:
        if other.id != run.id and other.runbook == run.runbook and other.finished_at is None:
            raise Conflict(
                f"{run.runbook} is under way in incident {incident.id} already: run {other.id}.",
                hint=f"Follow it there, or cancel it first: `cancel {other.id}`.",
            )


def hidden(group: str) -> Conflict:
    """Refuse what an incident stands in the way of that is not there for the one who asks: its group is taken, and not even its number is told."""
    return Conflict(
        f"An incident that you can't see has {group} now.",
        hint="Wait until it is over, or ask who is on call to let you in.",
    )


def must_be_open(incident: IncidentRecord) -> None:
    """Raise Conflict, with the way on, when the response is over."""
    if incident.open:
        return
    if incident.merged_into is not None:
        raise Conflict(
            f"Incident {incident.id} was merged into {incident.merged_into}.", hint="It goes on there."
        )
    when = f" at {to_text(incident.resolved_at)[:16]}Z" if incident.resolved_at else ""
    raise Conflict(
        f"Incident {incident.id} was resolved{when}.", hint=f"If it is not over: `reopen #{incident.id} why`."
    )


def spoken(words: str) -> str:
    """Return a person's words without what surrounds them; Refused when there are too many."""
    stripped = words.strip()
    if len(stripped) > _MOST_TEXT:
        raise Refused(
            f"That is {len(stripped)} characters long; {_MOST_TEXT} are the most.",
            hint="Attach it as evidence instead.",
        )
    return stripped
