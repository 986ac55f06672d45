"""A loop over fifty hosts as a tale: what the conductor really decides about it, for trying every surface on."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.outcome import Reason
from bot.domain import facts
from bot.domain.nouns import Part, Severity
from bot.runbook.model import OnFailure
from tests.fakes.stage import OK, START, Stage, book, failed, loop, step, undo, verify
from tests.fakes.timeline import DAWN, Timeline

HOSTS = [f"web-{number}" for number in range(1, 51)]
FAILING = frozenset({"web-7", "web-12"})


def restarting(on_failure: OnFailure = OnFailure.CONTINUE, canary: int = 1) -> Stage:
    """Start a loop that restarts fifty hosts, five at once; its list is longer than foreseen, and somebody agreed."""
    hosts = loop(HOSTS, max_parallel=5, canary=canary, max_items=40)
    value = {"url": "https://fleet.internal/{{ item }}/restart", "method": "POST"}
    restart = step(
        "restart",
        "push",
        value=value,
        loop=hosts,
        verify=verify(),
        undo=undo("{{ item }}"),
        on_failure=on_failure,
    )
    stage = Stage(book(restart, always=[step("after")]))
    stage.vote("restart", groups=())
    return stage


def go_on(stage: Stage, begun: int = len(HOSTS)) -> Stage:
    """Let its items do their work, until so many have begun; those that can't fail."""
    while sum(name.startswith("restart[") for name in stage.state.steps) < begun or begun == len(HOSTS):
        running = [(name, part) for name, part in stage.running() if name.startswith("restart[")]
        if not running:
            break
        name, part = running[0]
        stage.now += timedelta(seconds=0.25)
        host = HOSTS[int(name[8:-1])]
        bad = host in FAILING and part is Part.MAIN
        stage.end(name, failed(Reason.REJECTED, "no such host", applied=False) if bad else OK)
    return stage


def half_way() -> Stage:
    """Two failed, and the outcome of those that ran is not known since a crash."""
    stage = go_on(restarting(), 20)
    stage.crash()
    return stage


def done() -> Stage:
    """All have gone, two failed, and the run went on without them."""
    stage = go_on(restarting())
    stage.end("after")
    return stage


def taken_back() -> Stage:
    """One failed, which undid what the others had done."""
    stage = go_on(restarting(OnFailure.UNDO))
    while stage.running() and stage.running()[0][1] is Part.UNDO:
        stage.end(stage.running()[0][0])
    stage.end("after")
    return stage


def tale(stage: Stage) -> Timeline:
    """Tell what was decided as an incident's timeline."""
    told = Timeline(1, first=1)
    told.add(
        facts.IncidentOpened(
            incident=told.incident,
            title="Web hosts are out of memory",
            severity=Severity.SEV2,
            runbook="test-book",
        )
    )
    for event in stage.events:
        told.now = DAWN + (event.at - START)
        told.add(event.fact, by=event.actor)
    return told
