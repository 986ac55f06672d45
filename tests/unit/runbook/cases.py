"""Runbooks for the tests of the language: a sound one, and how to load what differs from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.runbook.load import Loaded, load_runbook
from bot.runbook.model import Runbook
from tests.fakes.catalogue import CATALOGUE

FOLDER = Path(__file__).parents[2] / "data" / "runbooks"
TODAY = date(2026, 11, 23)

HEAD = """\
apiVersion: fireline/v1
name: sound
title: Something is wrong
owner: team-a
on: {command: true}
"""
STEP = "{id: one, uses: prometheus.query, with: {query: up}}"


def load(text: str, vars: tuple[str, ...] = ("region",)) -> Loaded:  # noqa: A002 - the language's word
    """Load a text with the small catalogue, on a day that the tests choose."""
    return load_runbook(text, "f.yaml", CATALOGUE, vars, today=TODAY)


def load_steps(steps: str, head: str = HEAD) -> Loaded:
    """Load a sound head with these lines under `steps:`."""
    return load(f"{head}steps:\n{steps}\n")


def sound(text: str) -> Runbook:
    """Load a text that has no error."""
    loaded = load(text)
    assert loaded.runbook is not None, loaded.errors
    return loaded.runbook


def found(loaded: Loaded) -> list[tuple[str, str]]:
    """Give code and message of each finding."""
    return [(each.code, each.message) for each in loaded.findings]
