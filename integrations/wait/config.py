"""How long a step may wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitConfig:
    """The longest wait that is taken for meant; a step's own `timeout` has to be longer than its wait."""

    longest: timedelta = timedelta(hours=24)
