"""What one person reads who asks what happened, or what was kept."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.blocks.ink import Ink, Redact, clock_time, link
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.words import counted, size
from bot.domain.events import Event
from bot.domain.records import EvidenceRecord, IncidentRecord

_AT_ONCE = 10
"""Lines in one block: a section takes 3000 characters."""


def timeline_told(
    incident: IncidentRecord, told: Sequence[tuple[Event, str]], *, more: int, console: str, redact: Redact
) -> Message:
    """Tell the last things that happened, the newest last; `told` has a sentence on each event."""

    def write(ink: Ink) -> Message:
        lines = [f"{clock_time(event.at, seconds=True)}  {ink.line(text, 250)}" for event, text in told]
        blocks = [
            section("\n".join(lines[start : start + _AT_ONCE])) for start in range(0, len(lines), _AT_ONCE)
        ]
        earlier = f"{counted(more, 'earlier event')}. " if more > 0 else ""
        whole = link(console, "The whole timeline") if console else "`fireline show` has all of it"
        return Message(
            text=f"What happened in #{incident.id}",
            blocks=(
                section(f"*#{incident.id} · {ink.line(incident.title, 150)}*"),
                *blocks,
                context(f"{earlier}{whole}"),
            ),
        )

    return written_to_fit(write, redact)


def evidence_told(
    incident: IncidentRecord, evidence: Sequence[EvidenceRecord], *, more: int, console: str, redact: Redact
) -> Message:
    """List what was kept, the newest last."""

    def write(ink: Ink) -> Message:
        lines = [
            f"📎 *{ink.line(each.name, 80)}*  {size(each.size)}{' (not whole)' if each.truncated else ''} · "
            f"step {ink.line(str(each.step), 60)} of `{each.run}` · {clock_time(each.stored_at)} · `{each.sha256[:12]}`"
            for each in evidence
        ]
        blocks = [
            section("\n".join(lines[start : start + _AT_ONCE])) for start in range(0, len(lines), _AT_ONCE)
        ]
        earlier = f"{counted(more, 'earlier piece')}. " if more > 0 else ""
        where = link(console, "Read it in the console") if console else "Read it in the console"
        return Message(
            text=f"Evidence of #{incident.id}",
            blocks=(
                section(f"*#{incident.id} · {ink.line(incident.title, 150)}*"),
                *(blocks or [section("Nothing was kept.")]),
                context(f"{earlier}{where}: without its secrets, and the log says who looked."),
            ),
        )

    return written_to_fit(write, redact)
