"""From an incident's events to a draft. The timeline is the only source: no clock, no database, no memory of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain import facts
from bot.domain.events import Event
from bot.postmortem.draft import Draft, Source, ref
from bot.postmortem.followups import action_items, open_questions
from bot.postmortem.impact import impact
from bot.postmortem.metrics import metrics
from bot.postmortem.records import approvals, evidence, led_by, notes, roles, undone, updates
from bot.postmortem.redacted import Redact, redacted
from bot.postmortem.story import read
from bot.postmortem.summary import summary
from bot.postmortem.timeline import timeline
from bot.postmortem.wording import plain


def assemble(events: Sequence[Event], names: Mapping[str, str], redact: Redact) -> Draft:
    """Make the draft of an incident from its stream, in log order; ValueError when the events open no incident.

    `names` gives display names by person id. `redact` is applied to all free text before anything is read from it. The same events, names and
    redaction give an equal draft.
    """
    story = read([redacted(event, redact) for event in events])
    measured = impact(story, names)
    opened = story.opened.fact
    return Draft(
        number=opened.incident,
        title=plain(opened.title) or "Incident without a title",
        severity=story.severity,
        status=story.status,
        led_by=led_by(story, names),
        roles=roles(story, names),
        runbooks=tuple(dict.fromkeys(plain(each.fact.runbook) for each in story.told(facts.RunStarted))),
        summary=summary(story, measured, names),
        impact=measured,
        metrics=metrics(story),
        timeline=timeline(story, names),
        approvals=approvals(story, names, redact),
        evidence=evidence(story),
        undone=undone(story),
        actions=action_items(story, measured),
        questions=open_questions(story, measured),
        notes=notes(story, names),
        updates=updates(story, names),
        sources=tuple(Source(ref=ref(event), at=event.at, kind=event.kind) for event in story.events),
    )
