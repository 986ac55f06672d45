"""The home tab: what is open, what waits for the one who looks, and what they may run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.chat.blocks.answers import frozen
from bot.chat.blocks.control import OPEN, opens
from bot.chat.blocks.ink import Ink, Redact, clock_time, link, mention
from bot.chat.blocks.kit import Json, actions, button, confirmation, context, divider, header, section
from bot.chat.blocks.words import STATUS, counted, mark, name_of
from bot.chat.views.kit import home_tab, view_to_fit
from bot.domain.records import ApprovalRecord, IncidentRecord
from bot.domain.response_records import FreezeRecord
from bot.runbook.model import Runbook

INCIDENTS, WAITING, RUNBOOKS = 15, 15, 15
"""Entries of each sort that are shown; the rest are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Something that waits for the one who looks: `what` in words, `where` a link to the message that settles it, empty while there is none."""

    incident: IncidentRecord
    what: str
    where: str = ""
    approval: ApprovalRecord | None = None
    lead: bool = False
    """Whether it is over once they lead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What one person's home tab shows; `may_act` is False for guests and others who decide nothing. `command` is the slash command."""

    incidents: Sequence[IncidentRecord] = ()
    waiting: Mapping[int, int] = field(default_factory=dict)
    """How much waits for people in each incident, whoever they are."""
    mine: Sequence[Waits] = ()
    runbooks: Sequence[Runbook] = ()
    may_act: bool = True
    command: str = "/incident"
    freeze: FreezeRecord | None = None


def home_view(outlook: Outlook, *, redact: Redact) -> Json:
    """Draw the home tab."""

    def write(ink: Ink) -> Json:
        blocks: list[Json] = [actions(*_first(outlook)), *frozen(outlook.freeze, ink)]
        if outlook.may_act:
            blocks += [header("Waits for you"), *_mine(outlook, ink)]
        blocks += [divider(), header("Open incidents"), *_incidents(outlook, ink)]
        if outlook.may_act:
            blocks += [divider(), header("Runbooks that you may run"), *_runbooks(outlook, ink)]
        blocks.append(context(f"`{outlook.command} help` lists what can be typed."))
        return home_tab(blocks)

    return view_to_fit(write, redact)


def _first(outlook: Outlook) -> list[Json]:
    declare = opens("Declare an incident", "declare", {}, style="danger")
    oncall = opens("Who is on call", "oncall", {})
    if not outlook.may_act:
        return [declare, oncall]
    return [declare, opens("Run a runbook", "run", {}), _freezing(outlook), oncall]


def _freezing(outlook: Outlook) -> Json:
    """The button that holds all changes, or lets them go on."""
    if outlook.freeze is None:
        return opens("Freeze changes", "freeze", {})
    sure = confirmation(
        "Let changes go on?", "Steps that wait for this begin now, without being asked again.", yes="Let them"
    )
    return button("Let changes go on", "unfreeze", {}, confirm=sure)


def _mine(outlook: Outlook, ink: Ink) -> Iterator[Json]:
    if not outlook.mine:
        yield section("🟢 Nothing.")
    for each in outlook.mine[:WAITING]:
        go = f" · {link(each.where, 'Go there →')}" if each.where else ""
        shown = section(
            f"{ink.line(each.what, 300)}{go}\n{mark(each.incident)} {name_of(each.incident, ink, 80)}"
        )
        if each.approval is not None:
            its = {"approval": str(each.approval.id)}
            shown["accessory"] = button("Show details", f"details/{each.approval.id}", its)
        elif each.lead:
            number = int(each.incident.id)
            shown["accessory"] = button("Acknowledge", f"acknowledge/{number}", {"incident": number})
        yield shown
    yield from _more(len(outlook.mine), WAITING, "more of them")


def _incidents(outlook: Outlook, ink: Ink) -> Iterator[Json]:
    order = sorted(outlook.incidents, key=lambda each: (each.severity, -each.id))
    if not order:
        yield section("🟢 No incident is open.")
    for each in order[:INCIDENTS]:
        shown = section(_incident(each, outlook.waiting.get(int(each.id), 0), ink))
        if outlook.may_act:
            shown["accessory"] = button("More …", f"{OPEN}more/{each.id}", {"incident": int(each.id)})
        yield shown
    yield from _more(len(order), INCIDENTS, "more open ones")


def _incident(incident: IncidentRecord, waiting: int, ink: Ink) -> str:
    lead = f"led by {mention(incident.commander, ink)}" if incident.commander else "⚠️ nobody leads"
    parts = [STATUS[incident.status], lead, f"open since {clock_time(incident.opened_at)}"]
    if waiting:
        parts.append(f"✋ {waiting} waiting")
    if incident.channel:
        parts.append(f"<#{incident.channel}>")
    return f"{mark(incident)} *{name_of(incident, ink, 120)}*\n{' · '.join(parts)}"


def _runbooks(outlook: Outlook, ink: Ink) -> Iterator[Json]:
    if not outlook.runbooks:
        yield section("There is none that people may start.")
    for each in outlook.runbooks[:RUNBOOKS]:
        shown = section(
            f"*{ink.line(each.title or each.name, 150)}*\n{ink.code(each.name, 80)} · {counted(len(each.steps), 'step')}"
        )
        shown["accessory"] = button("Run …", f"{OPEN}run/{each.name}", {"runbook": each.name})
        yield shown
    more = len(outlook.runbooks) - RUNBOOKS
    if more > 0:
        yield context(f"… and {more} more: “Run a runbook” has them all")


def _more(count: int, shown: int, what: str) -> Iterator[Json]:
    if count > shown:
        yield context(f"… and {count - shown} {what}")
