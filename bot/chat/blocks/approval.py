"""The message that asks people to decide, and the same message once they have.

It shows exactly what will run: the action, its effect, its target, its rendered inputs letter by letter, what would take it back. Once
decided the buttons are gone and it says who decided and when; what was shown stays, because that is what was approved.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from bot.chat.blocks.ink import Ink, Redact, clock_time, link
from bot.chat.blocks.kit import (
    Json,
    Message,
    actions,
    button,
    code_block,
    confirmation,
    context,
    header,
    section,
    written_to_fit,
)
from bot.chat.blocks.many import calls_of, folded
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.too_few import too_few, ways_out
from bot.chat.blocks.words import counted, name_of, who
from bot.domain.nouns import ApprovalStatus, Vote
from bot.domain.records import ApprovalRecord, VoteRecord

EFFECT = {
    "read": "👁️ only reads",
    "mutate": "✏️ *changes things*",
    "destroy": "💥 *destroys: it can't be brought back*",
}
HEAD = {
    ApprovalStatus.PENDING: "✋ Decide:",
    ApprovalStatus.APPROVED: "✅ Approved:",
    ApprovalStatus.DENIED: "⛔ Denied:",
    ApprovalStatus.EXPIRED: "⌛ Expired, not run:",
    ApprovalStatus.VOID: "🚫 No longer asked:",
}
"""How an approval stands, before its step's name."""
INPUTS_SHOWN = 5000
VOTES_SHOWN = 12


def approval_message(picture: Picture, approval: ApprovalRecord, *, redact: Redact) -> Message:
    """Draw an approval as it stands."""
    return written_to_fit(lambda ink: _draw(picture, approval, ink), redact)


def escalation_message(picture: Picture, approval: ApprovalRecord, *, redact: Redact) -> Message:
    """Call in those who are asked besides: a message of its own, because one that is changed makes no phone ring."""

    def write(ink: Ink) -> Message:
        run = picture.run_of(approval)
        name = ink.line(run.name_of(approval.step) if run else str(approval.step), 110)
        who_now = _named(picture, approval.escalated_to, ink)
        if approval.status is ApprovalStatus.PENDING:
            until = f" until *{clock_time(approval.expires_at)}*" if approval.expires_at else ""
            line = f"⏫ *Nobody decided in time.* {who_now}, please decide{until}: *{name}*"
            where = picture.links.messages.get(f"approval/{approval.id}", "")
            text = f"{line} · {link(where, 'Decide →')}" if where else line
        else:
            text = f"{HEAD[approval.status]} {name} · it had been escalated to {who_now}"
        return Message(text=f"{text} · {name_of(picture.incident, ink)}", blocks=(section(text),))

    return written_to_fit(write, redact)


def _draw(picture: Picture, approval: ApprovalRecord, ink: Ink) -> Message:
    run = picture.run_of(approval)
    name = ink.line(run.name_of(approval.step) if run else str(approval.step), 110)
    head = f"{HEAD[approval.status]} {name}"
    pending = approval.status is ApprovalStatus.PENDING
    blocks: list[Json] = [header(head)]
    if not pending:
        blocks.append(section(_outcome(approval, ink)))
    blocks.extend(_what_runs(approval, ink))
    if pending:
        blocks.append(section(_who_decides(picture, approval, ink)))
        lacking = too_few(picture, approval, ink)
        if lacking:
            way = ways_out(picture, approval, ink)
            blocks.append(section(f"⚠️ *Too few people may decide:* {lacking}.\n{way}"))
        blocks.append(actions(*_buttons(approval, name, ink)))
    blocks.append(context(_small_print(picture, approval, ink)))
    text = f"{head} · {name_of(picture.incident, ink)}"
    if pending:
        text += f" · {_asked(picture, approval, ink)}"
    return Message(text=text, blocks=tuple(blocks))


def _what_runs(approval: ApprovalRecord, ink: Ink) -> Iterator[Json]:
    effect = EFFECT.get(approval.effect, f"*{ink.line(approval.effect, 60)}*")
    target = f" · on {ink.code(approval.target, 400)}" if approval.target else ""
    yield section(f"{ink.code(approval.action, 120)} · {effect}{target}")
    if approval.over:
        yield section(f"⚠️ *The list is longer than foreseen:* {ink.line(approval.over, 300)}")
    calls = calls_of(approval.inputs) if approval.items else []
    if calls:
        was_cut = yield from _what_runs_for_each(calls, ink)
    else:
        shown, was_cut = ink.values(approval.inputs, INPUTS_SHOWN)
        yield code_block(shown)
    if was_cut:
        yield context(
            f"⚠️ *Too long to show whole.* “Show details” has all of it; sha256 of what will run: `{approval.digest}`"
        )
    yield section(f"*Undo:* {_undo(approval.undo, ink)}")


def _what_runs_for_each(calls: Sequence[Mapping[str, Any]], ink: Ink) -> Generator[Json, None, bool]:
    """Show the calls of a loop; return whether something had to be cut."""
    common, own = folded(calls)
    cut_common = cut_own = False
    yield section(
        f"🔢 *{counted(len(calls), 'call')}*, one for each item" + (". The same in all:" if common else ":")
    )
    if common:
        shown, cut_common = ink.values(common, INPUTS_SHOWN // 2)
        yield code_block(shown)
    if any(own):
        if common:
            yield section("*And in each its own:*")
        shown, cut_own = ink.rows(own, INPUTS_SHOWN)
        yield code_block(shown)
    return cut_common or cut_own


def _undo(undo: str, ink: Ink) -> str:
    """What would take it back, letter by letter; or that nothing would, and why."""
    if not undo or undo.startswith("none"):
        return f"⚠️ {ink.line(undo or 'none', 700)}"
    return ink.code(undo, 700)


def _asked(picture: Picture, approval: ApprovalRecord, ink: Ink) -> str:
    return _named(picture, approval.sources, ink)


def _named(picture: Picture, sources: Sequence[str], ink: Ink) -> str:
    return ", ".join(picture.who_may.get(each, ink.line(each, 60)) for each in sources)


def _who_decides(picture: Picture, approval: ApprovalRecord, ink: Ink) -> str:
    got = sum(each.vote is Vote.APPROVE for each in approval.votes)
    parts = [f"*Who may decide:* {_asked(picture, approval, ink)}"]
    if approval.quorum > 1:
        parts.append(f"*{got} of {approval.quorum}* have approved")
    run = picture.run_of(approval)
    if run is not None and run.run.paused_at is not None:
        parts.append(
            "⏸️ *the run is paused*: it may be decided now, starts once the run is resumed, and doesn't expire meanwhile"
        )
    elif approval.expires_at is not None:
        parts.append(f"open until *{clock_time(approval.expires_at)}*, then it does not run")
    if approval.escalated_at is not None:
        parts.append(
            f"⏫ escalated to {_named(picture, approval.escalated_to, ink)} {clock_time(approval.escalated_at)}"
        )
    lines = [" · ".join(parts), *(_vote(each, ink) for each in approval.votes[-VOTES_SHOWN:])]
    return "\n".join(lines)


def _vote(vote: VoteRecord, ink: Ink) -> str:
    said = "👍 approved by" if vote.vote is Vote.APPROVE else "👎 denied by"
    why = f": {ink.words(vote.why, 200)}" if vote.why else ""
    group = vote.as_member_of.removeprefix("group:")
    source = f", one of {ink.line(group, 60)}" if group != vote.as_member_of else ""
    return f"{said} {who(vote.by, ink)}{source} · {clock_time(vote.at, seconds=True)}{why}"


def _outcome(approval: ApprovalRecord, ink: Ink) -> str:
    lines = [_vote(each, ink) for each in approval.votes[-VOTES_SHOWN:]]
    if approval.status in {ApprovalStatus.EXPIRED, ApprovalStatus.VOID}:
        when = f" {clock_time(approval.closed_at, seconds=True)}" if approval.closed_at else ""
        lines.append(f"{ink.words(approval.why, 300) or 'Nobody decided in time'}{when}")
    elif approval.why and not any(each.why == approval.why for each in approval.votes):
        lines.append(ink.words(approval.why, 300))
    return "\n".join(lines) or "Decided."


def _small_print(picture: Picture, approval: ApprovalRecord, ink: Ink) -> str:
    asked = f"asked {clock_time(approval.requested_at, seconds=True)}"
    by = f" by {who(approval.requested_by, ink)}, who may not decide" if approval.requested_by else ""
    return f"{name_of(picture.incident, ink, 80)} · `{approval.id}` · {asked}{by} · bound to `{approval.digest[:12]}`"


def _buttons(approval: ApprovalRecord, name: str, ink: Ink) -> list[Json]:
    value = {"approval": str(approval.id), "digest": str(approval.digest)}
    sure = None
    if approval.effect == "destroy":
        target = f" on {ink.line(approval.target, 120)}" if approval.target else ""
        sure = confirmation(
            "This destroys", f"{name}{target} can't be taken back.", yes="Approve", danger=True
        )
    return [
        button(
            f"Approve all {approval.items}" if approval.items > 1 else "Approve",
            "approve",
            value,
            style="primary",
            confirm=sure,
        ),
        button("Deny …", "deny", value, style="danger"),
        button("Show details", "details", value),
    ]
