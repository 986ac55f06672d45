"""What the commands have in common: settings, a store that is only read, and a console that knows whether a person looks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bot.persistence.database import open_database
from bot.persistence.reader import Records
from bot.settings import Settings, load_settings

console = Console(highlight=False)


def settings_from(config: Path | None) -> Settings:
    """Read the settings; ConfigurationError tells every problem."""
    return load_settings(file=config)


@contextlib.contextmanager
def records_of(settings: Settings) -> Iterator[Records]:
    """Open the store for reading alone: a running Fireline is not disturbed, and nothing is ever written."""
    database = open_database(settings.database)
    try:
        yield Records(database)
    finally:
        database.close()
