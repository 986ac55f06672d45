"""The form in which a payload goes from a process that stands by to the one that leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.clock import from_text, to_text
from bot.domain.records import InboxEntry

PAYLOAD = "chat"
"""The kind under which payloads are kept for the leader."""


def entry_to_data(entry: InboxEntry) -> dict[str, Any]:
    """Write a payload that nobody has tried to handle yet as JSON data."""
    return {
        "key": entry.key,
        "kind": entry.kind,
        "payload": dict(entry.payload),
        "received_at": to_text(entry.received_at),
    }


def entry_from_data(data: Mapping[str, Any]) -> InboxEntry:
    """Read what `entry_to_data` wrote."""
    return InboxEntry(
        key=data["key"],
        kind=data["kind"],
        payload=data["payload"],
        received_at=from_text(data["received_at"]),
    )
