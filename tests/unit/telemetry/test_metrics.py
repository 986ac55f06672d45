"""The metrics: their names, their registry, their page."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry.metrics import Described, Metrics


@pytest.fixture
def metrics() -> Metrics:
    """A registry of this test's own."""
    return Metrics(version="1.2.3", process=False)


def test_two_registries_dont_meet(metrics: Metrics) -> None:
    """What one process part counts is not seen in another's registry."""
    other = Metrics(version="1.2.3", process=False)
    metrics.deliveries.labels(outcome="accepted").inc()
    assert metrics.registry.get_sample_value("fireline_deliveries_total", {"outcome": "accepted"}) == 1
    assert other.registry.get_sample_value("fireline_deliveries_total", {"outcome": "accepted"}) is None


def test_what_it_renders_can_be_read(metrics: Metrics) -> None:
    """The text parses as Prometheus' own, and says the version."""
    metrics.journal_commit_seconds.observe(0.003)
    families = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}
    assert families["fireline_build_info"].samples[0].labels == {"version": "1.2.3"}
    assert families["fireline_journal_commit_seconds"].type == "histogram"


def test_the_process_is_measured_too() -> None:
    """Memory and open files stand beside what Fireline counts."""
    text = Metrics(version="1").render().decode()
    assert "process_resident_memory_bytes" in text
    assert "python_gc_objects_collected_total" in text


@pytest.mark.parametrize(
    "metric", Metrics(version="", process=False).described, ids=lambda metric: metric.name
)
def test_names_follow_the_conventions(metric: Described) -> None:
    """Counters end in _total, times in _seconds; every metric says what it counts in a sentence."""
    assert re.fullmatch(r"fireline_[a-z_]+", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    if metric.kind == "histogram":
        assert metric.name.endswith(("_seconds", "_units"))
    assert metric.purpose[0].isupper()
    assert metric.purpose.endswith(".")
