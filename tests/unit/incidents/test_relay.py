"""The way through a process that stands by: on disk before the answer, in the log once, in the order in which it came."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from bot.domain.canonical import canonical
from bot.domain.facts import AlertsReceived, DeliveryRefused
from bot.domain.ids import Digest, LetterId
from bot.domain.nouns import DeadKind, DeadReason, person
from bot.domain.records import RelayEntry
from bot.errors import JournalBehind, JournalClosed, JournalError
from bot.incidents import dead_letters, relay
from bot.incidents.intake import PART, Intake
from bot.incidents.relay import (
    DELIVERY,
    REFUSAL,
    Collector,
    Relay,
    Thing,
    delivery_from_data,
    delivery_to_data,
    take_refusal,
)
from bot.persistence.process_tables import RELAY
from bot.persistence.store import Store
from tests.fakes.alerts import delivery, seen
from tests.fakes.store import store  # noqa: F401 - a fixture

ADA = person("U0ADA")


class Shelf:
    """Keeps things, in lists of what was written together; `hold` makes it slow, `fails` makes it fail."""

    def __init__(self) -> None:
        self.written: list[list[Thing]] = []
        self.fails: Exception | None = None

    def keep(self, things: Sequence[Thing]) -> None:
        """Keep, or fail."""
        if self.fails is not None:
            raise self.fails
        self.written.append(list(things))


def test_a_delivery_comes_out_as_it_went_in() -> None:
    """Every field, and the key under which it was kept."""
    sent = delivery(seen("a"), seen("b"), truncated=3)
    assert delivery_from_data(delivery_to_data(sent), relayed="k") == replace(sent, relayed="k")


async def test_what_comes_together_is_written_together() -> None:
    """The first is written alone, what came meanwhile in one go, and each is told of its own."""
    shelf = Shelf()
    way = Relay(shelf.keep)
    receipts = await asyncio.gather(*(way.receive(delivery(seen(f"{n}"), seen("x"))) for n in range(50)))
    assert [receipt.kept for receipt in receipts] == [2] * 50
    assert sum(map(len, shelf.written)) == 50
    assert len(shelf.written) <= 2
    assert {kind for things in shelf.written for kind, _ in things} == {DELIVERY}


async def test_what_can_not_be_kept_is_not_answered() -> None:
    """Whoever waits is told why, and the next one finds the way open again."""
    shelf = Shelf()
    shelf.fails = JournalError("no room")
    way = Relay(shelf.keep)
    results = await asyncio.gather(*(way.put("x", {}) for _ in range(3)), return_exceptions=True)
    assert [str(each) for each in results] == ["no room"] * 3
    shelf.fails = None
    await way.put("x", {"n": 1})
    assert shelf.written == [[("x", {"n": 1})]]


async def test_one_who_left_spoils_nothing() -> None:
    """A sender that hung up is passed over; too many who wait are asked to come again."""
    shelf = Shelf()
    way = Relay(shelf.keep)
    gone = asyncio.create_task(way.put("x", {"n": 1}))
    await asyncio.sleep(0)
    gone.cancel()
    await way.put("x", {"n": 2})
    assert ("x", {"n": 2}) in [thing for things in shelf.written for thing in things]
    with pytest.raises(JournalBehind, match="wait already"):
        await Relay(shelf.keep, most_waiting=0).put("x", {})


async def test_news_of_an_unreadable_body_is_kept() -> None:
    """In the form of the fact that the leader will record."""
    shelf = Shelf()
    await Relay(shelf.keep).refuse(reason="no JSON", body=Digest("ab"), size=3, source="here")
    ((kind, data),) = shelf.written[0]
    assert kind == REFUSAL
    assert data == {"reason": "no JSON", "body_sha256": "ab", "size": 3, "source": "here"}


def lay_out(store: Store, *things: Thing) -> None:  # noqa: F811 - the fixture
    """Put things into the table, as a process that stands by does."""
    with store.database.writing.connect() as connection, connection.begin():
        for number, (kind, data) in enumerate(things):
            connection.execute(
                insert(RELAY).values(key=f"{number:03d}", kind=kind, data=canonical(dict(data)), by="b")
            )


def collector(store: Store, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Collector:  # noqa: F811 - the fixture
    """Make a collector over a store, with the real intake behind it."""
    intake = Intake(store.journal, wake=lambda _alerts: None)

    async def take(entry: RelayEntry) -> None:
        await intake.receive(delivery_from_data(entry.data, relayed=entry.key))

    return Collector(
        lambda limit: store.records.relay_waiting(limit=limit),
        {DELIVERY: take, REFUSAL: lambda entry: take_refusal(store.journal, entry)},
        store.journal,
        sleep=sleep,
    )


async def test_what_was_kept_is_recorded_once_and_removed(store: Store) -> None:  # noqa: F811 - the fixture
    """In its order, with what it says, and a repeat is known as one."""
    same = delivery(seen("a"))
    lay_out(
        store,
        (DELIVERY, delivery_to_data(same)),
        (DELIVERY, delivery_to_data(same)),
        (REFUSAL, {"reason": "no JSON", "body_sha256": "ab", "size": 3, "source": "here"}),
    )
    assert await collector(store).collect() == 3
    facts = [event.fact for event in store.records.events()]
    received = [fact for fact in facts if isinstance(fact, AlertsReceived)]
    assert [(len(fact.changed), len(fact.repeated)) for fact in received] == [(1, 0), (0, 1)]
    assert [fact.reason for fact in facts if isinstance(fact, DeliveryRefused)] == ["no JSON"]
    assert not store.records.relay_waiting()
    assert await collector(store).collect() == 0


async def test_a_large_delivery_goes_with_its_last_part(store: Store) -> None:  # noqa: F811 - the fixture
    """It is taken in parts, and stays kept until all of them are recorded."""
    large = delivery(*(seen(f"{number}") for number in range(2 * PART + 1)))
    lay_out(store, (DELIVERY, delivery_to_data(large)))
    await collector(store).collect()
    assert len(store.records.recent_alerts(limit=5000)) == 2 * PART + 1
    assert not store.records.relay_waiting()


async def test_what_can_not_be_taken_holds_up_no_other(store: Store) -> None:  # noqa: F811 - the fixture
    """Another version's form, or a kind that nobody knows, stays on disk; what comes after it is recorded."""
    lay_out(
        store,
        ("unheard of", {}),
        (DELIVERY, {"sender": "x"}),
        (DELIVERY, delivery_to_data(delivery(seen("a")))),
    )
    taking = collector(store)
    await taking.collect()
    assert [each.key for each in store.records.relay_waiting()] == ["000", "001"]
    assert len(store.records.recent_alerts()) == 1
    assert await taking.collect() == 0
    letters = store.records.dead_letters()
    assert [(each.about, each.what, each.reason) for each in letters] == [
        ("000", DeadKind.RELAYED, DeadReason.UNREADABLE),
        ("001", DeadKind.RELAYED, DeadReason.UNREADABLE),
    ]
    assert letters[1].title == "a delivery of alerts, kept 001"


async def test_what_could_not_be_taken_waits_for_a_person_through_a_restart(store: Store) -> None:  # noqa: F811 - the fixture
    """The next leader leaves it alone; put back, it is taken, or lands again; let go, it is removed."""
    lay_out(store, (DELIVERY, {"sender": "x"}), ("unheard of", {}))
    await collector(store).collect()
    later = collector(store)
    store.journal.listen(later.watch)
    assert await later.collect() == 0
    mended = canonical(delivery_to_data(delivery(seen("a"))))
    with store.database.writing.connect() as connection, connection.begin():
        connection.execute(update(RELAY).where(RELAY.c.key == "000").values(data=mended))
    await store.journal.submit(lambda tx: dead_letters.requeue(tx, LetterId(1), ADA, "mended"))
    await store.journal.submit(lambda tx: dead_letters.requeue(tx, LetterId(2), ADA, ""))
    assert await later.collect() == 2
    assert len(store.records.recent_alerts()) == 1
    (letter,) = store.records.dead_letters()
    assert (letter.id, letter.tries) == (2, 2)
    await store.journal.submit(lambda tx: dead_letters.discard(tx, LetterId(2), ADA, "nobody knows it"))
    assert not store.records.relay_waiting()
    assert not store.records.dead_letters()


async def test_it_looks_again_until_the_journal_closes(store: Store) -> None:  # noqa: F811 - the fixture
    """An idle look is followed by a short rest, a failed one by a longer; a journal that takes no more ends it."""
    rests: list[float] = []
    answers: list[object] = [[], OSError("away"), JournalError("away"), []]

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    async def closed(_entry: RelayEntry) -> None:
        raise JournalClosed("stopping")

    def waiting(_limit: int) -> Sequence[RelayEntry]:
        answer = answers.pop(0) if answers else [RelayEntry(key="1", kind="x", data={})]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    await asyncio.wait_for(Collector(waiting, {"x": closed}, store.journal, sleep=rest).run(), 10)
    assert rests == [relay.POLL, relay.AGAIN, relay.AGAIN, relay.POLL]
