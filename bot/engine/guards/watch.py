"""The watch: what is counted of the guards' work."""

from __future__ import annotations

from typing import Protocol

from bot.domain.nouns import HoldCause


class GuardsWatch(Protocol):
    """Counts what the guards do; `rules` is the name of the rules that the target is under, never the target."""

    def held(self, rules: str, cause: HoldCause) -> None:
        """A call has to wait."""
        ...

    def waited(self, cause: HoldCause, seconds: float) -> None:
        """A call that waited may go."""
        ...

    def refused(self, rules: str) -> None:
        """A call was refused because its target is away."""
        ...

    def breakers(self, rules: str, change: int) -> None:
        """So many more breakers are open."""
        ...


class Unwatched:
    """Counts nothing."""

    def held(self, rules: str, cause: HoldCause) -> None:
        """Forget it."""

    def waited(self, cause: HoldCause, seconds: float) -> None:
        """Forget it."""

    def refused(self, rules: str) -> None:
        """Forget it."""

    def breakers(self, rules: str, change: int) -> None:
        """Forget it."""
