"""Slack's own types as JSON Schemas; the README beside this file says how they were made."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match

_APPS_OWN = frozenset({"event_payload", "state", "blocks", "properties"})
"""Of answers: what the app itself gave (blocks are held to `message-blocks`, which knows more kinds of them), and `properties.canvas`, which is
in Slack's example of conversations.create and not in its type."""
_FOLDER = Path(__file__).parent / "slack"


@cache
def load(name: str) -> dict[str, Any]:
    """The schema in a file."""
    found: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    return found


@cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator(load(name))


@cache
def _response_validator(method: str) -> Draft7Validator:
    return Draft7Validator(load("responses")[method])


def problems(name: str, value: Any) -> list[str]:
    """What Slack's types don't allow in `value`; `name` is that of a file, e.g. `message-blocks`, `modal`, `sent-event`."""
    return _said(_validator(name).iter_errors(value))


def response_problems(method: str, value: Any) -> list[str]:
    """What Slack's types don't allow in a method's answer; what the app gave is its own affair."""
    errors = _response_validator(method).iter_errors(value)
    return _said(error for error in errors if not _APPS_OWN & set(error.absolute_path))


def has_response(method: str) -> bool:
    """Whether Slack's types know the method's answer."""
    return method in load("responses")


def _said(errors: Iterable[ValidationError]) -> list[str]:
    """Places and words, of the nearest alternative where there are several. A null is no fault: Slack sends it for what is absent."""
    nearest = [best_match([error]) or error for error in errors]
    return [f"{error.json_path}: {error.message[:300]}" for error in nearest if error.instance is not None]
