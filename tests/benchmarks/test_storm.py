"""A storm of 500 alerts of 100 groups within a minute, at Slack's real pace; and how soon a SEV1 is ready where Slack is slow.

In the first, time is the clock's that Fireline and its Slack share, so that the minutes which Slack's pace takes pass in seconds, and figures don't
depend on the machine. In the second it is the machine's; each call takes 200 ms beside what the machine needs.
"""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.nouns import Severity
from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from tests.benchmarks.figures import Figures, show, table
from tests.integration.chat.conftest import Workplace, make, until
from tests.integration.chat.storm import storm, stormy

GROUPS, ALERTS, WORST = 100, 500, 10
MOST_CALLS = 12
"""Calls to Slack for one incident, up to its first approval."""
SOON = 10.0
"""Seconds until the central channel knows of a SEV1."""
READY = 5.0
LATENCY = 0.2
TIMES = 20


async def test_a_storm(tmp_path: Path) -> None:
    """None is lost, the worst come first, Slack never has to say that it is too much."""
    async with stormy(tmp_path) as place:
        seen = await storm(place, groups=GROUPS, alerts=ALERTS, worst=WORST)
        worst = [each for each in seen.opened if seen.severity(each) is Severity.SEV1]
        known = [seen.announced(each) for each in worst]
        calls = seen.calls_until_asked()
        refused = [each for each in place.slack.log.calls if each.status == 429]
        rows = [
            ("incidents", str(len(seen.opened))),
            ("calls to Slack", str(len(place.slack.log.calls))),
            ("answers 429", str(len(refused))),
            ("most calls up to an approval", str(max(calls.values()))),
            ("central channel knows of a SEV1, s, at the latest", f"{max(known):.1f}"),
            ("… in the middle", f"{statistics.median(known):.1f}"),
        ]
        table(f"{ALERTS} alerts of {GROUPS} groups within a minute", ("", ""), rows)
        assert (len(seen.opened), len(worst)) == (GROUPS, WORST)
        assert not refused
        assert max(calls.values()) <= MOST_CALLS
        assert max(known) <= SOON
        made = [each.args["name"] for each in place.slack.log.calls if each.method == "conversations.create"]
        late = max(made.index(f"inc-{each}-the-title-of-worst") for each in worst)
        assert len(made) == GROUPS
        assert late < GROUPS * 0.9, (
            "the last SEV1 came near the end of the minute, and did not wait for those before it"
        )


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    """A workplace whose Slack takes its time with each call."""
    slack = LocalSlack(LocalSlackConfig(rate_limits=False), LocalClock())
    async with serving(slack) as url:
        made = await make(tmp_path, slack, url, "http")
        await made.start()
        await until(lambda: made.surface.ready() is None)
        await made.fault(kind="slow", target="*", count=None, seconds=LATENCY)
        yield made
        await made.stop()
        await made.people.aclose()


async def test_ready_though_slack_is_slow(place: Workplace) -> None:
    """From a SEV1 to its channel with the message and the question; beside it, one call to that Slack."""
    ready, call = Figures("SEV1 → question in its channel"), Figures("one call to that Slack")
    clock = place.slack.clock
    for number in range(TIMES):
        began = clock.now().timestamp()
        incident = await place.open_incident(f"All is down {number}", Severity.SEV1)
        approval = await place.ask_approval(incident)
        await until(lambda incident=incident: place.channel_of(incident))
        ts = await place.posted(place.channel_of(incident), f"approval/{approval}")
        ready.add(float(ts) - began)
        asked = clock.now().timestamp()
        await place.surface.home.slack.call("auth.test", {})
        call.add(clock.now().timestamp() - asked)
        await place.settled()
    show(f"{TIMES} SEV1 incidents, {LATENCY * 1000:g} ms for each call", [ready, call], beside=call)
    assert ready.percentile(95) < READY
