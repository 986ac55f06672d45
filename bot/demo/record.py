"""What Fireline has on record, read from outside while it runs: the demo and the acceptance tests wait on it and check it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from bot.domain.events import Event
from bot.domain.facts import Fact, PostmortemDrafted
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import RunStatus
from bot.domain.records import IncidentRecord
from bot.persistence.database import open_database
from bot.persistence.reader import Records

F = TypeVar("F", bound=Fact)


class Record:
    """The store of another process, read only."""

    def __init__(self, database: str) -> None:
        self._database = open_database(database)
        self.reader = Records(self._database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def incident(self, incident: IncidentId) -> IncidentRecord | None:
        """Return an incident."""
        return self.reader.incident(incident)

    def run_ended(self, incident: IncidentId) -> RunStatus | None:
        """Return how the incident's first run ended; None while it has not."""
        runs = self.reader.runs_of(incident)
        return runs[0].status if runs and runs[0].status is not RunStatus.RUNNING else None

    def alerts_over(self, incident: IncidentId) -> bool:
        """Tell whether none of the incident's alerts fires any more."""
        found = self.incident(incident)
        return found is not None and found.alerts > 0 and found.firing == 0

    def resolved(self, incident: IncidentId) -> bool:
        """Tell whether somebody resolved it."""
        found = self.incident(incident)
        return found is not None and not found.open

    def draft(self, incident: IncidentId) -> Path | None:
        """Return where the newest postmortem draft lies."""
        drafts = self.facts(incident, PostmortemDrafted)
        return Path(drafts[-1].path) if drafts else None

    def events(self, incident: IncidentId) -> Sequence[Event]:
        """Return the incident's timeline."""
        return self.reader.events(stream=incident_stream(incident))

    def facts(self, incident: IncidentId, kind: type[F]) -> list[F]:
        """Return every fact of a kind in the incident's timeline."""
        return [event.fact for event in self.events(incident) if isinstance(event.fact, kind)]
