"""Crash points: the named seams where state is written, or where an effect is about to happen or has just happened.

At each of them tests let the process die, and look at what the next start makes of it (`tests/crash`). In production nobody watches, and reaching a
point is one call and one comparison. No setting and no variable arms one: only a program that calls `watch` does, and that program is a test's.
The pure rooms have none, for they do nothing that a crash could cut in two.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class CrashPoint(StrEnum):
    """Every seam, by the room that has it and the moment."""

    JOURNAL_BEFORE_COMMIT = "journal.before-commit"
    """A batch is written, and not committed."""
    JOURNAL_HANDED_OVER = "journal.handed-over"
    """A batch is with the log writer, and nobody else knows whether it is durable."""
    JOURNAL_COMMITTED = "journal.committed"
    """A batch is durable, and nobody knows."""
    JOURNAL_BEFORE_ANSWER = "journal.before-answer"
    """The news of a commit is back on the event loop; who submitted it has not heard."""
    JOURNAL_ANSWERED = "journal.answered"
    """Who submitted has heard; who listens to the log has not."""

    INTAKE_BEFORE_WRITE = "intake.before-write"
    """Deliveries were taken from the queue, and nothing of them is on disk."""
    INTAKE_WRITTEN = "intake.written"
    """Their alerts are on disk; no sender was answered, and the dispatcher does not know of them."""
    DISPATCH_BEFORE_PLACE = "dispatch.before-place"
    """It is decided where a group's alerts belong; the log does not say so."""
    DISPATCH_PLACED = "dispatch.placed"
    """An alert's incident is open and its run has started in the log; nobody conducts the run."""
    DISPATCH_BEFORE_SETTING_ASIDE = "dispatch.before-setting-aside"
    """Alerts can't be routed, and the log does not know."""
    DISPATCH_SET_ASIDE = "dispatch.set-aside"
    """Alerts that can't be routed lie in the dead-letter list; the dispatcher has not left them out of its next round."""
    QUEUE_ADMITTED = "queue.admitted"
    """The run that is next in line has started in the log; nobody conducts it."""
    SCHEDULE_BEFORE_ANSWER = "schedule.before-answer"
    """An instant of a schedule has come, and the log does not know."""
    SCHEDULE_ANSWERED = "schedule.answered"
    """An instant's run has started in the log; nobody conducts it."""
    DESK_RUN_STARTED = "desk.run-started"
    """A run that a person asked for has started in the log; nobody conducts it."""

    RECOVERY_BEGUN = "recovery.begun"
    """The runs that are to be taken up are known, and none of them is."""
    RECOVERY_ENDED = "recovery.ended"
    """Every run is taken up; no new work is let in yet."""
    RUN_TAKEN_UP = "run.taken-up"
    """A run's state is made from the log; what follows from it is not decided."""
    RUN_DECIDED = "run.decided"
    """What an arrival leads to is decided, and not written."""
    RUN_WRITTEN = "run.written"
    """What was decided is durable, and nothing of what follows is begun."""
    RUN_BEFORE_GIVING_UP = "run.before-giving-up"
    """A run can't go on, and the log does not know."""
    RUN_GIVEN_UP = "run.given-up"
    """A run's end is in the log and its letter in the list; its place among those under way is not free yet."""
    CALL_BEFORE_EFFECT = "call.before-effect"
    """The intent is durable, and the action is about to run; the detail says for which part of its step."""
    CALL_AFTER_EFFECT = "call.after-effect"
    """The action has run, and its outcome is nowhere but in memory; the detail says for which part of its step."""
    TIMER_RANG = "timer.rang"
    """A due time has come, and its runs are out of the list of what is due."""
    STOP_BEGUN = "stop.begun"
    """The process is stopping: no step begins any more, and those under way get their time."""

    LETTER_BEFORE_REQUEUE = "letter.before-requeue"
    """A person puts a dead letter back, and the log does not know; the detail says what kind of thing it is."""
    LETTER_REQUEUED = "letter.requeued"
    """A dead letter is put back in the log, and the person has not been told; the detail says what kind of thing it is."""
    LETTER_BEFORE_LANDING_AGAIN = "letter.before-landing-again"
    """A run that a person put back can't go on still, and the log does not say so."""
    LETTER_BEFORE_BRINGING_BACK = "letter.before-bringing-back"
    """A run was put back while nobody was there; the process that found it has not asked it to go on."""

    EVIDENCE_WRITTEN = "evidence.written"
    """Evidence is on disk, and has no name yet."""
    EVIDENCE_NAMED = "evidence.named"
    """Evidence has its name, and the log does not tell of it."""
    DRAFT_WRITTEN = "draft.written"
    """A postmortem's draft is on disk, and the log does not tell of it."""

    SILENCE_BEFORE_CALL = "silence.before-call"
    """That a silence is wanted, or its end, is durable, and Alertmanager is about to be asked; the detail says for which of the two."""
    SILENCE_AFTER_CALL = "silence.after-call"
    """Alertmanager has answered, and nothing says so on disk; the detail says what it was asked for."""

    INBOX_BEFORE_WRITE = "inbox.before-write"
    """What a person did in chat has arrived, and is not on disk."""
    INBOX_WRITTEN = "inbox.written"
    """It is on disk, and neither acknowledged nor begun."""
    INBOX_BEFORE_HANDLING = "inbox.before-handling"
    """What a person asked for is about to be done."""
    INBOX_HANDLED = "inbox.handled"
    """It is done, and the person has not been told."""
    OUTBOX_BEFORE_CALL = "outbox.before-call"
    """Slack is about to be called; the detail says with which method."""
    OUTBOX_AFTER_CALL = "outbox.after-call"
    """Slack has answered, and nothing says so on disk; the detail says to which method."""
    OUTBOX_RECORDED = "outbox.recorded"
    """How far Slack is has just been written down."""


Watcher = Callable[[CrashPoint, str], None]
"""Hears of every point that is reached, in the thread that reaches it, with a detail that is empty for most points."""

_WATCHERS: list[Watcher] = []


def reached(point: CrashPoint, detail: str = "") -> None:
    """Say that the process is at a crash point."""
    if _WATCHERS:
        for watcher in _WATCHERS:
            watcher(point, detail)


def watch(watcher: Watcher) -> None:
    """Let a test's program hear of every point from now on, for as long as its process lives."""
    _WATCHERS.append(watcher)
