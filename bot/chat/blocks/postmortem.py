"""The message that hands over a postmortem draft: how long, what came of it, the head of the timeline, where the whole is."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, clock_time, link, mention, span
from bot.chat.blocks.kit import Json, Message, context, header, section, written_to_fit
from bot.chat.blocks.picture import Draft
from bot.chat.blocks.words import counted, name_of


def postmortem_message(draft: Draft, *, redact: Redact) -> Message:
    """Draw what people see of a draft in the channel."""
    return written_to_fit(lambda ink: _draw(draft, ink), redact)


def _draw(draft: Draft, ink: Ink) -> Message:
    incident = draft.incident
    facts = [f"*{incident.severity}*", f"opened {clock_time(incident.opened_at)}"]
    if incident.resolved_at is not None:
        facts.append(f"resolved after *{span(incident.resolved_at - incident.opened_at)}*")
    if incident.commander:
        facts.append(f"led by {mention(incident.commander, ink)}")
    counts = ((incident.alerts, "alert"), (draft.approvals, "approval"), (draft.evidence, "evidence file"))
    facts.extend(counted(number, what) for number, what in counts if number)
    blocks: list[Json] = [
        header(f"📝 Postmortem draft · {ink.line(incident.title, 100)}"),
        section(" · ".join(facts)),
    ]
    if incident.resolution:
        blocks.append(section(f"> {ink.words(incident.resolution, 1200)}"))
    blocks.append(section(f"*Timeline*\n{_timeline(draft, ink)}"))
    where = draft.links.postmortem
    blocks.append(
        section(link(where, "*Read the draft →*") if where else f"The draft is {ink.code(draft.path, 300)}")
    )
    blocks.append(
        context(
            f"Drafted {clock_time(draft.drafted_at)} from the timeline alone · sha256 `{draft.sha256[:12]}` · "
            "what people must still say is marked in it: causes, impact, action items"
        )
    )
    return Message(text=f"📝 Postmortem draft for {name_of(incident, ink)}", blocks=tuple(blocks))


def _timeline(draft: Draft, ink: Ink) -> str:
    lines = [
        f"{clock_time(event.at, seconds=True)}  {ink.line(sentence, 180)} `#{event.seq}`"
        for event, sentence in draft.timeline
    ]
    if draft.more:
        lines.append(f"… and {draft.more} more")
    text = ""
    for line in lines:
        if len(text) + len(line) > 2700:  # noqa: PLR2004 - a section takes 3000; whole lines only
            return f"{text}…"
        text += line + "\n"
    return text.rstrip() or "nothing yet"
