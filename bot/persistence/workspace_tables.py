"""Tables of slack_sdk's own stores: the app's tokens, a workspace each, and installations that are under way. No projections, and no part of the log.

Their columns are the SDK's (`slack_sdk.oauth.installation_store.sqlalchemy`, `slack_sdk.oauth.state_store.sqlalchemy`), which reads and writes them;
texts have no length here, because Slack names none for a token.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text

from bot.persistence.columns import words as _text
from bot.persistence.metadata import METADATA

SLACK_BOTS = Table(
    "slack_bots",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("client_id"),
    _text("app_id"),
    Column("enterprise_id", Text),
    Column("enterprise_name", Text),
    Column("team_id", Text),
    Column("team_name", Text),
    Column("bot_token", Text),
    Column("bot_id", Text),
    Column("bot_user_id", Text),
    Column("bot_scopes", Text),
    Column("bot_refresh_token", Text),
    Column("bot_token_expires_at", DateTime),
    Column("is_enterprise_install", Boolean, nullable=False),
    Column("installed_at", DateTime, nullable=False),
)
Index(
    "slack_bots_idx",
    SLACK_BOTS.c.client_id,
    SLACK_BOTS.c.enterprise_id,
    SLACK_BOTS.c.team_id,
    SLACK_BOTS.c.installed_at,
)

SLACK_OAUTH_STATES = Table(
    "slack_oauth_states",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("state"),
    Column("expire_at", DateTime, nullable=False),
)
