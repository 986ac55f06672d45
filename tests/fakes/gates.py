"""A gate that answers as the test says; what it was asked, in order."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.nouns import HoldCause
from bot.engine.conductor.gate import GO, CallId, Entry, Hold, Refused, Verdict

HELD = Hold(cause=HoldCause.PARALLEL, detail="router takes 1 call at a time")
TRIED = Hold(cause=HoldCause.TRIAL, detail="router was not answering and is being tried")


class ToldGate:
    """Lets calls go, unless `shut` says what to answer instead; `in_line` are calls that it says stand in line."""

    def __init__(self) -> None:
        self.shut: Hold | None = None
        self.away: timedelta | None = None
        self.in_line: set[CallId] = set()
        self.asked: list[Entry] = []

    def ask(self, entry: Entry) -> Verdict:
        """Answer as the test says."""
        self.asked.append(entry)
        if self.away is not None:
            return Refused(
                detail="router is not answering",
                since=entry.now - timedelta(minutes=1),
                again=entry.now + self.away,
            )
        return self.shut or GO

    def waits(self, call: CallId) -> bool:
        """Tell what the test says."""
        return call in self.in_line
