"""Makes the form that a button, a menu or a bare command asks for, and shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.chat.blocks.control import OPEN
from bot.chat.blocks.ink import Redact
from bot.chat.blocks.kit import Json, Message
from bot.chat.blocks.words import role_called
from bot.chat.gallery import Gallery
from bot.chat.identity import Identity
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.worker import Task
from bot.chat.modals.opener import Opener
from bot.chat.modals.running import RunForms
from bot.chat.views import deciding, forms
from bot.chat.views.kit import outcome
from bot.chat.views.letting_go import letting_go_form
from bot.chat.views.more import more_view
from bot.domain.ids import ApprovalId, IncidentId, LetterId
from bot.domain.ports import Reader
from bot.domain.records import ApprovalRecord, IncidentRecord
from bot.errors import NotFound, Refused
from bot.incidents.dead_letters import waiting
from bot.incidents.response import must_be_over
from bot.incidents.rules import must_be_open

FORMS = (
    "declare",
    "run",
    "note",
    "resolve",
    "update",
    "assign",
    "severity",
    "silence",
    "merge",
    "reopen",
    "freeze",
)
"""What can be opened by `open/…`, and by a command without arguments."""
LOOKS = ("timeline", "evidence", "oncall")
"""What can be looked at by `open/…`: the same as the commands say."""
FOR_THOSE_WHO_DECIDE = frozenset({"run", "run_go", "deny", "letter_discard", "silence", "freeze"})
"""Forms for full members alone, when they are opened and when they are sent off: the same as the commands."""
OPENING = frozenset(
    {
        f"{OPEN}more",
        "deny",
        "details",
        "details_page",
        "letter_discard",
        *(f"{OPEN}{each}" for each in (*FORMS, *LOOKS)),
    }
)
"""Buttons that open something, and do nothing else."""
OTHERS = 100
"""Incidents that another may be merged into, as a form lists them."""


class Openings:
    """Opens forms; each answer is None when one was shown."""

    def __init__(  # noqa: PLR0913 - wired once, every part named
        self,
        *,
        opener: Opener,
        reader: Reader,
        gallery: Gallery,
        identity: Identity,
        running: RunForms,
        look: Callable[[Asked], Message | None],
        oncall: Callable[[], Message],
        roles: Sequence[str],
        redact: Redact,
    ) -> None:
        self._opener = opener
        self._reader = reader
        self._gallery = gallery
        self._identity = identity
        self._running = running
        self._look = look
        self._roles = roles
        self._redact = redact
        self._makes: Mapping[str, Callable[[Asked, Mapping[str, Any]], Json]] = {
            "declare": self._declare,
            "run": self._run,
            "note": self._of_incident(forms.note_form),
            "resolve": self._of_incident(forms.resolve_form, must_be_open),
            "update": self._of_incident(forms.update_form, must_be_open),
            "severity": self._of_incident(forms.severity_form, must_be_open),
            "silence": self._of_incident(forms.silence_form, must_be_open),
            "reopen": self._of_incident(forms.reopen_form, must_be_over),
            "assign": self._assign,
            "merge": self._merge,
            "freeze": lambda asked, _: forms.freeze_form(_about(asked)),
            "deny": self._deny,
            "details": self._details,
            "letter_discard": self._letting_go,
            "more": self._more,
            "timeline": lambda asked, meant: self._told(asked, meant, "timeline", "What happened"),
            "evidence": lambda asked, meant: self._told(asked, meant, "evidence", "Evidence"),
            "oncall": lambda _asked, _meant: outcome(oncall(), title="On call"),
        }

    async def press(self, task: Task) -> Message | None:
        """Open what a button asks for."""
        form = task.asked.action.removeprefix(OPEN)
        if form == "details_page":
            await self._opener.change(task.asked.view, self._details(task.asked, task.asked.meant))
            return None
        return await self.open(task, form, task.asked.meant)

    async def open(self, task: Task, form: str, meant: Mapping[str, Any]) -> Message | None:
        """Open a form about what is meant: an incident, an approval, a runbook."""
        return await self._opener.show(task, self._made(task.asked, form, meant))

    def offers(self, form: str) -> bool:
        """Tell whether there is such a form."""
        return form in self._makes

    async def _made(self, asked: Asked, form: str, meant: Mapping[str, Any]) -> Json:
        if form in FOR_THOSE_WHO_DECIDE:
            await self._identity.must_be_able_to_decide(asked.user)
        await self._identity.refresh_groups()
        return self._makes[form](asked, meant)

    # ---- each

    def _declare(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        runbooks = [(each.name, each.title) for each in self._running.foresight.offers()]
        title = str(meant.get("title", ""))
        return forms.declare_form(runbooks, _about(asked), title=title, redact=self._redact)

    def _run(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        incident = _incident_of(meant)
        if incident is not None:
            self._found(asked, incident)
        return self._running.begin(str(meant.get("runbook", "")), incident, asked.channel)

    def _of_incident(
        self, form: Callable[..., Json], must_be: Callable[[IncidentRecord], None] = lambda _: None
    ) -> Callable[[Asked, Mapping[str, Any]], Json]:
        """Return what makes a form about an incident; `must_be` refuses before anybody fills it in for nothing."""

        def make(asked: Asked, meant: Mapping[str, Any]) -> Json:
            incident = self._found(asked, _incident_of(meant))
            must_be(incident)
            return form(incident, _about(asked, incident=int(incident.id)), redact=self._redact)

        return make

    def _assign(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        incident = self._found(asked, _incident_of(meant))
        must_be_open(incident)
        roles = [(each, role_called(each), incident.roles.get(each, "")) for each in self._roles]
        return forms.assign_form(
            incident, roles, _about(asked, incident=int(incident.id)), redact=self._redact
        )

    def _merge(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        incident = self._found(asked, _incident_of(meant))
        must_be_open(incident)
        found = self._reader.incidents(only_open=True, limit=OTHERS)
        others = [each for each in found if each.id != incident.id and each.seen_by(asked.user)]
        return forms.merge_form(
            incident, others, _about(asked, incident=int(incident.id)), redact=self._redact
        )

    def _deny(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        incident, approval, name = self._asked_about(asked, meant)
        about = _about(asked, approval=str(approval.id), digest=str(meant.get("digest", "")))
        return deciding.deny_form(incident, approval, name, about, redact=self._redact)

    def _details(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        incident, approval, name = self._asked_about(asked, meant)
        page = int(meant.get("page", 1))
        return deciding.details(incident, approval, name, _about(asked), page=page, redact=self._redact)

    def _letting_go(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        number = LetterId(int(meant["letter"]))
        letter = waiting(self._reader.dead_letter(number), number)
        if letter.incident is not None:
            self._found(asked, letter.incident)
        return letting_go_form(letter, _about(asked, letter=int(number)), redact=self._redact)

    def _more(self, asked: Asked, meant: Mapping[str, Any]) -> Json:
        incident = self._found(asked, _incident_of(meant))
        picture = self._gallery.picture(incident.id)
        assert picture is not None  # noqa: S101 - it was found
        about = _about(asked, incident=int(incident.id))
        about |= {"channel": asked.channel or incident.channel}
        return more_view(picture, about, redact=self._redact)

    def _told(self, asked: Asked, meant: Mapping[str, Any], verb: str, title: str) -> Json:
        """Show in a modal what a command answers."""
        incident = self._found(asked, _incident_of(meant))
        answer = self._look(replace(asked, text=f"{verb} {incident.id}"))
        assert answer is not None  # noqa: S101 - these only read
        return outcome(answer, title=title)

    # ---- what is meant

    def _found(self, asked: Asked, number: IncidentId | None) -> IncidentRecord:
        """Return the incident that is meant; a private one is there for its own people, and in its own channel."""
        record = self._reader.incident(number) if number is not None else None
        if record is None or not record.seen_from(asked.channel, asked.user):
            raise NotFound(
                "There is no such incident." if number is None else f"There is no incident #{number}."
            )
        return record

    def _asked_about(
        self, asked: Asked, meant: Mapping[str, Any]
    ) -> tuple[IncidentRecord, ApprovalRecord, str]:
        approval = self._reader.approval(ApprovalId(str(meant.get("approval", ""))))
        if approval is None:
            raise Refused(
                "That question is not on record.", hint="The message in the channel shows how it stands."
            )
        run = self._reader.run(approval.run)
        name = self._gallery.run(run).name_of(approval.step) if run is not None else str(approval.step)
        return self._found(asked, approval.incident), approval, name


def _incident_of(meant: Mapping[str, Any]) -> IncidentId | None:
    return IncidentId(int(meant["incident"])) if meant.get("incident") is not None else None


def _about(asked: Asked, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """What a form carries: where its answer is told, and what it is about."""
    return {**({"channel": asked.channel} if asked.channel else {}), **more}
