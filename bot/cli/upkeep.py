"""`fireline rebuild`: what the log says, said again in the tables that people and surfaces read."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.opening import settings_from
from bot.cli.screen import say, show_json
from bot.domain.clock import SystemClock
from bot.errors import Refused
from bot.persistence.store import rebuild_store

_SPOKEN_EVERY = 1.0
"""Seconds between two words on how far it is."""


def rebuild(config: Path | None, *, as_json: bool) -> None:
    """Make every projection anew from the log, in one transaction.

    ConfigurationError while a Fireline writes there; Refused when the log can't be read as Fireline wrote it: then nothing was changed.
    """
    settings = settings_from(config)
    began = time.monotonic()
    try:
        count = rebuild_store(settings.database, SystemClock(), _Told())
    except (ValueError, KeyError, TypeError, SQLAlchemyError) as error:
        line = (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0]
        raise Refused(
            f"The log can't be read or the tables can't be written: {line.rstrip('.')}. Nothing was changed.",
            hint="`fireline verify` says which events are not as they were written.",
        ) from None
    took = time.monotonic() - began
    if as_json:
        show_json({"events": count, "seconds": round(took, 3)})
    else:
        say("Rebuilt from {count} events in {took} s.", count=f"{count:,}", took=f"{took:.1f}")


class _Told:
    """Says on standard error how far it is, where somebody is there to read it."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SPOKEN_EVERY

    def __call__(self, done: int, count: int) -> None:
        if sys.stderr.isatty() and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SPOKEN_EVERY
            sys.stderr.write(f"{done:,} of {count:,} events\n")
