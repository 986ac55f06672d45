"""The line in any order of coming, ending, leaving and restarting: one run of a group at a time, in order, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.facts import RunDropped, RunFinished, RunQueued, RunStarted
from bot.domain.nouns import RunStatus, Severity, person
from tests.fakes.office import Office, open_office
from tests.unit.incidents.test_line import shared

ADA = person("U0ADA")
_COME = st.tuples(st.just("come"), st.sampled_from(Severity))
_MOVES = st.lists(
    st.one_of(
        _COME,
        st.tuples(st.just("end"), st.sampled_from([RunStatus.SUCCEEDED, RunStatus.FAILED])),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("resolve"), st.integers(0, 5)),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=12,
)


async def _move(office: Office, what: str, how: object, number: int) -> None:
    busy = office.store.records.runs_of_group("database")
    running = [each for each in busy if each.status is RunStatus.RUNNING]
    waiting = [each for each in busy if each.status is RunStatus.QUEUED]
    if what == "come":
        assert isinstance(how, Severity)
        opened = await office.desk.declare(f"Trouble {number}", how, ADA)
        await office.desk.start_run("checkout-errors", {"pod": str(number)}, ADA, incident=opened.incident)
    elif what == "end" and running:
        assert isinstance(how, RunStatus)
        await office.finish(running[0].id, how)
    elif what in {"leave", "resolve"} and waiting:
        assert isinstance(how, int)
        chosen = waiting[how % len(waiting)]
        if what == "leave":
            await office.desk.cancel_run(chosen.id, ADA)
        else:
            await office.desk.resolve(chosen.incident, ADA)


def _check(office: Office) -> None:
    """Walk through the log: who began was next, and nobody else ran."""
    holder: str | None = None
    line: list[tuple[Severity, int, str]] = []
    for event in office.store.records.events():
        match event.fact:
            case RunQueued(run=run, severity=severity):
                line.append((severity, event.seq, run))
            case RunDropped(run=run):
                line = [each for each in line if each[2] != run]
            case RunStarted(run=run):
                assert holder is None, "one at a time"
                if line:
                    assert run == min(line)[2], "by severity, then in the order of coming"
                holder, line = run, [each for each in line if each[2] != run]
            case RunFinished(run=run):
                assert holder == run
                holder = None
    assert holder is not None or not line, "the group is never free while somebody waits"
    waiting = [
        each for each in office.store.records.runs_of_group("database") if each.status is RunStatus.QUEUED
    ]
    assert [each.id for each in waiting] == [each[2] for each in sorted(line)]
    assert [(each.place, each.behind) for each in waiting[:10]] == [
        (place, holder) for place in range(1, len(waiting[:10]) + 1)
    ], "each is told where it stands"


async def _play(moves: Sequence[tuple[str, object]], folder: Path) -> None:
    office = await open_office(folder, shared())
    for number, (what, how) in enumerate(moves):
        if what == "restart":
            await office.store.close()
            office = await open_office(folder, shared())
            await office.usher.drain()
        else:
            await _move(office, what, how, number)
    _check(office)
    while running := office.store.records.unfinished_runs():
        await office.finish(running[0].id)
    assert not office.store.records.queued_runs(), "in the end everybody had their turn"
    await office.store.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(_COME, min_size=3, max_size=6), _MOVES)
def test_one_at_a_time_in_order_and_nobody_forgotten(
    come: list[tuple[str, Severity]], then: list[tuple[str, object]]
) -> None:
    """Whatever happens, through restarts too."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play([*come, *then], Path(folder)))
