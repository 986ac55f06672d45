"""The summary: what happened in a few plain sentences, each built from events and pointing at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.domain import facts
from bot.domain.ids import StepId, instance_of
from bot.domain.nouns import ActorKind, Vote
from bot.postmortem.draft import Impact, Sourced, ref, refs
from bot.postmortem.impact import earliest_alert
from bot.postmortem.metrics import numbers_in
from bot.postmortem.story import StepStory, Story, Told
from bot.postmortem.wording import (
    because,
    count,
    duration,
    ended,
    heard,
    instant,
    listed,
    number,
    plain,
    time_of_day,
    who,
)

_OUTCOMES = {
    "denied": "was denied and did not run",
    "expired": "waited for an approval that expired, and did not run",
    "void": "was asked for, and the question became void",
}


def summary(story: Story, impact: Impact, names: Mapping[str, str]) -> tuple[Sourced, ...]:
    """Tell the incident: how it came, which runbook ran, what contained it, what was undone, how it ended."""
    return (
        _came(story, names),
        *_weighed(story),
        *_ran(story),
        *_contained(story, names),
        *_undone(story),
        *_told_outside(story),
        *_one_with_others(story),
        _ended(story, impact, names),
    )


def _came(story: Story, names: Mapping[str, str]) -> Sourced:
    opened = story.opened
    first = earliest_alert(story)
    if first is None or opened.event.actor.kind is ActorKind.PERSON:
        by = who(opened.event.actor, names)
        more = f"; {count(_alerts(story), 'alert')} joined it" if first else ""
        return Sourced(
            text=f"{by} declared the incident at {instant(opened.at)}{more}.", refs=(ref(opened.event),)
        )
    alert = first.fact.first
    others = _alerts(story) - 1
    more = f", {count(others, 'more alert')} with it," if others else ""
    return Sourced(
        text=(
            f"The alert {plain(alert.name) or 'without a name'} fired at {instant(alert.starts_at)}{more} and reached "
            f"Fireline at {time_of_day(first.at)}, which opened the incident as {opened.fact.severity}."
        ),
        refs=(ref(first.event), ref(opened.event)),
    )


def _weighed(story: Story) -> Iterator[Sourced]:
    """Tell how its severity changed."""
    changes = story.told(facts.SeverityChanged)
    if changes:
        way = [changes[0].fact.before, *(each.fact.severity for each in changes)]
        why = because(changes[-1].fact.why)
        yield Sourced(
            text=ended(f"Its severity went from {' to '.join(way)}{why}"),
            refs=refs([each.event for each in changes]),
        )


def _told_outside(story: Story) -> Iterator[Sourced]:
    """Tell how often stakeholders heard of it."""
    updates = story.told(facts.UpdateGiven)
    if updates:
        last = f", the last at {time_of_day(updates[-1].at)}" if len(updates) > 1 else ""
        yield Sourced(
            text=f"Stakeholders were told {count(len(updates), 'time')}, first at {time_of_day(updates[0].at)}{last}.",
            refs=refs([each.event for each in updates]),
        )


def _one_with_others(story: Story) -> Iterator[Sourced]:
    """Tell which incidents turned out to be this one, and which one this turned out to be."""
    for came in story.told(facts.IncidentAbsorbed):
        yield Sourced(
            text=ended(f"Incident {came.fact.other} was merged into this one{because(came.fact.title)}"),
            refs=(ref(came.event),),
        )
    for went in story.told(facts.IncidentMerged):
        yield Sourced(
            text=f"This incident was merged into incident {went.fact.into}, where it goes on.",
            refs=(ref(went.event),),
        )


def _alerts(story: Story) -> int:
    return sum(len(each.fact.keys) for each in story.told(facts.AlertsAttached))


def _ran(story: Story) -> Iterator[Sourced]:
    finished = {each.fact.run: each for each in story.told(facts.RunFinished)}
    runs = story.told(facts.RunStarted)
    if not runs:
        yield Sourced(text="No runbook ran.")
    for run in runs:
        end = finished.get(run.fact.run)
        how = (
            "is still under way"
            if end is None
            else f"{end.fact.status} at {time_of_day(end.at)}{because(end.fact.detail)}"
        )
        yield Sourced(
            text=ended(f"The runbook {plain(run.fact.runbook)} began at {time_of_day(run.at)} and {how}"),
            refs=refs([run.event, *([end.event] if end else [])]),
        )


def _contained(story: Story, names: Mapping[str, str]) -> Iterator[Sourced]:
    step = story.containing
    if step is not None and step.success is not None:
        looks = step.looks
        votes = [each for each in step.told(facts.ApprovalVoted) if each.fact.vote is Vote.APPROVE]
        allowed = f", approved by {_voters(votes, names)}," if votes else ""
        yield Sourced(
            text=(
                f"Step {step.step} ({plain(step.action)}){allowed} contained it: verified at "
                f"{time_of_day(step.success.at)}{_seen(step, looks)}."
            ),
            refs=refs([*(each.event for each in votes), looks[-1].event, step.success.event]),
        )
    for other in story.steps:
        if other.refused is not None:
            yield _not_run(other, other.refused, names)


def _not_run(step: StepStory, closed: Told[facts.ApprovalClosed], names: Mapping[str, str]) -> Sourced:
    against = [each for each in step.told(facts.ApprovalVoted) if each.fact.vote is Vote.DENY]
    by = f" (by {_voters(against, names)})" if against else ""
    return Sourced(
        text=f"Step {step.step} ({plain(step.action)}) {_OUTCOMES[closed.fact.status]}{by}.",
        refs=refs([*(each.event for each in against), closed.event]),
    )


def _voters(votes: Sequence[Told[facts.ApprovalVoted]], names: Mapping[str, str]) -> str:
    return listed([f"{who(each.event.actor, names)} at {time_of_day(each.at)}" for each in votes])


def _seen(step: StepStory, looks: Sequence[Told[facts.CallSucceeded]]) -> str:
    if step.items:
        return f", each of its {count(len(step.items), 'item')}"
    numbers = numbers_in(looks[-1].fact.output)
    saw = f", which saw {listed([f'{name} {number(value)}' for name, value in numbers])}" if numbers else ""
    return f" by look {len(looks)}{saw}"


def _undone(story: Story) -> Iterator[Sourced]:
    back = story.told(facts.StepUndone)
    if back:
        steps = _named(back)
        yield Sourced(
            text=f"What {_steps(back)} {steps} had done was taken back.",
            refs=refs([each.event for each in back]),
        )
    stuck = story.told(facts.StepUndoFailed)
    if stuck:
        steps = _named(stuck)
        yield Sourced(
            text=f"What {_steps(stuck)} {steps} had done could not be taken back.",
            refs=refs([each.event for each in stuck]),
        )


def _steps(of: Sequence[Told[facts.StepUndone]] | Sequence[Told[facts.StepUndoFailed]]) -> str:
    return "step" if len({_whole(each.fact.step) for each in of}) == 1 else "steps"


def _named(of: Sequence[Told[facts.StepUndone]] | Sequence[Told[facts.StepUndoFailed]]) -> str:
    """Name steps, a loop once, with how many of its items are meant."""
    items = Counter(_whole(each.fact.step) for each in of if instance_of(each.fact.step))
    names = dict.fromkeys(_whole(each.fact.step) for each in of)
    return listed([f"{name} ({count(items[name], 'item')})" if items[name] else name for name in names])


def _whole(step: StepId) -> StepId:
    place = instance_of(step)
    return place[0] if place is not None else step


def _ended(story: Story, impact: Impact, names: Mapping[str, str]) -> Sourced:
    over, resolved = story.alerts_over, story.resolved
    alerts = f"The alerts were over at {time_of_day(over.at)}" if over else ""
    if resolved is None:
        still = f"the incident is still {story.status}, as far as this draft goes"
        text = f"{alerts}; {still}." if alerts else f"{still[0].upper()}{still[1:]}."
        return Sourced(text=text, refs=(ref(over.event),) if over else ())
    by = who(resolved.event.actor, names)
    lasted = next((span.seconds for span in impact.spans if span.label == "Time to resolve"), None)
    after = f", {duration(lasted)} after it was noticed" if lasted is not None else ""
    how = because(heard(resolved.fact.summary, names))
    said = f"{by} resolved the incident at {time_of_day(resolved.at)}{after}{how}"
    text = ended(f"{alerts}; {said}" if alerts else said)
    return Sourced(text=text, refs=refs([*([over.event] if over else []), resolved.event]))
