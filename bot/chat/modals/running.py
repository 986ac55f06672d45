"""The way to a run by hand: choose, fill in, look at what it would do, say so. Nothing starts before the last.

Each step but the last only reads, and is answered in the ack of the one before it, so that what is wrong stands beside its field. Everything that the
next step must know goes with the view; what was previewed is bound to the runbook's digest, and a runbook that changed since is shown anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.blocks.answers import refused, said
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Json, Message
from bot.chat.desks import DeskOver, Opened
from bot.chat.identity import Identity
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.worker import Task
from bot.chat.views.answer import ViewAnswer, turned, wrong
from bot.chat.views.kit import carried, outcome
from bot.chat.views.running import INPUT, inputs_form, pick_form, preview
from bot.domain.ids import IncidentId
from bot.domain.nouns import Severity, person
from bot.errors import Refused, RunbookError
from bot.incidents.foreseen import Foresight
from bot.runbook.model import Runbook

STEPS = frozenset({"run_pick", "run_inputs"})
"""Forms that lead on to another one, and do nothing."""
_TOO_LONG = "This is too long for a form. Type it instead: {command} run {runbook} {name}=…"


class RunForms:
    """Leads a person through the forms of a run. `command` is the slash command."""

    def __init__(
        self, *, foresight: Foresight, desk: DeskOver, identity: Identity, command: str, redact: Redact
    ) -> None:
        self.foresight = foresight
        self._desk = desk
        self._identity = identity
        self._command = command
        self._redact = redact

    def begin(self, runbook: str, incident: IncidentId | None, channel: str) -> Json:
        """Return the first form: the choice, or what comes after it where a runbook is named; Refused when it may not be started."""
        about = _carrying(incident, channel)
        if not runbook:
            return pick_form(self.foresight.offers(incident), about, redact=self._redact)
        return self._after_choice(self.foresight.runbook(runbook, incident), incident, about)

    def lead_on(self, asked: Asked) -> ViewAnswer:
        """Return what follows a form that leads on to another one."""
        about, incident = dict(asked.meant), _incident(asked)
        try:
            if asked.action == "run_pick":
                book = self.foresight.runbook(str(asked.entered.get("runbook") or ""), incident)
                return turned(self._after_choice(book, incident, about))
            book = self.foresight.runbook(str(about.get("runbook", "")), incident)
            return self._after_inputs(asked, book, incident, about)
        except Refused as refusal:
            told = refused(str(refusal), refusal.hint, redact=self._redact)
            return turned(outcome(told), told)

    def declare(self, asked: Asked) -> ViewAnswer | None:
        """Return what follows the form of an incident that is declared with a runbook; None where none was chosen."""
        name = str(asked.entered.get("runbook") or "")
        if not name:
            return None
        declared = {each: asked.entered.get(each) for each in ("title", "severity", "service", "private")}
        about = {**asked.meant, "declare": {each: value for each, value in declared.items() if value}}
        try:
            book = self.foresight.runbook(name)
            return turned(self._after_choice(book, None, about))
        except Refused as refusal:
            return wrong({"runbook": f"{refusal} {refusal.hint}".strip()})

    async def go(self, task: Task) -> Message | ViewAnswer:
        """Start what was previewed, in its incident or with the one that it was declared with; show it anew where the runbook changed since."""
        about, incident, by = task.asked.meant, _incident(task.asked), person(task.asked.user)
        book = self.foresight.runbook(str(about["runbook"]), incident)
        given = {str(name): str(value) for name, value in dict(about.get("inputs") or {}).items()}
        if book.digest[:16] != about.get("digest"):
            return self._changed(task.asked, book, given, incident)
        desk = self._desk(task.journal)
        if "declare" in about:
            wanted = declared(about["declare"])
            wanted["title"] = await self._identity.in_words(wanted["title"])
            opened = await desk.declare(**wanted, by=by, runbook=book.name, inputs=given)
        else:
            opened = await desk.start_run(book.name, given, by, incident=incident)
        return self._started(book, opened)

    # ---- parts

    def _after_choice(self, book: Runbook, incident: IncidentId | None, about: Mapping[str, Any]) -> Json:
        about = {**about, "runbook": book.name, "digest": book.digest[:16]}
        if not book.inputs:
            return self._preview(book, {}, incident, about)
        known = self.foresight.defaults(book, incident)
        return inputs_form(book, known, about, given={}, redact=self._redact)

    def _after_inputs(
        self, asked: Asked, book: Runbook, incident: IncidentId | None, about: Mapping[str, Any]
    ) -> ViewAnswer:
        given = _given(asked.entered)
        if book.digest[:16] != about.get("digest"):
            return self._changed(asked, book, given, incident)
        misfits = self.foresight.misfits(book, given, incident)
        if misfits:
            shown = {f"{INPUT}{name}" for name in asked_names(asked)}
            errors = {f"{INPUT}{name}": f"{name}: {why}" for name, why in misfits.items()}
            return wrong({at if at in shown else asked.first: why for at, why in errors.items()})
        about = {**about, "inputs": given}
        if not carried(about):
            longest = max(given, key=lambda name: len(given[name]))
            words = _TOO_LONG.format(command=self._command, runbook=book.name, name=longest)
            return wrong({f"{INPUT}{longest}": words})
        return turned(self._preview(book, given, incident, about))

    def _preview(
        self, book: Runbook, given: Mapping[str, str], incident: IncidentId | None, about: Mapping[str, Any]
    ) -> Json:
        try:
            foreseen = self.foresight.foresee(book, given, incident)
        except RunbookError as error:
            raise Refused(str(error), hint=error.hint) from error
        sources = {source for step in foreseen.steps for source in step.sources}
        who_may = {source: self._identity.mention(source) for source in sources}
        return preview(foreseen, who_may, _where(incident, about), about, redact=self._redact)

    def _changed(
        self, asked: Asked, book: Runbook, given: Mapping[str, str], incident: IncidentId | None
    ) -> ViewAnswer:
        """Show the forms anew: what was seen is not what would run."""
        about = {**asked.meant, "runbook": book.name, "digest": book.digest[:16]}
        told = said("❗ The runbook changed since you saw it, and nothing was started.", "Look at it again.")
        if self.foresight.misfits(book, {name: given[name] for name in given}, incident):
            known = self.foresight.defaults(book, incident)
            return turned(inputs_form(book, known, about, given=given, redact=self._redact), told)
        return turned(self._preview(book, given, incident, {**about, "inputs": given}), told)

    def _started(self, book: Runbook, opened: Opened) -> Message:
        ink = Ink(redact=self._redact)
        title = ink.line(book.title or book.name, 120)
        if opened.waits:
            return said(
                f"⏳ *{title}* {ink.line(opened.waits, 200)}.",
                f"It begins by itself, as `{opened.run}` in #{opened.incident}.",
            )
        where = f"{'a new incident, ' if opened.opened else ''}#{opened.incident}"
        return said(
            f"▶️ *{title}* runs as `{opened.run}` in {where}.", "The incident's message shows each step."
        )


def declared(entered: Mapping[str, Any]) -> dict[str, Any]:
    """Read what an incident is declared with."""
    return {
        "title": str(entered.get("title") or ""),
        "severity": Severity(str(entered.get("severity") or "")),
        "service": str(entered.get("service") or ""),
        "private": bool(entered.get("private")),
    }


def asked_names(asked: Asked) -> list[str]:
    """Return the inputs that a form had fields for."""
    return [name.removeprefix(INPUT) for name in asked.entered if name.startswith(INPUT)]


def _given(entered: Mapping[str, Any]) -> dict[str, str]:
    """Return the inputs that were entered; what was left empty has its default."""
    return {
        name.removeprefix(INPUT): str(value)
        for name, value in entered.items()
        if name.startswith(INPUT) and value not in (None, "")
    }


def _carrying(incident: IncidentId | None, channel: str) -> dict[str, Any]:
    about: dict[str, Any] = {"channel": channel} if channel else {}
    return about | ({"incident": int(incident)} if incident is not None else {})


def _incident(asked: Asked) -> IncidentId | None:
    number = asked.meant.get("incident")
    return IncidentId(int(number)) if number is not None else None


def _where(incident: IncidentId | None, about: Mapping[str, Any]) -> str:
    if incident is not None:
        return f"in incident #{incident}"
    return (
        "in the incident that is declared with it"
        if "declare" in about
        else "in a new incident, or the one open for it"
    )
