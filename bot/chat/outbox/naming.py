"""Names of incident channels, made from the template of the settings; it asks nobody whether a name is free."""

from __future__ import annotations

import re
import unicodedata

from bot.domain.records import IncidentRecord

NAME_LENGTH = 80
"""Slack takes no more: lower-case letters, digits, dashes and underscores (https://docs.slack.dev/reference/methods/conversations.create)."""
SHORT = 60
"""What a sidebar shows; the rest is for what must be told apart."""


def channel_name(incident: IncidentRecord, template: str) -> str:
    """Name an incident's channel: `inc-42-checkout-is-failing` for `inc-{number}-{slug}`. The slug gives way where it would be too long."""
    known = {
        "number": str(incident.id),
        "severity": incident.severity.value.lower(),
        "date": f"{incident.opened_at:%Y%m%d}",
    }
    bare = template.format(**known, slug="")
    slug = _plain(incident.title)[: max(0, SHORT - len(bare))].strip("-")
    name = template.format(**known, slug=slug)
    return re.sub("-{2,}", "-", name).strip("-")[:NAME_LENGTH]


def other_name(name: str, number: int) -> str:
    """Return the name to try when the first `number - 1` are taken; the name itself for 1."""
    if number == 1:
        return name
    end = f"-{number}"
    return f"{name[: NAME_LENGTH - len(end)].rstrip('-')}{end}"


def _plain(text: str) -> str:
    """Write a text in what a channel's name may hold, without accents."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
