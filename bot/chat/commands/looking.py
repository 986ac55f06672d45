"""Commands that only read: answered in the ack itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.chat.blocks.answers import helped, listed, refused, status_of
from bot.chat.blocks.ink import Redact
from bot.chat.blocks.kit import Message
from bot.chat.blocks.letter_list import letters_listed
from bot.chat.blocks.runs import runs_listed
from bot.chat.commands.words import numbered, read
from bot.chat.gallery import Gallery
from bot.chat.inbound.payload import Asked
from bot.domain.ids import IncidentId
from bot.domain.nouns import ApprovalStatus
from bot.domain.ports import Reader
from bot.errors import NotFound, Refused

LISTED = 200
RUNS_LISTED = 15


class Onlooker:
    """Answers `help`, `list`, `runs`, `dead-letters` and `status`, and words that mean nothing."""

    def __init__(self, *, reader: Reader, gallery: Gallery, command: str, redact: Redact) -> None:
        self._reader = reader
        self._gallery = gallery
        self._command = command
        self._redact = redact
        self._answers: Mapping[str, Callable[[Asked, str], Message]] = {
            "help": lambda _asked, _rest: helped(command),
            "list": lambda _asked, _rest: self._list(),
            "runs": lambda asked, _rest: self._runs(asked),
            "dead-letters": lambda asked, _rest: self._letters(asked),
            "status": self._status,
        }

    def glance(self, asked: Asked) -> Message | None:
        """Return the answer to what only reads, None for what must be handled."""
        try:
            wanted = read(asked.text)
            answer = self._answers.get(wanted.verb)
            return None if answer is None else answer(asked, wanted.rest)
        except Refused as refusal:
            return refused(str(refusal), refusal.hint, redact=self._redact)

    def here(self, asked: Asked) -> IncidentId | None:
        """Return the incident whose channel the person is in."""
        found = self._reader.incident_of_channel(asked.channel) if asked.channel else None
        return found.id if found else None

    def _list(self) -> Message:
        incidents = self._reader.incidents(only_open=True, limit=LISTED)
        waiting = {
            int(each.id): sum(
                approval.status is ApprovalStatus.PENDING for approval in self._reader.approvals_of(each.id)
            )
            for each in incidents
        }
        return listed(incidents, waiting, self._command, redact=self._redact)

    def _runs(self, asked: Asked) -> Message:
        """List the runs of the channel's incident; elsewhere, all that are under way."""
        here = self.here(asked)
        runs = self._reader.runs_of(here) if here is not None else self._reader.unfinished_runs()
        pictures = [self._gallery.run(each) for each in list(runs)[-RUNS_LISTED:]]
        return runs_listed(pictures, self._command, more=len(runs) - len(pictures), redact=self._redact)

    def _letters(self, asked: Asked) -> Message:
        """List the dead letters of the channel's incident; elsewhere, all of them."""
        here = self.here(asked)
        found = self._reader.dead_letters_of(here) if here is not None else self._reader.dead_letters()
        shown = [each for each in found if here is not None or self._may_see(asked.user, each.incident)]
        return letters_listed(shown, self._command, redact=self._redact)

    def _may_see(self, user: str, incident: IncidentId | None) -> bool:
        record = self._reader.incident(incident) if incident is not None else None
        return record is None or record.seen_by(user)

    def _status(self, asked: Asked, rest: str) -> Message:
        number, _ = numbered(rest, self.here(asked))
        if number is None:
            if rest:
                raise Refused(
                    f"“{rest[:40]}” is no incident's number.", hint=f"Like this: {self._command} status 42"
                )
            return self._list()
        picture = self._gallery.picture(number)
        if picture is None:
            raise NotFound(
                f"There is no incident #{number}.", hint=f"`{self._command} list` shows the open ones."
            )
        return status_of(picture, redact=self._redact)
