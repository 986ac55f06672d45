"""Tables of what people do to an incident, or to all runs: silences, marked messages, the freeze. Projections, as those in `tables` are."""

from __future__ import annotations

from sqlalchemy import Index, Table, text

from bot.persistence.columns import count as _count
from bot.persistence.columns import ident as _id
from bot.persistence.columns import instant as _instant
from bot.persistence.columns import seq as _seq
from bot.persistence.columns import words as _text
from bot.persistence.metadata import METADATA

SILENCES = Table(
    "silences",
    METADATA,
    _id("key"),
    _count("incident"),
    _text("status"),
    _text("matchers"),  # a JSON list
    _instant("asked_at"),
    _instant("until"),
    _text("by"),
    _text("why"),
    _text("ident"),
    _text("detail"),
    _seq("seq", server_default=text("0")),
)
UNSETTLED = (SILENCES.c.status == text("'asked'")) | (SILENCES.c.status == text("'ending'"))
Index("silences_by_incident", SILENCES.c.incident, SILENCES.c.seq)
Index("silences_unsettled", SILENCES.c.seq, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)

MARKS = Table(
    "marks",
    METADATA,
    _id("channel"),
    _id("ts"),
    _count("incident"),
    _text("author"),
    _text("text"),
    _text("permalink"),
    _text("marked_by"),
    _instant("marked_at"),
    _instant("edited_at"),
    _instant("deleted_at"),
)

FREEZE = Table(
    "freeze",
    METADATA,
    _seq("id", primary_key=True),  # one row, 1
    _instant("since"),  # null while nothing is frozen
    _text("by"),
    _text("why"),
    _instant("until"),
)
