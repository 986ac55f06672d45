"""`fireline serve`."""

from __future__ import annotations

from pathlib import Path

import uvloop

from bot.cli.opening import settings_from
from bot.wiring.serving import serve as run


def serve(config: Path | None) -> None:
    """Serve until stopped; ConfigurationError before anything has begun."""
    settings = settings_from(config)
    uvloop.run(run(settings))
