"""What an incident's events tell of runbooks that were proposed and of those that were kept out, for the messages on them. It draws nothing."""

from __future__ import annotations

from bot.chat.blocks.picture import Proposal, Rejection
from bot.domain.facts import RunProposed, RunRejected
from bot.domain.ids import incident_stream
from bot.domain.nouns import ActorKind
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord


def proposal_of(reader: Reader, incident: IncidentRecord, runbook: str, *, title: str) -> Proposal | None:
    """Return the last proposal of a runbook, with the run that somebody started since; None when there was none."""
    for event in reversed(reader.events(stream=incident_stream(incident.id))):
        if isinstance(event.fact, RunProposed) and event.fact.runbook == runbook:
            runs = [
                each
                for each in reader.runs_of(incident.id)
                if each.runbook == runbook and each.started_at >= event.at
            ]
            run = runs[0] if runs else None
            return Proposal(incident=incident, runbook=runbook, title=title, why=event.fact.why, run=run)
    return None


def rejection_of(reader: Reader, incident: IncidentRecord, runbook: str, *, title: str) -> Rejection | None:
    """Return why a runbook was kept out the last time, and who had asked for it; None when it never was."""
    for event in reversed(reader.events(stream=incident_stream(incident.id))):
        if isinstance(event.fact, RunRejected) and event.fact.runbook == runbook:
            person = event.actor if event.actor.kind is ActorKind.PERSON else None
            return Rejection(
                incident=incident, runbook=runbook, title=title, why=event.fact.why, asked_by=person
            )
    return None
