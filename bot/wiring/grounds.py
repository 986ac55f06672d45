"""What a process of Fireline stands on, whether it leads or stands by."""

from __future__ import annotations

import os
from dataclasses import dataclass

from bot import __version__
from bot.domain.clock import Clock, SystemClock
from bot.evidence.redaction import Redactor
from bot.settings import Settings
from bot.telemetry import Metrics, configure_logging
from bot.wiring.secrets import SettingsSecrets, redactor_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """The settings, and what is made of them before any database is asked for."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    sources: SettingsSecrets
    redactor: Redactor


def prepare(settings: Settings) -> Grounds:
    """Begin to log as the settings say, make the data folder, and return what every role needs."""
    redactor, sources = redactor_for(settings, os.environ)
    configure_logging(style=settings.logging.format, level=settings.logging.level, redact=redactor.redact)
    # Alerts and outputs are nobody else's business; the group gets as far as the drafts, which are redacted and meant for colleagues.
    settings.data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    return Grounds(
        settings=settings,
        clock=SystemClock(),
        metrics=Metrics(version=__version__),
        sources=sources,
        redactor=redactor,
    )
