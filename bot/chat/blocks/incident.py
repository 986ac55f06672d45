"""The living message of an incident, and its line in the central channel.

Laid out for a person who was asleep a minute ago: how bad and what (the header), who leads and how it stands (one line), what waits for a
person (before all else), what runs, and the small print last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.chat.blocks.control import paused_line, run_buttons
from bot.chat.blocks.ink import Ink, Redact, clock_time, link, mention, span
from bot.chat.blocks.kit import (
    Json,
    Message,
    actions,
    button,
    confirmation,
    context,
    header,
    section,
    written_to_fit,
)
from bot.chat.blocks.picture import Picture, RunPicture, StepLine
from bot.chat.blocks.words import RUN, STATUS, counted, mark, name_of, step_line, who
from bot.domain.nouns import ApprovalStatus, RunStatus, StepStatus
from bot.domain.records import ApprovalRecord, EvidenceRecord, IncidentRecord
from bot.incidents.line import stands

STEPS_SHOWN = 14
RUNS_SHOWN = 3
WAITING_SHOWN = 5
EVIDENCE_SHOWN = 4
ALERTS_SHOWN = 3
_QUIET = frozenset({StepStatus.PENDING, StepStatus.SUCCEEDED, StepStatus.SKIPPED})


def living_message(picture: Picture, *, redact: Redact) -> Message:
    """Draw the pinned message that always says how the incident stands."""
    return written_to_fit(lambda ink: _living(picture, ink), redact)


def announce_line(picture: Picture, *, redact: Redact) -> Message:
    """Draw the central channel's line on an incident."""

    def write(ink: Ink) -> Message:
        incident = picture.incident
        parts = [f"{mark(incident)} *{name_of(incident, ink, 160)}*", _short_state(incident, ink)]
        waiting = [each for each in picture.approvals if each.status is ApprovalStatus.PENDING]
        if waiting and incident.open:
            parts.append(f"✋ {counted(len(waiting), 'decision')} waiting")
        if incident.channel:
            parts.append(f"<#{incident.channel}>")
        return Message(
            text=f"{name_of(incident, ink)} · {STATUS[incident.status]}", blocks=(section(" · ".join(parts)),)
        )

    return written_to_fit(write, redact)


def _short_state(incident: IncidentRecord, ink: Ink) -> str:
    if incident.resolved_at is not None:
        return f"resolved {clock_time(incident.resolved_at)} after {span(incident.resolved_at - incident.opened_at)}"
    lead = f"led by {mention(incident.commander, ink)}" if incident.commander else "nobody leads yet"
    return f"{STATUS[incident.status].lower()}, {lead}"


def _living(picture: Picture, ink: Ink) -> Message:
    incident = picture.incident
    blocks = [header(f"{mark(incident)} {name_of(incident, ink)}"), section(_state(incident, ink))]
    blocks.extend(section(text) for text in _waiting(picture, ink))
    blocks.extend(section(text) for text in _runs(picture.runs, ink))
    small = list(_small_print(picture, ink))
    if small:
        blocks.append(context(*small))
    row = _buttons(picture, ink)
    if row:
        blocks.append(actions(*row))
    return Message(text=_notification(picture, ink), blocks=tuple(blocks))


def _state(incident: IncidentRecord, ink: Ink) -> str:
    opened = clock_time(incident.opened_at)
    if incident.resolved_at is not None:
        lead = f" · led by {mention(incident.commander, ink)}" if incident.commander else ""
        head = f"*Resolved* {clock_time(incident.resolved_at)} after {span(incident.resolved_at - incident.opened_at)}{lead}"
        return f"{head}\n> {ink.line(incident.resolution, 800)}" if incident.resolution else head
    if not incident.commander:
        return f"*{STATUS[incident.status]}* since {opened} · ⚠️ *nobody leads yet*"
    return f"*{STATUS[incident.status]}* since {opened} · led by {mention(incident.commander, ink)}"


def _waiting(picture: Picture, ink: Ink) -> Iterator[str]:
    """What waits for a person: decisions first, then calls whose outcome nobody knows."""
    pending = [each for each in picture.approvals if each.status is ApprovalStatus.PENDING]
    unknown = [
        (run, step, name)
        for run in picture.runs
        for step, name in run.every_step()
        if step.status is StepStatus.UNKNOWN
    ]
    for approval in pending[:WAITING_SHOWN]:
        yield _waiting_approval(picture, approval, ink)
    for run, step, name in unknown[: max(0, WAITING_SHOWN - len(pending))]:
        where = picture.links.messages.get(f"unknown/{run.run.id}/{step.id}", "")
        go = f"\n{link(where, 'Say what happened →')}" if where else ""
        yield f"❓ *Somebody must say what happened:* {ink.line(name, 120)}{go}"
    more = len(pending) + len(unknown) - WAITING_SHOWN
    if more > 0:
        yield f"… and {more} more wait for a person"


def _waiting_approval(picture: Picture, approval: ApprovalRecord, ink: Ink) -> str:
    run = picture.run_of(approval)
    name = run.name_of(approval.step) if run else str(approval.step)
    for_whom = ", ".join(picture.who_may.get(each, ink.line(each, 60)) for each in approval.sources[:4])
    times = f" · {counted(approval.items, 'call')}" if approval.items else ""
    over = f"\n⚠️ more than foreseen: {ink.line(approval.over, 160)}" if approval.over else ""
    text = f"✋ *Waiting for a decision:* {ink.line(name, 120)}{times}{over}\n{for_whom} · since {clock_time(approval.requested_at)}"
    if approval.escalated_at is not None:
        text += f" · ⏫ escalated {clock_time(approval.escalated_at)}"
    if approval.expires_at is not None:
        text += f" · until {clock_time(approval.expires_at)}"
    where = picture.links.messages.get(f"approval/{approval.id}", "")
    return f"{text} · {link(where, 'Decide →')}" if where else text


def _runs(runs: Sequence[RunPicture], ink: Ink) -> Iterator[str]:
    """What runs, each run inside another below it, then what ran last; how a run inside ended is told by the step that it was."""
    alive = _nested([each for each in reversed(runs) if each.run.status is RunStatus.RUNNING])
    queued = [each for each in runs if each.run.status is RunStatus.QUEUED]
    over = [each for each in reversed(runs) if each.run.finished_at is not None and each.run.parent is None]
    told = alive + queued + over
    shown = told[:RUNS_SHOWN]
    for position, each in enumerate(shown):
        yield _run(
            each, ink, steps=STEPS_SHOWN if position == 0 or each.run.status is RunStatus.RUNNING else 0
        )
    if len(told) > len(shown):
        yield f"… and {counted(len(told) - len(shown), 'earlier run')}"


def _nested(runs: Sequence[RunPicture]) -> list[RunPicture]:
    """Put each run that stands inside another of these below it."""
    known = {each.run.id for each in runs}
    open_ = [each for each in reversed(runs) if each.run.parent not in known]
    found: list[RunPicture] = []
    while open_:
        found.append(open_.pop())
        open_ += [each for each in runs if each.run.parent == found[-1].run.id]
    return found


def _run(picture: RunPicture, ink: Ink, *, steps: int) -> str:
    run = picture.run
    title = f"*{ink.line(picture.title or run.runbook, 120)}* · run `{run.id}`"
    if run.parent is not None:
        title = f"↳ {title} inside `{run.parent}`, step {ink.code(str(run.parent_step), 60)},"
    if run.status is RunStatus.QUEUED:
        return f"⏳ {title} {ink.line(stands(run), 300)} · since {clock_time(run.started_at)}"
    if run.finished_at is None:
        head = f"{title} {RUN[run.status]} since {clock_time(run.started_at)}"
    else:
        head = f"{title} {RUN[run.status]} after {span(run.finished_at - run.started_at)}"
    if run.paused_at is not None:
        head += f"\n{paused_line(run, ink)}"
    if run.status is RunStatus.CANCELLED and not picture.steps and run.detail:
        head += f"\n🚫 {ink.line(run.detail, 300)}"
    told = any(each.status is StepStatus.FAILED and each.detail for each in picture.steps[:steps])
    if run.status is RunStatus.FAILED and not told:
        head += f"\n❌ {ink.line(run.detail or run.reason or 'it does not say why', 300)}"
    lines = [head, *_step_lines(picture.steps, ink, limit=steps)] if steps else [head]
    return "\n".join(lines)


def _step_lines(steps: Sequence[StepLine], ink: Ink, *, limit: int) -> Iterator[str]:
    """The steps, folded around what matters when there are too many: quiet ones give way first."""
    if len(steps) <= limit:
        yield from (step_line(each, ink) for each in steps)
        return
    loud = [at for at, each in enumerate(steps) if each.status not in _QUIET][-limit:]
    kept = set(loud)
    around = sorted(range(len(steps)), key=lambda at: min((abs(at - each) for each in loud), default=at))
    for at in around:
        if len(kept) >= limit:
            break
        kept.add(at)
    hidden = 0
    for at, each in enumerate(steps):
        if at not in kept:
            hidden += 1
            continue
        if hidden:
            yield f"    … {hidden} more"
            hidden = 0
        yield step_line(each, ink)
    if hidden:
        yield f"    … {hidden} more"


def _small_print(picture: Picture, ink: Ink) -> Iterator[str]:
    incident = picture.incident
    if incident.alerts:
        names = ", ".join(ink.line(each, 60) for each in list(dict.fromkeys(picture.alerts))[:ALERTS_SHOWN])
        sign = "🔥" if incident.firing else "🔕"
        yield f"{sign} {incident.firing} of {counted(incident.alerts, 'alert')} firing{f': {names}' if names else ''}"
    if picture.evidence:
        yield f"📎 {counted(len(picture.evidence), 'piece')} of evidence: {_evidence(picture.evidence, ink)}"
    links = [link(picture.links.incident, "Timeline")] if picture.links.incident else []
    if picture.links.postmortem and not incident.open:
        links.append(link(picture.links.postmortem, "Postmortem"))
    if incident.runbook:
        links.append(f"runbook {ink.code(incident.runbook, 80)}")
    opener = "its schedule" if incident.scheduled is not None else who(incident.opened_by, ink)
    yield " · ".join([f"opened by {opener}", *links])


def _evidence(evidence: Sequence[EvidenceRecord], ink: Ink) -> str:
    shown = [f"{ink.line(each.name, 60)} `{each.sha256[:8]}`" for each in evidence[-EVIDENCE_SHOWN:]]
    return ", ".join([*shown, "…"] if len(evidence) > EVIDENCE_SHOWN else shown)


def _buttons(picture: Picture, ink: Ink) -> list[Json]:
    """What a person may do now; an incident can't be resolved while a run is under way."""
    incident = picture.incident
    if not incident.open:
        return []
    value = {"incident": int(incident.id)}
    row = []
    if not incident.commander:
        row.append(button("Acknowledge", "acknowledge", value, style="primary"))
    if any(each.run.status is RunStatus.RUNNING for each in picture.runs):
        return [*row, *run_buttons(picture.runs, ink)]
    firing = f"*{counted(incident.firing, 'alert')} still firing.* " if incident.firing else ""
    question = confirmation(
        f"Resolve #{incident.id}?",
        f"{firing}{ink.line(incident.title, 120)}: the response ends, and the postmortem can be drafted.",
        yes="Resolve",
        danger=bool(incident.firing),
    )
    row.append(button("Resolve", "resolve", value, confirm=question))
    return row


def _notification(picture: Picture, ink: Ink) -> str:
    """The words on a locked phone."""
    incident = picture.incident
    text = f"{mark(incident)} {name_of(incident, ink)} · {STATUS[incident.status]}"
    waiting = sum(each.status is ApprovalStatus.PENDING for each in picture.approvals)
    return f"{text} · {counted(waiting, 'decision')} waiting" if waiting else text
