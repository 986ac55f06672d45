"""Who leads on Postgres: one process at a time, whatever sleeps, breaks off or comes back; the log has one writer and its chain holds."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from sqlalchemy import update

from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.errors import DatabaseInUse, JournalError, LeadLost
from bot.persistence.database import open_database
from bot.persistence.lease import LEASE, SURE, Lease
from bot.persistence.process_tables import LEADER
from bot.persistence.standby import Keeper, Sight, Watch
from bot.persistence.store import Store, open_records, open_store
from tests.contract.test_journal_contract import assert_chain_holds, note, texts
from tests.contract.test_journal_failures import until
from tests.fakes.postgres import Postgres
from tests.fakes.store import MovedClock

pytestmark = pytest.mark.needs("postgres")


class Onlooker:
    """Stands by over a database, with a clock that the test moves."""

    def __init__(self, url: str) -> None:
        self.now = 0.0
        self.database = open_database(url)
        self.watch = Watch(self.database, seconds=lambda: self.now)

    def look(self, *, after: float = 0.0) -> Sight:
        """Look, some seconds later."""
        self.now += after
        return self.watch.look()

    def close(self) -> None:
        """Let go of the database."""
        self.watch.close()
        self.database.close()


@pytest.fixture
def address(postgres: Postgres) -> str:
    """Give the URL of an empty database."""
    return postgres.new_database()


@pytest_asyncio.fixture
async def lead(address: str, clock: MovedClock) -> AsyncIterator[Callable[..., object]]:
    """Call it to open the store as another process would; everything is closed at the end."""
    opened: list[Store] = []

    async def open_it(**options: object) -> Store:
        opened.append(await open_store(address, clock, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_it
    for each in opened:
        await each.close()


async def test_a_leader_that_slept_cannot_write(address: str, lead: Callable[..., object]) -> None:
    """Its session is ended where it lies, the next one leads, and what the sleeper tries when it wakes up is refused and told."""
    told: list[str] = []
    sleeper = await lead(on_lost=told.append)
    await sleeper.journal.append(SYSTEM, FIRELINE, [note("before")])
    sleeper.lease.stop()
    onlooker = Onlooker(address)
    assert not onlooker.look().free
    assert not onlooker.look(after=LEASE - 0.5).free
    seen = onlooker.look(after=1.0)
    assert seen.free
    next_one = await lead()
    assert (sleeper.lead.term, next_one.lead.term) == (1, 2)
    assert next_one.lead.before is not None
    assert not next_one.lead.before.released
    await next_one.journal.append(SYSTEM, FIRELINE, [note("meanwhile")])
    with pytest.raises(LeadLost, match="another Fireline leads: pid"):
        await sleeper.journal.append(SYSTEM, FIRELINE, [note("too late")])
    assert len(told) == 1
    assert not sleeper.journal.healthy()
    await next_one.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert texts(next_one.records.events()) == ["before", "meanwhile", "after"]
    assert_chain_holds(next_one.records)
    onlooker.close()


async def test_each_transaction_names_its_term(lead: Callable[..., object]) -> None:
    """Even over a session that lives and holds the lock, nothing is written once the row names another term."""
    store = await lead()
    with store.database.writing.connect() as connection, connection.begin():
        connection.execute(update(LEADER).values(term=9))
    answers = await asyncio.gather(
        *(store.journal.append(SYSTEM, FIRELINE, [note("no")]) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in answers] == [LeadLost] * 3
    assert not store.records.events()


async def test_the_heart_notices_before_anybody_writes(lead: Callable[..., object]) -> None:
    """An idle leader learns within a beat that another leads."""
    told: list[str] = []
    store = await lead(on_lost=told.append)
    assert store.lease.sure
    with store.database.writing.connect() as connection, connection.begin():
        connection.execute(update(LEADER).values(term=9))
    await until(lambda: bool(told))
    assert not store.lease.sure


async def test_a_leader_without_a_sign_of_life_is_not_sure(lead: Callable[..., object]) -> None:
    """What others would see waits from then on, and goes on with the next sign."""
    store = await lead()
    await asyncio.wait_for(store.surely_leading(), 1)
    store.lease.stop()
    late = 0.0
    lease = Lease(store.database, store.lead, seconds=lambda: late)
    doubting = Store(store.journal, store.records, store.database, store.lead, lease)
    late = SURE
    waiting = asyncio.create_task(doubting.surely_leading())
    await asyncio.sleep(0)
    assert not waiting.done()
    lease.start()
    await asyncio.wait_for(waiting, 10)
    lease.stop()


async def test_a_sign_of_life_holds_no_lock(lead: Callable[..., object]) -> None:
    """Each is over when the server has it: a leader that falls asleep at any instant is in nobody's way."""
    store = await lead()
    store.lease.stop()
    lease = Lease(store.database, store.lead)
    lease._give_sign()
    connection = lease._connection
    assert connection is not None
    with connection.begin():
        connection.execute(update(LEADER).values(beats=7))
        with store.database.writing.connect() as other, other.begin():
            other.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            other.execute(update(LEADER).values(host="elsewhere"))
    lease.stop()


async def test_a_lead_that_is_given_up_is_free_at_once(address: str, lead: Callable[..., object]) -> None:
    """A graceful stop hands over: no wait, and the next one knows."""
    first = await lead()
    onlooker = Onlooker(address)
    assert not onlooker.look().free
    await first.close()
    await until(lambda: onlooker.look().free)
    second = await lead()
    assert second.lead.before is not None
    assert second.lead.before.released
    onlooker.close()


async def test_a_restart_of_the_server_changes_no_leader(
    postgres: Postgres, address: str, lead: Callable[..., object]
) -> None:
    """Both lose their sessions; the leader goes on in its term by itself, though it has nothing to write."""
    store = await lead()
    onlooker = Onlooker(address)
    before = onlooker.look().leader
    assert before is not None
    postgres.break_connections(address)

    def back() -> bool:
        seen = onlooker.look().leader
        return seen is not None and seen.session != before.session

    await until(back)
    after = onlooker.look().leader
    assert after is not None
    assert (after.term, after.since) == (before.term, before.since)
    assert not onlooker.look(after=LEASE / 2).free
    with pytest.raises(DatabaseInUse, match=rf"in use by another Fireline: pid {before.pid} on .*, since "):
        await lead()
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert store.lead.term == before.term
    onlooker.close()


async def test_a_session_that_the_server_still_keeps_is_ended(lead: Callable[..., object]) -> None:
    """The connection broke on our side alone: the leader must not wait for its own shadow."""
    store = await lead()
    await store.journal.append(SYSTEM, FIRELINE, [note("before")])
    shadow = store.journal._committer._connection
    store.journal._committer._connection = None
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert texts(store.records.events()) == ["before", "after"]
    assert store.lead.term == 1
    shadow.invalidate()
    shadow.close()


async def test_what_is_kept_for_the_leader_is_outside_the_log(
    address: str, lead: Callable[..., object], clock: MovedClock
) -> None:
    """It is on disk, in its order, touches no event, and goes in the unit of work that records it."""
    store = await lead()
    database = open_database(address)
    keeper = Keeper(database, clock)
    await asyncio.to_thread(keeper.keep, [("delivery", {"n": 1}), ("delivery", {"n": 2})])
    await asyncio.to_thread(keeper.keep, [("delivery", {"n": 3, "text": "nul \0 in it"})])
    waiting = store.records.relay_waiting()
    assert [each.data["n"] for each in waiting] == [1, 2, 3]
    assert waiting[2].data["text"] == "nul \0 in it"
    assert store.records.head()[0] == 0
    await store.journal.submit(lambda tx: tx.close_relay(waiting[0].key))
    assert [each.data["n"] for each in store.records.relay_waiting()] == [2, 3]
    keeper.close()
    database.close()


async def test_whoever_stands_by_gets_over_a_restart_of_the_server(
    postgres: Postgres, address: str, lead: Callable[..., object], clock: MovedClock
) -> None:
    """A connection that broke is made anew; while the server is away, that is said, and nothing is claimed to be kept."""
    store = await lead()
    onlooker = Onlooker(address)
    keeper = Keeper(onlooker.database, clock)
    keeper.keep([("delivery", {"n": 1})])
    assert not onlooker.look().trouble
    postgres.break_connections(address)
    keeper.keep([("delivery", {"n": 2})])
    assert "can't be reached" in onlooker.look().trouble
    assert not onlooker.look().trouble
    postgres.allow_connections(address, allowed=False)
    postgres.break_connections(address)
    with pytest.raises(JournalError, match="nothing can be kept"):
        keeper.keep([("delivery", {"n": 3})])
    assert "can't be reached" in onlooker.look().trouble
    postgres.allow_connections(address, allowed=True)
    keeper.keep([("delivery", {"n": 4})])
    assert [each.data["n"] for each in store.records.relay_waiting()] == [1, 2, 4]
    keeper.close()
    onlooker.close()


async def test_tables_of_another_version_are_trouble(address: str) -> None:
    """Before the first leader made them, nothing can be kept, and the lead is free."""
    onlooker = Onlooker(address)
    seen = onlooker.look()
    assert seen.free
    assert "tables" in seen.trouble
    onlooker.close()


async def test_reading_needs_no_lead(address: str, lead: Callable[..., object]) -> None:
    """Commands read beside the leader."""
    store = await lead()
    await store.journal.append(SYSTEM, FIRELINE, [note()])
    records, database = open_records(address)
    assert records.head()[0] == 1
    database.close()
