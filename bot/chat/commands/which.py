"""Which incident is meant: by its number, or by the channel that a person is in. A private one is not there for those who take no part in it."""

from __future__ import annotations

from bot.chat.commands.words import numbered
from bot.chat.inbound.payload import Asked
from bot.domain.ids import IncidentId, LetterId, RunId
from bot.domain.ports import Reader
from bot.domain.records import DeadLetter, IncidentRecord
from bot.errors import NotFound, Refused


class Which:
    """Finds incidents for people."""

    def __init__(self, reader: Reader, command: str) -> None:
        self._reader = reader
        self._command = command

    def here(self, asked: Asked) -> IncidentId | None:
        """Return the incident whose channel the person is in."""
        found = self._reader.incident_of_channel(asked.channel) if asked.channel else None
        return found.id if found else None

    def sees(self, asked: Asked, record: IncidentRecord) -> bool:
        """Tell whether a person may see an incident: whoever is in its channel may."""
        return record.seen_from(asked.channel, asked.user)

    def alone(self, asked: Asked, rest: str) -> IncidentId:
        """Return the incident that is meant by a number and no more, or by the channel."""
        number, more = numbered(rest, self.here(asked))
        if more:
            raise Refused(
                f"“{more[:40]}” is no incident's number.",
                hint=f"`{self._command} list` shows the open ones.",
            )
        return self.found(asked, number)

    def with_words(self, asked: Asked, rest: str) -> tuple[IncidentId, str]:
        """Return the incident that is meant, and the words that follow."""
        number, words = numbered(rest, self.here(asked), words_follow=True)
        return self.found(asked, number), words

    def found(self, asked: Asked, number: IncidentId | None) -> IncidentId:
        """Return an incident's number when it is there for this person."""
        if number is None:
            raise Refused(
                "Which incident?",
                hint=f"Give its number, or ask in its channel. `{self._command} list` shows the open ones.",
            )
        record = self._reader.incident(number)
        if record is None or not self.sees(asked, record):
            raise NotFound(
                f"There is no incident #{number}.", hint=f"`{self._command} list` shows the open ones."
            )
        return number

    def run(self, asked: Asked, run: RunId) -> RunId:
        """Return a run's name when it is there for this person."""
        record = self._reader.run(run)
        incident = self._reader.incident(record.incident) if record is not None else None
        if incident is None or not self.sees(asked, incident):
            raise NotFound(f"There is no run {run}.", hint=f"`{self._command} runs` lists them.")
        return run

    def letter(self, asked: Asked, number: LetterId) -> LetterId:
        """Return a dead letter's number when it is there for this person."""
        record = self._reader.dead_letter(number)
        if record is None or not self.sees_letter(asked, record):
            raise NotFound(
                f"There is no dead letter {number}.", hint=f"`{self._command} dead-letters` lists them."
            )
        return number

    def sees_letter(self, asked: Asked, letter: DeadLetter) -> bool:
        """Tell whether a person may see a dead letter: one of an incident, whoever may see that."""
        incident = self._reader.incident(letter.incident) if letter.incident is not None else None
        return incident is None or self.sees(asked, incident)
