"""What Slack publishes of its Web API, as facts that nobody here made up: tests/data/slack/methods.tsv says where they were read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "slack" / "methods.tsv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One method."""

    tier: str  # t1 to t4; t5 is "special"
    required: frozenset[str]
    arguments: frozenset[str]
    scopes: frozenset[str]  # of a bot; any one that fits the kind of conversation
    errors: frozenset[str]


@cache
def methods() -> dict[str, Published]:
    """Every method of the table."""
    lines = [line for line in _TABLE.read_text().splitlines() if not line.startswith("#")]
    rows = {name: rest for name, *rest in (line.split("\t") for line in lines)}
    everywhere = rows.pop("*")[4].split()
    return {
        name: Published(
            tier=tier,
            required=frozenset(filter(None, required.split(","))),
            arguments=frozenset(filter(None, arguments.split(","))),
            scopes=frozenset(filter(None, scopes.split(","))),
            errors=frozenset([*errors.split(), *everywhere]),
        )
        for name, (tier, required, arguments, scopes, errors) in rows.items()
    }


SEEN: dict[str, frozenset[str]] = {
    # docs.slack.dev/changelog: text over 40,000 characters; shared by all that post.
    "chat.postMessage": frozenset({"msg_too_long"}),
    "conversations.unarchive": frozenset({"not_in_channel"}),  # slack-go/slack issue 1066
}
"""Errors that Slack gives and does not list for the method, each with its source."""
