"""The living message of an incident, and its line in the central channel.

Laid out for a person who was asleep a minute ago: how bad and what (the header), what waits for a person (before all else), how it stands, who
leads and when the next word is due (a cell each), what runs (a line; its steps are in the thread), and the small print last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.chat.blocks.control import opens, retry_button, run_buttons
from bot.chat.blocks.ink import Ink, Redact, clock_time, link, mention, span
from bot.chat.blocks.kit import (
    Json,
    Message,
    actions,
    button,
    context,
    fields,
    header,
    section,
    written_to_fit,
)
from bot.chat.blocks.letters import LETTERS_SHOWN, letter_buttons, letter_lines
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.progress import at_work
from bot.chat.blocks.too_few import too_few
from bot.chat.blocks.words import NO_SUCH_GROUP, NOT_BACK, NOT_IN, STATUS, counted, mark, name_of, who
from bot.domain.nouns import COMMANDER, RunStatus
from bot.domain.records import ApprovalRecord, EvidenceRecord, IncidentRecord
from bot.domain.response_records import SilenceRecord

WAITING_SHOWN = 5
EVIDENCE_SHOWN = 4
ALERTS_SHOWN = 3
MISSING_SHOWN = 6
ROLES_SHOWN = 6


def living_message(picture: Picture, *, redact: Redact) -> Message:
    """Draw the pinned message that always says how the incident stands."""
    return written_to_fit(lambda ink: _living(picture, ink), redact)


def announce_line(picture: Picture, *, redact: Redact) -> Message:
    """Draw the central channel's line on an incident."""

    def write(ink: Ink) -> Message:
        incident = picture.incident
        parts = [f"{mark(incident)} *{name_of(incident, ink, 160)}*", _short_state(incident, ink)]
        if incident.channel:
            parts.append(f"<#{incident.channel}>")
        line = " · ".join(parts)
        told = _last_update(incident, ink, 300)
        return Message(
            text=f"{name_of(incident, ink)} · {STATUS[incident.status]}",
            blocks=(section(f"{line}\n{told}" if told else line),),
        )

    return written_to_fit(write, redact)


def _short_state(incident: IncidentRecord, ink: Ink) -> str:
    if incident.resolved_at is not None:
        return f"resolved {clock_time(incident.resolved_at)} after {span(incident.resolved_at - incident.opened_at)}"
    lead = f"led by {mention(incident.commander, ink)}" if incident.commander else "nobody leads yet"
    return f"{STATUS[incident.status].lower()}, {lead}"


def _living(picture: Picture, ink: Ink) -> Message:
    incident = picture.incident
    blocks = [header(f"{mark(incident)} {name_of(incident, ink)}")]
    blocks.extend(section(text) for text in _waiting(picture, ink))
    blocks.extend(_state(picture, ink))
    told = {each.run for each in picture.letters[:LETTERS_SHOWN]}
    others = [each for each in picture.runs if each.run.id not in told]
    blocks.extend(section(text) for text in _lacking(picture, ink))
    blocks.extend(section(text) for text in at_work(others, ink, below=incident.title))
    small = list(_small_print(picture, ink))
    if small:
        blocks.append(context(*small))
    row = _buttons(picture, ink)
    if row:
        blocks.append(actions(*row))
    return Message(text=_notification(picture, ink), blocks=tuple(blocks))


def _state(picture: Picture, ink: Ink) -> Iterator[Json]:
    """What a person who was asleep a minute ago asks first, each answer in its own cell."""
    incident = picture.incident
    if incident.merged_into is not None:
        where = f" in <#{picture.goes_on}>" if picture.goes_on else ""
        yield section(f"🔗 *Goes on as #{incident.merged_into}*{where}, which has its alerts.")
        return
    if incident.resolved_at is not None:
        lead = f" · led by {mention(incident.commander, ink)}" if incident.commander else ""
        head = f"*Resolved* {clock_time(incident.resolved_at)} after {span(incident.resolved_at - incident.opened_at)}{lead}"
        yield section(f"{head}\n> {ink.words(incident.resolution, 800)}" if incident.resolution else head)
        return
    lead = mention(incident.commander, ink) if incident.commander else "⚠️ *nobody leads yet*"
    cells = [
        f"*Status*\n{STATUS[incident.status]} · open since {clock_time(incident.opened_at)}",
        f"*Lead*\n{lead}",
        *_roles(incident, ink),
    ]
    if incident.alerts:
        cells.append(f"*Alerts*\n{_alerts(picture, ink)}")
    if picture.update_due is not None:
        cells.append(f"*Next update*\n{clock_time(picture.update_due)}")
    yield fields(*cells)
    told = _last_update(incident, ink, 800)
    if told:
        yield section(told)


def _last_update(incident: IncidentRecord, ink: Ink, limit: int) -> str:
    """What stakeholders were told last, and when; empty before anything was said, and once it is over."""
    if not incident.open or incident.last_update_at is None:
        return ""
    return (
        f"📣 *Last update* {clock_time(incident.last_update_at)}\n> {ink.words(incident.last_update, limit)}"
    )


def _roles(incident: IncidentRecord, ink: Ink) -> Iterator[str]:
    """Who has which role besides leading."""
    others = [each for each in sorted(incident.roles.items()) if each[0] != COMMANDER and each[1]]
    for role, person in others[:ROLES_SHOWN]:
        yield f"*{ink.line(role.replace('_', ' ').capitalize(), 60)}*\n{mention(person, ink)}"


def _alerts(picture: Picture, ink: Ink) -> str:
    """How many of the alerts still fire, which they are, and that they are kept silent."""
    incident = picture.incident
    names = ", ".join(ink.line(each, 60) for each in list(dict.fromkeys(picture.alerts))[:ALERTS_SHOWN])
    sign = "🔥" if incident.firing else "🔕"
    text = f"{sign} {incident.firing} of {counted(incident.alerts, 'alert')} firing{f': {names}' if names else ''}"
    return "\n".join([text, *(_silenced(each, ink) for each in picture.silences)])


def _silenced(silence: SilenceRecord, ink: Ink) -> str:
    return f"🔇 silenced until {clock_time(silence.until)} by {who(silence.by, ink)}"


def _waiting(picture: Picture, ink: Ink) -> Iterator[str]:
    """What waits for a person: decisions first, then calls whose outcome nobody knows."""
    pending = picture.pending
    unknown = [
        (run, step, name)
        for run in picture.runs
        if run.run.status is RunStatus.RUNNING
        for step, name in run.every_step()
        if step.in_doubt
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
    yield from letter_lines(picture, ink)


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
    lacking = too_few(picture, approval, ink)
    if lacking:
        text += f"\n⚠️ *Too few people may decide:* {lacking}"
    where = picture.links.messages.get(f"approval/{approval.id}", "")
    return f"{text} · {link(where, 'Decide →')}" if where else text


def _lacking(picture: Picture, ink: Ink) -> Iterator[str]:
    """Who should be in the channel and is not, and where the response was before, each with a way on."""
    place = picture.place
    if place is None or not picture.incident.open:
        return
    people = [each for each in place.not_in if each.why != NO_SUCH_GROUP]
    groups = [each.who.removeprefix("group:") for each in place.not_in if each.why == NO_SUCH_GROUP]
    if people:
        named = ", ".join(
            f"{mention(each.who, ink)} ({NOT_IN.get(each.why, ink.line(each.why, 60))})"
            for each in people[:MISSING_SHOWN]
        )
        more = f" and {len(people) - MISSING_SHOWN} more" if len(people) > MISSING_SHOWN else ""
        yield f"⚠️ *Could not be invited:* {named}{more}. Invite them by hand, or decide without them."
    if groups:
        named = ", ".join(ink.code(each, 60) for each in groups[:MISSING_SHOWN])
        yield f"⚠️ *No such user group:* {named}. Nobody was invited for it: mend `groups` or `slack.invite_groups` in the settings."
    if place.before:
        why = NOT_BACK.get(place.left_why, ink.line(place.left_why, 100))
        origin = "" if place.left_why == "deleted" else f" from <#{place.before}>"
        yield f"↪️ Goes on here{origin}: {why}."


def _small_print(picture: Picture, ink: Ink) -> Iterator[str]:
    incident = picture.incident
    if incident.alerts and not incident.open:
        yield _alerts(picture, ink)
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
    value = {"incident": int(incident.id)}
    more = opens("More …", "more", value)
    if not incident.open:
        return [] if incident.merged_into else [opens("Reopen", "reopen", value), more]
    row = []
    if not incident.commander:
        row.append(button("Acknowledge", "acknowledge", value, style="primary"))
    if any(each.run.status is RunStatus.RUNNING for each in picture.runs):
        return [*row, *run_buttons(picture.runs, ink), *letter_buttons(picture.letters), more]
    dead = {each.run for each in picture.letters}
    again = retry_button([each for each in picture.runs[-1:] if each.run.id not in dead], ink)
    return [*row, opens("Resolve", "resolve", value), *letter_buttons(picture.letters), *again, more]


def _notification(picture: Picture, ink: Ink) -> str:
    """The words on a locked phone."""
    incident = picture.incident
    text = f"{mark(incident)} {name_of(incident, ink)} · {STATUS[incident.status]}"
    waiting = len(picture.pending)
    return f"{text} · {counted(waiting, 'decision')} waiting" if waiting else text
