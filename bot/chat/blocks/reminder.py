"""The messages that remind people: of an update that is due, that nobody leads, that a decision is waited for.

Each is a post of its own, because one that is changed makes no phone ring; once the thing is done, it says so and asks no more.
"""

from __future__ import annotations

from bot.chat.blocks.approval import HEAD
from bot.chat.blocks.control import opens
from bot.chat.blocks.ink import Ink, Redact, clock_time, link, mention
from bot.chat.blocks.kit import Message, actions, button, context, section, written_to_fit
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.words import name_of
from bot.domain.nouns import ApprovalStatus
from bot.domain.records import ApprovalRecord


def commander_reminder(picture: Picture, *, on_call: str, redact: Redact) -> Message:
    """Say that nobody leads the response; `on_call` mentions those who could, empty where the settings name nobody."""

    def write(ink: Ink) -> Message:
        incident = picture.incident
        if incident.commander:
            text = f"☑️ {mention(incident.commander, ink)} leads the response"
        elif not incident.open:
            text = "☑️ It is over"
        else:
            asked = f"{on_call}: who takes it?" if on_call else "Who takes it?"
            text = f"⏰ *Nobody leads this yet*, since {clock_time(incident.opened_at)}. {asked}"
        blocks = [section(text)]
        if incident.open and not incident.commander:
            blocks.append(
                actions(button("Acknowledge", "acknowledge", {"incident": int(incident.id)}, style="primary"))
            )
        return Message(text=f"{text} · {name_of(incident, ink)}", blocks=tuple(blocks))

    return written_to_fit(write, redact)


def update_reminder(picture: Picture, *, command: str, redact: Redact) -> Message:
    """Say that people wait for a word on how it stands."""

    def write(ink: Ink) -> Message:
        incident = picture.incident
        who = f"{mention(incident.commander, ink)}, tell" if incident.commander else "Tell"
        text = f"⏰ *No word on how it stands for too long.* {who} those who wait what is known, be it that nothing is new."
        hint = f"`{command} update` tells them, and says when they hear again."
        tell = opens("Send an update", "update", {"incident": int(incident.id)}, style="primary")
        return Message(
            text=f"{text} · {name_of(incident, ink)}", blocks=(section(text), actions(tell), context(hint))
        )

    return written_to_fit(write, redact)


def approval_reminder(picture: Picture, approval: ApprovalRecord, *, redact: Redact) -> Message:
    """Say to those who may decide that half of their time is over, or that it was decided."""

    def write(ink: Ink) -> Message:
        run = picture.run_of(approval)
        name = ink.line(run.name_of(approval.step) if run else str(approval.step), 110)
        if approval.status is not ApprovalStatus.PENDING:
            text = f"{HEAD[approval.status]} {name}"
        else:
            asked = ", ".join(picture.who_may.get(each, ink.line(each, 60)) for each in approval.sources)
            until = f" until *{clock_time(approval.expires_at)}*" if approval.expires_at else ""
            text = f"⏰ *Half of the time is over:* {name}. {asked}, please decide{until}"
            where = picture.links.messages.get(f"approval/{approval.id}", "")
            text += f" · {link(where, 'Decide →')}" if where else ""
        return Message(text=f"{text} · {name_of(picture.incident, ink)}", blocks=(section(text),))

    return written_to_fit(write, redact)
