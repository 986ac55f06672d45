"""Expressions are evaluated inside the conductor, so they must cost next to nothing."""

import timeit

import pytest

from bot.runbook.expressions import Expression
from bot.runbook.templates import Template
from tests.benchmarks.figures import table

SCOPE = {
    "alert": {"labels": {"service": "checkout"}},
    "inputs": {"service": "checkout"},
    "steps": {"before": {"output": {"max": 0.5}}},
}
MOST = 20e-6
"""Seconds that a simple expression may take."""


@pytest.mark.parametrize(
    "text", ["steps.before.output.max > 0.05", "inputs.service", "alert.labels.service | default('x')"]
)
def test_an_expression_takes_microseconds(text: str) -> None:
    """The best of five rounds, so that a busy machine does not count."""
    expression = Expression.compile(text)
    best = min(timeit.repeat(lambda: expression.evaluate(SCOPE), number=5_000, repeat=5)) / 5_000
    table("an expression, the best of five rounds", ("", "µs"), [(text, f"{best * 1e6:.1f}")])
    assert best < MOST


def test_a_text_takes_microseconds() -> None:
    """One expression in a text."""
    template = Template.compile("https://router.internal/weights/{{ inputs.service }}")
    best = min(timeit.repeat(lambda: template.render(SCOPE), number=5_000, repeat=5)) / 5_000
    table("a text with an expression", ("", "µs"), [("a URL", f"{best * 1e6:.1f}")])
    assert best < MOST
