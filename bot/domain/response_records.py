"""Records of what people do to an incident or to all runs: silences, marked messages, the freeze. A frozen row each, like those of `records`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import IncidentId, SilenceKey
from bot.domain.nouns import Actor, SilenceStatus
from bot.domain.silences import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRecord:
    """A silence of an incident's alerts; `ident` is Alertmanager's name for it, empty until it is known to stand. `detail` says what failed."""

    key: SilenceKey
    incident: IncidentId
    status: SilenceStatus
    matchers: tuple[Matcher, ...]
    asked_at: datetime
    until: datetime
    by: Actor
    why: str
    ident: str = ""
    detail: str = ""

    def holds(self, now: datetime) -> bool:
        """Tell whether the alerts are kept silent now, as far as is known; nobody says so when its time is over."""
        return self.status in {SilenceStatus.STANDING, SilenceStatus.ENDING} and now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRecord:
    """A chat message that stands in an incident's timeline: `text` as it was last seen there, `deleted_at` when it was gone, None while it is not."""

    channel: str
    ts: str
    incident: IncidentId
    author: str
    text: str
    permalink: str
    marked_by: Actor
    marked_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRecord:
    """Nothing is changed by runs `since` then; `until` is when that ends by itself, None when a person must end it."""

    since: datetime
    by: Actor
    why: str
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether its time is not over."""
        return self.until is None or now < self.until
