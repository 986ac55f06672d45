"""What a delivery says that the log did not know yet, as facts. Pure: the same delivery, records and time give the same facts.

An alert's state only moves forward, from firing to resolved, and the end of a resolved alert only to a later time. So the three Alertmanagers of a
cluster may deliver the same things in any order and any number, and the log comes to say the same.

One case needs a rule of its own: `firing` of an alert that is known to be resolved, with the same start. Either another Alertmanager of the
cluster is late, or the alert fires again (Alertmanager ends an alert by itself when Prometheus could not reach it for a while, and takes it up
again with its old start). Nothing in the body tells which. A late one was made before the alert ended, and one try at delivering lasts at most a
`group_interval` (prometheus/alertmanager `dispatch/dispatch.go`: the flush's context ends then). So `firing` within `LATE_WITHIN` of the end, the
default `group_interval`, is late and changes nothing; after it, the alert fires again.

An alert that fires again belongs to its incident while that is open. Once it is resolved, nobody works on it any more, and the alert is routed anew,
as one that came for the first time. So is an alert that no runbook wanted, when it is heard of again and one does by now: whoever writes the missing
runbook need not wait until the alert ends and starts again. But one that has never stopped firing since a person resolved its incident opens no
other: they were told, and decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto

from bot.domain.facts import AlertsAttached, AlertSeen, AlertsReceived, AlertsResolved, Fact, NoteAdded
from bot.domain.ids import AlertKey, IncidentId
from bot.domain.nouns import AlertStatus, Routing
from bot.domain.records import AlertRecord, IncidentRecord
from bot.incidents.deliveries import Delivery, Receipt

LATE_WITHIN = timedelta(minutes=5)
"""How long after an alert's end a `firing` with the same start is taken for a late delivery: Alertmanager's default `group_interval`."""
_NAMED = 5
"""How many alerts a note names before it counts the rest."""


class Heard(StrEnum):
    """What a delivery says of one alert, held against what is known of it."""

    NEW = auto()
    REPEATED = auto()
    LATE = auto()
    RESOLVED = auto()
    REFIRED = auto()
    ENDED_LATER = auto()
    """It is known to be resolved; the sender now gives a later end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What to append for a delivery: `received` to the intake's stream, `told` to each incident's, in this order."""

    received: AlertsReceived
    told: Mapping[IncidentId, Sequence[Fact]]
    receipt: Receipt
    fresh: Sequence[AlertSeen]
    """Alerts that the dispatcher must route: those that were not known before, and those to be routed anew."""


def hear(seen: AlertSeen, known: AlertRecord | None, *, now: datetime, late_within: timedelta) -> Heard:
    """Say what one alert of a delivery means."""
    if known is None:
        return Heard.NEW
    if known.status is AlertStatus.FIRING:
        return Heard.REPEATED if seen.status is AlertStatus.FIRING else Heard.RESOLVED
    if seen.status is AlertStatus.RESOLVED:
        later = seen.ends_at is not None and (known.ends_at is None or seen.ends_at > known.ends_at)
        return Heard.ENDED_LATER if later else Heard.REPEATED
    return Heard.LATE if now - (known.ends_at or known.last_seen) <= late_within else Heard.REFIRED


def incidents_concerned(seen: Iterable[AlertSeen], known: Mapping[AlertKey, AlertRecord]) -> set[IncidentId]:
    """Return the incidents that a delivery may have something to tell to: the ones to read before `digest`."""
    found = (known.get(each.key) for each in seen)
    return {record.incident for record in found if record is not None and record.incident is not None}


def digest(
    delivery: Delivery,
    known: Mapping[AlertKey, AlertRecord],
    incidents: Mapping[IncidentId, IncidentRecord],
    *,
    now: datetime,
    late_within: timedelta = LATE_WITHIN,
    wanted: Callable[[Mapping[str, str]], bool] = lambda _labels: True,
) -> News:
    """Turn a delivery into facts.

    `known` holds its alerts as recorded, `incidents` those that they are attached to; `wanted` tells by its labels whether a runbook wants an alert.
    """
    if len(delivery.alerts) == 1 and delivery.alerts[0].key not in known:
        return _first_heard(delivery)
    sorted_out: dict[Heard, list[AlertSeen]] = defaultdict(list)
    for seen in _once_each(delivery.alerts):
        sorted_out[hear(seen, known.get(seen.key), now=now, late_within=late_within)].append(seen)
    changed = [each for kind in _CHANGES if kind in sorted_out for each in sorted_out[kind]]
    repeated = [each for kind in _REPEATS if kind in sorted_out for each in sorted_out[kind]]
    again = [each for each in _unplaced(sorted_out, known, incidents) if wanted(each.labels)]
    received = AlertsReceived(
        receiver=delivery.receiver,
        group_key=delivery.group_key,
        external_url=delivery.external_url,
        changed=tuple(changed),
        repeated=tuple(each.key for each in repeated),
        truncated=delivery.truncated,
        again=tuple(each.key for each in again),
    )
    counts = {kind: len(alerts) for kind, alerts in sorted_out.items()}
    fresh = counts.get(Heard.NEW, 0) + counts.get(Heard.REFIRED, 0)
    receipt = Receipt(
        new=fresh,
        repeated=len(repeated) + counts.get(Heard.ENDED_LATER, 0),
        resolved=counts.get(Heard.RESOLVED, 0),
        late=counts.get(Heard.LATE, 0),
    )
    told = _told(sorted_out, known, incidents) if incidents else {}
    return News(received=received, told=told, receipt=receipt, fresh=[*sorted_out.get(Heard.NEW, ()), *again])


def _first_heard(delivery: Delivery) -> News:
    """Turn a delivery of one alert that nobody has heard of into facts: in a storm that is nearly every one, and there is nothing to sort out."""
    received = AlertsReceived(
        receiver=delivery.receiver,
        group_key=delivery.group_key,
        external_url=delivery.external_url,
        changed=delivery.alerts,
        truncated=delivery.truncated,
    )
    return News(received=received, told={}, receipt=_ONE_NEW, fresh=delivery.alerts)


_ONE_NEW = Receipt(new=1)
_CHANGES = (Heard.NEW, Heard.REFIRED, Heard.RESOLVED, Heard.ENDED_LATER)
_REPEATS = (Heard.REPEATED, Heard.LATE)


def _unplaced(
    sorted_out: Mapping[Heard, Sequence[AlertSeen]],
    known: Mapping[AlertKey, AlertRecord],
    incidents: Mapping[IncidentId, IncidentRecord],
) -> Iterable[AlertSeen]:
    """Find known alerts that fire and are in nobody's hands: unmatched, or firing again after their incident was resolved."""
    for kind in (Heard.REFIRED, Heard.REPEATED):
        for seen in sorted_out.get(kind, ()):
            record = known[seen.key]
            incident = incidents.get(record.incident) if record.incident is not None else None
            over = kind is Heard.REFIRED and incident is not None and not incident.open
            unmatched = record.routing is Routing.UNMATCHED and seen.status is AlertStatus.FIRING
            if unmatched or (over and record.routing is Routing.ATTACHED):
                yield seen


def _once_each(alerts: Sequence[AlertSeen]) -> Iterable[AlertSeen]:
    """Drop what a delivery says twice: of one key, resolved outweighs firing, then the later end counts."""
    if len(alerts) == 1:
        return alerts
    best: dict[AlertKey, AlertSeen] = {}
    for each in alerts:
        held = best.setdefault(each.key, each)
        if held is not each and _weight(each) > _weight(held):
            best[each.key] = each
    return best.values()


def _weight(seen: AlertSeen) -> tuple[bool, float]:
    end = seen.ends_at.timestamp() if seen.ends_at is not None else float("-inf")
    return seen.status is AlertStatus.RESOLVED, end


@dataclass(slots=True)
class _Chapter:
    """What a delivery says to one incident."""

    refired: list[AlertSeen] = field(default_factory=list)
    resolved: list[AlertSeen] = field(default_factory=list)
    still: list[AlertSeen] = field(default_factory=list)
    """Repeated as firing for the first time since a person resolved the incident."""


def _told(
    sorted_out: Mapping[Heard, Sequence[AlertSeen]],
    known: Mapping[AlertKey, AlertRecord],
    incidents: Mapping[IncidentId, IncidentRecord],
) -> Mapping[IncidentId, Sequence[Fact]]:
    chapters: dict[IncidentId, _Chapter] = defaultdict(_Chapter)
    for kind in (Heard.REFIRED, Heard.RESOLVED, Heard.REPEATED):
        for seen in sorted_out.get(kind, ()):
            record = known[seen.key]
            incident = incidents.get(record.incident) if record.incident is not None else None
            if incident is None:
                continue
            if kind is Heard.REFIRED:
                chapters[incident.id].refired.append(seen)
            elif kind is Heard.RESOLVED:
                chapters[incident.id].resolved.append(seen)
            elif _fires_on(seen, record, incident):
                chapters[incident.id].still.append(seen)
    written = {ident: _facts(incidents[ident], chapter) for ident, chapter in chapters.items()}
    return {ident: facts for ident, facts in written.items() if facts}


def _fires_on(seen: AlertSeen, record: AlertRecord, incident: IncidentRecord) -> bool:
    """Whether this is the first word, since a person resolved the incident, that the alert still fires."""
    return (
        seen.status is AlertStatus.FIRING
        and incident.resolved_at is not None
        and record.last_seen <= incident.resolved_at
    )


def _facts(incident: IncidentRecord, chapter: _Chapter) -> Sequence[Fact]:
    facts: list[Fact] = []
    firing = incident.firing
    if chapter.refired and incident.open:
        firing += len(chapter.refired)
        keys = tuple(each.key for each in chapter.refired)
        facts.append(
            AlertsAttached(incident=incident.id, keys=keys, first=chapter.refired[0], total=incident.alerts)
        )
    elif chapter.refired:
        firing += len(chapter.refired)
        facts.append(_note(incident, "Fires again after this incident was resolved", chapter.refired))
    if chapter.still:
        facts.append(_note(incident, "Still fires although this incident was resolved", chapter.still))
    if chapter.resolved:
        keys = tuple(each.key for each in chapter.resolved)
        firing = max(0, firing - len(keys))
        facts.append(AlertsResolved(incident=incident.id, keys=keys, firing=firing))
    return facts


def _note(incident: IncidentRecord, what: str, alerts: Sequence[AlertSeen]) -> NoteAdded:
    return NoteAdded(incident=incident.id, text=f"{what}: {name_them([each.name for each in alerts])}.")


def name_them(names: Sequence[str]) -> str:
    """Name alerts in a sentence: each name once, the first few, and how many more there are."""
    shown = list(dict.fromkeys(name or "an alert without a name" for name in names))
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    counted = f" ({len(names)} alerts)" if len(names) > len(shown) else ""
    return f"{', '.join(shown[:_NAMED])}{more}{counted}"
