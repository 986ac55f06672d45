"""Slack's own types as JSON Schemas; the README beside this file says how they were made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator


@cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator(json.loads((Path(__file__).parent / "slack" / f"{name}.json").read_text()))


def problems(name: str, value: Any) -> list[str]:
    """What Slack's types don't allow in `value`: `name` is `message-blocks`, `modal` or `home`."""
    return [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(value)]
