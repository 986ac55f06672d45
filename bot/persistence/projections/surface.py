"""What chat should show anew after an event: the keys of the outbox, and the place in the log that they are wanted at.

    incident/42/channel            the channel itself, its people, topic  when it opens, when somebody joins the response, when its time is over
    incident/42/bookmarks          the links on top of the channel        once, when the incident opens
    incident/42/status             the living message                     nearly every event of the incident
    incident/42/announce           the line in the central channel        when it opens, is taken, changes its status or severity, ends
    run/42-1                       a run's steps, below that message      nearly every event of the run
    incident/42/proposed/<name>    a runbook that waits to be started     when it is proposed, and when it starts
    incident/42/rejected/<name>    a runbook that its group kept out      when it is rejected
    incident/42/shut_out           that we are not in the channel         removed from it, invited again, gone on in another; elsewhere than there
    incident/42/shut_out_lead      the same, to whoever leads             likewise
    approval/42-1/shift/1          a question to people                   asked, voted on, closed, its run paused
    escalation/42-1/shift/1        a call to those asked besides          nobody decided in time; closed
    unknown/42-1/shift             an interrupted step                    asked, settled
    incident/42/reminder/<of>/<which>  what people are reminded of        reminded; done
    incident/42/update/<seq>       what stakeholders were told            told; `seq` is that event's
    postmortem/42                  the draft                              drafted
    postmortem_file/42             the same, whole: a canvas or a file    drafted
    evidence/42-1/logs/a.log       a piece of evidence, as a file         stored

What a message then says is the chat room's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from bot.domain import facts
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import IncidentId, RunId, incident_of_stream
from bot.domain.nouns import SCHEDULE, ReminderOf
from bot.persistence.changes import Change
from bot.persistence.chat_tables import OUTBOX
from bot.persistence.projections.schedules import is_loud
from bot.persistence.tables import INCIDENTS

_incident_of = lru_cache(maxsize=4096)(incident_of_stream)
Keys = Callable[[IncidentId, Any], Iterable[str]]

_SILENT: frozenset[type[Fact]] = frozenset(
    {
        facts.MessagePosted,
        facts.MessageLost,
        facts.EvidenceAccessed,
        facts.PostmortemDrafted,
        facts.ChannelArchived,
        facts.ShutOut,
        facts.LetIn,
        facts.ChannelRetired,
        facts.Reminded,
    }
)
"""Events of an incident that its living message says nothing of."""


_STANDING = ("/channel", "/bookmarks", "/status", "/announce")
"""How the keys end of what an incident has from its beginning, unless it is quiet."""


def _announced(incident: IncidentId, _fact: Fact) -> Iterable[str]:
    return (f"incident/{incident}/announce",)


def _placed(incident: IncidentId, _fact: Fact) -> Iterable[str]:
    return (f"incident/{incident}/channel",)


def _announced_and_placed(incident: IncidentId, fact: Fact) -> Iterable[str]:
    return (*_announced(incident, fact), *_placed(incident, fact))


def _approval(_incident: IncidentId, fact: Any) -> Iterable[str]:  # noqa: ANN401 - one of three facts
    return (f"approval/{fact.approval}",)


def _held(_incident: IncidentId, fact: Any) -> Iterable[str]:  # noqa: ANN401 - a run was paused
    return (f"approval/{each}" for each in fact.asking)


def _going_on(_incident: IncidentId, fact: Any) -> Iterable[str]:  # noqa: ANN401 - a run was resumed
    return (f"approval/{each.approval}" for each in fact.postponed)


def _reminder(fact: facts.Reminded) -> str:
    """Name what people are reminded of: an approval and the lack of a commander once, an update each time that it is due."""
    which = fact.approval or (to_text(fact.due) if fact.of is ReminderOf.UPDATE else "once")
    return f"incident/{fact.incident}/reminder/{fact.of}/{which}"


def _unknown(_incident: IncidentId, fact: Any) -> Iterable[str]:  # noqa: ANN401 - one of two facts
    return (f"unknown/{fact.run}/{fact.step}",)


def _moved(incident: IncidentId, fact: facts.ChannelLeft) -> Iterable[str]:
    """Name what the next channel has: all that every one has, and what is still asked; besides, the word on it elsewhere."""
    return (
        *_announced_and_placed(incident, fact),
        f"incident/{incident}/bookmarks",
        f"incident/{incident}/shut_out",
        *fact.again,
    )


def _shut_out(incident: IncidentId, _fact: Fact) -> Iterable[str]:
    return (f"incident/{incident}/shut_out", f"incident/{incident}/shut_out_lead")


_BESIDES: dict[type[Fact], Keys] = {
    facts.IncidentOpened: lambda incident, fact: (
        f"incident/{incident}/channel",
        f"incident/{incident}/bookmarks",
        # Of a private one the central channel never hears; what follows finds no line there, and chat shows none.
        *(() if fact.private else _announced(incident, fact)),
    ),
    facts.IncidentAcknowledged: _announced_and_placed,
    facts.RoleAssigned: _announced_and_placed,
    facts.SeverityChanged: _announced_and_placed,
    facts.StatusChanged: _announced,
    facts.UpdateGiven: _announced,
    facts.IncidentResolved: _announced_and_placed,
    facts.IncidentReopened: _announced_and_placed,
    facts.IncidentMerged: _announced_and_placed,
    facts.ChannelRetired: _placed,
    facts.ChannelLeft: _moved,
    facts.ChannelOpened: _announced,
    facts.Reminded: lambda _, fact: (_reminder(fact),),
    facts.RunProposed: lambda incident, fact: (f"incident/{incident}/proposed/{fact.runbook}",),
    facts.RunRejected: lambda incident, fact: (f"incident/{incident}/rejected/{fact.runbook}",),
    facts.PostmortemDrafted: lambda incident, _: (
        f"postmortem/{incident}",
        f"postmortem_file/{incident}",
    ),
    facts.EvidenceStored: lambda _, fact: (f"evidence/{fact.evidence}",),
    facts.ApprovalRequested: _approval,
    facts.ApprovalEscalated: lambda incident, fact: (
        *_approval(incident, fact),
        f"escalation/{fact.approval}",
    ),
    facts.ApprovalVoted: lambda incident, fact: (*_approval(incident, fact), *_placed(incident, fact)),
    facts.ApprovalClosed: _approval,
    facts.RunPaused: _held,
    facts.RunResumed: _going_on,
    facts.RunRequeued: _going_on,
    facts.StepOutcomeUnknown: _unknown,
    facts.StepSettled: _unknown,
    facts.ShutOut: _shut_out,
    facts.LetIn: _shut_out,
}


_OF_A_RUN = frozenset(
    kind for kind in facts.kinds().values() if "run" in kind.__annotations__ and kind not in _SILENT
)
"""Events that a run's reply may tell of."""

_TELL_MORE: frozenset[type[Fact]] = frozenset(
    {*_BESIDES, facts.MessagePosted, facts.ApprovalClosed, facts.RunStarted, facts.RunQueued}
)
"""Events that change more in the outbox than the living message."""

_PLAIN: frozenset[type[Fact]] = frozenset(
    {
        facts.CallStarted,
        facts.CallSucceeded,
        facts.CallFailed,
        facts.PhaseEntered,
        facts.StepSucceeded,
        facts.StepSkipped,
    }
)
"""Events of a run that call nobody, and change nothing but the living message and the run's reply."""


def wanted(event: Event) -> tuple[str, ...]:
    """Return the keys of what chat should show anew after this event; none for a stream that is no incident's."""
    incident = _incident_of(event.stream)
    if incident is None:
        return ()
    keys = _besides(event, incident)
    return keys if type(event.fact) in _SILENT else (f"incident/{incident}/status", *keys)


def _besides(event: Event, incident: IncidentId | None) -> tuple[str, ...]:
    besides = None if incident is None else _BESIDES.get(type(event.fact))
    if besides is None or incident is None:
        return ()
    keys = tuple(besides(incident, event.fact))
    if isinstance(event.fact, facts.UpdateGiven):
        # Each is a post, though it says the same again: its place in the log tells it from the one before.
        return (*keys, f"incident/{incident}/update/{event.seq}")
    return keys


def shown(events: Sequence[Event]) -> Iterable[Change]:
    """Return what events of one stream, written together, change in the outbox: the living message once for all of them, where that is plain."""
    incident = _incident_of(events[0].stream)
    if incident is not None and _PLAIN.issuperset([type(event.fact) for event in events]):
        return _run_went_on(events, incident)
    return _shown_in_general(events, incident)


def _shown_in_general(events: Sequence[Event], incident: IncidentId | None) -> Iterable[Change]:
    plain = incident is not None and not any(
        is_loud(event.fact) or isinstance(event.fact, facts.IncidentOpened) for event in events
    )
    if plain:
        told = [event.seq for event in events if type(event.fact) not in _SILENT]
        if told:
            # A quiet incident has no living message, and stays without.
            yield Change(OUTBOX, (f"incident/{incident}/status",), {"wanted": told[-1]}, create=False)
    if incident is not None:
        yield from _replies(events, incident)
    for event in events:
        if not plain:
            yield from _shown(event, incident, wanted(event))
        elif type(event.fact) in _TELL_MORE:
            yield from _shown(event, incident, _besides(event, incident))


def _run_went_on(events: Sequence[Event], incident: IncidentId) -> Iterable[Change]:
    """Return the same as `_shown_in_general` where nothing happened but that runs went on: by far the most of what a busy engine writes."""
    yield Change(OUTBOX, (f"incident/{incident}/status",), {"wanted": events[-1].seq}, create=False)
    last = {event.fact.run: event.seq for event in events}  # type: ignore[attr-defined]  # every fact in `_PLAIN` has it
    for run, seq in last.items():
        yield Change(OUTBOX, (f"run/{run}",), {"wanted": seq}, create=False)


def _replies(events: Sequence[Event], incident: IncidentId) -> Iterable[Change]:
    """Return what changes of the replies of runs, each once; a run that a schedule started has none until somebody is needed."""
    told: dict[RunId, tuple[int, bool]] = {}
    for event in events:
        fact: Any = event.fact
        if type(fact) in _OF_A_RUN and fact.run:
            begins = is_loud(fact) or (isinstance(fact, facts.RunStarted) and fact.requested_by != SCHEDULE)
            told[fact.run] = event.seq, begins or told.get(fact.run, (0, False))[1]
    for run, (seq, begins) in told.items():
        if begins:
            yield Change(OUTBOX, (f"run/{run}",), {"wanted": seq}, {"incident": incident, "since": seq})
        else:
            yield Change(OUTBOX, (f"run/{run}",), {"wanted": seq}, create=False)


def _shown(event: Event, incident: IncidentId | None, keys: Iterable[str]) -> Iterable[Change]:
    fact, seq = event.fact, event.seq
    if isinstance(fact, facts.IncidentOpened) and fact.scheduled is not None:
        return  # a quiet incident shows nothing until somebody is needed
    loud = is_loud(fact) and incident is not None
    begins = loud or isinstance(fact, facts.IncidentOpened)
    for key in keys:
        if begins or not key.endswith(_STANDING):
            yield Change(OUTBOX, (key,), {"wanted": seq}, {"incident": incident, "since": seq})
        else:
            # A quiet incident has none of these, and stays without.
            yield Change(OUTBOX, (key,), {"wanted": seq}, create=False)
    if loud:
        yield Change(INCIDENTS, (incident,), {"quiet": False}, create=False)
        for key in (f"incident/{incident}{each}" for each in ("/channel", "/bookmarks", "/announce")):
            yield Change(OUTBOX, (key,), initial={"incident": incident, "wanted": seq, "since": seq})
    yield from _where_it_was_told(fact, incident, seq)


def _where_it_was_told(fact: Fact, incident: IncidentId | None, seq: int) -> Iterable[Change]:
    """Return what changes of messages that are there only if something was told before."""
    if isinstance(fact, facts.MessagePosted):
        yield Change(
            OUTBOX, (fact.key,), {"channel": fact.channel, "ts": fact.ts}, {"incident": fact.incident}
        )
    elif isinstance(fact, facts.ApprovalClosed):
        # Only where it escalated, and where people were reminded.
        yield Change(OUTBOX, (f"escalation/{fact.approval}",), {"wanted": seq}, create=False)
        reminder = f"incident/{incident}/reminder/{ReminderOf.APPROVAL}/{fact.approval}"
        yield Change(OUTBOX, (reminder,), {"wanted": seq}, create=False)
    elif isinstance(fact, facts.ChannelLeft):
        # Only where whoever leads was told that we can't write there.
        yield Change(OUTBOX, (f"incident/{incident}/shut_out_lead",), {"wanted": seq}, create=False)
    elif isinstance(fact, facts.IncidentAcknowledged):
        reminder = f"incident/{incident}/reminder/{ReminderOf.COMMANDER}/once"
        yield Change(OUTBOX, (reminder,), {"wanted": seq}, create=False)
    elif isinstance(fact, facts.RunStarted | facts.RunQueued):
        # Only where it was proposed: a run that nobody had to be asked for takes no proposal back.
        yield Change(OUTBOX, (f"incident/{incident}/proposed/{fact.runbook}",), {"wanted": seq}, create=False)
