"""Facts of silences: what is asked of Alertmanager is on record before it is asked, and what came of it follows.

asked → stands → end asked → ended          asked → failed          end asked → failed: it stands on
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import IncidentId, SilenceKey
from bot.domain.silences import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceAsked(Fact, kind="silence.asked"):
    """A person wants an incident's alerts to be silent until then: this is the intent.

    `silence` is our name for it, by which it is found again in Alertmanager whatever became of the answer.
    """

    incident: IncidentId
    silence: SilenceKey
    matchers: tuple[Matcher, ...]
    until: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceStands(Fact, kind="silence.stands"):
    """Alertmanager has the silence; `ident` is its name there."""

    incident: IncidentId
    silence: SilenceKey
    ident: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceEndAsked(Fact, kind="silence.end_asked"):
    """A person wants the alerts to be heard again: this is the intent."""

    incident: IncidentId
    silence: SilenceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceEnded(Fact, kind="silence.ended"):
    """Alertmanager holds the alerts back no more."""

    incident: IncidentId
    silence: SilenceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceFailed(Fact, kind="silence.failed"):
    """Alertmanager did not do what was asked, for good; `ending` tells whether that was to end the silence, which then stands on."""

    incident: IncidentId
    silence: SilenceKey
    detail: str
    ending: bool = False
