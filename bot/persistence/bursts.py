"""Bursts: which of the journal's jobs the log writer is given, and how one batch follows the other.

The next batch is sent as soon as the one before is durable, and only then is that one made into events and answered: so the log writer is not kept
waiting for an interpreter that is busy with deciding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.ids import Digest
from bot.persistence.batch import Append, Head, Job, sealed
from bot.persistence.log_writer import LogWriter, LogWriterLost
from bot.persistence.parcels import NotWritten, Request


class InDoubt(Exception):
    """The log writer is lost, and with it whether a request is durable."""

    def __init__(self, request: Request) -> None:
        super().__init__("the log writer is lost")
        self.request = request


class Done(NamedTuple):
    """A request that is durable, and the hashes of its events."""

    request: Request
    hashes: Sequence[Digest]

    @property
    def head(self) -> Head:
        """Where the log ends behind it."""
        seq, last = self.request.head
        return seq + len(self.hashes), self.hashes[-1] if self.hashes else last

    def events(self) -> list[Event]:
        """Return its events, in their order."""
        return sealed(self.request.head, self.request.now, self.request.appends, self.hashes)


class _Sent(NamedTuple):
    """What the log writer has, as it was sent."""

    jobs: Sequence[Job]
    request: Request


class Bursts:
    """Gives a log writer what it is for; one at a time is under way."""

    def __init__(self, log_writer: LogWriter, clock: Clock) -> None:
        self._log_writer = log_writer
        self._clock = clock
        self._sent: _Sent | None = None

    def groups(self, jobs: Sequence[Job]) -> list[Sequence[Job]]:
        """Return jobs in their order: many appends in a row are a group, and so is all between two such.

        Appends alone are the very list that was given: by that it is known whether they were sent ahead.
        """
        many = self._log_writer.many
        if len(jobs) < many or _append_alone(jobs):
            return [jobs]
        groups: list[Sequence[Job]] = []
        few: list[Job] = []
        for appends, some in groupby(jobs, _is_append):
            together = list(some)
            if appends and len(together) >= many:
                groups += [few, together]
                few = []
            else:
                few += together
        return [group for group in [*groups, few] if group]

    def has(self, jobs: Sequence[Job]) -> bool:
        """Tell whether the log writer was sent these very jobs, and has not answered."""
        return self._sent is not None and self._sent.jobs is jobs

    def takes(self, jobs: Sequence[Job]) -> bool:
        """Tell whether these are for the log writer, and it has them or can be given them; the first that are have it started."""
        if self.has(jobs):
            return True
        return len(jobs) >= self._log_writer.many and _append_alone(jobs) and self._log_writer.ready()

    def write(self, head: Head, jobs: Sequence[Job]) -> Done:
        """Have jobs that it takes written behind `head`; return once they are durable. NotWritten when they are not, InDoubt when nobody knows."""
        sent = self._sent
        assert sent is None or sent.jobs is jobs  # noqa: S101 - anything else was collected before
        request = self._send(head, jobs) if sent is None else sent.request
        return Done(request, self._answer_to(request))

    def send_ahead(self, head: Head, jobs: Sequence[Job]) -> None:
        """Send what comes next, if it is for the log writer: `write` is to be called with these very jobs."""
        if self.takes(jobs):
            with contextlib.suppress(NotWritten):
                self._send(head, jobs)

    def collect(self, jobs: Sequence[Job]) -> Head | None:
        """Wait for what was sent ahead, where other jobs come after all, and return where the log ends then; None when nothing was, or stands.

        InDoubt when nobody knows.
        """
        if self._sent is None or self.has(jobs):
            return None
        request = self._sent.request
        try:
            return Done(request, self._answer_to(request)).head
        except NotWritten:
            return None

    @property
    def idle(self) -> float | None:
        """Seconds without a job after which `rest` is to be called; None when there is no log writer."""
        return self._log_writer.idle

    def rest(self) -> None:
        """Let a log writer go that has had nothing to do for a while."""
        if self._sent is None:
            self._log_writer.rest()

    def close(self) -> None:
        """End the log writer."""
        self._log_writer.close()

    def _send(self, head: Head, jobs: Sequence[Job]) -> Request:
        appends = [job for job in jobs if isinstance(job, Append)]
        request = Request(head, self._clock.now(), appends)
        self._log_writer.send(request)
        self._sent = _Sent(jobs, request)
        return request

    def _answer_to(self, request: Request) -> list[Digest]:
        self._sent = None
        try:
            return self._log_writer.answer(sum(len(each.facts) for each in request.appends))
        except LogWriterLost as error:
            raise InDoubt(request) from error


def _is_append(job: Job) -> bool:
    return type(job) is Append


def _append_alone(jobs: Sequence[Job]) -> bool:
    return all(map(_is_append, jobs))
