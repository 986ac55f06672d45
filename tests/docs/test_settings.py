"""The page and the example of the settings say what the code does."""

from pathlib import Path

import pytest

from bot.settings import load_settings
from bot.settings.reference import Key, every_key, render

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / "fireline.example.yaml"


def test_the_page_is_in_step() -> None:
    """docs/settings.md is what the model renders to."""
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


@pytest.mark.parametrize("key", tuple(every_key()), ids=lambda key: key.name)
def test_every_key_is_described(key: Key) -> None:
    """Each setting has a sentence, which ends as sentences do, and stands on the page."""
    assert key.description, f"{key.name} has no description"
    assert key.description[0].isupper(), f"{key.name}: a description begins with a capital"
    assert key.description.endswith("."), f"{key.name}: a description is a sentence"
    assert f"`{key.name}`" in PAGE.read_text(encoding="utf-8")


def test_the_example_loads() -> None:
    """What a newcomer copies starts without a problem."""
    settings = load_settings(file=EXAMPLE, environ={})
    assert settings.groups["sre-leads"] == ("U0GRACE",)


@pytest.mark.parametrize("key", tuple(every_key()), ids=lambda key: key.name)
def test_every_key_stands_in_the_example(key: Key) -> None:
    """The example leaves no setting out, be it as a comment."""
    last = key.name.rpartition(".")[2]
    assert f"{last}:" in EXAMPLE.read_text(encoding="utf-8")
