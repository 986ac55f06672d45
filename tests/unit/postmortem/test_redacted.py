"""What is shown has no secrets in it, and its references stay what the log says."""

from __future__ import annotations

from bot.domain import facts
from bot.domain.nouns import IncidentStatus
from bot.postmortem.redacted import redacted
from tests.fakes import tales
from tests.fakes.tales import ADA
from tests.fakes.timeline import Timeline


def stars(text: str) -> str:
    """Hide everything, so that whatever is left was left on purpose."""
    return "*" * len(text) if text else ""


def test_free_text_is_redacted_however_deep_it_lies() -> None:
    """Inputs nest: a secret in a list in a mapping is found."""
    tale = Timeline().add(
        tales.call("shift", "http.request", headers=[{"token": "hunter2", "n": 1, "ok": None}])
    )
    fact = redacted(tale.events[0], stars).fact
    assert isinstance(fact, facts.CallStarted)
    assert fact.inputs == {"headers": [{"token": "*******", "n": 1, "ok": None}]}


def test_alerts_inside_of_a_fact_are_redacted() -> None:
    """An alert's labels and annotations are a stranger's text too."""
    tale = tales.opened(Timeline())
    fact = redacted(tale.find(facts.AlertsAttached), stars).fact
    assert isinstance(fact, facts.AlertsAttached)
    assert set("".join(fact.first.labels.values())) == {"*"}
    assert fact.first.starts_at == tales.alert(at=tale).starts_at


def test_identifiers_instants_and_closed_sets_stay() -> None:
    """References must still point at the log: ids, hashes, times, statuses and actors are not text."""
    tale = tales.contained()
    for event in tale.events:
        after = redacted(event, stars)
        assert (after.seq, after.hash, after.at, after.actor) == (
            event.seq,
            event.hash,
            event.at,
            event.actor,
        )
        for name in (
            "incident",
            "run",
            "step",
            "approval",
            "evidence",
            "sha256",
            "digest",
            "status",
            "part",
            "vote",
        ):
            assert getattr(after.fact, name, None) == getattr(event.fact, name, None)


def test_a_runs_scope_is_left_out() -> None:
    """A scope may hold thousands of alerts, and nothing shows it."""
    (event,) = Timeline().add(tales.run_started()).events
    fact = redacted(event, str).fact
    assert isinstance(fact, facts.RunStarted)
    assert fact.scope == {}
    assert fact.inputs == {"service": "checkout"}


def test_a_status_change_keeps_its_status() -> None:
    """A closed set is no text, though it is made of letters."""
    tale = Timeline()
    tale.add(
        facts.StatusChanged(incident=tale.incident, status=IncidentStatus.MONITORING, why="it fell"), by=ADA
    )
    fact = redacted(tale.events[0], stars).fact
    assert fact == facts.StatusChanged(
        incident=tale.incident, status=IncidentStatus.MONITORING, why="*******"
    )
