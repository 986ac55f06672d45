"""When it began, was noticed, taken, contained and over; how long each took; which alerts and what they touched.

An instant that the timeline doesn't tell is unknown, and its note says why. Nothing is derived from an instant that is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.domain import facts
from bot.domain.nouns import ActorKind
from bot.postmortem.draft import AffectedLabel, AlertRow, Impact, Moment, Ref, Sourced, Span, ref
from bot.postmortem.story import Story, Told
from bot.postmortem.wording import ended, plain, safe_url, who

_TOUCHED = (
    "service", "svc", "app", "job", "cluster", "region", "zone", "env", "environment", "namespace", "instance", "host",
)  # fmt: skip
"""Labels that say what an alert is about, most telling first."""

STARTED, DETECTED, ACKNOWLEDGED = "Started", "Detected", "Acknowledged"
CONTAINED, ALERTS_OVER, RESOLVED = "Contained", "Alerts over", "Resolved"
FELT, FELT_NO_MORE = "Customers began to feel it", "Customers felt it no more"

_SPANS = (
    ("Time to detect", STARTED, DETECTED),
    ("Time to acknowledge", DETECTED, ACKNOWLEDGED),
    ("Time to contain", DETECTED, CONTAINED),
    ("Time to resolve", DETECTED, RESOLVED),
    ("From start to containment", STARTED, CONTAINED),
    ("From start to resolution", STARTED, RESOLVED),
)
_FELT_SPAN = ("Customer impact", FELT, FELT_NO_MORE)
"""Told where somebody said when customers felt it."""


def impact(story: Story, names: Mapping[str, str]) -> Impact:
    """Measure the incident."""
    moments = (
        _started(story),
        _detected(story, names),
        _acknowledged(story, names),
        _contained(story),
        _alerts_over(story),
        _resolved(story, names),
    )
    felt = tuple(_felt(story, names))
    return Impact(
        moments=(*moments, *felt),
        spans=_spans((*moments, *felt)),
        affected=_affected(story),
        alerts=_alerts(story),
        customers=_customers(story),
    )


def earliest_alert(story: Story) -> Told[facts.AlertsAttached] | None:
    """Return the arrival whose alert began first, None when no alert belongs to the incident."""
    arrivals = story.told(facts.AlertsAttached)
    return min(arrivals, key=lambda each: (each.fact.first.starts_at, each.event.seq)) if arrivals else None


def _started(story: Story) -> Moment:
    first = earliest_alert(story)
    if first is None:
        return _unknown(STARTED, "declared by a person; no alert tells when it began")
    others = sum(len(each.fact.keys) - 1 for each in story.told(facts.AlertsAttached))
    note = f"the alert {_named(first)} began to fire"
    if others:
        note += f"; the starts of {others:,} more are not in the timeline"
    return _known(STARTED, first.fact.first.starts_at, note, ref(first.event))


def _detected(story: Story, names: Mapping[str, str]) -> Moment:
    arrivals = story.told(facts.AlertsAttached)
    opened = story.opened
    if opened.event.actor.kind is ActorKind.PERSON or not arrivals:
        return _known(
            DETECTED, opened.at, f"{who(opened.event.actor, names)} opened the incident", ref(opened.event)
        )
    first = arrivals[0]
    return _known(DETECTED, first.at, f"the alert {_named(first)} reached Fireline", ref(first.event))


def _acknowledged(story: Story, names: Mapping[str, str]) -> Moment:
    taken = story.told(facts.IncidentAcknowledged)
    if not taken:
        return _unknown(ACKNOWLEDGED, "nobody acknowledged it")
    return _known(ACKNOWLEDGED, taken[0].at, f"by {who(taken[0].event.actor, names)}", ref(taken[0].event))


def _contained(story: Story) -> Moment:
    step = story.containing
    if step is not None and step.success is not None:
        return _known(CONTAINED, step.success.at, f"step {step.step} was verified", ref(step.success.event))
    unproven = [each for each in story.steps if each.changes and each.success and each.stands]
    if unproven:
        return _unknown(CONTAINED, f"step {unproven[-1].step} succeeded, but nothing verified that it helped")
    return _unknown(CONTAINED, "no step that contains the damage was verified")


def _alerts_over(story: Story) -> Moment:
    over = story.alerts_over
    if over is not None:
        return _known(ALERTS_OVER, over.at, "the last of them resolved", ref(over.event))
    if not story.told(facts.AlertsAttached):
        return _unknown(ALERTS_OVER, "there were none")
    return _unknown(ALERTS_OVER, "some still fire, as far as the timeline goes")


def _resolved(story: Story, names: Mapping[str, str]) -> Moment:
    resolved = story.resolved
    if resolved is None:
        return _unknown(RESOLVED, f"still {story.status}")
    return _known(RESOLVED, resolved.at, f"by {who(resolved.event.actor, names)}", ref(resolved.event))


def _felt(story: Story, names: Mapping[str, str]) -> Iterator[Moment]:
    """Tell when customers felt it, as far as the one who resolved it said; nothing where nobody did."""
    said = story.felt
    if said is None or said.fact.impact_from is None:
        return
    note = f"as {who(said.event.actor, names)} said"
    yield _known(FELT, said.fact.impact_from, note, ref(said.event))
    if said.fact.impact_to is not None:
        yield _known(FELT_NO_MORE, said.fact.impact_to, note, ref(said.event))
    else:
        yield _unknown(FELT_NO_MORE, "nobody said when that ended")


def _customers(story: Story) -> Sourced | None:
    said = story.felt
    words = plain(said.fact.impact) if said is not None else ""
    return Sourced(text=ended(words), refs=(ref(said.event),)) if said is not None and words else None


def _known(label: str, at: datetime, note: str, source: Ref) -> Moment:
    return Moment(label=label, at=at, note=note, refs=(source,))


def _unknown(label: str, note: str) -> Moment:
    return Moment(label=label, at=None, note=note)


def _spans(moments: tuple[Moment, ...]) -> tuple[Span, ...]:
    by_label = {moment.label: moment for moment in moments}
    told = (*_SPANS, _FELT_SPAN) if FELT in by_label else _SPANS
    return tuple(_span(label, by_label[since], by_label[until]) for label, since, until in told)


def _span(label: str, since: Moment, until: Moment) -> Span:
    seconds = (until.at - since.at).total_seconds() if since.at and until.at else None
    if seconds is not None and seconds < 0:
        seconds = None  # two machines' clocks differ: a negative length tells nothing
    return Span(
        label=label,
        since=since.label,
        until=until.label,
        seconds=seconds,
        refs=tuple(dict.fromkeys((*since.refs, *until.refs))),
    )


def _affected(story: Story) -> tuple[AffectedLabel, ...]:
    seen: dict[str, dict[str, Ref]] = {}
    for each in story.told(facts.AlertsAttached):
        for name in _TOUCHED:
            value = plain(each.fact.first.labels.get(name, ""))
            if value:
                seen.setdefault(name, {}).setdefault(value, ref(each.event))
    return tuple(
        AffectedLabel(name=name, values=tuple(seen[name]), refs=tuple(dict.fromkeys(seen[name].values())))
        for name in _TOUCHED
        if name in seen
    )


def _alerts(story: Story) -> tuple[AlertRow, ...]:
    """Describe each alert once, however often it joined."""
    rows: dict[str, AlertRow] = {}
    for each in story.told(facts.AlertsAttached):
        alert = each.fact.first
        rows.setdefault(
            alert.key,
            AlertRow(
                name=_named(each),
                labels=", ".join(
                    f"{plain(name)}={plain(value)}" for name, value in sorted(alert.labels.items())
                ),
                summary=plain(
                    alert.annotations.get("summary", "") or alert.annotations.get("description", "")
                ),
                starts_at=alert.starts_at,
                others=len(each.fact.keys) - 1,
                source_url=safe_url(alert.generator_url),
                runbook_url=safe_url(alert.annotations.get("runbook_url", "")),
                refs=(ref(each.event),),
            ),
        )
    return tuple(rows.values())


def _named(arrival: Told[facts.AlertsAttached]) -> str:
    return plain(arrival.fact.first.name) or "without a name"
