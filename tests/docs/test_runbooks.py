"""The language's pages say what the code does: each key and filter is told, each example works."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.runbook import reports
from bot.runbook.expressions import Expression
from bot.runbook.loops import NAMES
from bot.runbook.rules.names import FIELDS, LOOP_OUTPUT, STEP_FIELDS
from bot.runbook.sandbox import OPERATOR_TESTS, SANDBOX, TEXT_METHODS
from bot.runbook.schema import editor_schema
from bot.runbook.surface import Part, RunbookFile
from bot.settings import Settings
from bot.wiring.catalogue import whole_catalogue
from tests.unit.runbook.cases import load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
VALUES = re.findall(r"^(.+?) +→ (.+)$", PAGE, re.MULTILINE)
SHOWN = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE)) + " " + " ".join(EXAMPLE)))
SCOPE: dict[str, Any] = {
    "alert": {"labels": {"instance": "10.0.0.1:9100", "service": "checkout"}, "annotations": {}},
    "alerts": [{"labels": {"service": name}} for name in ("checkout", "cart", "cart")],
    "inputs": {"service": "checkout", "dry_run": True},
    "steps": {"before": {"output": {"items": [1, 2, 3]}}},
}


def test_the_linters_page_is_in_step() -> None:
    """docs/lint.md is what the table of rules renders to."""
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    assert page == reports.render_reference(), "run `make docs`"


def test_the_schema_is_in_step() -> None:
    """schemas/ holds what `fireline schema` prints."""
    held = json.loads((ROOT / "schemas" / "runbook-v1.schema.json").read_text(encoding="utf-8"))
    assert held == editor_schema(whole_catalogue(Settings())), "run `make docs`"


def test_the_example_is_sound() -> None:
    """What the page shows, the linter takes without a word."""
    assert EXAMPLE
    for each in EXAMPLE:
        loaded = load(each)
        assert loaded.runbook is not None
        assert not loaded.findings


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_expressions_give_what_the_page_says(text: str, value: str) -> None:
    """Each line of the table is evaluated."""
    assert Expression.compile(text).evaluate(SCOPE) == json.loads(value)


def test_there_are_expressions_on_the_page() -> None:
    """The table above is found at all."""
    assert len(VALUES) >= 9


def _keys(part: type[Part]) -> set[str]:
    return {each.alias or name for name, each in part.model_fields.items()}


def test_every_key_is_told() -> None:
    """All keys of the file."""
    keys = set().union(*(_keys(each) for each in Part.__subclasses__()))
    assert _keys(RunbookFile) <= keys
    assert not keys - SHOWN


def test_every_word_of_expressions_is_told() -> None:
    """All filters, tests, functions, methods and names in scope."""
    words = (
        set(SANDBOX.filters) | set(SANDBOX.tests) - set(OPERATOR_TESTS) | set(SANDBOX.globals) | TEXT_METHODS
    )
    words |= set(LOOP_OUTPUT) | NAMES
    words |= set(FIELDS) | STEP_FIELDS | set().union(*FIELDS.values())
    assert words - SHOWN == set()
