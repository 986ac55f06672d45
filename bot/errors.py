"""Every error that Fireline raises on purpose, in one tree.

    FirelineError
    ├── ConfigurationError      a setting is missing or can't be read; start-up stops
    │   └── DatabaseInUse       another process writes this database
    ├── RunbookError            a runbook can't be loaded; carries its findings
    │   └── ExpressionError     an expression can't be compiled or evaluated
    ├── ActionError             an action failed, with a closed `Reason`; in `bot.actions.outcome`
    ├── Refused                 a person or a caller asked for what can't be done now
    │   ├── NotFound            there is no such incident, run, approval …
    │   ├── NotAllowed          the asker may not do this
    │   └── Conflict            it was done already, or the state has moved on
    ├── IllegalTransition       the conductor decided what its table of states does not have: a bug
    ├── DeliveryUnreadable      a webhook body that can't be understood
    ├── JournalError            the log can't be written
    │   ├── JournalBehind       too much is waiting; try again later
    │   └── JournalClosed       the process is stopping
    │       └── LeadLost        another process leads now, and this one writes no more
    ├── ChainBroken             the log was cut, changed, reordered or lost records
    └── ChatError               the chat platform refused a call for good

Each error speaks to a person: `str(error)` says what happened, `hint` says what to do about it. This module never formats for a
surface (no colours, no Slack mark-up) and holds no rule of any room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class FirelineError(Exception):
    """Base of all errors that Fireline raises on purpose.

    `hint` is one sentence on what to do next, empty where nothing useful can be said.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigurationError(FirelineError):
    """A setting is missing, contradicts another or can't be read."""


class DatabaseInUse(ConfigurationError):
    """Another process has the right to write this database."""


class RunbookError(FirelineError):
    """A runbook can't be loaded or used."""


class ExpressionError(RunbookError):
    """An expression can't be compiled, or has no value in this scope."""


class Refused(FirelineError):
    """What was asked for can't be done now; nothing was changed. `about` names what of it was wrong, empty for the whole."""

    def __init__(self, message: str, *, hint: str = "", about: str = "") -> None:
        super().__init__(message, hint=hint)
        self.about = about


class NotFound(Refused):
    """There is nothing under that name or number."""


class NotAllowed(Refused):
    """The one who asks may not do this."""


class Conflict(Refused):
    """It was done already, or the state has moved on since it was asked for."""


class IllegalTransition(FirelineError):
    """A decision would change a state in a way that no table has; nothing of it was written."""


class DeliveryUnreadable(FirelineError):
    """A webhook body can't be understood; the message says where and why."""


class JournalError(FirelineError):
    """The log can't be written; nothing of the unit of work was kept."""


class JournalBehind(JournalError):
    """More units of work wait than the journal promises to hold; ask again later."""


class JournalClosed(JournalError):
    """The journal takes no more work because the process is stopping."""


class LeadLost(JournalClosed):
    """Another process leads now: this one writes nothing any more, and ends."""


class ChainBroken(FirelineError):
    """The log does not verify: a record was cut, changed, reordered or dropped."""


class ChatError(FirelineError):
    """The chat platform refused a call for good; `code` is the platform's own word for why, `details` what it said on parts of it."""

    def __init__(
        self, message: str, *, code: str, hint: str = "", details: Sequence[Mapping[str, object]] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.details = details
