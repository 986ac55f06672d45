"""A person ends a run whose action is a real process tree, or a real request: it is gone within 5 s, and undo, rescue and always run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from bot.domain.facts import CallStarted, RunFinished, StepUndone
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import RunStatus, StepStatus, person
from bot.runbook.model import Runbook, Step
from bot.runbook.templates import Template
from integrations.http import HttpConfig
from integrations.http import actions as http_actions
from integrations.shell import ShellConfig
from integrations.shell import actions as shell_actions
from integrations.transport import Transport, TransportConfig
from tests.fakes.stage import NOWHERE, book, step, undo
from tests.fakes.target import Answer, Target
from tests.fakes.workshop import Workshop, open_workshop

ADA = person("U0ADA")
IN_TIME = 5.0
TREE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
note()
if os.fork() == 0:
    note()
    os.setsid()
    if os.fork() == 0:
        note()
while True:
    time.sleep(60)
"""
"""Three processes that ignore SIGTERM, two of them in a session of their own; each writes its pid."""


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop with the real actions, as the settings would make them."""
    transport = Transport(TransportConfig())
    shell = shell_actions(ShellConfig(allowed={sys.executable}), transport)
    opened = await open_workshop(tmp_path, *shell, *http_actions(HttpConfig(), transport))
    yield opened
    await opened.close()
    await transport.close()


def acting(name: str, action: str, inputs: dict[str, Any]) -> Step:
    """Make the step that will be cut off."""
    return Step(
        id=StepId(name), name=name, action=action, inputs=Template.compile(inputs), needs=(StepId("first"),), place=NOWHERE
    )  # fmt: skip


def cleaned_up(slow: Step) -> Runbook:
    """Make a runbook with an effect before the slow step, and both clean-ups after it."""
    return book(
        step("first", "push", undo=undo("back", action="push")),
        slow,
        rescue=[step("rescued", "push")],
        always=[step("told", "push")],
    )


async def ends_in_time(shop: Workshop, run: RunId) -> None:
    """Cancel with undo; the run is over in time, and everything that should follow has."""
    began = time.monotonic()
    await shop.driver.cancel(run, by=ADA, undo=True)
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert time.monotonic() - began < IN_TIME
    calls = [(call.step, call.part.value) for call in shop.facts(CallStarted)]
    assert calls[2:] == [("first", "undo"), ("rescued", "main"), ("told", "main")]
    assert [fact.step for fact in shop.facts(StepUndone)] == ["first"]
    assert len(shop.facts(RunFinished)) == 1


def alive(pid: int) -> bool:
    """Tell whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_process_tree_that_ignores_sigterm(shop: Workshop, tmp_path: Path) -> None:
    """Asked to end, then ended: every process of it, those that left its group and session too."""
    file = tmp_path / "pids"
    slow = acting("slow", "shell.run", {"argv": [sys.executable, "-c", TREE, str(file)]})
    run = await shop.begin(cleaned_up(slow))
    await shop.until(lambda: file.exists() and len(file.read_text().split()) == 3)
    pids = [int(each) for each in file.read_text().split()]
    assert all(alive(pid) for pid in pids)
    assert os.getpid() not in pids
    await ends_in_time(shop, run)
    assert not any(alive(pid) for pid in pids)


async def test_a_request_that_is_not_answered(shop: Workshop) -> None:
    """The connection is closed: the target sees that nobody waits any more."""
    async with Target({"/slow": Answer(silent=True)}) as target:
        slow = acting("slow", "http.request", {"method": "POST", "url": f"{target.url}/slow"})
        run = await shop.begin(cleaned_up(slow))
        await target.arrived.wait()
        await ends_in_time(shop, run)
        await target.hung_up.wait()
    statuses = {each.step: each.status for each in shop.store.records.steps_of(run)}
    assert statuses["slow"] is StepStatus.CANCELLED
