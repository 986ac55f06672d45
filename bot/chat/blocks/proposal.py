"""The message that proposes a runbook which may not start by itself."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, clock_time
from bot.chat.blocks.kit import Json, Message, actions, button, context, section, written_to_fit
from bot.chat.blocks.picture import Proposal
from bot.chat.blocks.words import name_of, who
from bot.domain.nouns import RunStatus


def proposal_message(proposal: Proposal, *, redact: Redact) -> Message:
    """Draw the proposal, or who took it up."""

    def write(ink: Ink) -> Message:
        title = ink.line(proposal.title or proposal.runbook, 150)
        blocks: list[Json] = [section(f"💡 *{title}* matches this incident.\n{ink.line(proposal.why, 500)}")]
        if proposal.run is not None:
            at = clock_time(proposal.run.started_at, seconds=True)
            waits = proposal.run.status is RunStatus.QUEUED
            what = "⏳ queued by" if waits else "▶️ started by"
            by = who(proposal.run.requested_by, ink)
            blocks.append(context(f"{what} {by} {at} as `{proposal.run.id}`"))
        elif proposal.incident.open:
            value = {"incident": int(proposal.incident.id), "runbook": proposal.runbook}
            blocks.append(actions(button("Run it", "run_proposed", value, style="primary")))
        blocks.append(
            context(f"{name_of(proposal.incident, ink, 80)} · runbook {ink.code(proposal.runbook, 80)}")
        )
        return Message(
            text=f"💡 {title} could be run for {name_of(proposal.incident, ink)}", blocks=tuple(blocks)
        )

    return written_to_fit(write, redact)
