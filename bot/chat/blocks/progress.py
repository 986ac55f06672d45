"""How far runs are: all steps of one in its reply below the living message, and in the living message itself no more than what it is at.

A run has one reply, which is changed as it goes on: the channel stays readable, and whoever wants every step opens the thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.chat.blocks.control import paused_line
from bot.chat.blocks.ink import Ink, Redact, clock_time, span
from bot.chat.blocks.kit import Message, section, written_to_fit
from bot.chat.blocks.picture import RunPicture, StepLine
from bot.chat.blocks.words import RUN, counted, name_of, step_line
from bot.domain.nouns import RunStatus, StepStatus
from bot.domain.records import IncidentRecord
from bot.incidents.line import stands

STEPS_SHOWN = 40
STEPS_AT_WORK = 4
RUNS_SHOWN = 3
_QUIET = frozenset({StepStatus.PENDING, StepStatus.SUCCEEDED, StepStatus.SKIPPED})
_DONE = frozenset({StepStatus.SUCCEEDED, StepStatus.SKIPPED, StepStatus.UNDONE})
_ASKS_PEOPLE = frozenset({StepStatus.WAITING_APPROVAL, StepStatus.UNKNOWN})
_SIGN = {
    RunStatus.RUNNING: "▶️",
    RunStatus.SUCCEEDED: "✅",
    RunStatus.FAILED: "❌",
    RunStatus.CANCELLED: "🚫",
    RunStatus.UNDONE: "↩️",
}


def run_message(incident: IncidentRecord, picture: RunPicture, *, redact: Redact) -> Message:
    """Draw a run's reply in the thread below the living message: every step, those to come too."""

    def write(ink: Ink) -> Message:
        lines = [_head(picture, ink), *_step_lines(picture.steps, ink, limit=STEPS_SHOWN)]
        title = ink.line(picture.title or picture.run.runbook, 120)
        text = f"{title} {RUN[picture.run.status]} · {name_of(incident, ink)}"
        return Message(text=text, blocks=tuple(section(page) for page in pages(lines)))

    return written_to_fit(write, redact)


def pages(lines: Sequence[str]) -> list[str]:
    """Put lines together into texts that a section takes, each line whole."""
    made, text = [], ""
    for line in lines:
        if text and len(text) + len(line) > 2900:  # noqa: PLR2004 - a section takes 3000
            made.append(text.rstrip())
            text = ""
        text += line + "\n"
    return [*made, text.rstrip()]


def at_work(runs: Sequence[RunPicture], ink: Ink, *, below: str = "") -> Iterator[str]:
    """Say what runs, each run inside another below it, and how the last ones ended; how a run inside ended is told by the step that it was.

    `below` is the title that stands above them already: a run that is called the same does not say it again.
    """
    alive = _nested([each for each in reversed(runs) if each.run.status is RunStatus.RUNNING])
    queued = [each for each in runs if each.run.status is RunStatus.QUEUED]
    over = [each for each in reversed(runs) if each.run.finished_at is not None and each.run.parent is None]
    told = alive + queued + over
    for position, each in enumerate(told[:RUNS_SHOWN]):
        shows = position == 0 or each.run.status is RunStatus.RUNNING
        yield "\n".join([_head(each, ink, below=below), *(_busy_lines(each, ink) if shows else ())])
    if len(told) > RUNS_SHOWN:
        yield f"… and {counted(len(told) - RUNS_SHOWN, 'earlier run')}"


def _nested(runs: Sequence[RunPicture]) -> list[RunPicture]:
    """Put each run that stands inside another of these below it."""
    known = {each.run.id for each in runs}
    open_ = [each for each in reversed(runs) if each.run.parent not in known]
    found: list[RunPicture] = []
    while open_:
        found.append(open_.pop())
        open_ += [each for each in runs if each.run.parent == found[-1].run.id]
    return found


def _head(picture: RunPicture, ink: Ink, *, below: str = "") -> str:
    run = picture.run
    name = picture.title or run.runbook
    title = f"Run `{run.id}`" if name == below else f"*{ink.line(name, 120)}* · run `{run.id}`"
    if run.parent is not None:
        title = f"↳ {title} inside `{run.parent}`, step {ink.code(str(run.parent_step), 60)},"
    if run.status is RunStatus.QUEUED:
        return f"⏳ {title} {ink.line(stands(run), 300)} · since {clock_time(run.started_at)}"
    if run.parent is None:
        title = f"{_SIGN[run.status]} {title}"
    if run.finished_at is None:
        head = f"{title} {RUN[run.status]} since {clock_time(run.started_at)}{_how_far(picture)}"
    else:
        head = f"{title} {RUN[run.status]} after {span(run.finished_at - run.started_at)}"
    if run.paused_at is not None:
        head += f"\n{paused_line(run, ink)}"
    if run.status is RunStatus.CANCELLED and not picture.steps and run.detail:
        head += f"\n🚫 {ink.line(run.detail, 300)}"
    told = any(each.status is StepStatus.FAILED and each.detail for each in picture.steps)
    if run.status is RunStatus.FAILED and not told:
        head += f"\n❌ {ink.line(run.detail or run.reason or 'it does not say why', 300)}"
    return head


def _how_far(picture: RunPicture) -> str:
    """Count the steps that are done; a run of one step is told by that step."""
    total = len(picture.steps)
    done = sum(each.status in _DONE for each in picture.steps)
    return f" · {done} of {total} steps done" if total > 1 else ""


def _busy_lines(picture: RunPicture, ink: Ink) -> Iterator[str]:
    """The steps at work or in trouble, the latest where there are too many; what asks people is said above, where they look first.

    Of a run that is over: what failed, and what was undone, which nobody must take for standing.
    """
    busy = [
        each
        for each in picture.steps
        if each.status not in _QUIET and (each.items or each.status not in _ASKS_PEOPLE)
    ]
    if picture.run.finished_at is not None:
        busy = [each for each in busy if each.items or each.status in {StepStatus.FAILED, StepStatus.UNDONE}]
    if len(busy) > STEPS_AT_WORK:
        yield f"    … {counted(len(busy) - STEPS_AT_WORK, 'more step')}"
    yield from (step_line(each, ink) for each in busy[-STEPS_AT_WORK:])


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
