"""Which events a postmortem's message in chat tells of: what a person would tell, the draft has the rest."""

from __future__ import annotations

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.ids import StepId, instance_of

MILESTONES = frozenset(
    each.KIND
    for each in (
        facts.IncidentOpened,
        facts.AlertsAttached,
        facts.AlertsResolved,
        facts.IncidentAcknowledged,
        facts.RoleAssigned,
        facts.SeverityChanged,
        facts.StatusChanged,
        facts.UpdateGiven,
        facts.MessageMarked,
        facts.NoteAdded,
        facts.IncidentResolved,
        facts.IncidentReopened,
        facts.IncidentMerged,
        facts.IncidentAbsorbed,
        facts.RunQueued,
        facts.RunDropped,
        facts.RunRejected,
        facts.RunStarted,
        facts.RunUndoRequested,
        facts.RunFinished,
        facts.RunCancelRequested,
        facts.RunPaused,
        facts.RunResumed,
        facts.RunRetried,
        facts.DeadLetterLanded,
        facts.DeadLetterRequeued,
        facts.DeadLetterDiscarded,
        facts.PhaseEntered,
        facts.LoopExpanded,
        facts.ApprovalRequested,
        facts.ApprovalEscalated,
        facts.ApprovalVoted,
        facts.ApprovalClosed,
        facts.StepSucceeded,
        facts.StepFailed,
        facts.StepOutcomeUnknown,
        facts.StepSettled,
        facts.StepUndone,
        facts.StepUndoFailed,
    )
)
"""What a person tells of an incident; the draft has everything."""
_OF_MANY = frozenset({facts.StepSucceeded.KIND, facts.StepUndone.KIND})


def is_milestone(event: Event) -> bool:
    """Tell whether people tell of an event; that one of a loop's items did what it should is told by the loop."""
    item = instance_of(getattr(event.fact, "step", None) or StepId(""))
    return event.kind in MILESTONES and not (item and event.kind in _OF_MANY)
