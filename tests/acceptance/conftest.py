"""The stage of the acceptance tests: every process of the demo, really started, and stories told through the wire.

Nothing here reaches into Fireline: alerts come as webhooks, people click and type through the local Slack, the shop counts what is done to it,
and the record is read from outside.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from bot.demo import monitoring
from bot.demo.loopback import web
from bot.demo.people import Button, Member
from bot.demo.process import wait_for
from bot.demo.record import Record
from bot.demo.stack import ADA, ALERT_TOKEN, BEN, CLEO, Ports, Stack
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus
from bot.evidence.verify import verify_log

T = TypeVar("T")

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "runbooks"
RECORDED = HERE.parents[1] / "bot" / "demo" / "recorded"
PATIENCE = 45.0
FIRST = IncidentId(1)


@dataclass
class Story:
    """A stack that runs, and the hands that move it."""

    stack: Stack
    record: Record = field(init=False)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.record = Record(self.stack.database)
        self.ada, self.ben, self.cleo = (
            Member(slack=self.stack.slack, user=user) for user in (ADA, BEN, CLEO)
        )

    # ---- the world

    def break_shop(self, *backends: str, stall: float = 0.0) -> None:
        """Break backends; `stall` is for how many seconds the router then waits before it answers."""
        for backend in backends:
            self._fault(backend, failing=True, stall=stall)

    def mend_shop(self) -> None:
        """Make everything well again."""
        for backend in ("primary", "standby"):
            self._fault(backend, failing=False, stall=0.0)

    def _fault(self, backend: str, **fault: Any) -> None:
        web().post(f"{self.stack.shop}/admin/faults/{backend}", json=fault).raise_for_status()

    def weights(self) -> dict[str, int]:
        """Return where checkout's traffic goes."""
        return dict(web().get(f"{self.stack.shop}/admin/weights/checkout").json())

    def shifts(self) -> list[dict[str, Any]]:
        """Return every shift of traffic that the shop was asked for."""
        return list(web().get(f"{self.stack.shop}/admin/calls").json())

    # ---- alerts, as Alertmanager sends them

    def delivery(self, status: str = "firing", **labels: str) -> dict[str, Any]:
        """Return a recorded delivery with its times moved to this story."""
        body: dict[str, Any] = json.loads((RECORDED / f"{status}.json").read_text(encoding="utf-8"))
        for alert in body["alerts"]:
            alert["startsAt"] = self.since.isoformat()
            alert["endsAt"] = (
                datetime.now(UTC).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
            )
            alert["labels"] |= labels
        return body

    def alert(self, status: str = "firing", **labels: str) -> httpx.Response:
        """Send a delivery."""
        return self.post(self.delivery(status, **labels))

    def post(self, body: object, token: str = ALERT_TOKEN) -> httpx.Response:
        """Send a body to the webhook."""
        url = f"{self.stack.fireline}/webhooks/alertmanager"
        return web().post(url, json=body, headers={"Authorization": f"Bearer {token}"})

    # ---- Fireline's process

    def kill(self) -> None:
        """Kill Fireline with SIGKILL."""
        self.stack.processes["fireline"].kill()

    def start(self) -> None:
        """Start Fireline again."""
        self.stack.processes["fireline"].start()

    # ---- waiting

    def until(self, what: str, look: Callable[[], T | None]) -> T:
        """Wait until something is so."""
        return wait_for(what, look, within=PATIENCE)

    def channel(self) -> str:
        """Wait for the incident's channel and return its id."""
        return self.until("the incident's channel", lambda: self.ada.channel("inc-1-"))

    def button(self, who: Member, action: str) -> Button:
        """Wait for a button in the incident's channel."""
        channel = self.channel()
        return self.until(f"the button {action}", lambda: who.button(channel, action))

    def ended(self) -> RunStatus:
        """Wait for the first run's end and return how it ended."""
        return self.until("the run's end", lambda: self.record.run_ended(FIRST))

    def says(self, who: Member, *words: str) -> str:
        """Wait until the incident's channel shows these words to somebody; return all that it shows."""
        channel = self.channel()

        def look() -> str | None:
            text = who.texts(channel)
            return text if all(word in text for word in words) else None

        return self.until(f"the channel to say {words}", look)

    # ---- proof

    def kinds(self) -> list[str]:
        """Return the kinds of the incident's events, in order."""
        return [event.kind for event in self.record.events(FIRST)]

    def check_record(self) -> None:
        """Walk the chain with code that shares nothing with the writer."""
        report = verify_log(self.record.reader.raw_events(limit=100_000))
        assert report.ok, report


def variant(folder: Path, **changes: str) -> Path:
    """Write the shipped runbook with lines exchanged, each exactly once; return the folder that holds it."""
    text = (SHIPPED / "checkout-errors.yaml").read_text(encoding="utf-8")
    for before, after in changes.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    folder.mkdir()
    (folder / "checkout-errors.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """The demo's stack, not started, on ports of its own; the monitoring is the stand-in."""
    return Stack(folder=tmp_path / "stack", ports=Ports.choose(), runbooks=SHIPPED, real=None)


@pytest.fixture
def tell(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Callable[..., Story]]:
    """Call it to start the story; arguments change the stack. Its logs are shown when the test fails."""
    started: list[Stack] = []
    stories: list[Story] = []

    def start(**changes: Any) -> Story:
        ready = replace(stack, processes={}, **changes)
        started.append(ready)
        ready.start()
        stories.append(Story(ready))
        return stories[-1]

    yield start
    for story in stories:
        story.record.close()
    for each in started:
        each.stop()
        for process in each.processes.values():
            request.node.add_report_section("teardown", process.name, process.log_tail())
        shutil.rmtree(each.folder / "prometheus", ignore_errors=True)


@pytest.fixture
def real_monitoring() -> monitoring.Monitoring:
    """The real Prometheus and Alertmanager."""
    found = monitoring.installed()
    assert found is not None
    return found
