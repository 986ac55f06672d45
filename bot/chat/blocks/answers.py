"""What one person reads after a command or a button: short, what happened, and the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.chat.blocks.incident import living_message
from bot.chat.blocks.ink import Ink, Redact, clock_time, mention
from bot.chat.blocks.kit import Json, Message, context, section, written_to_fit
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.progress import pages
from bot.chat.blocks.words import STATUS, counted, mark, name_of
from bot.domain.records import IncidentRecord
from bot.domain.response_records import FreezeRecord

LISTED = 20
_BY = re.compile(r"(?<=\bby )([UW][A-Z0-9]{2,})\b")
"""Who is in the way, as the rooms below know them: by an id, which Slack turns into a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Message):
    """A message that says that nothing was done; a form stays open with it, at the field that it is `about`."""

    about: str = ""


def said(text: str, hint: str = "") -> Message:
    """A sentence of ours, with the next step in small print; outside text in it was written by `Ink`."""
    blocks = (section(text), context(hint)) if hint else (section(text),)
    return Message(text=f"{text} {hint}".strip(), blocks=blocks)


def refused(message: str, hint: str, *, redact: Redact, about: str = "") -> Refusal:
    """Tell a person that it was not done, why, and what to do; `about` is the field of a form that was wrong."""
    ink = Ink(redact=redact)
    words = _BY.sub(r"<@\1>", ink.line(message, 1500))
    shown = said(f"❗ {words}", ink.line(hint, 600))
    return Refusal(text=shown.text, blocks=shown.blocks, about=about)


def failed(reference: str) -> Message:
    """Tell a person that we failed them; `reference` finds it in the log."""
    return said(
        "⚠️ That did not work, and it is Fireline's fault, not yours.",
        f"Try again, or use the console. Reference `{reference}`.",
    )


def behind() -> Refusal:
    """Tell a person that nothing was kept, so that they ask again."""
    shown = said(
        "⚠️ Fireline can't keep up right now. *Nothing was recorded.*", "Please try again in a minute."
    )
    return Refusal(text=shown.text, blocks=shown.blocks)


def status_of(picture: Picture, *, redact: Redact, freeze: FreezeRecord | None = None) -> Message:
    """Show how an incident stands to one person: the living message without its buttons."""
    shown = living_message(picture, redact=redact)
    blocks = tuple(each for each in shown.blocks if each["type"] != "actions")
    return Message(text=shown.text, blocks=(*blocks, *frozen(freeze, Ink(redact=redact))))


def frozen(freeze: FreezeRecord | None, ink: Ink) -> tuple[Json, ...]:
    """Say that nothing may be changed now, by whom and why; nothing when it may."""
    if freeze is None:
        return ()
    until = f", until {clock_time(freeze.until)}" if freeze.until is not None else ""
    why = ink.words(freeze.why, 300)
    return (
        context(
            f"❄️ *Changes are frozen* by {mention(freeze.by.id, ink)} since {clock_time(freeze.since)}{until}: {why}"
        ),
    )


def listed(
    incidents: Sequence[IncidentRecord],
    waiting: Mapping[int, int],
    command: str,
    *,
    redact: Redact,
    freeze: FreezeRecord | None = None,
) -> Message:
    """List open incidents, the worst first; `waiting` counts what waits for people in each."""
    if not incidents:
        calm = said("🟢 No incident is open.", f"`{command} declare SEV2 what is wrong` opens one.")
        return Message(text=calm.text, blocks=(*calm.blocks, *frozen(freeze, Ink(redact=redact))))
    order = sorted(incidents, key=lambda each: (each.severity, -each.id))

    def write(ink: Ink) -> Message:
        lines = [_listed(each, waiting.get(int(each.id), 0), ink) for each in order[:LISTED]]
        if len(order) > LISTED:
            lines.append(f"… and {len(order) - LISTED} more")
        blocks = (*(section(page) for page in pages(lines)), *frozen(freeze, ink))
        return Message(text=f"{counted(len(order), 'open incident')}", blocks=blocks)

    return written_to_fit(write, redact)


def _listed(incident: IncidentRecord, waiting: int, ink: Ink) -> str:
    lead = mention(incident.commander, ink) if incident.commander else "nobody leads"
    parts = [
        f"{mark(incident)} {'🔒 ' if incident.private else ''}*{name_of(incident, ink, 90)}*",
        STATUS[incident.status].lower(),
        lead,
        f"open since {clock_time(incident.opened_at)}",
    ]
    if waiting:
        parts.append(f"✋ {waiting} waiting")
    if incident.channel:
        parts.append(f"<#{incident.channel}>")
    return " · ".join(parts)
