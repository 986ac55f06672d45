"""The table: kind of fact → what it changes. A kind that changes no row stands here too, so that forgetting one is seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.persistence.changes import Change
from bot.persistence.projections import (
    alerts,
    approvals,
    channels,
    dead_letters,
    incidents,
    keeping,
    response,
    runs,
    schedules,
)
from bot.persistence.projections.surface import shown

Projection = Callable[[Any, Event, str], Iterable[Change]]
"""From a fact, its event and the event's instant as text, to what changes."""


def nothing(_fact: Fact, _event: Event, _at: str) -> Iterable[Change]:
    """Change no row: the log, and what chat shows, say it all."""
    return ()


_TABLE: dict[type[Fact], Projection] = {
    facts.AlertsReceived: alerts.received,
    facts.AlertsUnmatched: alerts.unmatched,
    facts.AlertsAttached: alerts.attached,
    facts.AlertsResolved: nothing,  # AlertsReceived told it already
    facts.DeliveryRefused: keeping.delivery_refused,
    facts.ProcessStarted: nothing,
    facts.LeadTaken: nothing,
    facts.RunbooksLoaded: nothing,
    facts.ScheduleSet: schedules.set_anew,
    facts.ScheduleRemoved: schedules.removed,
    facts.ScheduleFired: schedules.fired,
    facts.BreakerOpened: keeping.breaker_opened,
    facts.BreakerClosed: keeping.breaker_closed,
    facts.DeadLetterLanded: dead_letters.landed,
    facts.DeadLetterRequeued: dead_letters.requeued,
    facts.DeadLetterDiscarded: dead_letters.discarded,
    facts.IncidentOpened: incidents.opened,
    facts.IncidentAcknowledged: incidents.acknowledged,
    facts.StatusChanged: incidents.status_changed,
    facts.IncidentResolved: incidents.resolved,
    facts.IncidentReopened: incidents.reopened,
    facts.IncidentMerged: incidents.merged,
    facts.IncidentAbsorbed: nothing,  # AlertsAttached tells what came with it
    facts.RoleAssigned: incidents.role_assigned,
    facts.SeverityChanged: incidents.severity_changed,
    facts.UpdateGiven: incidents.update_given,
    facts.SilenceAsked: response.silence_asked,
    facts.SilenceStands: response.silence_stands,
    facts.SilenceEndAsked: response.silence_end_asked,
    facts.SilenceEnded: response.silence_ended,
    facts.SilenceFailed: response.silence_failed,
    facts.MessageMarked: response.marked,
    facts.MarkedMessageEdited: response.mark_edited,
    facts.MarkedMessageDeleted: response.mark_deleted,
    facts.ChangesFrozen: response.frozen,
    facts.ChangesUnfrozen: response.unfrozen,
    facts.ChannelOpened: incidents.channel_opened,
    facts.ChannelArchived: channels.archived,
    facts.ChannelUnarchived: channels.unarchived,
    facts.ChannelRetired: channels.retired,
    facts.ChannelLeft: channels.left,
    facts.InvitesRefused: channels.invites_refused,
    facts.Reminded: channels.reminded,
    facts.MessagePosted: nothing,  # the outbox's place: surface.py
    facts.MessageLost: nothing,
    facts.ShutOut: nothing,  # the outbox's place: surface.py
    facts.LetIn: nothing,
    facts.ChatStopped: nothing,
    facts.ChatWentOn: nothing,
    facts.WorkspaceJoined: nothing,
    facts.NoteAdded: nothing,
    facts.RunProposed: nothing,
    facts.PostmortemDrafted: nothing,
    facts.EvidenceStored: keeping.evidence_stored,
    facts.EvidenceAccessed: nothing,
    facts.RunQueued: runs.queued,
    facts.RunMoved: runs.moved,
    facts.RunDropped: runs.dropped,
    facts.RunRejected: nothing,  # the outbox's place: surface.py
    facts.RunStarted: runs.started,
    facts.PhaseEntered: runs.phase_entered,
    facts.RunCancelRequested: nothing,
    facts.RunUndoRequested: runs.undo_requested,
    facts.RunPaused: runs.paused,
    facts.RunResumed: runs.resumed,
    facts.RunRetried: runs.retried,
    facts.RunRequeued: runs.requeued,
    facts.RunFinished: runs.finished,
    facts.LoopExpanded: runs.loop_expanded,
    facts.LoopBegan: runs.loop_began,
    facts.ApprovalRequested: approvals.requested,
    facts.ApprovalEscalated: approvals.escalated,
    facts.ApprovalVoted: approvals.voted,
    facts.ApprovalClosed: approvals.closed,
    facts.CallStarted: runs.call_started,
    facts.CallHeld: runs.call_held,
    facts.CallRefused: runs.call_refused,
    facts.CallSucceeded: runs.call_succeeded,
    facts.CallFailed: runs.call_failed,
    facts.CallInterrupted: nothing,  # what follows from it has an event of its own
    facts.StepOutcomeUnknown: runs.outcome_unknown,
    facts.StepSettled: runs.settled,
    facts.StepSucceeded: runs.step_succeeded,
    facts.StepFailed: runs.step_failed,
    facts.StepSkipped: runs.step_skipped,
    facts.StepCancelled: runs.step_cancelled,
    facts.StepUndone: runs.step_undone,
    facts.StepUndoFailed: runs.step_undo_failed,
}


def projected_kinds() -> Collection[type[Fact]]:
    """Return the kinds of facts that the table knows."""
    return _TABLE.keys()


def changes_of(events: Sequence[Event], at: str) -> Iterable[Change]:
    """Return what events of one stream change that were written together, at least one.

    `at` is their instant as text. KeyError for a kind that the table lacks.
    """
    for event in events:
        fact = event.fact
        yield from _TABLE[type(fact)](fact, event, at)
    yield from shown(events)
