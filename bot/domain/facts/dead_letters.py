"""Facts of the dead-letter list: what can't go on lands there, and a person puts it back or lets it go. Who did is the event's actor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import AlertKey, IncidentId, LetterId, LetterKey, RunId
from bot.domain.nouns import DeadKind, DeadReason


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterLanded(Fact, kind="dead_letter.landed"):
    """Something can't go on by itself, and waits for a person.

    `key` names it for good (`run/42-1`, `alert/…`), so that what lands again has the same number; `tries` counts all tries so far. `title` says what
    it is, `detail` what went wrong. `alerts` are those that it is about, `due` the instant of a schedule; each is empty for other kinds.
    """

    letter: LetterId
    key: LetterKey
    what: DeadKind
    reason: DeadReason
    title: str
    detail: str
    tries: int
    incident: IncidentId | None = None
    run: RunId | None = None
    alerts: tuple[AlertKey, ...] = ()
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterRequeued(Fact, kind="dead_letter.requeued"):
    """It is taken up again. If it can't go on still, it lands again."""

    letter: LetterId
    key: LetterKey
    what: DeadKind
    why: str = ""
    incident: IncidentId | None = None
    run: RunId | None = None
    alerts: tuple[AlertKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterDiscarded(Fact, kind="dead_letter.discarded"):
    """Nothing more comes of it; `why` says why that is right."""

    letter: LetterId
    key: LetterKey
    what: DeadKind
    why: str
    incident: IncidentId | None = None
    run: RunId | None = None
    alerts: tuple[AlertKey, ...] = ()
