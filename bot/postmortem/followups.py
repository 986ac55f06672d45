"""What to do next and what nobody knows yet, each read from an event that went wrong or from one that is missing.

It proposes only what the timeline shows. Why it all happened is left to people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.domain import facts
from bot.domain.nouns import ApprovalStatus, Part, RunStatus
from bot.postmortem.draft import Impact, Sourced, ref, refs
from bot.postmortem.impact import ACKNOWLEDGED, CONTAINED, DETECTED, STARTED
from bot.postmortem.story import StepStory, Story
from bot.postmortem.wording import because, count, duration, ended, listed, plain

LATE = 300.0
"""Seconds between an alert's start and its arrival from which detection is called late."""

_PARTS = ((Part.MAIN, "Step"), (Part.VERIFY, "The check of step"), (Part.UNDO, "The undo of step"))


def action_items(story: Story, impact: Impact) -> tuple[Sourced, ...]:
    """Derive what to do from what went wrong; empty when nothing did."""
    return (
        *_late(impact),
        *(item for step in story.steps for item in _of_step(step)),
        *_approvals(story),
        *_evidence(story),
        *_proposed(story),
    )


def open_questions(story: Story, impact: Impact) -> tuple[Sourced, ...]:
    """List what the timeline does not tell; the first question is always the root cause."""
    cause = Sourced(
        text="What was the root cause? The timeline tells what was seen and done, not why it broke."
    )
    return (cause, *_gaps(story, impact), *_loose_ends(story))


def _late(impact: Impact) -> Iterator[Sourced]:
    for span in impact.spans:
        if (
            (span.since, span.until) == (STARTED, DETECTED)
            and span.seconds is not None
            and span.seconds >= LATE
        ):
            yield Sourced(
                text=f"The alert had fired for {duration(span.seconds)} before it reached Fireline: shorten the way.",
                refs=span.refs,
            )


def _of_step(step: StepStory) -> Iterator[Sourced]:
    yield from _needed_more(step)
    yield from _failed_or_stuck(step)
    unknown = [each for one in (step, *step.items) for each in one.told(facts.StepOutcomeUnknown)]
    for each in unknown[:1] if step.items else unknown:
        yield Sourced(
            text=f"Give step {step.step} a probe (`settle`) that tells what happened after an interruption.",
            refs=(ref(each.event),),
        )
    if step.changes and step.success and not step.verified:
        yield Sourced(
            text=f"Give step {step.step} a verification (`verify`): it succeeded, and nothing shows that it helped.",
            refs=(ref(step.success.event),),
        )


def _needed_more(step: StepStory) -> Iterator[Sourced]:
    for part, subject in _PARTS:
        failed = [each for one in step.items if one.answers(part) for each in one.failures(part)]
        if failed:
            items = count(len({each.fact.step for each in failed}), "item")
            reasons = listed(dict.fromkeys(plain(each.fact.reason) for each in failed))
            yield Sourced(
                text=f"{subject} {step.step} needed further attempts for {items} ({reasons}): find out why.",
                refs=refs([each.event for each in failed]),
            )
        failed = step.failures(part)
        if failed and step.answers(part):
            reasons = listed(dict.fromkeys(plain(each.fact.reason) for each in failed))
            yield Sourced(
                text=f"{subject} {step.step} needed {len(failed) + 1} attempts ({reasons}): find out why.",
                refs=refs([each.event for each in failed]),
            )


def _failed_or_stuck(step: StepStory) -> Iterator[Sourced]:
    for gone in [] if step.refused else step.told(facts.StepFailed):
        why = because(f"{gone.fact.reason} {gone.fact.detail}")
        yield Sourced(text=ended(f"Make step {step.step} work: it failed{why}"), refs=(ref(gone.event),))
    for stuck in [each for one in (step, *step.items) for each in one.told(facts.StepUndoFailed)]:
        why = because(f"{stuck.fact.reason} {stuck.fact.detail}")
        yield Sourced(
            text=ended(f"Check what step {stuck.fact.step} left behind: it could not be taken back{why}"),
            refs=(ref(stuck.event),),
        )


def _approvals(story: Story) -> Iterator[Sourced]:
    asked_at = {each.fact.approval: each for each in story.told(facts.ApprovalRequested)}
    for closed in story.told(facts.ApprovalClosed):
        asked = asked_at.get(closed.fact.approval)
        if closed.fact.status is ApprovalStatus.EXPIRED and asked is not None:
            waited = duration((closed.at - asked.at).total_seconds())
            yield Sourced(
                text=f"Nobody decided on step {closed.fact.step} within {waited}: make sure that approvers are reached.",
                refs=(ref(asked.event), ref(closed.event)),
            )


def _evidence(story: Story) -> Iterator[Sourced]:
    for each in story.told(facts.EvidenceStored):
        if each.fact.truncated:
            yield Sourced(
                text=f"The evidence {plain(each.fact.name)} was cut: raise its limit or ask for less.",
                refs=(ref(each.event),),
            )


def _proposed(story: Story) -> Iterator[Sourced]:
    started = Counter(each.fact.runbook for each in story.told(facts.RunStarted))
    for each in story.told(facts.RunProposed):
        if not started[each.fact.runbook]:
            yield Sourced(
                text=ended(
                    f"Decide on the runbook {plain(each.fact.runbook)}: it matched and never ran{because(each.fact.why)}"
                ),
                refs=(ref(each.event),),
            )


def _gaps(story: Story, impact: Impact) -> Iterator[Sourced]:
    unknown = {moment.label: moment.note for moment in impact.moments if moment.at is None}
    if STARTED in unknown:
        yield Sourced(text=f"When did it begin? Unknown: {unknown[STARTED]}.")
    elif any(span.label == "Time to detect" and span.seconds is None for span in impact.spans):
        yield Sourced(
            text="When did it begin? The alert's start is later than its arrival: the machines' clocks differ."
        )
    if ACKNOWLEDGED in unknown:
        yield Sourced(text="Who led the response? Nobody acknowledged the incident.")
    if CONTAINED in unknown:
        yield Sourced(text=f"What contained it, and when? Unknown: {unknown[CONTAINED]}.")
    if story.resolved and story.told(facts.AlertsAttached) and story.alerts_over is None:
        yield Sourced(
            text="Was it over when it was resolved? Some of its alerts had not ended.",
            refs=(ref(story.resolved.event),),
        )


def _loose_ends(story: Story) -> Iterator[Sourced]:
    for step in story.every_step():
        if step.unsettled is not None:
            yield Sourced(
                text=f"What became of step {step.step}? It was interrupted, and nobody has said how it ended.",
                refs=(ref(step.unsettled.event),),
            )
    closed = {each.fact.approval for each in story.told(facts.ApprovalClosed)}
    for asked in story.told(facts.ApprovalRequested):
        if asked.fact.approval not in closed:
            yield Sourced(
                text=f"Will step {asked.fact.step} be approved? Its approval is still open.",
                refs=(ref(asked.event),),
            )
    finished = {each.fact.run: each for each in story.told(facts.RunFinished)}
    for run in story.told(facts.RunStarted):
        end = finished.get(run.fact.run)
        if end is None:
            yield Sourced(
                text=f"How does run {run.fact.run} end? It is still under way.", refs=(ref(run.event),)
            )
        elif end.fact.status is not RunStatus.SUCCEEDED:
            yield Sourced(
                text=f"What would have let run {run.fact.run} succeed? It ended as {end.fact.status}.",
                refs=(ref(end.event),),
            )
