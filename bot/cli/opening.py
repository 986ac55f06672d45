"""What the commands have in common: the settings, and a store that is only read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import FirelineError, Refused
from bot.evidence.redaction import Redactor
from bot.persistence.reader import Records
from bot.persistence.store import open_records
from bot.settings import Settings, load_settings
from bot.wiring.secrets import redactor_for


def settings_from(config: Path | None, *, before_the_app: bool = False) -> Settings:
    """Read the settings, with `before_the_app` without asking for the Slack app's tokens; ConfigurationError tells every problem."""
    return load_settings(file=config, before_the_app=before_the_app)


def redactor_of(settings: Settings) -> Redactor:
    """Return what takes secrets out of what is shown: those that the settings name, as far as they can be read here, and what looks like one."""
    redactor, _ = redactor_for(settings, os.environ)
    return redactor


@contextlib.contextmanager
def records_of(settings: Settings) -> Iterator[Records]:
    """Open the store for reading alone: a running Fireline is not disturbed, and nothing is ever written.

    ConfigurationError when there is none that can be read; Refused when what is in it can't be, which a damaged or changed store shows.
    """
    records, database = open_records(settings.database)
    try:
        yield records
    except FirelineError:
        raise
    except SQLAlchemyError as error:
        raise Refused(
            f"The database {database.place} can't be read: {_first_line(error)}.", hint=_PROVE
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"The database holds what Fireline did not write: {_first_line(error)}.", hint=_PROVE
        ) from None
    finally:
        database.close()


_PROVE = "`fireline verify` says which events are not as they were written."


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
