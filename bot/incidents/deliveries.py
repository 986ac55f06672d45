"""What a webhook brought, in the domain's words, and what became of it. How a sender writes it is the ingress's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from bot.domain.clock import to_text
from bot.domain.facts import AlertSeen
from bot.domain.ids import AlertKey
from bot.domain.nouns import Actor, sender

KEY_DIGITS = 24
"""Hex digits of an alert's key: 96 bits, so that a billion alerts meet by chance once in 10¹⁰ logs."""

ALERTMANAGER = sender("alertmanager")
"""Who speaks in a delivery of Alertmanager's; which one of a cluster it was, nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook delivery; `truncated` counts the alerts that its sender left out.

    `relayed` is the key under which a process that stands by kept it, empty for one that came straight here.
    """

    receiver: str
    group_key: str
    external_url: str
    alerts: tuple[AlertSeen, ...]
    truncated: int = 0
    sender: Actor = ALERTMANAGER
    relayed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a delivery's alerts, each counted once.

    `new` were not known or fire again, `resolved` ended, `repeated` were known just so, `late` are among the repeated: they say `firing`
    of an alert that is known to be over. `kept` are on disk for the process that leads, which will say what they are.
    """

    new: int = 0
    repeated: int = 0
    resolved: int = 0
    late: int = 0
    kept: int = 0

    def __add__(self, other: Receipt) -> Receipt:
        """Count two receipts as one."""
        return Receipt(
            new=self.new + other.new,
            repeated=self.repeated + other.repeated,
            resolved=self.resolved + other.resolved,
            late=self.late + other.late,
            kept=self.kept + other.kept,
        )


def key_maker(receiver: str, group_key: str) -> Callable[[str, datetime], AlertKey]:
    """Return what names the alerts of one receiver and group by their fingerprint and start.

    Alertmanager's `groupKey` is the same for every receiver, so the receiver counts too. The three Alertmanagers of a cluster say the same of
    the same alert, so whoever tells us first, it has one name.
    """
    # Each part is led by its length: no choice of names can make two different quadruples read alike.
    head = f"{len(receiver)}:{receiver}{len(group_key)}:{group_key}"

    def key(fingerprint: str, starts_at: datetime) -> AlertKey:
        whole = f"{head}{len(fingerprint)}:{fingerprint}{to_text(starts_at)}"
        return AlertKey(sha256(whole.encode()).hexdigest()[:KEY_DIGITS])

    return key


def alert_key(receiver: str, group_key: str, fingerprint: str, starts_at: datetime) -> AlertKey:
    """Name one alert; `key_maker` is quicker for many."""
    return key_maker(receiver, group_key)(fingerprint, starts_at)
