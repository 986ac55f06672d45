"""Runbooks for tests of the use cases: real ones, loaded and linted, with one harmless step unless the test says otherwise."""

from __future__ import annotations

import json
from typing import Any

from bot.runbook.load import load_good
from bot.runbook.model import Runbook
from tests.fakes.catalogue import CATALOGUE

STEPS: list[dict[str, Any]] = [{"id": "look", "uses": "prometheus.query", "with": {"query": "up"}}]


def book(name: str = "checkout-errors", *, match: str = 'alertname="CheckoutErrors"', **more: Any) -> Runbook:
    """Load a runbook that alerts start and people may run; `more` replaces keys, and takes away those given as None."""
    written: dict[str, Any] = {
        "apiVersion": "fireline/v1",
        "name": name,
        "title": f"The title of {name}",
        "owner": "team-tests",
        "severity": "SEV2",
        "autonomy": "auto",
        "on": {"alert": [{"match": [match]}], "command": True},
        "steps": STEPS,
        **more,
    }
    source = json.dumps({key: value for key, value in written.items() if value is not None}, indent=1)
    return load_good(source, f"runbooks/{name}.yaml", CATALOGUE, vars=["region"])
