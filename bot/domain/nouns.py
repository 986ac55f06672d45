"""The words of incident response as closed sets: severities, statuses, who acts, how things end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; SEV1 is the worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"


class IncidentStatus(StrEnum):
    """Where the response stands, in the order that responders use the words."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class AlertStatus(StrEnum):
    """What the sender says of an alert."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Routing(StrEnum):
    """What became of an alert after it was taken in."""

    PENDING = "pending"
    """On disk, not yet matched to runbooks."""
    ATTACHED = "attached"
    """Belongs to an incident."""
    UNMATCHED = "unmatched"
    """No runbook wants it; kept, and shown by `fireline alerts --unmatched`."""


class RunStatus(StrEnum):
    """How far a run of a runbook is."""

    QUEUED = "queued"
    """It waits in line for its concurrency group, and has not begun."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"
    """A run inside another that was over, and whose effects were taken back."""


class StepStatus(StrEnum):
    """How far a step of a run is; the last five are final."""

    PENDING = "pending"
    WAITING_APPROVAL = "waiting_approval"
    RUNNING = "running"
    HELD = "held"
    """Its call waits for room: at its target, or among all that run. It has not been made."""
    WAITING_RETRY = "waiting_retry"
    VERIFYING = "verifying"
    UNKNOWN = "unknown"
    """Interrupted and not repeatable: a probe or a person must say what happened."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDONE = "undone"
    CANCELLED = "cancelled"

    final: bool
    """Whether the step will do nothing more by itself. An attribute, since the conductor asks it a dozen times a turn."""


for _status in StepStatus:
    _status.final = _status in {
        StepStatus.SUCCEEDED,
        StepStatus.FAILED,
        StepStatus.SKIPPED,
        StepStatus.UNDONE,
        StepStatus.CANCELLED,
    }


class Part(StrEnum):
    """Which of a step's calls an attempt belongs to."""

    MAIN = "main"
    SETTLE = "settle"
    VERIFY = "verify"
    UNDO = "undo"


class HoldCause(StrEnum):
    """Why a call waits before it is made."""

    RUNNING = "running"
    """As many steps run as may run at once, over all incidents."""
    PARALLEL = "parallel"
    """As many calls to its target are under way as may be."""
    RATE = "rate"
    """Its target is called as often as it may be."""
    PAUSED = "paused"
    """Its target asked to be left alone for a while (`Retry-After`)."""
    TRIAL = "trial"
    """Its target was away; one call tries it, and the others wait for what becomes of that."""
    RETRIES = "retries"
    """As many calls are repeated as may be: the retry budget is used up."""
    FROZEN = "frozen"
    """A person said that nothing may be changed now."""


class Phase(StrEnum):
    """Which list of a runbook's steps is under way, in this order."""

    STEPS = "steps"
    UNDO = "undo"
    RESCUE = "rescue"
    ALWAYS = "always"


class Vote(StrEnum):
    """What a person said to an approval."""

    APPROVE = "approve"
    DENY = "deny"


class ApprovalStatus(StrEnum):
    """How an approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    VOID = "void"
    """What would run is no longer what was shown, or the run ended first."""


class ReminderOf(StrEnum):
    """What people are reminded of."""

    UPDATE = "update"
    """Nobody has said for too long how it stands."""
    COMMANDER = "commander"
    """Nobody leads the response."""
    APPROVAL = "approval"
    """A question to people is half-way to its end."""


class Settlement(StrEnum):
    """What a probe or a person says of a call whose outcome is unknown."""

    HAPPENED = "happened"
    DID_NOT = "did_not"
    STOP = "stop"


class DeadKind(StrEnum):
    """What sort of thing stands in the dead-letter list."""

    RUN = "run"
    """A run that can't go on."""
    ALERT = "alert"
    """Alerts that can't be routed."""
    SCHEDULE = "schedule"
    """An instant of a schedule that can't be answered."""
    REQUEST = "request"
    """What a person asked for in chat and did not get."""
    MESSAGE = "message"
    """What chat should show and refuses."""
    RELAYED = "relayed"
    """What a process that stood by kept, and the one that leads can't take."""


class DeadReason(StrEnum):
    """Why a thing can't go on."""

    BUG = "bug"
    """Fireline, or an action, did what nobody foresaw."""
    UNREADABLE = "unreadable"
    """What is stored of it can't be read."""
    REFUSED = "refused"
    """The other side refuses it for good."""


class LetterStatus(StrEnum):
    """How a dead letter stands."""

    WAITING = "waiting"
    REQUEUED = "requeued"
    """Somebody put it back, and it has not landed again."""
    DISCARDED = "discarded"
    """Somebody said that nothing more is to come of it."""


class SilenceStatus(StrEnum):
    """How a silence stands; the last two are final."""

    ASKED = "asked"
    """Wanted, and not known to stand."""
    STANDING = "standing"
    ENDING = "ending"
    """Its end is wanted, and not known."""
    ENDED = "ended"
    FAILED = "failed"


COMMANDER = "incident_commander"
"""The role of who leads the response."""
ROLES = (COMMANDER, "communications", "scribe")
"""The roles that every team has; settings add those of its own."""


class ActorKind(StrEnum):
    """What sort of actor did something."""

    SYSTEM = "system"
    SENDER = "sender"
    """A machine that sends alerts."""
    PERSON = "person"
    SERVICE = "service"
    """A program of the team's own, such as a deployment: it may do what it was given leave to, and never decides."""


_VIA = " via "


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did something; `id` is unique within its kind (a Slack user id for a person from chat) and has no spaces.

    `via` says by which way they came, empty for chat and for Fireline itself. It tells nobody apart: a person is the same by whichever way.
    """

    kind: ActorKind
    id: str
    via: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Write the actor as it stands in the log: `person:U0ADA`, `person:U0ADA via api/ada-laptop`."""
        way = f"{_VIA}{self.via}" if self.via else ""
        return f"{self.kind}:{self.id}{way}"

    @classmethod
    def parse(cls, text: str) -> Actor:
        """Read what `str(actor)` wrote; ValueError when it is something else."""
        kind, _, rest = text.partition(":")
        ident, _, via = rest.partition(_VIA)
        return cls(kind=ActorKind(kind), id=ident, via=via)


FIRELINE = Actor(kind=ActorKind.SYSTEM, id="fireline")
"""Fireline itself: what the conductor and the process decide."""


SCHEDULE = Actor(kind=ActorKind.SYSTEM, id="schedule")
"""A runbook's schedule: who asked for a run that nobody asked for."""


def person(ident: str, *, via: str = "") -> Actor:
    """Name a person by the id that the surface they used gives them."""
    return Actor(kind=ActorKind.PERSON, id=ident, via=via)


def service(ident: str, *, via: str = "") -> Actor:
    """Name a program of the team's own."""
    return Actor(kind=ActorKind.SERVICE, id=ident, via=via)


def sender(ident: str) -> Actor:
    """Name a machine that sends alerts."""
    return Actor(kind=ActorKind.SENDER, id=ident)
