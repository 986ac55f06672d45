"""Metrics from the log: each moves as its help text says, once for what became durable, and is right after a restart too."""

from collections.abc import Callable, Iterable

import pytest

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import AlertKey, IncidentId, RunId
from bot.domain.nouns import ApprovalStatus, Part, RunStatus
from bot.telemetry import Metrics
from bot.wiring.watching import CountEvents
from tests.fakes import tales
from tests.fakes.timeline import Timeline


class Watched:
    """Metrics, and who counts them."""

    def __init__(self, *, runs: int = 0, waiting: Callable[[], int] = lambda: 0) -> None:
        self.metrics = Metrics(version="0", process=False)
        self.counting = CountEvents(self.metrics)
        self.counting.begin(runs=runs, waiting=waiting)

    def happen(self, *news: Fact) -> None:
        """Let one commit make these facts durable."""
        self.counting(Timeline().add(*news).events)

    def value(self, name: str, **labels: str) -> float:
        """Return a sample; 0 when nothing was counted."""
        return self.metrics.registry.get_sample_value(f"fireline_{name}", labels) or 0.0


@pytest.fixture
def watched() -> Watched:
    """A process that has just started, over an empty log."""
    return Watched()


def test_a_whole_incident_is_counted_once() -> None:
    """A story from the alert to the end leaves each count where a reader of the story would put it."""
    watched = Watched()
    watched.counting(tales.contained().events)
    assert watched.value("alerts_total", result="attached") == 3
    assert watched.value("runs_total", outcome="succeeded") == 1
    assert watched.value("runs_active") == 0
    assert watched.value("approvals_total", outcome="approved") == 1
    assert watched.value("calls_total", action="http.request", outcome="timeout") == 1
    assert watched.value("calls_total", action="http.request", outcome="unavailable") == 1
    assert watched.value("calls_total", action="http.request", outcome="succeeded") == 2
    assert watched.value("calls_total", action="prometheus.query", outcome="succeeded") == 3
    assert watched.value("call_seconds_count", action="prometheus.query") == 3
    assert watched.value("call_seconds_sum", action="prometheus.query") == pytest.approx(3 * 0.42)


def test_alerts_that_nobody_wanted(watched: Watched) -> None:
    """Each alert counts, however many a fact names."""
    watched.happen(facts.AlertsUnmatched(keys=(AlertKey("a"), AlertKey("b"))))
    assert watched.value("alerts_total", result="unmatched") == 2


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_runs_by_how_they_ended(status: RunStatus, watched: Watched) -> None:
    """A run is active until it has ended, and then counts by how."""
    watched.happen(tales.run_started())
    assert watched.value("runs_active") == 1
    watched.happen(tales.finished(status))
    assert (watched.value("runs_active"), watched.value("runs_total", outcome=status.value)) == (0, 1)


def test_runs_that_were_under_way_at_the_start() -> None:
    """After a restart the gauge begins at what the log has unfinished, so it never falls below nothing."""
    watched = Watched(runs=2)
    assert watched.value("runs_active") == 2
    watched.happen(tales.finished(RunStatus.SUCCEEDED))
    assert watched.value("runs_active") == 1


@pytest.mark.parametrize("status", list(ApprovalStatus))
def test_approvals_by_how_they_ended(status: ApprovalStatus, watched: Watched) -> None:
    """Every way in which an approval ends has its label."""
    watched.happen(tales.closed(status))
    assert watched.value("approvals_total", outcome=status.value) == 1


def test_a_channel_that_had_to_be_left(watched: Watched) -> None:
    """However it was found out."""
    watched.happen(facts.ChannelLeft(incident=IncidentId(1), channel="C1", why="archived"))
    assert watched.value("chat_losses_total", what="channel") == 1


def test_a_call_that_began_in_another_process_is_not_guessed_at(watched: Watched) -> None:
    """Its action is not known here, and nothing is counted under a name that is made up."""
    watched.happen(tales.answer("before"))
    assert "fireline_calls_total{" not in watched.metrics.render().decode()


def test_what_was_interrupted_is_forgotten_with_its_run(watched: Watched) -> None:
    """A call that never ends does not stay in memory for ever."""
    watched.happen(tales.run_started(), tales.call("before", "http.request"))
    assert len(watched.counting._actions) == 1
    watched.happen(tales.run_started(RunId("42-2")), tales.finished(RunStatus.FAILED))
    assert watched.counting._actions == {}
    watched.happen(tales.answer("before", part=Part.MAIN))
    assert "fireline_calls_total{" not in watched.metrics.render().decode()


def test_commits(watched: Watched) -> None:
    """Units by commits is the batch; a transaction's time is seen once."""
    watched.counting.on_commit(3, 7, 0.004)
    watched.counting.on_commit(1, 1, 0.002)
    assert watched.value("journal_units_total") == 4
    assert watched.value("journal_commits_total") == 2
    assert watched.value("journal_batch_units_sum") == 4
    assert watched.value("journal_commit_seconds_sum") == pytest.approx(0.006)


def test_what_waits_is_asked_when_somebody_looks() -> None:
    """The gauge is the journal's own word at that moment."""
    waits: Iterable[int] = iter([5, 0])
    watched = Watched(waiting=lambda: next(waits))  # type: ignore[call-overload]
    assert (watched.value("journal_waiting"), watched.value("journal_waiting")) == (5, 0)


def test_other_facts_count_nothing(watched: Watched) -> None:
    """A note moves no metric."""
    before = watched.metrics.render()
    event: Event = Timeline().add(facts.NoteAdded(incident=Timeline().incident, text="x")).events[0]
    watched.counting([event])
    assert watched.metrics.render() == before
