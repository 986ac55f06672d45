"""The tables of the process itself: who leads, what others took in for it, which targets are away, and what can't go on.

`bot.persistence.tables` has all the others, and says which are projections.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from bot.persistence.columns import METADATA, count, flag, ident, instant, json_data, seq, words

RELAY = Table(
    "relay",
    METADATA,
    ident("key"),  # begins with the instant: so in the order in which they came
    words("kind"),
    json_data("data"),
    words("by"),
)
"""What a process that stands by took in for the one that leads: outside the log until the leader records it, which removes it here."""

LEADER = Table(
    "leader",
    METADATA,
    seq("id", primary_key=True),  # one row, 1
    count("term"),  # goes up by one whenever another process takes the lead
    words("host"),
    count("pid"),
    count("session"),  # the server's number for the connection that writes; 0 on SQLite
    instant("since"),
    instant("beat_at"),
    count("beats"),
    flag("released"),  # given up in good order: whoever comes next need not wait
)

TARGETS = Table("targets", METADATA, ident("target"), instant("since"), instant("until"), words("detail"))
AWAY = TARGETS.c.since.is_not(None)
Index("targets_away", TARGETS.c.since, sqlite_where=AWAY, postgresql_where=AWAY)

DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    ident("key"),  # the kind of thing, and its name
    count("number"),  # what people call it
    words("what"),
    words("status"),
    words("reason"),
    words("title"),
    words("detail"),
    count("tries"),
    instant("since"),
    instant("landed_at"),
    Column("incident", BigInteger().with_variant(Integer(), "sqlite"), nullable=True),
    Column("run", Text, nullable=True),
    Column("alert_keys", Text, nullable=False, server_default="[]"),
    instant("due"),
    instant("closed_at"),
    Column("closed_by", Text, nullable=True),
    words("why"),
)
DEAD = DEAD_LETTERS.c.status == text("'waiting'")
Index("dead_letters_by_number", DEAD_LETTERS.c.number)
Index("dead_letters_waiting", DEAD_LETTERS.c.number, sqlite_where=DEAD, postgresql_where=DEAD)
