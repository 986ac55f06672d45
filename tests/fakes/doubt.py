"""Commits that break off, so that nobody knows whether they stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bot.persistence.store import Store


class BrokenCommit:
    """Breaks the next commit of a store off: before the database did it, or after, when only its answer is lost."""

    def __init__(self, store: Store, *, done: bool) -> None:
        self.armed = True
        self._done = done
        event.listen(store.database.writing, "commit", self._commit)

    def _commit(self, connection: Any) -> None:
        if self.armed:
            self.armed = False
            if self._done:
                connection.connection.dbapi_connection.commit()
            raise OperationalError("COMMIT", {}, OSError("connection reset by peer"))


class Away:
    """Breaks the next commit off after the database did it, and lets nobody connect until `back`: nobody can find out what became of it."""

    def __init__(self, store: Store) -> None:
        self._here = True
        store.journal._committer.patience = 0.05
        event.listen(store.database.writing, "do_connect", self._connect)
        event.listen(store.database.writing, "commit", self._leave, once=True)
        BrokenCommit(store, done=True)

    def _leave(self, _connection: Any) -> None:
        self._here = False

    def _connect(self, *_arguments: Any) -> None:
        if not self._here:
            raise OperationalError("CONNECT", {}, OSError("connection refused"))

    def back(self) -> None:
        """Let everybody connect again."""
        self._here = True
