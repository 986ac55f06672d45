"""Everything that a person can do about an incident now, in one modal: what the buttons of its message have no room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.chat.blocks.control import all_of, opens, retry_button
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Json, actions, button, context, section
from bot.chat.blocks.letters import letter_buttons
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.words import STATUS, name_of
from bot.chat.views.kit import modal, view_to_fit
from bot.domain.nouns import RunStatus

RUNS = 8
"""Runs under way that have a row here."""


def more_view(picture: Picture, about: Mapping[str, Any], *, redact: Redact) -> Json:
    """Draw every action that makes sense now."""

    def write(ink: Ink) -> Json:
        incident = picture.incident
        blocks = [
            section(f"*{name_of(incident, ink)}*\n{STATUS[incident.status]}"),
            *(_open(picture, ink) if incident.open else _over(picture)),
            context("What you press opens a form first, or asks once more, where it changes something."),
        ]
        return modal("What next?", "more", blocks, about=about)

    return view_to_fit(write, redact)


def _open(picture: Picture, ink: Ink) -> Iterator[Json]:
    incident = picture.incident
    value = {"incident": int(incident.id)}
    lead = [] if incident.commander else [button("Acknowledge", "acknowledge", value, style="primary")]
    yield section("*The response*")
    yield actions(
        *lead,
        opens("Send an update", "update", value),
        opens("Add a note", "note", value),
        opens("Assign a role", "assign", value),
        opens("Change the severity", "severity", value),
    )
    yield section("*Runbooks*")
    alive = [each for each in picture.runs if each.run.status is RunStatus.RUNNING]
    dead = {each.run for each in picture.letters}
    last = [each for each in picture.runs[-1:] if each.run.id not in dead]
    again = [] if alive else retry_button(last, ink)
    yield actions(opens("Run a runbook", "run", value), *letter_buttons(picture.letters), *again)
    for each in alive[:RUNS]:
        yield section(f"▶️ {ink.line(each.title or each.run.runbook, 120)} · run `{each.run.id}`")
        yield actions(*all_of(each, ink, one_of_many=True))
    yield section("*Ending it*")
    heard = [button("Hear the alerts again", "unsilence", value)] if picture.silences else []
    silence = (
        [opens("Silence the alerts", "silence", value)] if incident.alerts and not picture.silences else []
    )
    yield actions(
        *silence,
        *heard,
        opens("Merge into another", "merge", value),
        button("Draft the postmortem", "postmortem", value),
        opens("Resolve", "resolve", value, style="danger"),
    )
    yield section("*Looking*")
    yield actions(*_looks(value), opens("Who is on call", "oncall", {}))


def _looks(value: Mapping[str, Any]) -> list[Json]:
    return [opens("What happened", "timeline", value), opens("Evidence", "evidence", value)]


def _over(picture: Picture) -> Iterator[Json]:
    value = {"incident": int(picture.incident.id)}
    reopen = [] if picture.incident.merged_into else [opens("Reopen", "reopen", value)]
    yield actions(
        *reopen,
        opens("Add a note", "note", value),
        button("Draft the postmortem", "postmortem", value),
        *_looks(value),
    )
