"""Migrations: they make the tables that the code believes in, on every database, and refuse what they don't know."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bot.errors import ConfigurationError
from bot.persistence.database import Database, open_database
from bot.persistence.metadata import METADATA
from bot.persistence.migrate import MIGRATIONS, migrate, revision_of, revisions
from bot.persistence.store import open_records


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Give a database without tables."""
    opened = open_database(url)
    yield opened
    opened.close()


def test_migrated_tables_are_the_tables_of_the_code(database: Database) -> None:
    """Alembic finds no difference between what it made and what the metadata says, partial indexes included."""
    with database.writing.connect() as connection:
        migrate(connection)
        # Alembic can't compare an empty text as a default on SQLite (it takes the quotes off one side alone).
        defaults = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": defaults}
        )
        assert compare_metadata(context, METADATA) == []
        made = {
            index["name"]: index["dialect_options"].get(f"{connection.dialect.name}_where") is not None
            for table in METADATA.tables
            for index in inspect(connection).get_indexes(table)
        }
        wanted = {
            str(index.name): index.dialect_options[connection.dialect.name]["where"] is not None
            for table in METADATA.tables.values()
            for index in table.indexes
        }
        assert made == wanted


def test_an_up_to_date_database_costs_one_look(database: Database) -> None:
    """Nothing is done twice, and it is quick."""
    with database.writing.connect() as connection:
        migrate(connection)
        started = time.perf_counter()
        migrate(connection)
        assert time.perf_counter() - started < 0.05
        assert revision_of(connection) == revisions()[-1]


def test_alembic_waits_until_there_is_work(tmp_path: Path) -> None:
    """A start over an up-to-date database never imports it."""
    code = f"""
import sys
from bot.persistence.database import open_database
from bot.persistence.migrate import migrate
database = open_database("sqlite:///{tmp_path}/x.db")
with database.writing.connect() as connection:
    migrate(connection)
    assert ("alembic" in sys.modules) is (len(sys.argv) > 1)
"""
    for arguments in (["first"], []):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_newer_tables_are_refused(database: Database, url: str) -> None:
    """Code that is older than its database says so, and touches nothing."""
    with database.writing.connect() as connection:
        migrate(connection)
        with connection.begin():
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(ConfigurationError, match="revision 9999"):
            migrate(connection)
    with pytest.raises(ConfigurationError, match="revision 9999"):
        open_records(url)


def test_revisions_can_be_taken_back(database: Database) -> None:
    """Down to nothing and up again."""
    with database.writing.connect() as connection:
        migrate(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        with connection.begin():
            command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        connection.rollback()
        with connection.begin():
            command.upgrade(config, "head")
        assert set(METADATA.tables) < set(inspect(connection).get_table_names())


def test_revisions_are_one_line_in_order() -> None:
    """Files are named by their revision, and each follows the one before."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [script.revision for script in reversed(scripts)] == list(revisions())


def test_reading_needs_a_store(tmp_path: Path) -> None:
    """A reader makes no database, and says what would."""
    with pytest.raises(ConfigurationError, match="no database at"):
        open_records(f"sqlite:///{tmp_path}/nothing.db")
    assert not (tmp_path / "nothing.db").exists()
