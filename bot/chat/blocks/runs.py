"""What a person reads who asks which runs there are: each with what it is at, or how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.blocks.answers import said
from bot.chat.blocks.control import paused_line
from bot.chat.blocks.ink import Ink, Redact, clock_time
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.picture import RunPicture
from bot.chat.blocks.words import RUN, counted, step_line
from bot.domain.nouns import RunStatus, StepStatus

_BUSY = frozenset(
    {
        StepStatus.WAITING_APPROVAL,
        StepStatus.RUNNING,
        StepStatus.WAITING_RETRY,
        StepStatus.VERIFYING,
        StepStatus.UNKNOWN,
    }
)


def runs_listed(runs: Sequence[RunPicture], command: str, *, more: int, redact: Redact) -> Message:
    """List runs for one person, the newest first, each with what it is at."""
    if not runs:
        return said(
            "🟢 Nothing runs.",
            f"`{command} run <runbook>` starts one.".replace("<", "&lt;").replace(">", "&gt;"),
        )

    def write(ink: Ink) -> Message:
        lines = [_listed(each, ink) for each in reversed(runs)]
        if more > 0:
            lines.append(f"… and {counted(more, 'older run')}")
        words = f"`{command} pause`, `resume`, `cancel` with a run's name hold it, let it go on, or end it."
        return Message(
            text=counted(len(runs) + more, "run"),
            blocks=(*(section(each) for each in lines), context(words)),
        )

    return written_to_fit(write, redact)


def _listed(picture: RunPicture, ink: Ink) -> str:
    run = picture.run
    title = f"`{run.id}` *{ink.line(picture.title or run.runbook, 100)}* in #{run.incident}"
    if run.status is not RunStatus.RUNNING:
        ended = f" {clock_time(run.finished_at)}" if run.finished_at else ""
        why = f": {ink.line(run.detail, 160)}" if run.detail else ""
        return f"{title} · {RUN[run.status]}{ended}{why}"
    busy = [step_line(each, ink) for each in picture.steps if each.status in _BUSY][:3]
    held = paused_line(run, ink) or f"since {clock_time(run.started_at)}"
    return "\n".join([f"{title} · {held}", *busy])
