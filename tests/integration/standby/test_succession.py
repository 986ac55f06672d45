"""Standing by and leading inside one process: what each answers, what is refused, and what a failed attempt leaves behind."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.facts import DeliveryRefused
from bot.domain.ids import INTAKE
from bot.errors import DatabaseInUse
from bot.ingress.app import ALERTMANAGER_PATH
from bot.wiring.succession import Succession
from tests.contract.test_journal_failures import until
from tests.fakes.asgi import Answered, request
from tests.fakes.logs import restored  # noqa: F401 - a fixture
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture
from tests.fakes.served import AUTHORIZATION, ServedHome, delivery


@pytest.fixture(autouse=True)
def untuned() -> Iterator[None]:
    """Leave the interpreter as it was found."""
    threshold, switch = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    sys.setswitchinterval(switch)


@pytest.fixture
def home(tmp_path: Path) -> ServedHome:
    """A folder with settings and a runbook."""
    return ServedHome(tmp_path / "home", "http://127.0.0.1:1")


@pytest_asyncio.fixture
async def begin(home: ServedHome) -> AsyncIterator[Callable[..., object]]:
    """Call it to begin another process's part; all are ended, the last begun first."""
    begun: list[Succession] = []

    async def one(lost: Callable[[str], None] = pytest.fail) -> Succession:
        made = Succession(home.settings(), lost=lost)
        await made.begin(failed=lambda: None)
        begun.append(made)
        return made

    yield one
    for each in reversed(begun):
        await each.end()


async def get(process: Succession, path: str) -> Answered:
    """Ask a process for a page."""
    return await request(process.front, path, method="GET", headers=[("host", "127.0.0.1")])


async def deliver(process: Succession, body: bytes) -> Answered:
    """Deliver to a process."""
    return await request(process.front, ALERTMANAGER_PATH, headers=[AUTHORIZATION], parts=[body])


@pytest.mark.needs("postgres")
async def test_what_each_answers(
    home: ServedHome,
    begin: Callable[..., object],
    postgres: Postgres,  # noqa: F811 - the fixture
) -> None:
    """Health, roles, deliveries good and bad, the console: from the one that leads and the one that stands by; then that one leads."""
    home.configure(database_url=postgres.new_database())
    leader = await begin()
    other = await begin()
    await until(lambda: not other._standby.sight.trouble)
    for process, well in ((leader, "ok"), (other, "standing by")):
        assert (await get(process, "/healthz")).json["status"] == well
        ready = await get(process, "/readyz")
        assert (ready.status, ready.json["status"]) == (200, well)
    assert (await get(leader, "/leaderz")).status == 200
    told = await get(other, "/leaderz")
    assert told.status == 503
    assert told.json["checks"]["lead"]["detail"].startswith("another process leads: pid ")

    assert (await deliver(other, b"no JSON")).status == 400
    assert (await deliver(other, delivery("shop"))).json == {"kept": 1}
    records = leader.fireline.store.records
    await until(lambda: bool(records.incidents()))
    (refused,) = [
        event.fact for event in records.events(stream=INTAKE) if isinstance(event.fact, DeliveryRefused)
    ]
    with leader.fireline.evidence.open(refused.body_sha256) as kept:
        assert kept.read() == b"no JSON"
    assert (await get(other, "/incidents/1")).status == 200
    shown = await get(other, "/incidents/1/evidence/1")
    assert shown.status == 404

    await other.reload()
    await leader.end()
    await until(lambda: other.fireline is not None)
    assert (await get(other, "/leaderz")).status == 200
    assert (await deliver(other, delivery("search"))).json["new"] == 1


@pytest.mark.needs("postgres")
async def test_two_that_wait_are_one_leader_later(
    home: ServedHome,
    begin: Callable[..., object],
    postgres: Postgres,  # noqa: F811 - the fixture
) -> None:
    """Whoever is quicker leads; the other goes on standing by, for the new one."""
    home.configure(database_url=postgres.new_database())
    leader = await begin()
    waiting = [await begin(), await begin()]
    await leader.end()
    await until(lambda: any(each.fireline is not None for each in waiting))
    (other,) = [each for each in waiting if each.fireline is None]
    await until(lambda: other._standby.sight.leader is not None and other._standby.sight.leader.term == 2)
    assert (await get(other, "/readyz")).json["status"] == "standing by"


async def test_on_sqlite_a_second_one_is_refused(begin: Callable[..., object]) -> None:
    """One file has one process: the second says who has it, and what to use instead."""
    await begin()
    with pytest.raises(DatabaseInUse, match="in use by another Fireline: pid ") as refused:
        await begin()
    assert "use Postgres" in refused.value.hint


@pytest.mark.needs("postgres")
async def test_an_attempt_that_fails_for_good_is_told(
    home: ServedHome,
    begin: Callable[..., object],
    postgres: Postgres,  # noqa: F811 - the fixture
) -> None:
    """What nobody foresaw is told by `end`, so that no process stays that neither leads nor stands by."""
    home.configure(database_url=postgres.new_database())
    leader = await begin()
    failed = asyncio.Event()
    other = Succession(home.settings())

    async def refuse() -> None:
        msg = "nobody foresaw this"
        raise RuntimeError(msg)

    await other.begin(failed=failed.set)
    other._lead = refuse  # type: ignore[method-assign]
    await leader.end()
    await asyncio.wait_for(failed.wait(), 15)
    with pytest.raises(RuntimeError, match="nobody foresaw"):
        await other.end()
