"""What can be typed, grouped by what a person wants: the right line is found by its head, not by reading all of them."""

from __future__ import annotations

from bot.chat.blocks.kit import Message, context, section

_GROUPS = (
    (
        "👀 Look",
        (
            ("list", "what is open"),
            ("status", "how it stands"),
            ("timeline", "what happened"),
            ("evidence", "what was kept"),
            ("runs", "what runs"),
            ("oncall", "whom to wake"),
        ),
    ),
    (
        "🧭 Lead",
        (
            ("declare SEV2 checkout is down", "open an incident"),
            ("ack", "take it: you lead"),
            ("assign @ada as scribe", "give a role; `nobody` takes it away"),
            ("severity SEV1 [why]", "it is worse, or not as bad"),
            ("update [identified] [next 30m] <message>", "tell stakeholders"),
            ("note <text>", "write into the timeline"),
        ),
    ),
    (
        "▶️ Act",
        (
            ("run <runbook> [key=value …]", "start a runbook"),
            ("pause [run]", "nothing more begins"),
            ("resume [run]", "it goes on"),
            ("retry [run]", "go on from where it failed"),
            ("cancel [run] [--undo]", "end it; --undo takes back what it did"),
            ("freeze [2h] <why>", "nothing is changed, in any run"),
            ("unfreeze", "changes go on"),
            ("dead-letters", "what can't go on; `requeue 7`, `discard 7 why`"),
        ),
    ),
    (
        "🔇 Alerts",
        (
            ("silence 2h [why]", "keep them quiet"),
            ("unsilence", "hear them again"),
            ("merge #12 into #10", "two are one"),
        ),
    ),
    (
        "✅ End",
        (
            ("resolve [what fixed it]", "it is over"),
            ("reopen <why>", "it is not"),
            ("postmortem", "draft it from the timeline"),
        ),
    ),
)


def helped(command: str) -> Message:
    """Say what can be typed."""
    groups = [section(f"*{head}*\n" + "\n".join(_line(*row) for row in rows)) for head, rows in _GROUPS]
    hint = (
        f"In an incident's channel no number is needed; elsewhere it comes first: `{command} status 42`. "
        "Approvals are decided with the buttons in the channel."
    )
    return Message(
        text=f"What {command} understands",
        blocks=(section(f"Type `{command}` and one of these:"), *groups, context(hint)),
    )


def _line(usage: str, meaning: str) -> str:
    return f"`{usage}`  {meaning}".replace("<", "&lt;").replace(">", "&gt;")
