"""Hypothesis strategies for logs that could have happened: any facts about a few incidents, runs, steps and alerts that exist."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.domain import facts
from bot.domain.facts import Fact
from bot.domain.ids import (
    INTAKE,
    AlertKey,
    Digest,
    IncidentId,
    RunId,
    StepId,
    StreamId,
    approval_id,
    incident_stream,
    run_id,
)
from bot.domain.nouns import FIRELINE, Actor, AlertStatus, Severity, person, sender

INCIDENTS = (IncidentId(1), IncidentId(2))
KEYS = (AlertKey("a" * 64), AlertKey("b" * 64), AlertKey("c" * 64))
STEPS = (StepId("shift"), StepId("logs"))
START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
Append = tuple[StreamId, Actor, Sequence[Fact]]

_WORDS = st.sampled_from(["", "why not", "checkout-errors", 'a "quoted" word', "\U0001f525"])
_JSON = st.dictionaries(
    st.sampled_from(["x", "y"]), st.none() | st.booleans() | st.integers(-9, 9) | _WORDS, max_size=2
)
_INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside it
_ALERTS = st.builds(
    facts.AlertSeen,
    key=st.sampled_from(KEYS),
    status=st.sampled_from(AlertStatus),
    labels=st.just({"alertname": "CheckoutErrors"}),
    annotations=st.dictionaries(st.just("summary"), _WORDS),
    starts_at=_INSTANTS,
    ends_at=st.none() | _INSTANTS,
    fingerprint=_WORDS,
)


def _special(incident: IncidentId) -> dict[str, st.SearchStrategy[typing.Any]]:
    """Give the fields that name things: what they name is there."""
    run = run_id(incident, 1)
    return {
        "incident": st.just(incident),
        "run": st.just(run),
        "step": st.sampled_from(STEPS),
        "approval": st.just(approval_id(run, STEPS[0], 1)),
        "evidence": st.just(f"{run}/logs/pods.log"),
        "keys": st.lists(st.sampled_from(KEYS), max_size=3, unique=True).map(tuple),
        "again": st.lists(st.sampled_from(KEYS), max_size=3, unique=True).map(tuple),
        "repeated": st.lists(st.sampled_from(KEYS), max_size=3, unique=True).map(tuple),
        "changed": st.lists(_ALERTS, max_size=3, unique_by=lambda alert: alert.key).map(tuple),
        "first": _ALERTS,
        "key": st.sampled_from([f"incident/{incident}/status", f"incident/{incident}/announce"]),
        "runbook": st.sampled_from(["checkout-errors", "disk-full"]),
    }


def _values(kind: object) -> st.SearchStrategy[typing.Any]:  # noqa: C901, PLR0911 - a table of types reads best as one
    if isinstance(kind, typing.NewType):
        return _values(kind.__supertype__)
    if kind is typing.Any:
        return _WORDS | _JSON
    if kind is datetime:
        return _INSTANTS
    if kind is Actor:
        return st.sampled_from([person("U1"), person("U2")])
    if kind is str:
        return _WORDS
    if kind is int:
        return st.integers(0, 9)
    if kind is float:
        return st.floats(0, 9)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if type(None) in arguments:
        return st.none() | _values(next(each for each in arguments if each is not type(None)))
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2).map(tuple)
    if origin is not None:
        return _JSON
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{each.name: _values(hints[each.name]) for each in dataclasses.fields(kind)})
    return st.from_type(kind)  # type: ignore[arg-type]  # an enum or bool


def facts_of_kind(cls: type[Fact], incident: IncidentId) -> st.SearchStrategy[Fact]:
    """Return any facts of one kind, about an incident."""
    hints, special = typing.get_type_hints(cls), _special(incident)
    made = {
        each.name: special.get(each.name, _values(hints[each.name]))
        for each in dataclasses.fields(cls)  # type: ignore[arg-type]  # every fact is a dataclass
    }
    return st.builds(cls, **made)


def every_kind() -> list[type[Fact]]:
    """Return every kind of fact that the domain knows; tests may have made more."""
    return [each for each in facts.kinds().values() if each.__module__.startswith("bot.domain.")]


@st.composite
def appends(draw: st.DrawFn) -> Append:
    """Draw what one append holds: up to three facts of any kinds, about one incident, which is open already and opens no second time."""
    incident = draw(st.sampled_from(INCIDENTS))
    later = [each for each in every_kind() if each is not facts.IncidentOpened]
    chosen = draw(st.lists(st.sampled_from(later), min_size=1, max_size=3))
    said = [draw(facts_of_kind(each, incident)) for each in chosen]
    return incident_stream(incident), draw(_values(Actor)), said


def beginnings() -> list[Append]:
    """Return what any such log begins with: the alerts came, the incidents opened, their runs started and asked."""
    seen = [
        facts.AlertSeen(
            key=key, status=AlertStatus.FIRING, labels={"alertname": "CheckoutErrors"}, annotations={},
            starts_at=START, ends_at=None, fingerprint="f",
        )
        for key in KEYS
    ]  # fmt: skip
    received = facts.AlertsReceived(receiver="fireline", group_key="{}", external_url="", changed=tuple(seen))
    return [(INTAKE, sender("alertmanager"), [received]), *map(_opening, INCIDENTS)]


def _opening(incident: IncidentId) -> Append:
    """Open an incident; the second one is quiet, opened by a schedule."""
    run, scheduled = run_id(incident, 1), None if incident == INCIDENTS[0] else START
    return (
        incident_stream(incident),
        FIRELINE,
        [
            facts.IncidentOpened(
                incident=incident, title="Checkout fails", severity=Severity.SEV2, group="g", scheduled=scheduled
            ),
            started(run),
            facts.ApprovalRequested(
                run=run, step=STEPS[0], approval=approval_id(run, STEPS[0], 1), digest=Digest("d"), action="http.request",
                effect="mutate", target="router", inputs={"url": "https://router.internal"}, sources=("group:sre",), quorum=1,
            ),
        ],
    )  # fmt: skip


def started(run: RunId) -> facts.RunStarted:
    """Make the fact that a run began."""
    return facts.RunStarted(
        run=run,
        runbook="checkout-errors",
        digest=Digest("d"),
        seed="s",
        autonomy="auto",
        inputs={"n": 1},
        scope={},
    )
