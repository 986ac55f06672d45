"""What the port `Journal` promises, over every database: all or nothing a unit, one chain, an answer means it is durable."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.clock import to_text
from bot.domain.events import GENESIS, Event, seal
from bot.domain.facts import CallStarted, IncidentOpened, IncidentResolved, NoteAdded, RunStarted
from bot.domain.ids import SYSTEM, Digest, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, Part, Severity, person
from bot.domain.ports import Reader, Transaction
from bot.domain.records import InboxEntry, OutboxEntry
from bot.errors import ConfigurationError, JournalBehind, JournalClosed
from bot.persistence.store import Store, open_store
from tests.fakes.store import START, MovedClock

ONE = IncidentId(1)


def note(text: str = "a note", incident: IncidentId = ONE) -> NoteAdded:
    """Make the plainest fact."""
    return NoteAdded(incident=incident, text=text)


def opened(incident: IncidentId, group: str = "") -> IncidentOpened:
    """Make the fact that an incident began."""
    return IncidentOpened(incident=incident, title="Checkout fails", severity=Severity.SEV2, group=group)


def texts(events: Sequence[Event]) -> list[str]:
    """Return what the notes among events say."""
    return [event.fact.text for event in events if isinstance(event.fact, NoteAdded)]


def assert_chain_holds(reader: Reader) -> None:
    """Walk the log as stored: no gap, each record sealed to the one before."""
    prev, expected = str(GENESIS), 1
    for row in reader.raw_events(limit=100_000):
        assert row["seq"] == expected
        assert row["prev"] == prev
        fields = {name: row[name] for name in ("seq", "at", "stream", "actor", "kind", "data", "prev")}
        assert row["hash"] == seal(**fields)
        prev, expected = row["hash"], expected + 1
    assert reader.head() == (expected - 1, prev)


async def test_appended_facts_get_their_place(store: Store, clock: MovedClock) -> None:
    """Facts of one append follow one another in the log, with the actor and the instant, chained."""
    events = await store.journal.append(incident_stream(ONE), person("U1"), [note("a"), note("b")])

    assert [event.seq for event in events] == [1, 2]
    assert events[0].prev == GENESIS
    assert events[1].prev == events[0].hash
    assert {(event.at, str(event.actor), event.stream) for event in events} == {
        (clock.now(), "person:U1", "incident/1")
    }
    assert store.records.events() == list(events)
    assert_chain_holds(store.records)


async def test_a_burst_is_written_whole(store: Store) -> None:
    """More rows than the longest statement carries, in one commit, the widest table's among them; then all of them change."""
    numbers = [IncidentId(number) for number in range(1, 701)]
    together = (store.journal.append(incident_stream(each), FIRELINE, [opened(each)]) for each in numbers)
    await asyncio.gather(*together)
    more = (
        store.journal.append(
            incident_stream(each), FIRELINE, [IncidentResolved(incident=each, summary="over")]
        )
        for each in numbers
    )
    await asyncio.gather(*more)

    assert {each.id: each.resolution for each in store.records.incidents(limit=1000)} == dict.fromkeys(
        numbers, "over"
    )
    assert_chain_holds(store.records)


async def test_every_event_of_a_unit_carries_the_units_instant(store: Store, clock: MovedClock) -> None:
    """`now` is the instant at which the unit runs, and what it appends says so."""
    clock.move(minutes=3)

    def unit(tx: Transaction) -> Any:
        return tx.now, tx.append(SYSTEM, FIRELINE, [note()]) + tx.append(SYSTEM, FIRELINE, [note()])  # type: ignore[operator]

    now, events = await store.journal.submit(unit)
    assert now == START + timedelta(minutes=3)
    assert {event.at for event in events} == {now}
    assert store.records.raw_events()[0]["at"] == to_text(now)


async def test_a_unit_sees_what_it_and_those_before_it_did(store: Store) -> None:
    """Units run one after the other, and each sees everything before it, its own appends included."""

    def open_next(tx: Transaction) -> IncidentId:
        number = tx.next_incident()
        assert tx.incident(number) is None
        tx.append(incident_stream(number), FIRELINE, [opened(number, group="service/checkout")])
        record = tx.incident(number)
        assert record is not None
        assert record.last_seq == tx.head()[0]
        found = tx.open_incident_of_group("service/checkout")
        assert found is not None
        assert found.id == number
        return number

    numbers = await asyncio.gather(*(store.journal.submit(open_next) for _ in range(20)))
    assert numbers == list(range(1, 21))
    assert [each.id for each in store.records.incidents()] == list(range(20, 0, -1))


async def test_runs_are_numbered_within_their_incident(store: Store) -> None:
    """The next run's name counts the incident's runs."""

    def start(tx: Transaction) -> RunId:
        run = tx.next_run(IncidentId(7))
        started = RunStarted(
            run=run, runbook="b", digest=Digest("d"), seed="s", autonomy="auto", inputs={}, scope={}
        )
        tx.append(incident_stream(IncidentId(7)), FIRELINE, [started])
        return run

    assert await asyncio.gather(*(store.journal.submit(start) for _ in range(3))) == ["7-1", "7-2", "7-3"]


async def test_a_unit_that_fails_first_is_answered_alone(store: Store) -> None:
    """A unit that raises before it appended anything costs its neighbours nothing."""

    def refuse(_tx: Transaction) -> None:
        raise LookupError("no such thing")

    good, bad, also = await asyncio.gather(
        store.journal.append(SYSTEM, FIRELINE, [note("good")]),
        store.journal.submit(refuse),
        store.journal.append(SYSTEM, FIRELINE, [note("also")]),
        return_exceptions=True,
    )
    assert isinstance(bad, LookupError)
    assert not isinstance(good, BaseException)
    assert not isinstance(also, BaseException)
    assert texts(store.records.events()) == ["good", "also"]


async def test_a_unit_that_fails_later_leaves_nothing(store: Store) -> None:
    """What a failing unit appended and changed is undone, alone; its neighbours run again and stand."""

    def spoil(tx: Transaction) -> None:
        number = tx.next_incident()
        tx.append(incident_stream(number), FIRELINE, [opened(number), note("spoilt")])
        tx.keep_runbook(Digest("spoilt"), "b", "text")
        raise RuntimeError("changed my mind")

    def fine(tx: Transaction) -> IncidentId:
        number = tx.next_incident()
        tx.append(incident_stream(number), FIRELINE, [opened(number)])
        return number

    answers = await asyncio.gather(
        *(store.journal.submit(spoil if n % 3 == 1 else fine) for n in range(9)), return_exceptions=True
    )
    assert [n for n, each in enumerate(answers) if isinstance(each, RuntimeError)] == [1, 4, 7]
    assert [each for each in answers if not isinstance(each, BaseException)] == [1, 2, 3, 4, 5, 6]
    assert texts(store.records.events()) == []
    assert store.records.runbook_source(Digest("spoilt")) is None
    assert_chain_holds(store.records)


async def test_a_fact_without_a_form_is_refused_alone(store: Store) -> None:
    """NaN has no place in the log: the append is refused, and with it the facts beside it."""
    call = CallStarted(
        run=RunId("1-1"), step=StepId("s"), part=Part.MAIN, attempt=1, action="a", inputs={}, key="k",
        timeout=float("nan"),
    )  # fmt: skip
    good, bad = await asyncio.gather(
        store.journal.append(SYSTEM, FIRELINE, [note("good")]),
        store.journal.append(SYSTEM, FIRELINE, [note("beside"), call]),
        return_exceptions=True,
    )
    assert isinstance(bad, ValueError)
    assert not isinstance(good, BaseException)
    assert texts(store.records.events()) == ["good"]


async def test_odd_characters_survive(store: Store) -> None:
    """NUL, emoji, quotes and line separators are in the log as they came, though a database's text may not hold them."""
    odd = "NUL \x00 quote \" ' backslash \\ newline \n separator \u2028 \U0001f525"
    await store.journal.append(incident_stream(ONE), FIRELINE, [opened(ONE), note(odd)])
    await store.journal.append(
        incident_stream(IncidentId(2)),
        FIRELINE,
        [IncidentOpened(incident=IncidentId(2), title=odd, severity=Severity.SEV1)],
    )
    assert texts(store.records.events()) == [odd]
    titled = store.records.incident(IncidentId(2))
    assert titled is not None
    assert titled.title.replace("\ufffd", "\x00") == odd
    assert_chain_holds(store.records)


async def test_listeners_hear_the_log_in_order(store: Store) -> None:
    """Each commit is told once, after it is durable, in log order, a failing listener notwithstanding."""
    heard: list[int] = []
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))

    def break_down(_events: Sequence[Event]) -> None:
        raise OSError("a listener's own trouble")

    def hear(events: Sequence[Event]) -> None:
        assert store.records.head()[0] >= events[-1].seq
        heard.extend(event.seq for event in events)

    store.journal.listen(break_down)
    store.journal.listen(hear)
    await asyncio.gather(*(store.journal.append(SYSTEM, FIRELINE, [note(), note()]) for _ in range(50)))
    assert heard == list(range(1, 101))
    assert faults


async def test_too_much_waiting_is_refused(url: str, clock: MovedClock) -> None:
    """When more waits than is promised to be held, the journal says so at once, and goes on when it has caught up."""
    store = await open_store(url, clock, max_waiting=3)
    try:
        held = [asyncio.ensure_future(store.journal.append(SYSTEM, FIRELINE, [note()])) for _ in range(3)]
        await asyncio.sleep(0)
        assert store.journal.waiting == 3
        with pytest.raises(JournalBehind):
            await store.journal.append(SYSTEM, FIRELINE, [note()])
        await asyncio.gather(*held)
        assert store.journal.waiting == 0
        await store.journal.append(SYSTEM, FIRELINE, [note()])
        assert store.records.head()[0] == 4
    finally:
        await store.close()


async def test_closing_finishes_what_waits(url: str, clock: MovedClock) -> None:
    """What was taken before the close is made durable and answered; what comes after is refused."""
    store = await open_store(url, clock)
    waiting = [asyncio.ensure_future(store.journal.append(SYSTEM, FIRELINE, [note()])) for _ in range(100)]
    await asyncio.sleep(0)
    assert store.journal.healthy()
    await store.close()
    assert [len(await each) for each in waiting] == [1] * 100
    assert not store.journal.healthy()
    with pytest.raises(JournalClosed):
        await store.journal.append(SYSTEM, FIRELINE, [note()])

    again = await open_store(url, clock)
    assert again.records.head()[0] == 100
    await again.close()


async def test_one_who_gave_up_waiting_breaks_nothing(store: Store) -> None:
    """A cancelled submitter gets no answer; the others get theirs."""
    waiting = [asyncio.ensure_future(store.journal.append(SYSTEM, FIRELINE, [note()])) for _ in range(10)]
    await asyncio.sleep(0)
    waiting[3].cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(each, asyncio.CancelledError) for each in answers) == 1
    assert store.journal.waiting == 0
    assert_chain_holds(store.records)


async def test_a_second_writer_is_refused(store: Store, url: str, clock: MovedClock) -> None:
    """Whoever opens a store that is being written is told who has it, and the first is not disturbed."""
    with pytest.raises(ConfigurationError, match="in use by another Fireline: pid"):
        await open_store(url, clock)
    await store.journal.append(SYSTEM, FIRELINE, [note()])


async def test_commits_are_observed(url: str, clock: MovedClock) -> None:
    """Metrics learn how many units and events became durable together, and how long that took."""
    seen: list[tuple[int, int, float]] = []

    class Observer:
        def on_commit(self, units: int, events: int, seconds: float) -> None:
            seen.append((units, events, seconds))

    store = await open_store(url, clock, observer=Observer())
    await asyncio.gather(*(store.journal.append(SYSTEM, FIRELINE, [note(), note()]) for _ in range(10)))
    await store.close()
    assert sum(units for units, _, _ in seen) == 10
    assert sum(events for _, events, _ in seen) == 20
    assert all(seconds > 0 for _, _, seconds in seen)


async def test_a_burst_shares_its_commits(url: str, clock: MovedClock) -> None:
    """What enters in one turn of the loop goes in together, as far as a batch may hold it; a close in the middle loses none of it."""
    sizes: list[int] = []

    class Observer:
        def on_commit(self, units: int, events: int, seconds: float) -> None:
            sizes.append(units)

    store = await open_store(url, clock, observer=Observer(), max_batch=100)
    burst = [asyncio.ensure_future(store.journal.append(SYSTEM, FIRELINE, [note()])) for _ in range(250)]
    await asyncio.sleep(0)
    await store.close()
    assert all(each.done() for each in burst)
    assert sum(sizes) == 250
    assert max(sizes) <= 100
    # A batch begins with what is there when the thread is free; a commit a unit would be 250.
    assert len(sizes) <= 6


async def test_the_inbox_takes_a_payload_once(store: Store) -> None:
    """A redelivery changes nothing; a payload waits until it is handled or given up."""
    entry = InboxEntry(key="E1", kind="command", payload={"text": "help", "n": 1}, received_at=START)
    later = InboxEntry(key="E2", kind="command", payload={}, received_at=START + timedelta(seconds=1))

    def put(tx: Transaction) -> list[bool]:
        return [tx.put_inbox(entry), tx.put_inbox(later), tx.put_inbox(entry)]

    assert await store.journal.submit(put) == [True, True, False]
    assert await store.journal.submit(lambda tx: tx.put_inbox(entry)) is False
    assert store.records.inbox_waiting() == [entry, later]

    assert await store.journal.submit(lambda tx: tx.retry_inbox("E1", error="once")) == 1
    assert await store.journal.submit(lambda tx: tx.retry_inbox("E1", error="twice")) == 2
    waiting = store.records.inbox_waiting()[0]
    assert (waiting.attempts, waiting.error) == (2, "twice")

    await store.journal.submit(lambda tx: tx.close_inbox("E1"))
    await store.journal.submit(lambda tx: tx.close_inbox("E2", error="given up"))
    assert store.records.inbox_waiting() == []
    assert await store.journal.submit(lambda tx: tx.put_inbox(entry)) is False
    assert await store.journal.submit(lambda tx: tx.retry_inbox("nothing", error="")) == 0


async def test_how_far_chat_is_never_lowers_what_is_wanted(store: Store) -> None:
    """Only events raise `wanted`; chat says how far it is, and what is behind comes longest waiting first."""
    two = IncidentId(2)
    await store.journal.append(incident_stream(ONE), FIRELINE, [opened(ONE)])
    await store.journal.append(incident_stream(two), FIRELINE, [opened(two)])
    behind = [entry.key for entry in store.records.outbox_behind() if entry.key.endswith("/status")]
    assert behind == ["incident/1/status", "incident/2/status"]

    def sent(tx: Transaction) -> None:
        entry = tx.outbox_entry("incident/1/status")
        assert entry is not None
        tx.append(incident_stream(ONE), FIRELINE, [note()])
        tx.put_outbox(
            OutboxEntry(
                key=entry.key, incident=ONE, wanted=0, sent=entry.wanted, ts="1.0", channel="C1", attempts=1
            )
        )

    await store.journal.submit(sent)
    entry = store.records.outbox_entry("incident/1/status")
    assert entry is not None
    assert (entry.wanted, entry.sent, entry.ts, entry.channel, entry.attempts) == (3, 1, "1.0", "C1", 1)
    behind = [entry.key for entry in store.records.outbox_behind() if entry.key.endswith("/status")]
    assert behind == ["incident/2/status", "incident/1/status"]

    gone = OutboxEntry(key="incident/2/status", incident=two, wanted=0, sent=0, gone="channel_not_found")
    await store.journal.submit(lambda tx: tx.put_outbox(gone))
    assert "incident/2/status" not in [each.key for each in store.records.outbox_behind()]


async def test_runbooks_are_kept_under_their_digest(store: Store) -> None:
    """The first text under a digest stays: there can be no other."""

    def keep(tx: Transaction) -> str | None:
        tx.keep_runbook(Digest("d1"), "checkout-errors", "apiVersion: fireline/v1")
        tx.keep_runbook(Digest("d1"), "checkout-errors", "something else")
        return tx.runbook_source(Digest("d1"))

    assert await store.journal.submit(keep) == "apiVersion: fireline/v1"
    assert store.records.runbook_source(Digest("d1")) == "apiVersion: fireline/v1"


_PLANS = st.lists(
    st.tuples(
        st.sampled_from(["append", "unit", "refuse", "spoil", "read", "open"]),
        st.integers(min_value=1, max_value=4),
    ),
    max_size=40,
)


def unit_of(kind: str, count: int, text: str) -> Callable[[Transaction], None]:
    """Make a unit of a kind; its notes say `text`."""

    def unit(tx: Transaction) -> None:
        if kind == "refuse":
            raise LookupError(text)
        if kind in {"read", "open"}:
            tx.incidents()
            tx.events_of_run(RunId("1-1"))
        if kind == "open":
            number = tx.next_incident()
            tx.append(incident_stream(number), FIRELINE, [opened(number)])
        tx.append(incident_stream(ONE), FIRELINE, [note(text)] * count)
        if kind == "spoil":
            raise RuntimeError(text)

    return unit


@given(plans=st.lists(_PLANS, min_size=1, max_size=3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_any_mix_of_units_leaves_a_whole_log(store: Store, plans: list[list[tuple[str, int]]]) -> None:
    """Whatever units come, failing ones among them: the chain holds, nothing is missing, and failures left nothing."""
    start = store.records.head()[0]
    expected: list[str] = []
    for round_, plan in enumerate(plans):
        jobs = []
        for place, (kind, count) in enumerate(plan):
            text = f"{round_}.{place}"
            if kind == "append":
                jobs.append(store.journal.append(incident_stream(ONE), FIRELINE, [note(text)] * count))
            else:
                jobs.append(store.journal.submit(unit_of(kind, count, text)))
            if kind not in {"refuse", "spoil"}:
                expected += [text] * count
        answers = await asyncio.gather(*jobs, return_exceptions=True)
        failed = [isinstance(each, BaseException) for each in answers]
        assert failed == [kind in {"refuse", "spoil"} for kind, _ in plan]
    assert texts(store.records.events(after=start)) == expected
    assert_chain_holds(store.records)
