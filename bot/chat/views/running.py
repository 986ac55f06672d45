"""Starting a runbook by hand: which one, with which inputs, and what it would do, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.chat.blocks.approval import EFFECT
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Json, code_block, context, divider, section
from bot.chat.blocks.words import counted
from bot.chat.views.kit import (
    OPTION_VALUE,
    choice,
    field,
    modal,
    number_box,
    option,
    text_box,
    view_to_fit,
    yes_or_no,
)
from bot.incidents.foreseen import Foreseen, ForeseenStep
from bot.runbook.model import InputDecl, InputType, Runbook

INPUT = "in:"
"""How the names of fields begin that are a runbook's inputs."""
FIELDS = 90
"""Inputs that a form shows; a view takes a hundred blocks."""
SIGN = {effect: words.split()[0] for effect, words in EFFECT.items()}
"""How a step's effect is shown where there is no room for words."""
STEPS = 30
"""Steps that a preview shows, each with its inputs."""


def pick_form(runbooks: Sequence[Runbook], about: Mapping[str, Any], *, redact: Redact) -> Json:
    """Choose a runbook among those that people may start."""

    def write(ink: Ink) -> Json:
        if not runbooks:
            hint = "Its author allows that with `on: {command: true}`."
            return modal(
                "Run a runbook",
                "outcome",
                [section("There is no runbook that people may start."), context(hint)],
            )
        options = [option(ink.line(each.title or each.name, 75), each.name) for each in runbooks]
        blocks = [
            field("runbook", "Which runbook?", choice(options, placeholder="Type to search")),
            context("Next: its inputs, then what it would do. Nothing runs before you say so."),
        ]
        return modal("Run a runbook", "run_pick", blocks, submit="Next", close="Cancel", about=about)

    return view_to_fit(write, redact)


def inputs_form(
    runbook: Runbook,
    known: Mapping[str, Any],
    about: Mapping[str, Any],
    *,
    given: Mapping[str, str],
    redact: Redact,
) -> Json:
    """Ask for a runbook's inputs, each with the element that fits its type; `known` are the defaults as they stand, `given` what was typed."""

    def write(ink: Ink) -> Json:
        blocks = [
            section(f"*{ink.line(runbook.title or runbook.name, 150)}*"),
            *(_input(each, known, given, ink) for each in runbook.inputs[:FIELDS]),
        ]
        return modal("Its inputs", "run_inputs", blocks, submit="Preview", close="Cancel", about=about)

    return view_to_fit(write, redact)


def _input(decl: InputDecl, known: Mapping[str, Any], given: Mapping[str, str], ink: Ink) -> Json:
    """The field of an input. One with a default may stay empty: it then has its default."""
    initial = given.get(decl.name, _text(known[decl.name]) if decl.name in known else "")
    hints = [ink.line(decl.description, 160)] if decl.description else []
    if decl.type is InputType.LIST:
        hints.append("Several, with commas between them.")
    if decl.pattern:
        hints.append(f"It must match {ink.line(decl.pattern, 100)}")
    return field(
        f"{INPUT}{decl.name}",
        ink.line(decl.name, 75),
        _element(decl, initial),
        hint=" ".join(hints),
        optional=not decl.required or decl.name in known,
    )


def _element(decl: InputDecl, initial: str) -> Json:
    choices = [str(each) for each in decl.enum]
    if choices and decl.type is not InputType.LIST and max(map(len, choices)) <= OPTION_VALUE:
        ink = Ink()  # a runbook's own words: nothing of them is secret
        return choice([option(ink.line(each, 75), each) for each in dict.fromkeys(choices)], initial=initial)
    match decl.type:
        case InputType.BOOLEAN:
            return yes_or_no(initial=initial)
        case InputType.INTEGER | InputType.NUMBER:
            return number_box(decimal=decl.type is InputType.NUMBER, initial=initial)
        case InputType.LIST:
            return text_box(initial=initial, lines=True)
        case _:
            return text_box(initial=initial, lines="\n" in initial)


def _text(value: Any) -> str:  # noqa: ANN401 - a default of any type
    """Write a default as a person would type it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def preview(
    foreseen: Foreseen, who_may: Mapping[str, str], where: str, about: Mapping[str, Any], *, redact: Redact
) -> Json:
    """Show what a run would do; `who_may` says who is behind each source, `where` in which incident it would run."""

    def write(ink: Ink) -> Json:
        book = foreseen.runbook
        steps = foreseen.steps[:STEPS]
        blocks = [
            section(f"*{ink.line(book.title or book.name, 150)}*\n{_sum(foreseen)}"),
            section("\n".join(_glance(at, each, ink) for at, each in enumerate(steps, start=1))),
            *_given(foreseen.inputs, ink),
            divider(),
        ]
        for at, each in enumerate(steps, start=1):
            blocks.extend(_step(at, each, who_may, ink))
        more = len(foreseen.steps) - len(steps)
        if more:
            blocks.append(context(f"… and {counted(more, 'more step')}"))
        small = [f"{where} · runbook {ink.code(book.name, 80)} · bound to `{book.digest[:12]}`"]
        if foreseen.spare:
            small.append(f"{counted(foreseen.spare, 'step')} besides for when it fails, and for the end")
        blocks.append(context(*small))
        return modal("What it would do", "run_go", blocks, submit="Run it", close="Cancel", about=about)

    return view_to_fit(write, redact)


def _sum(foreseen: Foreseen) -> str:
    asked = sum(bool(each.sources) for each in foreseen.steps)
    changing = sum(each.effect != "read" and not each.never for each in foreseen.steps)
    parts = [counted(len(foreseen.steps), "step")]
    parts.append(
        f"*{changing} {'changes' if changing == 1 else 'change'} things*"
        if changing
        else "nothing is changed"
    )
    parts.append(
        f"{asked} {'asks' if asked == 1 else 'ask'} for approval" if asked else "none asks for approval"
    )
    return " · ".join(parts)


def _glance(at: int, step: ForeseenStep, ink: Ink) -> str:
    """A step in a line, for the first two seconds: what it does to the world, whether somebody is asked."""
    asked = " ✋" if step.sources and not step.never else ""
    sign = "🚫" if step.never else SIGN[step.effect]
    return f"{at}. {sign}{asked} {ink.line(step.name, 70)}"


def _given(inputs: Mapping[str, Any], ink: Ink) -> Iterator[Json]:
    if inputs:
        shown, _ = ink.values(inputs, 2000)
        yield section("*With:*")
        yield code_block(shown)


def _step(at: int, step: ForeseenStep, who_may: Mapping[str, str], ink: Ink) -> Iterator[Json]:
    head = f"*{at}. {ink.line(step.name, 120)}* · {ink.code(step.action, 80)} · {EFFECT[step.effect]}"
    lines = [head]
    if step.never:
        lines.append(f"🚫 left out: {ink.line(step.never, 120)}")
    if step.sources and not step.never:
        names = ", ".join(who_may.get(each, ink.line(each, 60)) for each in step.sources[:6])
        many = f", {step.quorum} of them" if step.quorum > 1 else ""
        lines.append(f"✋ asks {names}{many} before it runs")
    if step.condition:
        lines.append(f"only if {ink.code(step.condition, 200)}")
    if step.looped:
        lines.append("🔁 once for each item of a list")
    if step.undo:
        lines.append(f"undo: {ink.code(step.undo, 120)}")
    yield section("\n".join(lines))
    if step.inputs:
        shown, cut = ink.values(step.inputs, 1200)
        yield code_block(shown)
        if not step.whole or cut:
            yield context(
                "Cut here; approvals show it whole."
                if cut
                else "What stands in `{{ }}` is known once it runs."
            )
