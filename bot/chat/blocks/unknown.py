"""The message that asks what became of a call which was interrupted and can't be repeated in silence."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, clock_time
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
from bot.chat.blocks.picture import UnknownCall
from bot.chat.blocks.words import name_of
from bot.domain.nouns import Settlement

_SAID = {
    Settlement.HAPPENED: "It happened",
    Settlement.DID_NOT: "It did not happen",
    Settlement.STOP: "Stopped here",
}


def unknown_message(call: UnknownCall, *, redact: Redact) -> Message:
    """Draw the question, or the answer once there is one."""
    return written_to_fit(lambda ink: _draw(call, ink), redact)


def _draw(call: UnknownCall, ink: Ink) -> Message:
    name = ink.line(call.name, 100)
    part = "" if call.part == "main" else f" ({ink.line(call.part, 20)})"
    open_question = not call.settlement and not call.moot
    head = f"❓ Did it happen? {name}{part}" if open_question else f"☑️ Settled: {name}{part}"
    blocks: list[Json] = [header(head)]
    if open_question:
        when = f" at {clock_time(call.sent_at, seconds=True)}" if call.sent_at else ""
        blocks.append(
            section(
                f"Fireline sent this{when} and was cut off before the answer came. *It may have happened, or not*, and running it twice may "
                "do harm. Look at the target, then say which."
            )
        )
    else:
        blocks.append(section(_answer(call, ink)))
    blocks.append(section(f"*What was sent:* {ink.code(call.action, 120)}{_which(call, ink)}"))
    shown, was_cut = ink.values(call.inputs, 4000)
    blocks.append(code_block(shown))
    if was_cut:
        blocks.append(context("Too long to show whole; the console has all of it."))
    if call.why:
        blocks.append(section(f"*What is known:* {ink.line(call.why, 800)}"))
    if open_question:
        blocks.append(actions(*_buttons(call)))
    blocks.append(
        context(
            f"{name_of(call.incident, ink, 80)} · run `{ink.line(call.run, 40)}` · step `{ink.line(call.step, 80)}`"
        )
    )
    return Message(text=f"{head} · {name_of(call.incident, ink)}", blocks=tuple(blocks))


def _which(call: UnknownCall, ink: Ink) -> str:
    """Name the attempt among others, and what to look for in the target's log."""
    attempt = f", attempt {call.attempt}" if call.attempt > 1 else ""
    return f"{attempt}, with the idempotency key {ink.code(call.key, 120)}" if call.key else attempt


def _answer(call: UnknownCall, ink: Ink) -> str:
    if not call.settlement:
        return ink.line(call.moot, 300)
    said = _SAID.get(Settlement(call.settlement), call.settlement)
    when = f" {clock_time(call.settled_at, seconds=True)}" if call.settled_at else ""
    return f"*{said}*, says {call.settled_by}{when}"


def _buttons(call: UnknownCall) -> list[Json]:
    value = {"run": call.run, "step": str(call.step), "part": call.part, "attempt": call.attempt}
    again = confirmation(
        "Run it again?", "Only when you saw that it did not happen.", yes="It did not, run it", danger=True
    )
    return [
        button("It happened", "settle_happened", value),
        button("It did not, run it", "settle_did_not", value, confirm=again),
        button("Stop here", "settle_stop", value, style="danger"),
    ]
