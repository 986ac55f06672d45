"""The timeline as people read it: a line for each thing that mattered, in log order, with every event behind it.

Noise is left out (what was posted to chat, who looked at evidence, earlier drafts). Attempts that were tried again are folded into one line, and
so are alerts that joined or ended one after the other; a folded line names every event that it stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import ApprovalId, RunId, StepId
from bot.domain.nouns import ApprovalStatus, Part
from bot.postmortem.describe import describe
from bot.postmortem.draft import Line, Ref, ref
from bot.postmortem.loop_lines import Gone, Loop, LoopLines, part_of_going, part_of_undo
from bot.postmortem.story import Story, Told
from bot.postmortem.wording import count, duration, instant, listed, plain, safe_url

ALERT, PEOPLE, STEP, DECISION, FAILURE, EVIDENCE, SYSTEM = (
    "alert", "people", "step", "decision", "failure", "evidence", "system",
)  # fmt: skip

_NOISE = (
    facts.MessagePosted,
    facts.EvidenceAccessed,
    facts.PostmortemDrafted,
    facts.ChannelArchived,
    facts.ChannelRetired,
)
_SORTS: Mapping[type[Fact], str] = {
    facts.AlertsAttached: ALERT,
    facts.AlertsResolved: ALERT,
    facts.IncidentOpened: ALERT,
    facts.IncidentAcknowledged: PEOPLE,
    facts.StatusChanged: PEOPLE,
    facts.NoteAdded: PEOPLE,
    facts.IncidentResolved: PEOPLE,
    facts.IncidentReopened: PEOPLE,
    facts.IncidentMerged: PEOPLE,
    facts.IncidentAbsorbed: PEOPLE,
    facts.RoleAssigned: PEOPLE,
    facts.SeverityChanged: DECISION,
    facts.UpdateGiven: PEOPLE,
    facts.MessageMarked: PEOPLE,
    facts.MarkedMessageEdited: PEOPLE,
    facts.MarkedMessageDeleted: PEOPLE,
    facts.SilenceAsked: PEOPLE,
    facts.SilenceStands: ALERT,
    facts.SilenceEndAsked: PEOPLE,
    facts.SilenceEnded: ALERT,
    facts.SilenceFailed: FAILURE,
    facts.RunCancelRequested: PEOPLE,
    facts.RunPaused: PEOPLE,
    facts.RunResumed: PEOPLE,
    facts.RunRetried: PEOPLE,
    facts.RunRequeued: PEOPLE,
    facts.DeadLetterRequeued: PEOPLE,
    facts.DeadLetterDiscarded: PEOPLE,
    facts.DeadLetterLanded: FAILURE,
    facts.ApprovalRequested: DECISION,
    facts.ApprovalEscalated: DECISION,
    facts.ApprovalVoted: DECISION,
    facts.ApprovalClosed: DECISION,
    facts.StepSettled: DECISION,
    facts.RunProposed: DECISION,
    facts.RunRejected: DECISION,
    facts.RunDropped: PEOPLE,
    facts.CallFailed: FAILURE,
    facts.CallInterrupted: FAILURE,
    facts.StepFailed: FAILURE,
    facts.StepOutcomeUnknown: FAILURE,
    facts.StepUndoFailed: FAILURE,
    facts.EvidenceStored: EVIDENCE,
    facts.ChannelOpened: SYSTEM,
    facts.MessageLost: SYSTEM,
    facts.ShutOut: SYSTEM,
    facts.LetIn: SYSTEM,
    facts.ChannelLeft: SYSTEM,
    facts.ChannelUnarchived: SYSTEM,
    facts.InvitesRefused: SYSTEM,
    facts.Reminded: SYSTEM,
}

_TIMES = "\N{MULTIPLICATION SIGN}"
_DECIDED = {ApprovalStatus.APPROVED: "it may run now", ApprovalStatus.DENIED: "it will not run"}

_Key = tuple[RunId, StepId, Part]


def timeline(story: Story, names: Mapping[str, str]) -> tuple[Line, ...]:
    """Tell the story line by line."""
    teller = _Teller(story, names)
    for event in story.events:
        teller.hear(event)
    return tuple(entry.line() for entry in teller.entries)


@dataclass(slots=True)
class _Entry:
    """A line being told; `said` is empty while the entry may grow, and then its last events word it."""

    event: Event
    said: str
    refs: list[Ref]
    failed: list[facts.CallFailed] = field(default_factory=list)
    joined: list[facts.AlertsAttached | facts.AlertsResolved] = field(default_factory=list)
    gone: Gone | None = None

    def line(self) -> Line:
        text = self.said
        if self.gone is not None:
            text = text or self.gone.said()
        elif len(self.failed) > 1:
            text = _tried_again(self.failed)
        elif len(self.joined) > 1:
            text = _alerts_in_a_row(self.joined)
        return Line(
            at=self.event.at,
            text=text,
            sort=_SORTS.get(type(self.event.fact), STEP),
            refs=tuple(sorted(self.refs)),
            links=_links(self.event.fact),
        )


class _Teller:
    """Hears events in log order and keeps what was told so far."""

    def __init__(self, story: Story, names: Mapping[str, str]) -> None:
        self.entries: list[_Entry] = []
        self._names = names
        self._steps = {(step.run, step.step): step for step in story.every_step()}
        self._loops = LoopLines(story)
        self._gone: dict[tuple[Loop, bool], _Entry] = {}
        self._retried: dict[_Key, _Entry] = {}
        self._decided: dict[ApprovalId, _Entry] = {}

    def hear(self, event: Event) -> None:
        fact = event.fact
        if isinstance(fact, _NOISE) or self._folded_into_loop(event):
            return
        if isinstance(fact, facts.AlertsAttached | facts.AlertsResolved):
            self._alerts(event, fact)
        elif isinstance(fact, facts.CallStarted | facts.CallSucceeded):
            self._call(event, fact)
        elif isinstance(fact, facts.CallFailed):
            self._call_failed(event, fact)
        elif isinstance(fact, facts.StepSucceeded | facts.StepFailed):
            self._end_of_step(event, fact)
        elif isinstance(fact, facts.ApprovalVoted | facts.ApprovalClosed):
            self._decision(event, fact)
        else:
            self._tell(event)

    def _tell(self, event: Event, said: str = "", *, more: Sequence[Event] = ()) -> _Entry:
        words = self._loops.named(event.fact, said or describe(event, self._names))
        entry = _Entry(event, words, [ref(each) for each in (*more, event)])
        self.entries.append(entry)
        return entry

    def _folded_into_loop(self, event: Event) -> bool:
        """Fold what an item of a loop did into its loop's line; False for what has a line of its own."""
        if isinstance(event.fact, facts.LoopBegan):
            self._fold(event, (event.fact.run, event.fact.step), "", undo=False)
            return True
        place = self._loops.loop_of(event.fact)
        if place is None:
            return False
        going, undo = part_of_going(event.fact), part_of_undo(event.fact)
        if going is None and undo is None:
            return False
        self._fold(event, place[0], going or undo or "", undo=going is None)
        return True

    def _fold(self, event: Event, loop: Loop, counts_as: str, *, undo: bool) -> None:
        entry = self._gone.get((loop, undo))
        if entry is None:
            entry = self._gone[loop, undo] = _Entry(event, "", [], gone=self._loops.gone(loop, event))
            self.entries.append(entry)
        gone = entry.gone
        assert gone is not None  # noqa: S101 - a moment ago, or when it was made
        entry.refs.append(ref(event))
        gone.until = event.at
        if counts_as:
            gone.counted[counts_as] += 1
        if undo:
            entry.said = gone.said_of_undo()

    def _alerts(self, event: Event, fact: facts.AlertsAttached | facts.AlertsResolved) -> None:
        """Tell of alerts; a line right after another of the same sort grows instead."""
        entry = self.entries[-1] if self.entries else None
        if entry is None or type(entry.event.fact) is not type(fact):
            entry = self._tell(event)
        else:
            entry.refs.append(ref(event))
        entry.joined.append(fact)

    def _call(self, event: Event, fact: facts.CallStarted | facts.CallSucceeded) -> None:
        """Tell of a call where no later line does."""
        if isinstance(fact, facts.CallStarted):
            if fact.attempt == 1 and fact.part in {Part.MAIN, Part.UNDO}:
                self._tell(event)
        elif (
            fact.part is Part.MAIN
            and fact.next_at is None
            and self._steps[fact.run, fact.step].calls(Part.VERIFY)
        ):
            self._tell(event, _worked(fact))

    def _call_failed(self, event: Event, fact: facts.CallFailed) -> None:
        """Fold an attempt that is tried again into the line of the first such; leave the last one to the line on how the step ended."""
        key = (fact.run, fact.step, fact.part)
        step = self._steps[fact.run, fact.step]
        if fact.retry_at is None:
            if not any(
                isinstance(each.fact, facts.StepFailed | facts.StepUndoFailed) for each in step.events
            ):
                self._tell(event)
        elif key in self._retried:
            self._retried[key].refs.append(ref(event))
            self._retried[key].failed.append(fact)
        else:
            self._retried[key] = self._tell(event)
            self._retried[key].failed.append(fact)

    def _decision(self, event: Event, fact: facts.ApprovalVoted | facts.ApprovalClosed) -> None:
        """Tell of each vote; the end of the question joins the vote that brought it."""
        entry = self._decided.get(fact.approval)
        if isinstance(fact, facts.ApprovalVoted):
            self._decided[fact.approval] = self._tell(event)
        elif entry is not None and fact.status in _DECIDED:
            entry.refs.append(ref(event))
            entry.said = f"{entry.said[:-1]}; {_DECIDED[fact.status]}."
        else:
            self._decided[fact.approval] = self._tell(event)

    def _end_of_step(self, event: Event, fact: facts.StepSucceeded | facts.StepFailed) -> None:
        """Tell how a step ended, with what its last look saw."""
        step = self._steps[fact.run, fact.step]
        said = describe(event, self._names)
        looks = [each for each in step.answers(Part.VERIFY) if each.event.seq < event.seq]
        if isinstance(fact, facts.StepFailed) and step.refused is not None:
            self._decided[step.refused.fact.approval].refs.append(ref(event))
        elif isinstance(fact, facts.StepFailed):
            self._tell(
                event,
                said,
                more=[each.event for each in step.failures(Part.MAIN) if each.fact.retry_at is None],
            )
        elif looks:
            self._tell(event, f"{said[:-1]}: {_agreed(looks)}.", more=[looks[-1].event])
        else:
            self._tell(event, said)


def _worked(fact: facts.CallSucceeded) -> str:
    return f"Step {fact.step} did its work in {duration(fact.took)}; whether it helped is being verified."


def _agreed(looks: Sequence[Told[facts.CallSucceeded]]) -> str:
    if len(looks) == 1:
        return "verified at the first look"
    length = (looks[-1].at - looks[0].at).total_seconds()
    return f"verified at look {len(looks)}, {duration(length)} after the first"


def _tried_again(failed: Sequence[facts.CallFailed]) -> str:
    reasons = Counter(plain(each.reason) for each in failed)
    words = [f"{word} {_TIMES}{many}" if many > 1 else word for word, many in reasons.items()]
    what = {
        Part.UNDO: "The undo of step",
        Part.VERIFY: "The check of step",
        Part.SETTLE: "The settling probe of step",
    }
    subject = f"{what.get(failed[0].part, 'Step')} {failed[0].step}"
    return f"{subject} failed {len(failed)} times and was tried again each time: {listed(words)}."


def _alerts_in_a_row(row: Sequence[facts.AlertsAttached | facts.AlertsResolved]) -> str:
    many = count(sum(len(each.keys) for each in row), "alert")
    deliveries = f"in {len(row):,} arrivals"
    first, last = row[0], row[-1]
    if isinstance(first, facts.AlertsAttached) and isinstance(last, facts.AlertsAttached):
        name = plain(first.first.name) or "an alert without a name"
        since = instant(min(each.first.starts_at for each in row if isinstance(each, facts.AlertsAttached)))
        return f"{many} joined the incident {deliveries}, {name} first; firing since {since}; it has {last.total:,} now."
    firing = last.firing if isinstance(last, facts.AlertsResolved) else 0
    rest = f"{firing:,} still firing" if firing else "none fires any more"
    return f"{many} ended {deliveries}; {rest}."


def _links(fact: Fact) -> tuple[tuple[str, str], ...]:
    if isinstance(fact, facts.MessageMarked):
        address = safe_url(fact.permalink)
        return (("message", address),) if address else ()
    if not isinstance(fact, facts.AlertsAttached):
        return ()
    found = (
        ("graph", safe_url(fact.first.generator_url)),
        ("runbook page", safe_url(fact.first.annotations.get("runbook_url", ""))),
    )
    return tuple((name, address) for name, address in found if address)
