"""A storm of alerts against a Slack that is strict about its pace: real intake and dispatcher, the real surface, and time that a test lets pass."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.ids import IncidentId
from bot.domain.nouns import Severity
from bot.incidents.deliveries import Delivery
from bot.incidents.dispatch import Dispatcher
from bot.incidents.intake import Intake
from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from tests.fakes.alerts import RECEIVER, seen
from tests.fakes.behind import owed
from tests.fakes.books import book
from tests.integration.chat.conftest import Workplace, make
from tests.integration.chat.moved import at_rest, clock, pass_time

CENTRAL = "C0INCIDENTS"
WINDOW = 60.0
"""Seconds in which all alerts come."""


@dataclass
class Storm:
    """What came, and when Slack knew of it; times are the clock's."""

    place: Workplace
    opened: dict[IncidentId, datetime] = field(default_factory=dict)
    asked: set[IncidentId] = field(default_factory=set)

    def severity(self, incident: IncidentId) -> Severity:
        """How bad an incident is."""
        record = self.place.store.records.incident(incident)
        assert record is not None
        return record.severity

    def announced(self, incident: IncidentId) -> float:
        """Seconds from an incident's opening to its line in the central channel."""
        (ts,) = self.place.posts(CENTRAL, f"incident/{incident}/announce")
        return float(ts) - self.opened[incident].timestamp()

    def calls_until_asked(self) -> Counter[str]:
        """Count the calls of each incident's channel up to its first approval; the channel's making and its central line count too."""
        channels = {self.place.channel_of(each): each for each in self.opened}
        over: set[str] = set()
        count: Counter[str] = Counter(dict.fromkeys(channels, 2))
        for call in self.place.slack.log.calls:
            channel = str(call.args.get("channel", ""))
            if channel in channels and channel not in over:
                count[channel] += 1
                key = f"approval/{channels[channel]}-1/shift/1"
                if call.method == "chat.postMessage" and key in str(call.args.get("metadata")):
                    over.add(channel)
        return count


@asynccontextmanager
async def stormy(folder: Path) -> AsyncIterator[Workplace]:
    """Give a workplace whose time stands still until it is passed, over a strict Slack."""
    time = LocalClock(stopped=True)
    slack = LocalSlack(LocalSlackConfig(), time)
    async with serving(slack) as url:
        place = await make(folder, slack, url, "http", time)
        await place.surface.start()
        await at_rest(place)
        try:
            yield place
        finally:
            await place.stop()
            await place.people.aclose()


async def storm(place: Workplace, *, groups: int, alerts: int, worst: int) -> Storm:
    """Let alerts of groups come within a minute, `worst` of these SEV1 and spread among the others; return once Slack shows everything."""
    books = [
        book(
            "worst", match='level="1"', severity="SEV1", concurrency={"group": "{{ alert.labels.service }}"}
        ),
        book(
            "other", match='level="3"', severity="SEV3", concurrency={"group": "{{ alert.labels.service }}"}
        ),
    ]
    tokens = (f"token-{each}" for each in itertools.count())
    dispatcher = Dispatcher(
        place.store.journal,
        place.runs,
        runbooks=lambda: books,
        clock=clock(place),
        tokens=lambda: next(tokens),
        variables={},
    )
    intake = Intake(place.store.journal, wake=dispatcher.wake)
    seen_of = Storm(place=place)
    every = groups // worst
    for number in range(alerts):
        group = number % groups
        labels = {"service": f"service-{group}", "level": "1" if group % every == 0 else "3"}
        alert = seen(f"Alert{number}", group_key=f"group-{group}", starts_at=clock(place).now(), **labels)
        await intake.receive(_delivery(f"group-{group}", alert))
        if number % 10 == 0:
            await dispatcher.drain()
            await _ask(seen_of)
            await pass_time(place, WINDOW * 10 / alerts, step=0.5)
    await dispatcher.drain()
    await _ask(seen_of)
    passed = 0
    while owed(place.store.records):
        passed += 1
        assert passed < 1800, "Slack never caught up"
        await pass_time(place, 1)
    return seen_of


def _delivery(group: str, *alerts: Any) -> Delivery:
    return Delivery(receiver=RECEIVER, group_key=group, external_url="", alerts=alerts)


async def _ask(storm: Storm) -> None:
    """Have the run of each new incident ask for its approval at once, as a runbook would whose first step needs one."""
    for record in storm.place.store.records.incidents(limit=1000):
        if record.id not in storm.opened:
            storm.opened[record.id] = record.opened_at
            await storm.place.ask_approval(record.id)
