"""What one person reads after a command or a button: short, what happened, and the next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.chat.blocks.incident import living_message
from bot.chat.blocks.ink import Ink, Redact, clock_time, mention
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.progress import pages
from bot.chat.blocks.words import STATUS, counted, mark, name_of
from bot.domain.records import IncidentRecord

LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Message):
    """A message that says that nothing was done; a form stays open with it."""


def said(text: str, hint: str = "") -> Message:
    """A sentence of ours, with the next step in small print; outside text in it was written by `Ink`."""
    blocks = (section(text), context(hint)) if hint else (section(text),)
    return Message(text=f"{text} {hint}".strip(), blocks=blocks)


def refused(message: str, hint: str, *, redact: Redact) -> Refusal:
    """Tell a person that it was not done, why, and what to do."""
    ink = Ink(redact=redact)
    shown = said(f"❗ {ink.line(message, 1500)}", ink.line(hint, 600))
    return Refusal(text=shown.text, blocks=shown.blocks)


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


def status_of(picture: Picture, *, redact: Redact) -> Message:
    """Show how an incident stands to one person: the living message without its buttons."""
    shown = living_message(picture, redact=redact)
    return Message(text=shown.text, blocks=tuple(each for each in shown.blocks if each["type"] != "actions"))


def listed(
    incidents: Sequence[IncidentRecord], waiting: Mapping[int, int], command: str, *, redact: Redact
) -> Message:
    """List open incidents, the worst first; `waiting` counts what waits for people in each."""
    if not incidents:
        return said("🟢 No incident is open.", f"`{command} declare SEV2 what is wrong` opens one.")
    order = sorted(incidents, key=lambda each: (each.severity, -each.id))

    def write(ink: Ink) -> Message:
        lines = [_listed(each, waiting.get(int(each.id), 0), ink) for each in order[:LISTED]]
        if len(order) > LISTED:
            lines.append(f"… and {len(order) - LISTED} more")
        blocks = tuple(section(page) for page in pages(lines))
        return Message(text=f"{counted(len(order), 'open incident')}", blocks=blocks)

    return written_to_fit(write, redact)


def _listed(incident: IncidentRecord, waiting: int, ink: Ink) -> str:
    lead = mention(incident.commander, ink) if incident.commander else "nobody leads"
    parts = [
        f"{mark(incident)} *{name_of(incident, ink, 90)}*",
        STATUS[incident.status].lower(),
        lead,
        f"since {clock_time(incident.opened_at)}",
    ]
    if waiting:
        parts.append(f"✋ {waiting} waiting")
    if incident.channel:
        parts.append(f"<#{incident.channel}>")
    return " · ".join(parts)


def helped(command: str) -> Message:
    """Say what can be typed."""
    rows = (
        ("declare SEV2 checkout is down", "open an incident"),
        ("list", "what is open"),
        ("status [number]", "how it stands"),
        ("ack [number]", "take it: you lead"),
        ("run <runbook> [key=value …]", "start a runbook for it"),
        ("runs", "every run under way, and how it stands"),
        ("pause [run] [why]", "hold a run: nothing more begins"),
        ("resume [run]", "let it go on"),
        ("retry [run] [why]", "have a failed run go on from where it failed"),
        ("dead-letters", "what can't go on: `requeue 7` puts it back, `discard 7 why` lets it go"),
        (
            "cancel [run] [--undo] [why]",
            "end a run: what runs is stopped, then cleaned up; --undo takes back what it did",
        ),
        ("note [number] <text>", "write into the timeline"),
        ("resolve [number] [what fixed it]", "end it"),
        ("postmortem [number]", "draft it from the timeline"),
    )
    lines = (
        "\n".join(f"`{command} {usage}`  {meaning}" for usage, meaning in rows)
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
    return said(
        lines,
        "Inside an incident's channel the number can be left out. Approvals are decided with the buttons in the channel.",
    )
