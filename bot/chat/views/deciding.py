"""What belongs to an approval: the form in which somebody says no, and everything that will run, letter by letter, in pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.blocks.approval import EFFECT
from bot.chat.blocks.ink import Ink, Redact, spelled_out
from bot.chat.blocks.kit import Json, actions, button, code_block, context, section
from bot.chat.blocks.words import name_of, who
from bot.chat.views.kit import field, modal, text_box, view_to_fit
from bot.domain.records import ApprovalRecord, IncidentRecord

PAGE = 12_000
"""Characters of a page: what a person reads without losing their place."""
PIECE = 3000
"""Characters of a block of it."""


def deny_form(
    incident: IncidentRecord, approval: ApprovalRecord, name: str, about: Mapping[str, Any], *, redact: Redact
) -> Json:
    """Say no to an approval, with a reason for those who wait for it."""

    def write(ink: Ink) -> Json:
        target = f" on {ink.code(approval.target, 300)}" if approval.target else ""
        blocks = [
            section(f"⛔ *{ink.line(name, 150)}* will not run: {ink.code(approval.action, 120)}{target}"),
            field(
                "why",
                "Why not?",
                text_box(lines=True, placeholder="Traffic is back to normal; let us watch first"),
                hint="It is on record, and shown to those who wait for it.",
                optional=True,
            ),
            context(f"{name_of(incident, ink, 80)} · one Deny ends the question"),
        ]
        return modal("Deny", "deny", blocks, submit="Deny", close="Back", about=about)

    return view_to_fit(write, redact)


def details(
    incident: IncidentRecord,
    approval: ApprovalRecord,
    name: str,
    about: Mapping[str, Any],
    *,
    page: int = 1,
    redact: Redact,
) -> Json:
    """Everything that will run, whole: each page has a part of the inputs, none is left out."""
    ink = Ink(redact=redact)
    pages = _pages(approval, ink)
    at = max(1, min(page, len(pages)))
    shown = pages[at - 1]
    blocks = [
        section(f"*{ink.line(name, 150)}*"),
        *(_head(approval, ink) if at == 1 else ()),
        *(code_block(shown[start : start + PIECE]) for start in range(0, len(shown), PIECE)),
        *([_turning(approval, at, len(pages))] if len(pages) > 1 else ()),
        context(
            f"page {at} of {len(pages)} · {name_of(incident, ink, 80)} · `{approval.id}` · sha256 `{approval.digest}`"
        ),
    ]
    return modal("What will run", "details", blocks, about=about)


def _head(approval: ApprovalRecord, ink: Ink) -> list[Json]:
    effect = EFFECT.get(approval.effect, f"*{ink.line(approval.effect, 60)}*")
    target = f"\n*Target:* {ink.code(approval.target, 2000)}" if approval.target else ""
    asked = f" · asked by {who(approval.requested_by, ink)}" if approval.requested_by else ""
    undo = ink.code(approval.undo, 2500) if approval.undo else "⚠️ none"
    return [
        section(f"{ink.code(approval.action, 120)} · {effect}{asked}{target}"),
        section(f"*Undo:* {undo}"),
    ]


def _pages(approval: ApprovalRecord, ink: Ink) -> list[str]:
    """Cut the inputs into pages; put together again, they are the whole."""
    whole, _ = ink.values(approval.inputs, _ALL)
    return [whole[at : at + PAGE] for at in range(0, len(whole), PAGE)] or [spelled_out("{}")]


_ALL = 1 << 40


def _turning(approval: ApprovalRecord, at: int, count: int) -> Json:
    row = []
    if at > 1:
        row.append(button("← Back", "details_page/back", {"approval": str(approval.id), "page": at - 1}))
    if at < count:
        row.append(
            button(
                "Next →", "details_page/next", {"approval": str(approval.id), "page": at + 1}, style="primary"
            )
        )
    return actions(*row)
