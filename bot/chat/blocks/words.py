"""The words and signs that every message shares, so that a colour or a mark means one thing everywhere."""

from __future__ import annotations

import re

from bot.chat.blocks.ink import Ink, clock_time, mention, span
from bot.chat.blocks.picture import StepLine
from bot.domain.nouns import SCHEDULE, Actor, ActorKind, IncidentStatus, RunStatus, Severity, StepStatus
from bot.domain.records import IncidentRecord

SEVERITY = {Severity.SEV1: "🔴", Severity.SEV2: "🟠", Severity.SEV3: "🟡", Severity.SEV4: "🔵"}
STATUS = {
    IncidentStatus.INVESTIGATING: "Investigating",
    IncidentStatus.IDENTIFIED: "Identified",
    IncidentStatus.MONITORING: "Monitoring",
    IncidentStatus.RESOLVED: "Resolved",
}
STEP = {
    StepStatus.PENDING: "▫️",
    StepStatus.WAITING_APPROVAL: "✋",
    StepStatus.RUNNING: "▶️",
    StepStatus.HELD: "⏳",
    StepStatus.WAITING_RETRY: "🔁",
    StepStatus.VERIFYING: "🔎",
    StepStatus.UNKNOWN: "❓",
    StepStatus.SUCCEEDED: "✅",
    StepStatus.FAILED: "❌",
    StepStatus.SKIPPED: "⏭️",
    StepStatus.UNDONE: "↩️",
    StepStatus.CANCELLED: "🚫",
}
RUN = {
    RunStatus.QUEUED: "waits",
    RunStatus.RUNNING: "running",
    RunStatus.SUCCEEDED: "done",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
    RunStatus.UNDONE: "undone",
}


NO_SUCH_GROUP = "no_such_group"
"""Why the people of a group are not in a channel: nobody knows the group any more."""
NOT_IN = {
    "user_is_restricted": "a guest",
    "user_is_ultra_restricted": "a guest",
    "user_not_found": "nobody of that id",
    "user_disabled": "deactivated",
    "restricted_action": "the workspace forbids it",
    "missing_scope": "the app lacks the scope",
    "ura_max_channels": "a guest with one channel",
    "org_user_not_in_team": "not in this workspace",
}
"""What Slack's words for a refused invitation mean."""
NOT_BACK = {
    "not_in_channel": "it is archived, and Slack lets no app unarchive a channel; a member can",
    "channel_not_found": "it is gone",
    "archived": "it was archived while the response was under way",
    "deleted": "its channel was deleted",
    "removed": "Fireline was removed from it, and not let in again",
}
"""What Slack's words for a channel that can't be used again mean, and ours."""


def mark(incident: IncidentRecord) -> str:
    """The sign that stands before an incident's name."""
    return SEVERITY[incident.severity] if incident.open else "✅"


def name_of(incident: IncidentRecord, ink: Ink, limit: int = 110) -> str:
    """Write `SEV2 #42 · Checkout is failing`."""
    return f"{incident.severity} #{incident.id} · {ink.line(incident.title, limit)}"


def who(actor: Actor | None, ink: Ink) -> str:
    """Name an actor: a person by mention, a machine by its name."""
    if actor is None:
        return "an alert"
    if actor.kind is ActorKind.PERSON:
        return f"{mention(actor.id, ink)} (by the API)" if actor.via else mention(actor.id, ink)
    if actor == SCHEDULE:
        return "its schedule"
    return "Fireline" if actor.kind is ActorKind.SYSTEM else ink.line(actor.id, 60)


def step_line(step: StepLine, ink: Ink) -> str:
    """Write a step in one line: sign, name, how long it took or since when it is at it."""
    name = ink.line(step.name, 90)
    text = f"{STEP[step.status]} *{name}*" if step.status in _AT_IT else f"{STEP[step.status]} {name}"
    if step.how_far:
        text += f" · {step.how_far}"
    if step.status in _SAYS:
        text += f" · {_SAYS[step.status]}"
    took = waits(step, ink) or step_time(step)
    if took:
        text += f" · {took}"
    troubled = _troubled(step, ink)
    if step.status in _TELLS_WHY and step.detail and not step.waits_for and not troubled:
        text += f" · {_why(step.detail, ink)}"
    return text + troubled


def _why(detail: str, ink: Ink) -> str:
    """Write why a step is as it is: only a Deny's reason has people in it whom Slack may be told of."""
    return ink.words(detail, 120) if detail.startswith(_DENIED) else ink.line(detail, 120)


def _troubled(step: StepLine, ink: Ink) -> str:
    """Name the items of a loop that somebody should know of, a few of each sort; the others are counted already."""
    lines = []
    for status in (StepStatus.FAILED, StepStatus.UNKNOWN, StepStatus.WAITING_RETRY):
        these = [each for each in step.items if each.status is status]
        if these:
            named = ", ".join(_named(each, ink) for each in these[:ITEMS_NAMED])
            more = f" and {len(these) - ITEMS_NAMED} more" if len(these) > ITEMS_NAMED else ""
            lines.append(f"\n        {STEP[status]} {named}{more}")
    return "".join(lines)


def _named(item: StepLine, ink: Ink) -> str:
    said = item.waits_for or (item.detail if item.status in _TELLS_WHY else "")
    why = f" ({waited_for(said, ink, 40)})" if said else ""
    return f"{ink.line(item.name, 40)}{why}"


_FROZEN = re.compile(r"frozen by (\S+): ")
"""How the gate says why it holds what changes something."""
_DENIED = "its approval was denied: "
"""How the engine says that a step failed by a person's word, before that word."""
ITEMS_NAMED = 4
"""Items of a loop that are named of those that failed, wait or are in doubt."""


_AT_IT = frozenset(
    {
        StepStatus.WAITING_APPROVAL,
        StepStatus.RUNNING,
        StepStatus.HELD,
        StepStatus.WAITING_RETRY,
        StepStatus.VERIFYING,
        StepStatus.UNKNOWN,
        StepStatus.FAILED,
    }
)
# What a sign alone would leave a tired person guessing.
_SAYS = {StepStatus.UNDONE: "undone", StepStatus.CANCELLED: "cancelled", StepStatus.SKIPPED: "skipped"}
_TELLS_WHY = frozenset({StepStatus.FAILED, StepStatus.WAITING_RETRY, StepStatus.SKIPPED})
_DOING = {
    StepStatus.RUNNING: "since",
    StepStatus.VERIFYING: "checking since",
    StepStatus.WAITING_RETRY: "trying again, since",
    StepStatus.WAITING_APPROVAL: "waiting since",
    StepStatus.UNKNOWN: "outcome unknown, started",
}


def waits(step: StepLine, ink: Ink) -> str:
    """Write what a step waits for, and until when: `router.internal is not answering: waiting until 12:31`; empty when it waits for nothing."""
    if not step.waits_for:
        return ""
    until = f"waiting until {clock_time(step.due_at, seconds=True)}" if step.due_at else "waiting"
    return f"{waited_for(step.waits_for, ink, 120)}: {until}"


def waited_for(text: str, ink: Ink, limit: int) -> str:
    """Write why a call waits; who froze changes is a person, whom chat knows by name."""
    found = _FROZEN.match(text)
    if found is None:
        return ink.line(text, limit)
    return f"❄️ frozen by {mention(found[1], ink)}: {ink.line(text[found.end() :], limit)}"


def step_time(step: StepLine) -> str:
    """Write how long a step took, or since when it is at it; empty while it has not begun."""
    if step.started_at is None:
        return ""
    if step.finished_at is not None:
        return "" if step.status is StepStatus.SKIPPED else span(step.finished_at - step.started_at)
    doing = _DOING.get(step.status)
    return f"{doing} {clock_time(step.started_at, seconds=True)}" if doing else ""


def size(count: int) -> str:
    """Write a number of bytes the way people say it."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":  # noqa: PLR2004 - SI steps
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"  # noqa: PLR2004
        amount /= 1000
    raise AssertionError(count)


def counted(count: int, one: str, many: str = "") -> str:
    """Write `1 alert`, `2 alerts`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def role_called(role: str) -> str:
    """Write a role's name as people say it: `incident commander`."""
    return role.replace("_", " ")
