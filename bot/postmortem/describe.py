"""One sentence for each event, for people: plain text, no mark-up, nothing cut.

The command line, the console, chat and the postmortem all read it, so that one event has one wording. A table maps each kind of fact to its
sentence; a test proves that no kind is missing. It does not redact: pass what `bot.postmortem.redacted` returns wherever others may read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.targets import spoken
from bot.postmortem import describe_channel, describe_letters, describe_line, describe_response, describe_run
from bot.postmortem.wording import (
    because,
    count,
    duration,
    ended,
    heard,
    instant,
    listed,
    person_name,
    plain,
    size,
    who,
)

Names = Mapping[str, str]
"""Person id → display name."""

_TELLING = 12
"""Digits of a hash that tell one from another in a sentence; the manifest has them all."""


def describe(event: Event, names: Names) -> str:
    """Say in one sentence what happened, with who did it; LookupError for a fact that this table doesn't know."""
    said = SENTENCES[type(event.fact)](event.fact, who(event.actor, names), event, names)
    return ended(said)


def _opened(fact: facts.IncidentOpened, by: str, event: Event, _names: Names) -> str:
    book = f", by the runbook {plain(fact.runbook)}" if fact.runbook else ""
    verb = "declared" if event.actor.kind == "person" else "opened"
    if fact.scheduled:
        book += f" on schedule at {instant(fact.scheduled)}"
    if fact.service:
        book += f", of {plain(fact.service)}"
    if fact.private:
        book += ", seen by those alone who take part in it"
    book += _in_workspace(fact.workspace)
    return f"{by} {verb} incident {fact.incident} as {fact.severity}{book}{because(fact.title)}"


def _attached(fact: facts.AlertsAttached, _by: str, _event: Event, _names: Names) -> str:
    first = plain(fact.first.name) or "an alert without a name"
    since = f"firing since {instant(fact.first.starts_at)}"
    total = f"; the incident has {fact.total:,} now" if fact.total > len(fact.keys) else ""
    if len(fact.keys) == 1:
        return f"The alert {first} joined the incident, {since}{total}"
    return f"{count(len(fact.keys), 'alert')} joined the incident, {first} first, {since}{total}"


def _alerts_over(fact: facts.AlertsResolved, _by: str, _event: Event, _names: Names) -> str:
    rest = f"{fact.firing:,} still firing" if fact.firing else "none fires any more"
    return f"{count(len(fact.keys), 'alert is', 'alerts are')} over; {rest}"


def _proposed(fact: facts.RunProposed, _by: str, _event: Event, _names: Names) -> str:
    return f"The runbook {plain(fact.runbook)} was proposed and not started{because(fact.why)}"


def _message(fact: facts.MessagePosted, _by: str, _event: Event, _names: Names) -> str:
    return f"A message was posted to chat: {plain(fact.key)}"


def _acknowledged(fact: facts.IncidentAcknowledged, by: str, event: Event, names: Names) -> str:
    if not fact.commander or fact.commander == event.actor.id:
        return f"{by} acknowledged the incident and leads it"
    return f"{by} acknowledged the incident; {person_name(fact.commander, names)} leads it"


def _status(fact: facts.StatusChanged, by: str, _event: Event, names: Names) -> str:
    return f"{by} set the status to {fact.status}{because(heard(fact.why, names))}"


def _note(fact: facts.NoteAdded, by: str, _event: Event, names: Names) -> str:
    return f"{by} noted{because(heard(fact.text, names))}"


def _resolved(fact: facts.IncidentResolved, by: str, _event: Event, names: Names) -> str:
    felt = ""
    if fact.impact_from is not None:
        until = f" until {instant(fact.impact_to)}" if fact.impact_to else ""
        felt = (
            f"; customers felt it from {instant(fact.impact_from)}{until}{because(heard(fact.impact, names))}"
        )
    elif fact.impact:
        felt = f"; customers felt it{because(heard(fact.impact, names))}"
    return f"{by} resolved the incident{because(heard(fact.summary, names))}{felt}"


def _evidence(fact: facts.EvidenceStored, _by: str, _event: Event, _names: Names) -> str:
    cut = ", not whole" if fact.truncated else ""
    return (
        f"Step {fact.step} kept evidence: {plain(fact.name)} "
        f"({plain(fact.evidence_class)}, {size(fact.size)}{cut}, SHA-256 {fact.sha256[:_TELLING]}…)"
    )


def _accessed(fact: facts.EvidenceAccessed, by: str, _event: Event, _names: Names) -> str:
    return f"{by} took out evidence {fact.evidence} ({plain(fact.how)})"


def _drafted(fact: facts.PostmortemDrafted, _by: str, _event: Event, _names: Names) -> str:
    return f"A postmortem was drafted from the timeline up to event {fact.through:,}"


def _received(fact: facts.AlertsReceived, by: str, _event: Event, _names: Names) -> str:
    known = f", {len(fact.repeated):,} known already" if fact.repeated else ""
    anew = f", {len(fact.again):,} routed anew" if fact.again else ""
    lost = f", {fact.truncated:,} left out by the sender" if fact.truncated else ""
    names = listed(sorted({plain(alert.name) or "without a name" for alert in fact.changed}))
    of = f" ({names})" if fact.changed else ""
    return f"{by[:1].upper()}{by[1:]} delivered {count(len(fact.changed), 'new or changed alert')}{of}{known}{anew}{lost}"


def _unmatched(fact: facts.AlertsUnmatched, _by: str, _event: Event, _names: Names) -> str:
    return f"No runbook wants {count(len(fact.keys), 'alert')}; kept, and nothing was opened"


def _refused(fact: facts.DeliveryRefused, _by: str, _event: Event, _names: Names) -> str:
    return (
        f"A delivery of {size(fact.size)} from {plain(fact.source)} could not be read{because(fact.reason)}"
    )


def _process(fact: facts.ProcessStarted, _by: str, _event: Event, _names: Names) -> str:
    return f"Fireline {plain(fact.version)} started on {plain(fact.host)} as process {fact.pid}"


def _led(fact: facts.LeadTaken, _by: str, _event: Event, _names: Names) -> str:
    before = {
        "handed over": f"; {plain(fact.before)} handed over",
        "took over": f"; {plain(fact.before)} had stopped without a word",
    }.get(fact.how, "")
    return f"Process {fact.pid} on {plain(fact.host)} leads, in term {fact.term:,}{before}"


def _loaded(fact: facts.RunbooksLoaded, _by: str, _event: Event, _names: Names) -> str:
    refused = f"; {count(fact.refused, 'file')} refused" if fact.refused else ""
    return f"{count(len(fact.digests), 'runbook is', 'runbooks are')} in force{refused}"


def _schedule_set(fact: facts.ScheduleSet, _by: str, _event: Event, _names: Names) -> str:
    return f"The runbook {plain(fact.runbook)} is on schedule: {plain(fact.cron)}, {plain(fact.timezone)}"


def _schedule_removed(fact: facts.ScheduleRemoved, _by: str, _event: Event, _names: Names) -> str:
    return f"The runbook {plain(fact.runbook)} is on no schedule any more"


def _schedule_fired(fact: facts.ScheduleFired, _by: str, _event: Event, _names: Names) -> str:
    led = (
        f"run {fact.started}" if fact.started else f"incident {fact.incident}" if fact.incident else "no run"
    )
    missed = f"; those since {instant(fact.missed_since)} were missed" if fact.missed_since else ""
    head = f"The schedule of {plain(fact.runbook)} came due at {instant(fact.due)} and led to {led}"
    return f"{head}{missed}{because(fact.skipped)}"


def _away(fact: facts.BreakerOpened, _by: str, _event: Event, _names: Names) -> str:
    since = f"not called since {instant(fact.since)}"
    return f"{plain(fact.detail)}: {since}, to be tried again from {instant(fact.until)} on"


def _back(fact: facts.BreakerClosed, _by: str, _event: Event, _names: Names) -> str:
    return f"{plain(spoken(fact.target))} answers again; it was not called since {instant(fact.since)}"


def _chat_stopped(fact: facts.ChatStopped, _by: str, _event: Event, _names: Names) -> str:
    where = _in_workspace(fact.workspace)
    return f"Slack refuses this app{where} ({plain(fact.code)}): nothing is shown there until that is mended, and nothing is given up"


def _chat_went_on(fact: facts.ChatWentOn, _by: str, _event: Event, _names: Names) -> str:
    where = _in_workspace(fact.workspace)
    return f"Slack takes this app's calls{where} again, after {duration(fact.stopped_for)}"


def _workspace_joined(fact: facts.WorkspaceJoined, _by: str, _event: Event, _names: Names) -> str:
    name = plain(fact.name or fact.workspace)
    return f"This app was let into the Slack workspace {name} ({plain(fact.workspace)}) by {plain(fact.by)}"


def _in_workspace(workspace: str) -> str:
    return f" in the workspace {plain(workspace)}" if workspace else ""


def _message_lost(fact: facts.MessageLost, _by: str, _event: Event, _names: Names) -> str:
    return f"The message {plain(fact.key)} was deleted in Slack, and is posted anew"


def _shut_out(fact: facts.ShutOut, _by: str, _event: Event, _names: Names) -> str:  # noqa: ARG001 - one form for all
    return "Fireline was removed from the incident's channel: how things stand can't be shown there until that is mended"


def _let_in(fact: facts.LetIn, _by: str, _event: Event, _names: Names) -> str:  # noqa: ARG001 - one form for all
    return "Fireline can write in the incident's channel again"


SENTENCES: Mapping[type[Fact], Callable[[Any, str, Event, Names], str]] = {
    facts.IncidentOpened: _opened,
    facts.AlertsAttached: _attached,
    facts.AlertsResolved: _alerts_over,
    facts.RunProposed: _proposed,
    facts.MessagePosted: _message,
    facts.MessageLost: _message_lost,
    facts.ShutOut: _shut_out,
    facts.LetIn: _let_in,
    facts.ChatStopped: _chat_stopped,
    facts.ChatWentOn: _chat_went_on,
    facts.WorkspaceJoined: _workspace_joined,
    facts.IncidentAcknowledged: _acknowledged,
    facts.StatusChanged: _status,
    facts.NoteAdded: _note,
    facts.IncidentResolved: _resolved,
    facts.EvidenceStored: _evidence,
    facts.EvidenceAccessed: _accessed,
    facts.PostmortemDrafted: _drafted,
    facts.AlertsReceived: _received,
    facts.AlertsUnmatched: _unmatched,
    facts.DeliveryRefused: _refused,
    facts.ProcessStarted: _process,
    facts.LeadTaken: _led,
    facts.RunbooksLoaded: _loaded,
    facts.ScheduleSet: _schedule_set,
    facts.ScheduleRemoved: _schedule_removed,
    facts.ScheduleFired: _schedule_fired,
    facts.BreakerOpened: _away,
    facts.BreakerClosed: _back,
    **describe_channel.SENTENCES,
    **describe_letters.SENTENCES,
    **describe_line.SENTENCES,
    **describe_response.SENTENCES,
    **describe_run.SENTENCES,
}
