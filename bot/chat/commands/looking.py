"""Commands that only read: answered in the ack itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.chat.blocks.answers import listed, refused, status_of
from bot.chat.blocks.help import helped
from bot.chat.blocks.ink import Redact
from bot.chat.blocks.kit import Message
from bot.chat.blocks.letter_list import letters_listed
from bot.chat.blocks.runs import runs_listed
from bot.chat.blocks.told import evidence_told, timeline_told
from bot.chat.commands.which import Which
from bot.chat.commands.words import numbered, read
from bot.chat.gallery import Gallery
from bot.chat.inbound.payload import Asked
from bot.domain.ids import IncidentId
from bot.domain.nouns import ApprovalStatus
from bot.domain.ports import Reader
from bot.domain.records import RunRecord
from bot.errors import Refused

LISTED = 200
RUNS_LISTED = 15
TOLD = 20


class Onlooker:
    """Answers `help`, `list`, `runs`, `status`, `timeline`, `evidence` and `dead-letters`, and words that mean nothing."""

    def __init__(self, *, reader: Reader, gallery: Gallery, command: str, redact: Redact) -> None:
        self._reader = reader
        self._gallery = gallery
        self._command = command
        self._redact = redact
        self.which = Which(reader, command)
        self._answers: Mapping[str, Callable[[Asked, str], Message]] = {
            "help": lambda _asked, _rest: helped(command),
            "list": lambda asked, _rest: self._list(asked),
            "runs": lambda asked, _rest: self._runs(asked),
            "dead-letters": lambda asked, _rest: self._letters(asked),
            "status": self._status,
            "timeline": lambda asked, rest: self._timeline(self.which.alone(asked, rest)),
            "evidence": lambda asked, rest: self._evidence(self.which.alone(asked, rest)),
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
        return self.which.here(asked)

    def _list(self, asked: Asked) -> Message:
        found = self._reader.incidents(only_open=True, limit=LISTED)
        incidents = [each for each in found if self.which.sees(asked, each)]
        waiting = {
            int(each.id): sum(
                approval.status is ApprovalStatus.PENDING for approval in self._reader.approvals_of(each.id)
            )
            for each in incidents
        }
        return listed(incidents, waiting, self._command, freeze=self._reader.freeze(), redact=self._redact)

    def _runs(self, asked: Asked) -> Message:
        """List the runs of the channel's incident; elsewhere, all that are under way."""
        here = self.here(asked)
        runs = (
            self._reader.runs_of(here)
            if here is not None
            else [each for each in self._reader.unfinished_runs() if self._sees_run(asked, each)]
        )
        pictures = [self._gallery.run(each) for each in list(runs)[-RUNS_LISTED:]]
        return runs_listed(pictures, self._command, more=len(runs) - len(pictures), redact=self._redact)

    def _letters(self, asked: Asked) -> Message:
        """List the dead letters of the channel's incident; elsewhere, all of them."""
        here = self.here(asked)
        found = self._reader.dead_letters_of(here) if here is not None else self._reader.dead_letters()
        shown = [each for each in found if self.which.sees_letter(asked, each)]
        return letters_listed(shown, self._command, redact=self._redact)

    def _status(self, asked: Asked, rest: str) -> Message:
        number, _ = numbered(rest, self.here(asked))
        if number is None:
            if rest:
                raise Refused(
                    f"“{rest[:40]}” is no incident's number.", hint=f"Like this: {self._command} status 42"
                )
            return self._list(asked)
        picture = self._gallery.picture(self.which.found(asked, number))
        assert picture is not None  # noqa: S101 - it was found a moment ago
        return status_of(picture, freeze=self._reader.freeze(), redact=self._redact)

    def _timeline(self, number: IncidentId) -> Message:
        record, told, more = self._gallery.told(number, limit=TOLD)
        console = self._gallery.console(number)
        return timeline_told(record, told, more=more, console=console, redact=self._redact)

    def _evidence(self, number: IncidentId) -> Message:
        record = self._reader.incident(number)
        assert record is not None  # noqa: S101 - it was found a moment ago
        kept = self._reader.evidence_of(number)
        return evidence_told(
            record,
            kept[-TOLD:],
            more=len(kept) - TOLD,
            console=self._gallery.console(number),
            redact=self._redact,
        )

    def _sees_run(self, asked: Asked, run: RunRecord) -> bool:
        record = self._reader.incident(run.incident)
        return record is not None and self.which.sees(asked, record)
