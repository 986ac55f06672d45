"""What an incident's events tell of runbooks that were proposed or kept out, and of updates, for the messages on them. It draws nothing."""

from __future__ import annotations

from bot.chat.blocks.picture import Proposal, Rejection
from bot.chat.outbox.keys import Key
from bot.domain.facts import RunProposed, RunRejected, UpdateGiven
from bot.domain.ids import incident_stream
from bot.domain.nouns import Actor, ActorKind
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


def update_of(reader: Reader, incident: IncidentRecord, key: Key) -> tuple[UpdateGiven, Actor] | None:
    """Return an update and who gave it; None for one that a later one overtook before chat could show it."""
    entry = reader.outbox_entry(key.text)
    posted = entry is not None and bool(entry.ts)
    for event in reversed(reader.events(stream=incident_stream(incident.id))):
        if isinstance(event.fact, UpdateGiven):
            if event.seq == key.event:
                return event.fact, event.actor
            if not posted:
                return None
    return None
