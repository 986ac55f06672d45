"""Tables of the processes themselves: who leads, what the others took in for it, and what can't go on. The last alone is a projection."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from bot.persistence.columns import count as _count
from bot.persistence.columns import flag as _flag
from bot.persistence.columns import ident as _id
from bot.persistence.columns import instant as _instant
from bot.persistence.columns import json_data as _json
from bot.persistence.columns import seq as _seq
from bot.persistence.columns import words as _text
from bot.persistence.metadata import METADATA

RELAY = Table(
    "relay",
    METADATA,
    _id("key"),  # begins with the instant: so in the order in which they came
    _text("kind"),
    _json("data"),
    _text("by"),
)
"""What a process that stands by took in for the one that leads: outside the log until the leader records it, which removes it here."""

LEADER = Table(
    "leader",
    METADATA,
    _seq("id", primary_key=True),  # one row, 1
    _count("term"),  # goes up by one whenever another process takes the lead
    _text("host"),
    _count("pid"),
    _count("session"),  # the server's number for the connection that writes; 0 on SQLite
    _instant("since"),
    _instant("beat_at"),
    _count("beats"),
    _flag("released"),  # given up in good order: whoever comes next need not wait
)

DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    _id("key"),  # the kind of thing, and its name
    _count("number"),  # what people call it
    _text("what"),
    _text("status"),
    _text("reason"),
    _text("title"),
    _text("detail"),
    _count("tries"),
    _instant("since"),
    _instant("landed_at"),
    Column("incident", BigInteger().with_variant(Integer(), "sqlite"), nullable=True),
    Column("run", Text, nullable=True),
    Column("alert_keys", Text, nullable=False, server_default="[]"),
    _instant("due"),
    _instant("closed_at"),
    Column("closed_by", Text, nullable=True),
    _text("why"),
)
DEAD = DEAD_LETTERS.c.status == text("'waiting'")
Index("dead_letters_by_number", DEAD_LETTERS.c.number)
Index("dead_letters_waiting", DEAD_LETTERS.c.number, sqlite_where=DEAD, postgresql_where=DEAD)
