"""What a submitted form is answered with in its ack (https://docs.slack.dev/surfaces/modals#updating_views)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat.blocks.answers import said
from bot.chat.blocks.kit import Json, Message

ERROR = 300
"""Characters of what is wrong with a field."""
LATE = said("⌛ The form was closed before its answer came.", "Open it again; nothing was done.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAnswer:
    """What the modal does now; `otherwise` is what its person is told where the ack has gone already."""

    data: Mapping[str, Any]
    otherwise: Message = LATE


CLOSED = ViewAnswer(data={"response_action": "clear"})
"""Every modal closes."""


def wrong(errors: Mapping[str, str]) -> ViewAnswer:
    """The form stays, with what is wrong at its fields."""
    shown = {name: text[:ERROR] for name, text in errors.items()}
    return ViewAnswer(
        data={"response_action": "errors", "errors": shown},
        otherwise=said(f"❗ {' '.join(shown.values())}", "Open the form again; nothing was done."),
    )


def turned(view: Json, otherwise: Message = LATE) -> ViewAnswer:
    """Another view stands in the form's place."""
    return ViewAnswer(data={"response_action": "update", "view": view}, otherwise=otherwise)
