"""Commits that break off, so that nobody knows whether they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from bot.domain.facts import Fact
from bot.persistence.store import Store

_HOLDS = text("SELECT count(*) FROM events WHERE seq > :since AND kind = :kind")


class BrokenCommit:
    """Breaks one commit of a store off: before the database did it, or after, when only its answer is lost.

    It is the next one; or the next one with a fact of the type `of`, since in a whole Fireline nobody can tell whose commit comes next.
    """

    def __init__(self, store: Store, *, done: bool, of: type[Fact] | None = None) -> None:
        self.armed = True
        self._done = done
        self._sought = None if of is None else {"since": store.records.head()[0], "kind": of.KIND}
        event.listen(store.database.writing, "commit", self._commit)

    def _commit(self, connection: Any) -> None:
        if self.armed and self._meant(connection):
            self.armed = False
            if self._done:
                connection.connection.dbapi_connection.commit()
            raise OperationalError("COMMIT", {}, OSError("connection reset by peer"))

    def _meant(self, connection: Any) -> bool:
        return self._sought is None or connection.scalar(_HOLDS, self._sought) > 0


class NoConnection:
    """Lets a store make no new connection to write with, from when `since` says so and until `back`; `why` is what it is told."""

    def __init__(
        self, store: Store, *, since: Callable[[], bool] = lambda: True, why: str = "connection refused"
    ) -> None:
        self._back = False
        self._since = since
        self._why = why
        store.journal._committer.patience = 0.05
        event.listen(store.database.writing, "do_connect", self._connect)

    def _connect(self, *_arguments: Any) -> None:
        if self._since() and not self._back:
            raise OperationalError("CONNECT", {}, OSError(self._why))

    def back(self) -> None:
        """Let everybody connect again."""
        self._back = True


class Away(NoConnection):
    """Breaks a commit off after the database did it, and lets nobody connect until `back`: nobody can find out what became of it.

    Which commit that is, `BrokenCommit` says.
    """

    def __init__(self, store: Store, *, of: type[Fact] | None = None) -> None:
        broken = BrokenCommit(store, done=True, of=of)
        super().__init__(store, since=lambda: not broken.armed)
