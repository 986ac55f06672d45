"""Brings a database's tables to where this code wants them, at start, and refuses a database that newer code has changed.

Alembic does the work and is imported only when there is work: a database that is up to date costs one query.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"


def revisions() -> tuple[str, ...]:
    """Return the revisions that this code knows, oldest first; a revision's file begins with its name: `0001_first.py`."""
    return tuple(
        sorted(each.name.partition("_")[0] for each in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))
    )


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database is at, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def migrate(connection: Connection) -> None:
    """Bring the tables up to date in one transaction; the caller holds the lead.

    ConfigurationError when the database has a revision that this code doesn't know.
    """
    with connection.begin():
        known, found = revisions(), revision_of(connection)
        if found == known[-1]:
            return
        if found is not None and found not in known:
            raise ConfigurationError(
                f"the database is at revision {found}, and this Fireline knows no further than {known[-1]}",
                hint="run the newer Fireline that changed it, or restore a copy from before",
            )
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 100 ms that an up-to-date database need not wait for
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
