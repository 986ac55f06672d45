"""What people call an item of a loop: itself when it is a word, the field that names it when it is more. Nothing here is cut to a length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.canonical import canonical

_NAMING = ("name", "host", "hostname", "instance", "id")
"""Fields that name a thing, the first of them that is there."""


def label_of(item: Any) -> str:  # noqa: ANN401 - any JSON value
    """Name an item."""
    if isinstance(item, str):
        return item
    if isinstance(item, Mapping):
        labels = item.get("labels")
        if isinstance(labels, Mapping) and isinstance(labels.get("instance"), str):
            # An alert: its name is the same for all of them, where it comes from is not.
            return str(labels["instance"])
        for key in _NAMING:
            if isinstance(item.get(key), str | int) and item[key] != "":
                return str(item[key])
    return canonical(item)
