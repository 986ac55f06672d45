"""Fireline is killed with SIGKILL at random instants, again and again, while alerts, approvals, effects, undos and messages are under way.

At the end every alert that was answered has its one incident, with one channel and one run that came to the right end; the shop was asked once for
each effect; nothing stands twice in chat; and the chain verifies. The seed is printed. `CRASH_KILLS` asks for more than the default.
"""

import contextlib
import json
import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo.people import Member
from bot.demo.process import DemoFailed, Process, wait_for
from bot.demo.record import Record
from bot.demo.stack import ALERT_TOKEN, BEN, Ports, Stack
from bot.domain.facts import IncidentOpened, RunFinished, RunStarted, StepUndone
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus
from bot.evidence.verify import verify_log
from tests.fakes.behind import owed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

KILLS = int(os.environ.get("CRASH_KILLS", "8"))
MOST_ROUNDS = 40
PATIENCE = 60.0
ROUND = 300.0
"""Seconds that a round may take under kills: after each that caught a post on its way, Slack gets twelve before the post is looked for."""
PAUSE = 0.05
AGAIN = 2.0
"""Seconds after which a person clicks once more on a button that is still there."""
STALL = 0.25
"""Seconds for which the shop keeps its answer to itself after it did what it was asked to: where a kill leaves most in doubt."""


@dataclass
class Assassin:
    """Kills a process at instants drawn from a seed, and starts it again; sometimes it kills it while it starts."""

    process: Process
    chance: random.Random
    left: int
    timer: threading.Timer | None = None

    def aim(self) -> None:
        """Choose the next instant."""
        if self.left:
            self.left -= 1
            self.timer = threading.Timer(self.chance.uniform(0.02, 2.0), self._strike)
            self.timer.start()

    def _strike(self) -> None:
        pid = self.process.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def revive(self) -> None:
        """Start the process again when it is dead."""
        if self.process.pid is not None:
            return
        if self.left and self.chance.random() < 0.25:
            self.left -= 1
            self._kill_while_it_starts()
        self.process.start()
        self.aim()

    def _kill_while_it_starts(self) -> None:
        self.process.begin()
        threading.Event().wait(self.chance.uniform(0.2, 2.0))
        self.process.kill()

    def rest(self) -> None:
        """Kill no more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer.join()
        self.left = 0


@dataclass
class Rounds:
    """One incident after the other, and the people who answer what is asked in them."""

    stack: Stack
    chance: random.Random
    record: Record = field(init=False)
    ben: Member = field(init=False)
    wanted: dict[int, RunStatus] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    clicked: dict[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.record = Record(self.stack.database)
        self.ben = Member(slack=self.stack.slack, user=BEN)

    @property
    def number(self) -> int:
        """The round that is under way."""
        return len(self.wanted)

    def over(self) -> bool:
        """Tell whether the run of this round has come to its end."""
        return self.number in self.answered and self.record.run_ended(IncidentId(self.number)) is not None

    def begin(self) -> None:
        """Begin the next round: it goes well, or its verification fails and all is undone."""
        self.wanted[self.number + 1] = self.chance.choice([RunStatus.SUCCEEDED, RunStatus.FAILED])

    def act(self) -> None:
        """Do what people and machines do now; while Fireline is dead, nothing of it works, and is tried again."""
        with contextlib.suppress(httpx.HTTPError, DemoFailed):
            if self.number not in self.answered:
                self._alert()
            for element in self._buttons():
                self._consider(*element)

    def _alert(self) -> None:
        number = self.number
        good = self.wanted[number] is RunStatus.SUCCEEDED
        alert = {
            "status": "firing",
            "labels": {"alertname": "Killed", "n": str(number), "wanted": str(number if good else 999)},
            "annotations": {},
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": f"{number:016x}",
        }
        body = {
            "version": "4",
            "groupKey": f'{{}}:{{n="{number}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "fireline",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://127.0.0.1:9093",
            "alerts": [alert],
        }
        answer = httpx.post(
            f"{self.stack.fireline}/webhooks/alertmanager",
            json=body,
            headers={"Authorization": f"Bearer {ALERT_TOKEN}"},
            timeout=5,
        )
        if answer.status_code == 200:
            self.answered.add(number)

    def _buttons(self) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]:
        """Yield every button that Ben sees in incidents' channels: where, in which message and block, and itself."""
        state = self.ben.state()
        for channel in state["channels"]:
            if channel["name"].startswith("inc-"):
                for message in state["messages"].get(channel["id"], []):
                    for block in message.get("blocks") or []:
                        for element in block.get("elements") or []:
                            yield channel["id"], message, block, element

    def _consider(
        self, channel: str, message: Mapping[str, Any], block: Mapping[str, Any], element: Mapping[str, Any]
    ) -> None:
        action = str(element.get("action_id", ""))
        if action == "approve" or (action.startswith("settle_") and action == self._truth(element)):
            name = (f"{channel}/{message['ts']}/{element.get('value')}", action)
            if time.monotonic() - self.clicked.get(name, -AGAIN) >= AGAIN:
                self.clicked[name] = time.monotonic()
                body = {
                    "user": BEN,
                    "channel": channel,
                    "ts": message["ts"],
                    "block_id": block["block_id"],
                    "action_id": action,
                }
                httpx.post(f"{self.stack.slack}/_local/action", json=body, timeout=10)

    def _truth(self, element: Mapping[str, Any]) -> str:
        """Look at the shop, as a person would, and return the button that says what happened."""
        meant = json.loads(element["value"])
        number = int(meant["run"].partition("-")[0])
        service = "search" if meant["step"] == "search" else "checkout"
        standby = 100 - number if meant["part"] == "undo" else number
        happened = any(
            (call["service"], call["weights"]["standby"]) == (service, standby) for call in self.shop_calls()
        )
        return "settle_happened" if happened else "settle_did_not"

    def shop_calls(self) -> list[dict[str, Any]]:
        """Return every effect that the shop was asked for."""
        return list(httpx.get(f"{self.stack.shop}/admin/calls", timeout=10).json())


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The demo's processes, with a runbook that meets every kind of kill."""
    made = Stack(
        folder=tmp_path / "stack",
        ports=Ports.choose(),
        runbooks=Path(__file__).parent / "runbooks",
        real=None,
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_whenever_it_is_killed_the_story_ends_the_same(stack: Stack, request: pytest.FixtureRequest) -> None:
    """Nothing that was answered is lost, nothing is done twice, nothing stands there twice, and the record holds."""
    seed = int(os.environ.get("CRASH_SEED", secrets.randbits(32)))
    print(f"CRASH_SEED={seed} CRASH_KILLS={KILLS}")  # noqa: T201 - to find the instants again
    httpx.post(f"{stack.shop}/admin/faults/standby", json={"stall": STALL}, timeout=10).raise_for_status()
    chance = random.Random(seed)  # noqa: S311 - instants, not secrets
    rounds = Rounds(stack, chance)
    assassin = Assassin(stack.processes["fireline"], chance, KILLS)
    try:
        play(rounds, assassin)
    finally:
        assassin.rest()
        for process in stack.processes.values():
            request.node.add_report_section("call", process.name, process.log_tail())

    def shown() -> bool:
        assassin.revive()  # the last strike may have hit a moment ago, and a process takes a moment to die
        return not owed(rounds.record.reader)

    wait_for("chat to show everything", shown, within=PATIENCE)
    check_record(rounds)
    check_shop(rounds)
    check_chat(rounds)
    rounds.record.close()


def play(rounds: Rounds, assassin: Assassin) -> None:
    """Begin round after round until every kill is done and the last round has come to its end."""
    rounds.begin()
    assassin.aim()
    since = time.monotonic()
    while not (rounds.over() and assassin.left == 0):
        assassin.revive()
        if rounds.over():
            assert rounds.number < MOST_ROUNDS, "the kills take too long"
            rounds.begin()
            since = time.monotonic()
        rounds.act()
        assert time.monotonic() - since < ROUND, f"round {rounds.number} does not come to its end"
        threading.Event().wait(PAUSE)


def check_record(rounds: Rounds) -> None:
    """Check the log: one incident, one run and one end a round, the right one; and its chain."""
    reader = rounds.record.reader
    facts = [event.fact for event in reader.events()]
    assert [fact.incident for fact in facts if isinstance(fact, IncidentOpened)] == list(rounds.wanted)
    runs = [f"{number}-1" for number in rounds.wanted]
    assert [fact.run for fact in facts if isinstance(fact, RunStarted)] == runs
    ended = {fact.run: fact.status for fact in facts if isinstance(fact, RunFinished)}
    assert ended == dict(zip(runs, rounds.wanted.values(), strict=True))
    assert len([fact for fact in facts if isinstance(fact, RunFinished)]) == len(runs)
    undone = Counter(fact.run for fact in facts if isinstance(fact, StepUndone))
    assert undone == {run: 2 for run, status in ended.items() if status is RunStatus.FAILED}
    report = verify_log(reader.raw_events(limit=1_000_000))
    assert report.ok, report


def check_shop(rounds: Rounds) -> None:
    """Check what was done to the world: each effect once, each undo once and after all effects."""
    calls = rounds.shop_calls()
    assert not [call for call in calls if call["repeated"]]
    done = [(call["service"], call["weights"]["standby"]) for call in calls]
    wanted = []
    for number, status in rounds.wanted.items():
        wanted += [("search", number), ("checkout", number)]
        if status is RunStatus.FAILED:
            wanted += [("checkout", 100 - number), ("search", 100 - number)]
    assert done == wanted


def check_chat(rounds: Rounds) -> None:
    """Check what people see: one channel an incident, each message once."""
    state = rounds.ben.state()
    channels = [each for each in state["channels"] if each["name"].startswith("inc-")]
    assert sorted(int(each["name"].split("-")[1]) for each in channels) == list(rounds.wanted)
    for channel in state["channels"]:
        keys = Counter(
            message["metadata"]["event_payload"]["key"]
            for message in state["messages"].get(channel["id"], [])
            if message.get("metadata")
        )
        assert not [key for key, count in keys.items() if count > 1]
        if channel in channels:
            number = channel["name"].split("-")[1]
            assert {f"incident/{number}/status", f"approval/{number}-1/shift/1"} <= set(keys)
