"""docs/actions.md says what the actions are, and its examples are inputs that they take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.actions.reference import reference
from bot.settings import Settings
from bot.wiring.catalogue import whole_catalogue

PAGE = Path(__file__).parents[2] / "docs" / "actions.md"
CATALOGUE = whole_catalogue(Settings())


def test_the_page_is_in_step() -> None:
    """It is what the specs and the models render to."""
    assert PAGE.read_text(encoding="utf-8") == reference(CATALOGUE), "run `make docs`"


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_example_works(name: str) -> None:
    """The example on the page, read as YAML, passes the action's own check."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2]
    block = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert block is not None
    (step,) = yaml.safe_load(block[1])
    assert step["uses"] == name
    CATALOGUE[name].check(step["with"])
