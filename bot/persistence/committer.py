"""The writing side of the journal: runs jobs in as few transactions as can be, and keeps its connection.

It is used by one thread at a time. What a job raises is the job's own affair; what the database raises is everybody's. After every doubt it reads
anew where the log ends, so that the chain goes on from what is really there.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.events import GENESIS
from bot.errors import ConfigurationError, LeadLost
from bot.persistence import questions
from bot.persistence.batch import Append, Batch, Head, Job
from bot.persistence.bursts import Bursts, InDoubt
from bot.persistence.database import Database, make_room
from bot.persistence.lead import FileLead, Lead, SessionLead
from bot.persistence.log_writer import LogWriter
from bot.persistence.migrate import migrate
from bot.persistence.outcomes import (
    Answer,
    Committed,
    News,
    Spoilt,
    Uncertain,
    Written,
    as_told,
    may_be_one_unit,
    reason,
)
from bot.persistence.parcels import NotWritten
from bot.persistence.projections.rebuild import Progress, rebuild
from bot.persistence.statements import Writer
from bot.persistence.transaction import UnitTransaction

_PROBE_SECONDS = 1.0
"""How often a database that could not be written is tried again while nobody asks."""

Following = Callable[[], Sequence[Job]]
"""Takes the jobs that come next, if they are there; whoever gives them commits these very jobs next."""


def nothing() -> Sequence[Job]:
    """Give no jobs."""
    return ()


class Committer:
    """Runs jobs and commits them together. `trouble` says why the database can't be written now, empty when it can.

    A commit that broke off is looked after for `patience` seconds before its units are told that nobody knows. If it turns out to stand, its events
    are told late: with the next answer, before all that follows them in the log.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        patience: float = 5.0,
        room: bool = False,
        many: int | None = None,
    ) -> None:
        self.patience = patience
        self._room = room
        self._told = 0
        self._database = database
        self._clock = clock
        self.lead: Lead
        self._bursts: Bursts | None = None
        if database.path is None:
            self.lead = SessionLead(clock)
        else:
            self.lead = lead = FileLead(database.path, clock)
            if many is not None:
                self._bursts = Bursts(LogWriter(database.path, lambda: lead.file, many=many), clock)
        self._writer = Writer(database.writing.dialect)
        self._connection: Connection | None = None
        self._head: Head = (0, GENESIS)
        self.trouble = ""

    def open(self) -> None:
        """Take the lead, bring the tables up to date and find the end of the log.

        ConfigurationError when another process leads, the database can't be reached, or newer code has changed it.
        """
        try:
            connection = self._connected()
            self._told = self._head[0]
            if self._room and self._database.path is not None:
                make_room(connection, self._database.path)
        except DBAPIError as error:
            self.lead.release(None)
            raise ConfigurationError(
                f"the database {self._database.place} can't be used: {reason(error)}",
                hint="check its URL, and that it can be reached and written",
            ) from error
        except BaseException:  # the lead must not outlive a failed opening; raised again
            self.lead.release(None)
            raise

    @property
    def head(self) -> Head:
        """The place and the hash of the last event, as this connection knows it."""
        return self._head

    def rebuild(self, progress: Progress) -> int:
        """Make every projection anew from the log, in one transaction; return how many events there were."""
        connection = self._connected()
        with connection.begin():
            return rebuild(connection, progress)

    def close(self) -> None:
        """Let go of the connection and of the lead."""
        if self._bursts is not None:
            self._bursts.close()
        self._rollback()
        self.lead.release(self._connection)
        self._disconnect()

    def commit(self, jobs: Sequence[Job], following: Following = nothing) -> Committed:
        """Run jobs in their order, and make what they leave durable; every job is answered, and nothing is raised.

        `following` gives, while these are still in hand, the jobs that come next.
        """
        done = Committed()
        self._collect(jobs)
        groups = deque([jobs] if self._bursts is None else self._bursts.groups(jobs))
        fresh = False
        while groups:
            group = groups.popleft()
            connected = self._connection is not None
            try:
                written = self._attempt(group, nothing if groups else following)
                reached(CrashPoint.JOURNAL_COMMITTED)
            except Spoilt as spoilt:
                self._rollback()
                if len(group) == 1:
                    done.answers.append(Answer(None, as_told(spoilt.error)))
                else:
                    at = spoilt.index
                    parts = [group[:at], group[at : at + 1], group[at + 1 :]]
                    groups.extendleft(part for part in reversed(parts) if part)
            except Uncertain as uncertain:
                if not self._settle(uncertain, done):
                    groups.appendleft(group)
            except Exception as error:  # noqa: BLE001 - the database's, the driver's or a projection's: each becomes the units' answer
                self._rollback()
                if connected and self._connection is None and not fresh:
                    # The connection had broken off, perhaps long ago. Nothing was committed: a new one may serve at once.
                    fresh = True
                    groups.appendleft(group)
                elif len(group) > 1 and may_be_one_unit(error) and not self._is_sent(group):
                    groups.extendleft([job] for job in reversed(group))
                else:
                    self._give_up(error)
                    done.answers += [Answer(None, as_told(error))] * len(group)
            else:
                self.trouble = ""
                self._take_in(done, written)
        self._take_in_late(done)
        return done

    @property
    def idle(self) -> float | None:
        """Seconds without a job after which it wants to be looked after; None when it doesn't."""
        if self.trouble:
            return _PROBE_SECONDS
        return None if self._bursts is None else self._bursts.idle

    def look_after(self) -> Committed:
        """Do what is to be done while nobody asks for anything; return what is late."""
        if self.trouble:
            return self._probe()
        if self._bursts is not None:
            self._bursts.rest()
        return Committed()

    def _probe(self) -> Committed:
        """Find out by a write of its own whether the database can be written again."""
        done = Committed()
        self._collect(())
        try:
            self.lead.beat(self._connected())
        except (DBAPIError, ConfigurationError, LeadLost) as error:
            self._give_up(error)
        else:
            self.trouble = ""
            self._take_in_late(done)
        return done

    def _take_in(self, done: Committed, written: Written) -> None:
        """Note what a group left, behind whatever stands before it and was not told yet."""
        done.answers += written.answers
        if written.events and self._take_in_late(done, before=written.events[0].seq):
            done.news.append(News(written.events, late=False))
            self._told = written.events[-1].seq

    def _take_in_late(self, done: Committed, *, before: int | None = None) -> bool:
        """Note the events that stand in the log although nobody was told so, up to its end; False when they can't be read, and will come later."""
        missed = (self._head[0] + 1 if before is None else before) - self._told - 1
        if missed <= 0:
            return True
        if self._connection is None:
            return False
        try:
            with self._connection.begin():
                batch = Batch(self._connection, self._writer, self._head)
                late = list(UnitTransaction(batch, self._clock.now()).events(after=self._told, limit=missed))
        except DBAPIError as error:
            self._give_up(error)
            return False
        done.news.append(News(late, late=True))
        self._told += missed
        return True

    def _collect(self, jobs: Sequence[Job]) -> None:
        """Learn what became of a batch that was sent ahead, unless it is these very jobs: it can't be waited for any more when others are written."""
        if self._bursts is not None:
            try:
                self._head = self._bursts.collect(jobs) or self._head
            except InDoubt:
                self._disconnect()  # the next connection reads where the log ends

    def _attempt(self, jobs: Sequence[Job], following: Following) -> Written:
        """Run jobs in one transaction and commit it."""
        connection = self._connected()
        if self._bursts is not None:
            if self._bursts.takes(jobs):
                with contextlib.suppress(NotWritten):
                    return self._have_written(self._bursts, jobs, following)
            self._bursts.rest()
        transaction = connection.begin()
        self.lead.fence(connection)
        batch = Batch(connection, self._writer, self._head)
        answers = [self._run(batch, job, index) for index, job in enumerate(jobs)]
        batch.flush()
        reached(CrashPoint.JOURNAL_BEFORE_COMMIT)
        try:
            transaction.commit()
        except Exception as error:  # whatever broke the commit off, it must be found out what stands
            raise Uncertain(batch, answers, error) from error
        self._head = batch.head
        return Written(answers, batch.events)

    def _have_written(self, bursts: Bursts, jobs: Sequence[Job], following: Following) -> Written:
        """Have the log writer write; NotWritten when it did not, and then nothing stands."""
        try:
            done = bursts.write(self._head, jobs)
        except InDoubt as doubt:
            raise self._what_it_would_have_left(doubt) from doubt
        # It is durable. Whatever fails from here on must not lead to its being written once more.
        self._head = done.head
        bursts.send_ahead(self._head, following())
        events = done.events()
        rest = iter(events)
        answers = [Answer(list(islice(rest, len(each.facts))), None) for each in done.request.appends]
        return Written(answers, events)

    def _what_it_would_have_left(self, doubt: InDoubt) -> Uncertain | NotWritten:
        """Return what the log is to be asked for: it is known to the hash. What has no form in the log can't be there."""
        head, now, appends = doubt.request
        batch = Batch(self._connected(), self._writer, head)
        try:
            answers = [Answer(batch.append(now, *each), None) for each in appends]
        except (ValueError, TypeError) as misfit:
            return NotWritten(str(misfit))
        return Uncertain(batch, answers, doubt, again=True)

    def _run(self, batch: Batch, job: Job, index: int) -> Answer:
        marks = batch.marks
        try:
            if type(job) is Append:
                # What only appends takes no time: it shares the instant of the unit before it.
                now = batch.now or self._clock.now()
                return Answer(batch.append(now, job.stream, job.actor, job.facts), None)
            return Answer(job(UnitTransaction(batch, self._clock.now())), None)  # type: ignore[operator]  # narrowed by the line above
        except Exception as error:  # a unit's exception is its answer
            if batch.marks != marks or isinstance(error, DBAPIError):
                raise Spoilt(index, error) from error
            return Answer(None, error)

    def _settle(self, uncertain: Uncertain, done: Committed) -> bool:
        """Find out whether a commit that broke off took place: the log's end tells, since its hash can't be there by chance.

        False when it certainly did not, and its jobs are to be run once more.
        """
        before, error = self._head, uncertain.error
        self._rollback()
        deadline = time.monotonic() + self.patience
        while uncertain.batch.events:
            self._disconnect()
            try:
                self._connected()
            except LeadLost:
                break  # what another process wrote since hides whether this stands
            except (DBAPIError, ConfigurationError) as away:
                if time.monotonic() > deadline:
                    error = away
                    break
                time.sleep(0.1)
            else:
                break
        if self._connection is not None and uncertain.batch.events and self._head == uncertain.batch.head:
            self._take_in(done, Written(uncertain.answers, uncertain.batch.events))
            return True
        if uncertain.again and self._connection is not None and self._head == before:
            return False
        self._give_up(error)
        done.answers += [Answer(None, as_told(error))] * len(uncertain.answers)
        return True

    def _is_sent(self, jobs: Sequence[Job]) -> bool:
        """Tell whether the log writer has these: then they may stand, whatever went wrong here, and must not be written by anybody else."""
        return self._bursts is not None and self._bursts.has(jobs)

    def _connected(self) -> Connection:
        """Return the connection; made anew where it was lost, with the lead and the end of the log."""
        if self._connection is not None:
            return self._connection
        connection = self.lead.connect(self._database.writing)
        try:
            migrate(connection)
            self.lead.register(connection)
            with connection.begin():
                last = questions.HEAD.rows(connection, {"limit": 1})
        except BaseException:  # nor a connection its failed preparation; raised again
            _drop(connection)
            raise
        self._head = (last[0].seq, last[0].hash) if last else (0, GENESIS)
        self._connection = connection
        return connection

    def _rollback(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.rollback()
        except DBAPIError:
            self._disconnect()
        else:
            if self._connection.invalidated:
                self._disconnect()

    def _give_up(self, error: Exception) -> None:
        """Note what is wrong, and start the next attempt from a connection of its own."""
        if isinstance(error, DBAPIError | ConfigurationError | LeadLost | InDoubt):
            self.trouble = reason(error)
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _drop(connection)


def _drop(connection: Connection) -> None:
    """Close a connection that may be broken, without another word to the server about what it had begun."""
    if connection.in_transaction():
        connection.invalidate()
    connection.close()
