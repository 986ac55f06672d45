"""slack_sdk's SQLAlchemy stores over the writing engine of our database. Each call is a short transaction in a thread of its own.

The tables are made by our migrations. A workspace's id is unique by itself, so the id of the organisation around it is left out of the key.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import Engine, delete, func, select

STATE_SECONDS = 600
"""How long an installation may take from its first page to its last."""
MOST_STATES = 500
"""Installations that may be under way at once: anybody may begin one, and each is a row."""


class TooManyBegun(Exception):
    """As many installations are under way as may be."""


class States(AsyncOAuthStateStore):
    """What is handed to a browser when an installation begins, and must come back from it: once, and in time."""

    def __init__(self, engine: Engine) -> None:
        self._store = SQLAlchemyOAuthStateStore(STATE_SECONDS, engine)
        self._engine = engine

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        """Return a new one; TooManyBegun where there are as many as may be."""
        return await asyncio.to_thread(self._issue)

    async def async_consume(self, state: str) -> bool:
        """Take one back; False for one that was never issued, was used, or is too old."""
        return await asyncio.to_thread(self._store.consume, state)

    def _issue(self) -> str:
        states = self._store.oauth_states
        with self._engine.begin() as connection:
            # The SDK leaves those that nobody came back with.
            now = datetime.now(UTC).replace(tzinfo=None)
            connection.execute(delete(states).where(states.c.expire_at <= now))
            if connection.execute(select(func.count()).select_from(states)).scalar_one() >= MOST_STATES:
                raise TooManyBegun
        issued: str = self._store.issue()
        return issued


class Bots:
    """The app's bots, a workspace each, with their tokens."""

    def __init__(self, engine: Engine, client_id: str) -> None:
        self._store = SQLAlchemyInstallationStore(client_id, engine)

    async def find(self, workspace: str) -> Bot | None:
        """Return the newest of a workspace."""
        return await asyncio.to_thread(self._store.find_bot, enterprise_id=None, team_id=workspace)

    async def save(self, bot: Bot) -> None:
        """Keep one; raises SQLAlchemyError."""
        await asyncio.to_thread(self._store.save_bot, bot)

    async def delete(self, workspace: str) -> None:
        """Remove all of a workspace; raises SQLAlchemyError."""
        await asyncio.to_thread(self._store.delete_bot, enterprise_id=None, team_id=workspace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What is kept of one app: the workspaces that let it in, and installations that are under way."""

    bots: Bots
    states: States


def stores_over(engine: Engine, client_id: str) -> Stores:
    """Make the stores of an app over a database whose tables are up to date."""
    return Stores(bots=Bots(engine, client_id), states=States(engine))
