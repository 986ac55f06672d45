"""What an incident opens with: its title, its severity, its inputs, and what keeps its runbook from starting. Pure.

Nothing here fails: whatever a runbook's templates do, a responder must hear of the alert, so what went wrong becomes a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.facts import AlertsAttached, Fact, IncidentOpened, NoteAdded, RunProposed
from bot.domain.ids import IncidentId, RunId
from bot.domain.nouns import Actor, Severity
from bot.domain.records import AlertRecord, IncidentRecord
from bot.engine.starting import alert_scope, incident_scope, scope_of, start_run
from bot.errors import RunbookError
from bot.incidents.routing import Wanted, seen_of
from bot.policy.autonomy import why_not_by_itself
from bot.runbook.inputs import resolve_inputs
from bot.runbook.model import Runbook

FALLBACK = Severity.SEV3
"""The severity of an incident whose runbook does not give one that can be read."""
IN_SCOPE = 100
"""How many alerts an expression sees as `alerts`: enough for a list in a message, not enough to fill the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An incident about to open; `inputs` is None when the runbook does not start, and then `proposed` or a note says why.

    `workspace` is the chat workspace that it belongs to, `home` the one that has what is from before there were several.
    """

    title: str
    severity: Severity
    group: str
    runbook: Runbook
    scope: Mapping[str, Any]
    inputs: Mapping[str, Any] | None
    proposed: str = ""
    notes: tuple[str, ...] = ()
    service: str = ""
    private: bool = False
    workspace: str = ""
    home: str = ""

    @property
    def run_group(self) -> str:
        """The concurrency group that the run holds; empty where the runbook names none, although its alerts share an incident."""
        return self.group if self.runbook.concurrency is not None else ""


def prepare(wanted: Wanted, trigger: AlertRecord, variables: Mapping[str, Any], now: datetime) -> Opening:
    """Work out what an incident for these alerts opens with."""
    runbook, notes = wanted.runbook, []
    others = [each for each in wanted.alerts[:IN_SCOPE] if each is not trigger]
    scope = before([trigger, *others], variables)
    inputs: Mapping[str, Any] | None = None
    try:
        inputs = resolve_inputs(runbook, {}, scope)
    except RunbookError as error:
        notes.append(f"No run was started. {error}")
    severity, complaint = severity_of(runbook, {**scope, "inputs": inputs or {}})
    if complaint:
        notes.append(complaint)
    proposed = (
        why_not_by_itself(runbook.autonomy.value, runbook.valid_until, now.date())
        if inputs is not None
        else ""
    )
    return Opening(
        title=title_of(runbook, trigger),
        severity=severity,
        group=wanted.group,
        runbook=runbook,
        scope=scope,
        inputs=None if proposed else inputs,
        proposed=proposed,
        notes=tuple(notes),
    )


def before(alerts: Sequence[AlertRecord], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scope of what is rendered before there is an incident: inputs, severity, concurrency group."""
    scope = scope_of(incident={}, alerts=tuple(alert_scope(each) for each in alerts), variables=variables)
    del scope["incident"]
    return scope


def title_of(runbook: Runbook, trigger: AlertRecord | None) -> str:
    """Return the runbook's title, else the alert's summary, else a name; always one line."""
    annotations = trigger.annotations if trigger is not None else {}
    name = trigger.name if trigger is not None else ""
    choices = (runbook.title, annotations.get("summary", ""), name, runbook.name)
    return next(line for text in choices if (line := " ".join(text.split())))


def severity_of(runbook: Runbook, scope: Mapping[str, Any]) -> tuple[Severity, str]:
    """Render the runbook's severity; with the fallback comes a sentence that says what is wrong."""
    try:
        rendered = str(runbook.severity.render(scope)).strip().upper()
    except RunbookError as error:
        problem = str(error)
    else:
        if rendered in set(Severity):
            return Severity(rendered), ""
        problem = f"{rendered!r} is none of {', '.join(Severity)}"
    return FALLBACK, f"The severity of {runbook.name} can't be read, so this is {FALLBACK}: {problem}"


def attach(incident: IncidentRecord, alerts: Sequence[AlertRecord]) -> Fact:
    """Tell that alerts belong to an incident that is open already."""
    return _attached(incident.id, alerts, total=incident.alerts + len(alerts))


def moved(incident: IncidentRecord, alerts: Sequence[AlertRecord], *, before: int) -> AlertsAttached:
    """Tell that alerts of another incident belong to this one; `before` counts those that came just before them."""
    return _attached(incident.id, alerts, total=incident.alerts + before + len(alerts))


def open_incident(
    opening: Opening, incident: IncidentId, alerts: Sequence[AlertRecord], scheduled: datetime | None = None
) -> list[Fact]:
    """Tell that an incident began with these alerts, or at an instant of a schedule; its run is told by `start`."""
    facts: list[Fact] = [
        IncidentOpened(
            incident=incident,
            title=opening.title,
            severity=opening.severity,
            group=opening.group,
            runbook=opening.runbook.name,
            scheduled=scheduled,
            service=opening.service,
            private=opening.private,
            workspace=opening.workspace,
        )
    ]
    if alerts:
        facts.append(_attached(incident, alerts, total=len(alerts)))
    facts += [NoteAdded(incident=incident, text=text) for text in opening.notes]
    if opening.proposed:
        facts.append(RunProposed(incident=incident, runbook=opening.runbook.name, why=opening.proposed))
    return facts


def start(
    opening: Opening,
    incident: IncidentRecord,
    run: RunId,
    *,
    seed: str,
    now: datetime,
    by: Actor | None = None,
) -> Fact:
    """Tell that the runbook's run began; `by` is the person who asked for it."""
    assert opening.inputs is not None  # noqa: S101 - the callers ask first
    started = start_run(
        runbook=opening.runbook,
        run=run,
        inputs=opening.inputs,
        scope={**opening.scope, "incident": incident_scope(incident)},
        requested_by=by,
        seed=seed,
        now=now,
    )
    return replace(started, group=opening.run_group)


def _attached(incident: IncidentId, alerts: Sequence[AlertRecord], *, total: int) -> AlertsAttached:
    return AlertsAttached(
        incident=incident, keys=tuple(each.key for each in alerts), first=seen_of(alerts[0]), total=total
    )
