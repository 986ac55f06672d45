"""The freeze as the guards see it: what it holds back, and for whom its end is worth a word. Decides nothing about room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.ids import RunId
from bot.domain.nouns import HoldCause
from bot.domain.response_records import FreezeRecord
from bot.engine.conductor.gate import CallId, Entry, Hold


class Freezer:
    """Holds calls that change something while a freeze does; `freeze` is None while there is none."""

    def __init__(self) -> None:
        self.freeze: FreezeRecord | None = None
        self._held: dict[CallId, None] = {}

    def stops(self, entry: Entry) -> bool:
        """Tell whether a call may not be made now, wherever there is room."""
        return entry.changes and self.freeze is not None and self.freeze.holds(entry.now)

    def hold(self, call: CallId) -> Hold:
        """Keep a call that is stopped in mind, and say why it waits."""
        freeze = self.freeze
        assert freeze is not None  # noqa: S101 - asked only of what it stops
        self._held[call] = None
        return Hold(
            cause=HoldCause.FROZEN, detail=f"frozen by {freeze.by.id}: {freeze.why}", until=freeze.until
        )

    def holds(self, call: CallId) -> bool:
        """Tell whether a call was told to wait, and would only be told so again."""
        return call in self._held

    def forget(self, call: CallId) -> None:
        """Let a call go; harmless for one that is not held."""
        self._held.pop(call, None)

    def is_over(self, now: datetime) -> bool:
        """Tell whether there is a freeze whose time is over."""
        return self.freeze is not None and not self.freeze.holds(now)

    def thaw(self) -> Sequence[RunId]:
        """Forget whatever is held, and return the runs that may ask again."""
        runs = dict.fromkeys(call[0] for call in self._held)
        self._held.clear()
        return tuple(runs)
