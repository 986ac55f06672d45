"""What comes of a commit: answers for those who submitted, news for those who listen; and what can go wrong, as it is told to whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from bot.domain.events import Event
from bot.errors import ConfigurationError, JournalError, LeadLost
from bot.persistence.batch import Batch
from bot.persistence.bursts import InDoubt


class Answer(NamedTuple):
    """What came of a job: its result, or its error."""

    result: Any
    error: BaseException | None


class Written(NamedTuple):
    """What a transaction left: an answer for each job, and its events."""

    answers: list[Answer]
    events: list[Event]


class News(NamedTuple):
    """Events that are durable now; `late` says that whoever submitted them was told that they were not, or that nobody knows."""

    events: list[Event]
    late: bool


@dataclass(slots=True)
class Committed:
    """What came of a list of jobs: an answer for each, in their order, and what is to be told to those who listen, in the log's."""

    answers: list[Answer] = field(default_factory=list)
    news: list[News] = field(default_factory=list)


class Spoilt(Exception):
    """A job failed after it had added something: what the batch holds is good for nothing."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(index, error)
        self.index = index
        self.error = error


class Uncertain(Exception):
    """The database broke off during the commit, or the log writer did: `again` says that the jobs are to be run once more if nothing stands."""

    def __init__(self, batch: Batch, answers: list[Answer], error: Exception, *, again: bool = False) -> None:
        super().__init__(error)
        self.batch = batch
        self.answers = answers
        self.error = error
        self.again = again


def may_be_one_unit(error: Exception) -> bool:
    """Tell whether one unit's data may be to blame: then the others can be saved by running each alone."""
    return not isinstance(error, DBAPIError | LeadLost) or isinstance(error, IntegrityError | DataError)


def as_told(error: Exception) -> Exception:
    """Return what the submitter of a unit is told: its own exception, or a JournalError for the database's."""
    if isinstance(error, DBAPIError | ConfigurationError | InDoubt):
        told = JournalError(
            f"the log can't be written: {reason(error)}", hint="try again; /readyz says when it works"
        )
        told.__cause__ = error
        return told
    return error


def reason(error: Exception) -> str:
    """Return what is wrong in one line, without the statement that met it."""
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
