"""What an incident costs Slack: counted at the local Slack, with the rates of the real one."""

from __future__ import annotations

from collections import Counter

from bot.domain.clock import SystemClock
from bot.domain.facts import (
    AlertsAttached,
    AlertSeen,
    AlertsReceived,
    CallStarted,
    CallSucceeded,
    IncidentOpened,
    StepSucceeded,
)
from bot.domain.ids import INTAKE, AlertKey, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, AlertStatus, Part, Severity, sender
from tests.integration.chat.conftest import ADA, BEN, Workplace, until

ONE, RUN = IncidentId(1), RunId("1-1")
MOST = 12
SHARED = frozenset({"auth.test", "usergroups.list", "conversations.list", "users.info"})
"""What is asked once for all incidents, and kept: who we are, the groups, the central channel's id, who somebody is."""


async def alarm(place: Workplace) -> None:
    """Have an alert open an incident, as the dispatcher does."""
    now = SystemClock().now()
    links = {"runbook_url": "https://wiki.test/checkout", "dashboard_url": "https://grafana.test/d/1"}
    seen = AlertSeen(
        key=AlertKey("a" * 64),
        status=AlertStatus.FIRING,
        labels={"alertname": "CheckoutErrors"},
        annotations=links,
        starts_at=now,
        ends_at=None,
        fingerprint="f",
    )
    came = AlertsReceived(receiver="r", group_key="g", external_url="", changed=(seen,))
    await place.store.journal.append(INTAKE, sender("alertmanager"), [came])
    opened = IncidentOpened(incident=ONE, title="Checkout is failing", severity=Severity.SEV2)
    attached = AlertsAttached(incident=ONE, keys=(seen.key,), first=seen, total=1)
    await place.store.journal.append(incident_stream(ONE), FIRELINE, [opened, attached])


async def read(place: Workplace, step: str) -> None:
    """Have a step that only reads run and succeed."""
    call = {"run": RUN, "step": StepId(step), "part": Part.MAIN, "attempt": 1}
    started = CallStarted(**call, action="http.request", inputs={}, key=step, timeout=10)
    await place.store.journal.append(incident_stream(ONE), FIRELINE, [started])
    done = [CallSucceeded(**call, output={}, took=0.1), StepSucceeded(run=RUN, step=StepId(step))]
    await place.store.journal.append(incident_stream(ONE), FIRELINE, done)


async def test_an_incident_is_there_with_its_question_in_twelve_calls(http_place: Workplace) -> None:
    """Channel, people, topic, the living message and its pin, the steps below it, the links, the line, the question: none in vain, none too fast."""
    place = http_place
    await alarm(place)
    approval = await place.ask_approval(ONE)
    for step in ("before", "logs"):
        await read(place, step)
    await until(lambda: place.channel_of(ONE))
    await place.posted(place.channel_of(ONE), f"approval/{approval}")
    counted = Counter(each.method for each in place.slack.log.calls if each.method not in SHARED)
    assert sum(counted.values()) <= MOST, counted
    await place.settled()
    counted = Counter(each.method for each in place.slack.log.calls if each.method not in SHARED)
    assert sum(counted.values()) <= MOST, counted
    assert counted["bookmarks.add"] == 3
    assert {each.status for each in place.slack.log.calls} == {200}


async def test_a_second_and_a_late_click_are_answered_to_their_own_eyes(http_place: Workplace) -> None:
    """Both see the buttons, one is quicker; the other reads what was decided, and nobody else is told so."""
    place = http_place
    incident = await place.open_incident()
    approval = await place.ask_approval(incident, quorum=2)
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    await place.press(ADA, channel, ts, "approve")
    await until(lambda: len(place.runs.asked) == 1)
    await place.press(ADA, channel, ts, "approve")
    await until(lambda: any("decided already" in each for each in place.texts(channel, seen_by=ADA)))
    await place.press(BEN, channel, ts, "approve")
    await until(lambda: "Approved" in place.text(channel, ts))
    assert not any("decided already" in each for each in place.texts(channel))
    assert len(place.runs.asked) == 2
