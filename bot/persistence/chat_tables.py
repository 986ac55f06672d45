"""Tables of what passes between chat and the log: what chat should show and how far it is, and what came from it.

Half of `outbox` is a projection, as the tables in `tables` are; `inbox` is none, for the log knows what was done and not what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnCollection, ColumnElement, Index, Table, case, text

from bot.persistence.columns import count as _count
from bot.persistence.columns import flag as _flag
from bot.persistence.columns import ident as _id
from bot.persistence.columns import instant as _instant
from bot.persistence.columns import json_data as _json
from bot.persistence.columns import seq as _seq
from bot.persistence.columns import words as _text
from bot.persistence.metadata import METADATA, ON_CONFLICT

OUTBOX = Table(
    "outbox",
    METADATA,
    _id("key"),
    _count("incident"),
    _seq("wanted", server_default=text("0")),
    # From here on: how far chat is. `put_outbox` writes these (channel and ts are said by MessagePosted too), and a rebuild keeps them.
    _text("channel"),
    _text("ts"),
    _seq("sent", server_default=text("0")),
    _text("digest"),
    _count("attempts"),
    _instant("due_at"),
    _flag("ambiguous"),
    _text("error"),
    _text("gone"),
    _seq("since", server_default=text("0")),  # the first event that chat does not show yet
)


def _since(new: ColumnCollection[str, Any], changed: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
    """Keep `since` at the first event that chat does not show, whichever end moved: what is wanted, or how far chat is."""
    old = OUTBOX.c
    if "since" in changed:
        return {}
    if "wanted" in changed:
        sent = new["sent"] if "sent" in changed else old.sent
        return {"since": case((old.wanted > sent, old.since), else_=new["wanted"])}
    if "sent" in changed:
        return {"since": case((new["sent"] >= old.since, new["sent"] + text("1")), else_=old.since)}
    return {}


OUTBOX.info[ON_CONFLICT] = _since
BEHIND = (OUTBOX.c.wanted > OUTBOX.c.sent) & (OUTBOX.c.gone == text("''"))
GIVEN_UP = OUTBOX.c.gone != text("''")
Index("outbox_given_up", OUTBOX.c.incident, OUTBOX.c.key, sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP)
Index("outbox_behind", OUTBOX.c.since, sqlite_where=BEHIND, postgresql_where=BEHIND)

OUTBOX_PROGRESS = (
    "channel",
    "ts",
    "sent",
    "digest",
    "attempts",
    "due_at",
    "ambiguous",
    "error",
    "gone",
    "since",
)
"""The columns of `outbox` that say how far chat is, and that no event knows."""

INBOX = Table(
    "inbox",
    METADATA,
    _id("key"),
    _text("kind"),
    _json("payload"),
    _instant("received_at"),
    _count("attempts"),
    _text("error"),
    _flag("closed"),
)
WAITING = INBOX.c.closed.is_(text("false"))
Index("inbox_waiting", INBOX.c.received_at, sqlite_where=WAITING, postgresql_where=WAITING)
