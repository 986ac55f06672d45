"""Tables of incidents' channels, and of what people were reminded of there. Projections, as those in `tables` are."""

from __future__ import annotations

from sqlalchemy import Table

from bot.persistence.columns import ident as _id
from bot.persistence.columns import instant as _instant
from bot.persistence.columns import seq as _seq
from bot.persistence.columns import words as _text
from bot.persistence.metadata import METADATA

CHANNELS = Table(
    "channels",
    METADATA,
    _seq("incident", primary_key=True),
    _instant("retired_at"),
    _instant("archived_at"),
    _text("before"),
    _text("left_why"),
    _text("not_in"),  # a JSON list
)

REMINDERS = Table(
    "reminders",
    METADATA,
    _seq("incident", primary_key=True),
    _id("key"),
    _instant("due"),
    _instant("at"),
)
