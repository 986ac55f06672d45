"""The page of the metrics says what the code counts."""

from pathlib import Path

from bot.telemetry.metrics import render_reference


def test_the_page_is_in_step() -> None:
    """docs/metrics.md is what the registry renders to."""
    page = Path(__file__).parents[2] / "docs" / "metrics.md"
    assert page.read_text(encoding="utf-8") == render_reference(), "run `make docs`"
