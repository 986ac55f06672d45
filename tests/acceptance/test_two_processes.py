"""Two Firelines over one Postgres: the story goes through the door of the one that stands by, and survives the death of the one that leads."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bot.demo.loopback import web
from bot.demo.process import Process
from bot.demo.stack import Ports, Stack
from bot.domain.facts import CallInterrupted, RunStarted, StepSettled
from bot.domain.nouns import RunStatus, Settlement
from tests.acceptance.conftest import FIRST, Story
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.needs("postgres")]


@pytest.fixture
def stack(stack: Stack, postgres: Postgres) -> Stack:  # noqa: F811 - the fixture
    """The demo's stack, over Postgres."""
    return replace(stack, processes={}, settings={"database_url": postgres.new_database()})


@pytest.fixture
def second(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Callable[..., Process]]:
    """Call it to start another Fireline with the same settings and a port of its own; what it logged is shown when the test fails."""
    started: list[Process] = []
    ports: list[Ports] = []

    def start(**changes: object) -> Process:
        ports.append(Ports.choose())
        alike = replace(stack, processes={}, **changes)  # type: ignore[arg-type]
        alike.folder.mkdir(parents=True, exist_ok=True)
        alike.write_config()
        settings = json.loads(alike.config.read_text())
        settings["http"]["port"] = ports[-1].fireline
        config = alike.folder / "second.yaml"
        config.write_text(json.dumps(settings))
        fireline = alike._fireline()
        argv = [str(config) if each == str(alike.config) else each for each in fireline.argv]
        url = f"http://127.0.0.1:{ports[-1].fireline}"
        made = replace(
            fireline, name="second", argv=argv, log=alike.folder / "second.log", ready=f"{url}/readyz"
        )
        started.append(made)
        made.start()
        return made

    yield start
    for process in started:
        process.stop()
        request.node.add_report_section("teardown", "second", process.log_tail())
    for each in ports:
        each.release()


def leads(process: Process) -> bool:
    """Tell whether a process says that it leads."""
    return web().get(process.ready.replace("/readyz", "/leaderz")).status_code == 200


def test_through_the_door_of_the_one_that_stands_by(
    second: Callable[..., Process], tell: Callable[..., Story]
) -> None:
    """Alerts, a click and a command reach the process that stands by; the one that leads answers them all, and nothing is done twice."""
    leader = second()
    assert leads(leader)
    story = tell()
    assert not leads(story.stack.processes["fireline"])
    story.break_shop("primary")
    story.ben.click(story.button(story.ben, "approve"))
    assert story.ended() is RunStatus.SUCCEEDED
    assert len(story.shifts()) == 1
    assert len(story.record.facts(FIRST, RunStarted)) == 1
    story.mend_shop()
    story.until("the alert to be over", lambda: story.record.alerts_over(FIRST))
    story.ada.command(story.channel(), "resolve the primary is back")
    story.until("the incident to be resolved", lambda: story.record.resolved(FIRST))
    assert not story.record.reader.relay_waiting()
    assert not story.record.reader.inbox_waiting()
    story.check_record()


def test_the_leader_is_killed_while_the_containing_step_runs(
    second: Callable[..., Process], tell: Callable[..., Story]
) -> None:
    """The shop has shifted and not answered yet: the other leads within 10 s, opens its lines to Slack, asks the shop, and shifts nothing again."""
    story = tell(socket_mode=True)
    other = second(socket_mode=True)
    assert not leads(other)
    story.break_shop("primary", stall=20.0)
    story.ben.click(story.button(story.ben, "approve"))
    story.until("the shop to shift", story.shifts)
    leader = story.stack.processes["fireline"]
    assert leader.pid is not None
    os.kill(leader.pid, signal.SIGKILL)
    story.break_shop("primary", stall=0.0)
    story.until("the other to lead", lambda: leads(other))
    assert story.ended() is RunStatus.SUCCEEDED
    assert len(story.shifts()) == 1, "the shift was made once"
    (interrupted,) = story.record.facts(FIRST, CallInterrupted)
    assert (interrupted.step, interrupted.again) == ("shift", False)
    (settled,) = story.record.facts(FIRST, StepSettled)
    assert settled.settlement is Settlement.HAPPENED
    story.ada.command(story.channel(), "resolve it is over")
    story.until("the incident to be resolved", lambda: story.record.resolved(FIRST))
    posted = [
        message
        for message in story.ada.messages(story.channel())
        if "/admin/weights" in str(message.get("blocks"))
    ]
    assert len(posted) == 1, "the question stands in the channel once"
    story.check_record()
