"""The forms of an incident: a modal each, filled in by one person, submitted once.

What a form is about (the incident, the channel in which its answer is told) comes back with it in `about`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.blocks.ink import Ink, Redact, mention
from bot.chat.blocks.kit import Json, context, section
from bot.chat.blocks.words import SEVERITY, STATUS, counted, name_of
from bot.chat.views.kit import (
    choice,
    field,
    modal,
    moment_box,
    option,
    person_box,
    text_box,
    tick,
    view_to_fit,
)
from bot.domain.nouns import IncidentStatus, Severity
from bot.domain.records import IncidentRecord

About = Mapping[str, Any]
TITLE_MOST = 500
"""Characters of an incident's title; the desk takes no more."""
MEANING = {
    Severity.SEV1: "SEV1 · critical: customers are cut off",
    Severity.SEV2: "SEV2 · major: customers notice",
    Severity.SEV3: "SEV3 · minor: few notice",
    Severity.SEV4: "SEV4 · small: nobody outside notices",
}
NEXT_UPDATES = {
    "15": "in 15 minutes",
    "30": "in 30 minutes",
    "60": "in an hour",
    "120": "in 2 hours",
    "0": "nothing promised",
}
SILENCES = {
    "30": "30 minutes",
    "60": "1 hour",
    "120": "2 hours",
    "240": "4 hours",
    "480": "8 hours",
    "1440": "1 day",
}
"""How long alerts may be silenced from a form, in minutes."""


def declare_form(
    runbooks: Sequence[tuple[str, str]], about: About, *, title: str = "", redact: Redact
) -> Json:
    """Open an incident; `runbooks` are names and titles of those that may be started with it."""

    def write(ink: Ink) -> Json:
        blocks = [
            field(
                "title",
                "What is wrong?",
                text_box(initial=title, placeholder="Checkout is failing for customers", most=TITLE_MOST),
            ),
            field("severity", "How bad is it?", choice(severities(), placeholder="Choose a severity")),
            field("service", "Service", text_box(placeholder="checkout", most=100), optional=True),
            *_runbook(runbooks, ink),
            field(
                "private",
                "Who may see it?",
                tick("Keep it private: only people who are invited see it", "private"),
                optional=True,
            ),
        ]
        return modal("Declare an incident", "declare", blocks, submit="Declare", close="Cancel", about=about)

    return view_to_fit(write, redact)


def _runbook(runbooks: Sequence[tuple[str, str]], ink: Ink) -> list[Json]:
    if not runbooks:
        return []
    options = [option(ink.line(title or name, 75), name) for name, title in runbooks]
    return [
        field(
            "runbook",
            "Start a runbook with it",
            choice(options, placeholder="None"),
            hint="You see what it would do before anything runs.",
            optional=True,
        )
    ]


def severities() -> list[Json]:
    """The severities as choices, the worst first."""
    return [option(f"{SEVERITY[each]} {meaning}", each.value) for each, meaning in MEANING.items()]


def severity_form(incident: IncidentRecord, about: About, *, redact: Redact) -> Json:
    """Change how bad an incident is."""

    def write(ink: Ink) -> Json:
        blocks = [
            heading(incident, ink),
            field("severity", "How bad is it now?", choice(severities(), initial=incident.severity.value)),
            field("why", "Why?", text_box(lines=True), optional=True),
        ]
        return modal("Change the severity", "severity", blocks, submit="Change", close="Cancel", about=about)

    return view_to_fit(write, redact)


def assign_form(
    incident: IncidentRecord, roles: Sequence[tuple[str, str, str]], about: About, *, redact: Redact
) -> Json:
    """Give a role to a person; `roles` are each name, what it is called, and who has it."""

    def write(ink: Ink) -> Json:
        options = [option(ink.line(called, 75), name) for name, called, _ in roles]
        held = [f"{ink.line(called, 60)}: {mention(who, ink)}" for _, called, who in roles if who]
        blocks = [
            heading(incident, ink),
            field("role", "Role", choice(options, initial=roles[0][0])),
            field("person", "Who?", person_box(), hint="Nobody: the role is free again.", optional=True),
            context(" · ".join(held) or "Nobody has a role yet."),
        ]
        return modal("Assign a role", "assign", blocks, submit="Assign", close="Cancel", about=about)

    return view_to_fit(write, redact)


def update_form(incident: IncidentRecord, about: About, *, redact: Redact) -> Json:
    """Say how it stands, and when the next word comes."""

    def write(ink: Ink) -> Json:
        states = [
            option(STATUS[each], each.value) for each in IncidentStatus if each is not IncidentStatus.RESOLVED
        ]
        promises = [option(words, minutes) for minutes, words in NEXT_UPDATES.items()]
        blocks = [
            heading(incident, ink),
            field("status", "Where does the response stand?", choice(states, initial=incident.status.value)),
            field(
                "message",
                "Message to stakeholders",
                text_box(lines=True, placeholder="What customers see, what we do about it, what comes next"),
            ),
            field("next_in", "Next update", choice(promises, initial="30")),
        ]
        return modal("Update", "update", blocks, submit="Send", close="Cancel", about=about)

    return view_to_fit(write, redact)


def resolve_form(incident: IncidentRecord, about: About, *, redact: Redact) -> Json:
    """End the response: what fixed it, and from when to when customers felt it."""

    def write(ink: Ink) -> Json:
        firing = (
            [section(f"⚠️ *{counted(incident.firing, 'alert')} still firing.*")] if incident.firing else []
        )
        blocks = [
            heading(incident, ink),
            *firing,
            field(
                "summary",
                "What fixed it?",
                text_box(lines=True, placeholder="The deploy of 14:02 was rolled back"),
            ),
            field(
                "impact",
                "Customer impact",
                text_box(lines=True, placeholder="A third of checkouts failed"),
                optional=True,
            ),
            field("impact_from", "Customers felt it from", moment_box(), optional=True),
            field("impact_to", "Until", moment_box(), optional=True),
        ]
        return modal("Resolve", "resolve", blocks, submit="Resolve", close="Cancel", about=about)

    return view_to_fit(write, redact)


def note_form(incident: IncidentRecord, about: About, *, redact: Redact) -> Json:
    """Write into the timeline."""
    words = field("text", "What should the timeline say?", text_box(lines=True))
    return _words_alone(incident, "Add a note", "note", words, "Add", about, redact)


def reopen_form(incident: IncidentRecord, about: About, *, redact: Redact) -> Json:
    """Take a response up again; the reason is required."""
    words = field(
        "why", "Why is it not over?", text_box(lines=True, placeholder="The errors are back since 15:10")
    )
    return _words_alone(incident, "Reopen", "reopen", words, "Reopen", about, redact)


def _words_alone(
    incident: IncidentRecord,
    title: str,
    callback: str,
    words: Json,
    submit: str,
    about: About,
    redact: Redact,
) -> Json:
    return view_to_fit(
        lambda ink: modal(
            title, callback, [heading(incident, ink), words], submit=submit, close="Cancel", about=about
        ),
        redact,
    )


def silence_form(incident: IncidentRecord, about: About, *, redact: Redact) -> Json:
    """Keep an incident's alerts from calling anybody, for a time."""

    def write(ink: Ink) -> Json:
        lengths = [option(words, minutes) for minutes, words in SILENCES.items()]
        blocks = [
            heading(incident, ink),
            field("minutes", "For how long?", choice(lengths, initial="60")),
            field(
                "why", "Why?", text_box(lines=True, placeholder="The fix is being rolled out"), optional=True
            ),
            context("They are still taken in and shown here; they call nobody until the time is over."),
        ]
        return modal("Silence the alerts", "silence", blocks, submit="Silence", close="Cancel", about=about)

    return view_to_fit(write, redact)


def merge_form(
    incident: IncidentRecord, others: Sequence[IncidentRecord], about: About, *, redact: Redact
) -> Json:
    """Make this incident a part of another that is open."""

    def write(ink: Ink) -> Json:
        options = [option(name_of(each, ink, 50), str(each.id)) for each in others]
        if not options:
            blocks = [heading(incident, ink), section("There is no other open incident.")]
            return modal("Merge", "outcome", blocks)
        blocks = [
            heading(incident, ink),
            field("into", "Into which incident?", choice(options, placeholder="Choose an incident")),
            context("The response goes on there; this one ends, and its timeline says where it went."),
        ]
        return modal("Merge", "merge", blocks, submit="Merge", close="Cancel", about=about)

    return view_to_fit(write, redact)


def freeze_form(about: About) -> Json:
    """Hold everything that would change something."""
    blocks = [
        section("🧊 *Nothing that changes anything begins*, in any run, until somebody lifts the freeze."),
        field(
            "why",
            "Why?",
            text_box(lines=True, placeholder="A change freeze for the migration"),
        ),
    ]
    return modal("Freeze", "freeze", blocks, submit="Freeze", close="Cancel", about=about)


def heading(incident: IncidentRecord, ink: Ink) -> Json:
    """Which incident a form is about."""
    return context(f"*{name_of(incident, ink)}*")
