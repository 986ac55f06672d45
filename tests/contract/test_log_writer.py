"""The log writer: what it writes is what the journal would have, and however it ends, every unit is answered once and stands once."""

import asyncio
import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import RootTransaction
from sqlalchemy.exc import OperationalError

from bot.domain.events import GENESIS
from bot.domain.facts import CallStarted, IncidentResolved
from bot.domain.ids import SYSTEM, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, Part, person
from bot.domain.ports import Transaction
from bot.errors import JournalError
from bot.persistence import log_writer, parcels
from bot.persistence.batch import Append, Job
from bot.persistence.committer import Committer
from bot.persistence.database import open_file
from bot.persistence.log_writer import LogWriter, LogWriterLost
from bot.persistence.log_writer_process import Program
from bot.persistence.parcels import NotWritten, Request
from bot.persistence.store import Store, open_records, open_store
from tests.contract.test_journal_contract import assert_chain_holds, note, opened, texts
from tests.contract.test_journal_failures import until
from tests.fakes.doubt import BrokenCommit, NoConnection
from tests.fakes.log_writer import log_writer_of, open_with_log_writer
from tests.fakes.store import START, MovedClock

MANY = 8
WORDS = [f"{number}" for number in range(40)]


def url_in(folder: Path) -> str:
    """Name a database in a folder."""
    return f"sqlite:///{folder}/fireline.db"


@pytest_asyncio.fixture
async def store(tmp_path: Path, clock: MovedClock) -> AsyncIterator[Store]:
    """Give a store whose log writer is up, and takes eight appends in a row."""
    made = await open_with_log_writer(url_in(tmp_path), clock, many=MANY)
    yield made
    await made.close()


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tell how many appends each request had that was sent."""
    sent: list[int] = []
    send = LogWriter.send

    def note_it(self: LogWriter, request: Request) -> None:
        sent.append(len(request.appends))
        send(self, request)

    monkeypatch.setattr(LogWriter, "send", note_it)
    return sent


async def burst(store: Store, words: list[str]) -> list[str]:
    """Append notes side by side, and return what the answers say, in the order of asking."""
    answers = await asyncio.gather(
        *(store.journal.append(SYSTEM, person("U1"), [note(word), note(f"{word}!")]) for word in words)
    )
    return [text for events in answers for text in texts(events)]


def twice(words: list[str]) -> list[str]:
    """Return what a burst of these words leaves."""
    return [text for word in words for text in (word, f"{word}!")]


async def test_a_burst_is_written_as_the_journal_would(
    store: Store, clock: MovedClock, handed_over: list[int], tmp_path: Path
) -> None:
    """Events, answers, listeners and projections are those of a journal that writes alone."""
    (tmp_path / "alone").mkdir()
    alone = await open_store(url_in(tmp_path / "alone"), clock, many=None)
    numbers = [IncidentId(number) for number in range(1, 100)]
    seen = []
    for each in (store, alone):
        heard: list[object] = []
        each.journal.listen(heard.extend)
        first = await asyncio.gather(
            *(each.journal.append(incident_stream(n), FIRELINE, [opened(n)]) for n in numbers)
        )
        over = await asyncio.gather(
            *(
                each.journal.append(
                    incident_stream(n), FIRELINE, [IncidentResolved(incident=n, summary="over")]
                )
                for n in numbers
            )
        )
        assert_chain_holds(each.records)
        told = [event for events in (*first, *over) for event in events]
        assert heard == told == list(each.records.events())
        seen.append(
            (told, each.records.incidents(limit=1000), [dict(row) for row in each.records.raw_events()])
        )
    assert seen[0] == seen[1]
    assert handed_over == [99, 99]
    await alone.close()


async def test_what_comes_between_stays_between(store: Store, handed_over: list[int]) -> None:
    """Units that read see what was appended before them, and nothing of what comes after; each append keeps its place."""

    def count(tx: Transaction) -> int:
        return len(texts(tx.events()))

    def append(words: list[str]) -> list[object]:
        return [store.journal.append(SYSTEM, FIRELINE, [note(word)]) for word in words]

    before, few, after = WORDS[:10], WORDS[10:13], WORDS[13:]
    *_, at_first = await asyncio.gather(*append(before), store.journal.submit(count))
    assert at_first == 10
    answers = await asyncio.gather(
        *append(few), store.journal.submit(count), *append(after), store.journal.submit(count)
    )
    assert (answers[3], answers[-1]) == (13, 40)
    assert texts(store.records.events()) == WORDS
    assert handed_over == [10, 27], "three are too few to be sent"
    assert_chain_holds(store.records)


async def test_appends_that_say_nothing_are_answered(store: Store) -> None:
    """A burst of them leaves the log as it was."""
    answers = await asyncio.gather(*(store.journal.append(SYSTEM, FIRELINE, []) for _ in range(MANY)))
    assert answers == [[]] * MANY
    assert store.records.head()[0] == 0
    assert await burst(store, WORDS) == twice(WORDS)


async def test_a_fact_without_a_form_is_refused_alone(store: Store) -> None:
    """The log writer refuses the batch, and the journal finds out whose fault it is."""
    call = CallStarted(
        run=RunId("1-1"), step=StepId("s"), part=Part.MAIN, attempt=1, action="a", inputs={}, key="k",
        timeout=float("nan"),
    )  # fmt: skip
    good = [store.journal.append(SYSTEM, FIRELINE, [note(word)]) for word in WORDS]
    bad = store.journal.append(SYSTEM, FIRELINE, [note("beside"), call])
    *fine, refused = await asyncio.gather(*good, bad, return_exceptions=True)
    assert isinstance(refused, ValueError)
    assert not [each for each in fine if isinstance(each, BaseException)]
    assert texts(store.records.events()) == WORDS
    assert await burst(store, WORDS) == twice(WORDS)
    assert_chain_holds(store.records)


async def test_one_that_is_killed_is_done_without(store: Store) -> None:
    """Between two bursts: the next is written by the journal itself, and nobody notices."""
    assert await burst(store, WORDS) == twice(WORDS)
    pid = log_writer_of(store).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert await burst(store, WORDS) == twice(WORDS)
    assert log_writer_of(store).pid is None
    assert texts(store.records.events()) == twice(WORDS) * 2
    assert store.journal.healthy()
    assert_chain_holds(store.records)


async def test_one_that_is_killed_at_work_leaves_nothing_twice(store: Store) -> None:
    """It had the burst, and had not begun."""
    pid = log_writer_of(store).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    answers = asyncio.create_task(burst(store, WORDS))
    await asyncio.sleep(0.2)
    assert not answers.done()
    os.kill(pid, signal.SIGKILL)
    assert await answers == twice(WORDS)
    assert texts(store.records.events()) == twice(WORDS)
    assert_chain_holds(store.records)


async def test_one_that_gives_no_answer_is_ended(store: Store) -> None:
    """It sleeps; after a while it is killed, and the journal writes what it was sent."""
    end = log_writer_of(store)
    end._patience = 0.3
    pid = end.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert await burst(store, WORDS) == twice(WORDS)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert texts(store.records.events()) == twice(WORDS)


@pytest.fixture
def answers_become(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], None]:
    """Call it to have something else arrive instead of the next answer; what was asked for has been done all the same."""
    receive = parcels.receive

    def become(answer: bytes | None) -> None:
        def lose(way: socket.socket) -> bytes | None:
            assert receive(way) is not None
            monkeypatch.setattr(parcels, "receive", receive)
            return answer

        monkeypatch.setattr(parcels, "receive", lose)

    return become


@pytest.mark.parametrize("answer", [None, b"", b"\x07what", b"\x01" + b"h" * 32])
async def test_an_answer_that_was_lost_is_found_in_the_log(
    store: Store, answers_become: Callable[[bytes | None], None], answer: bytes | None
) -> None:
    """The burst is durable, and the word of it never came, or can't be read: everybody gets the answer that they would have got."""
    answers_become(answer)
    assert await burst(store, WORDS) == twice(WORDS)
    assert texts(store.records.events()) == twice(WORDS)
    assert await burst(store, ["after"]) == twice(["after"])
    assert_chain_holds(store.records)


async def test_a_batch_is_sent_as_soon_as_the_one_before_is_durable(
    store: Store, handed_over: list[int]
) -> None:
    """What came meanwhile follows in one piece, whoever has not been answered yet; everybody hears in order."""
    heard: list[str] = []
    store.journal.listen(lambda events: heard.extend(texts(events)))
    pid = log_writer_of(store).pid
    assert pid is not None
    for ends in (signal.SIGCONT, signal.SIGKILL):
        os.kill(pid, signal.SIGSTOP)
        first = asyncio.create_task(burst(store, WORDS))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(burst(store, WORDS[:20]))
        alone = asyncio.create_task(burst(store, ["alone"]))
        await asyncio.sleep(0.1)
        os.kill(pid, ends)
        assert await first == twice(WORDS)
        assert await second == twice(WORDS[:20])
        assert await alone == twice(["alone"])
    assert handed_over == [40, 21, 40]
    assert heard == texts(store.records.events()) == twice([*WORDS, *WORDS[:20], "alone"]) * 2
    assert_chain_holds(store.records)


@pytest.mark.parametrize("killed", [False, True])
def test_what_was_sent_ahead_is_told_late_where_other_jobs_come(
    tmp_path: Path, clock: MovedClock, *, killed: bool
) -> None:
    """Its submitters had to be told that nobody knows; it stands or not, and the log goes on behind it."""
    committer = Committer(open_file(tmp_path / "fireline.db"), clock, many=2)
    committer.open()
    assert committer._bursts is not None
    end = committer._bursts._log_writer
    while not end.ready():
        time.sleep(0.01)

    def jobs(*words: str) -> list[Job]:
        return [Append(SYSTEM, FIRELINE, [note(word)]) for word in words]

    one, two, three = jobs("a", "b"), jobs("c", "d"), jobs("e", "f")
    (news,) = committer.commit(one, lambda: two).news
    assert (texts(news.events), news.late) == (["a", "b"], False)
    if killed:
        assert end.pid is not None
        os.kill(end.pid, signal.SIGKILL)
    *late, news = committer.commit(three).news
    assert [(texts(each.events), each.late) for each in late] in (
        [[(["c", "d"], True)], []] if killed else [[(["c", "d"], True)]]
    )
    assert (texts(news.events), news.late) == (["e", "f"], False)
    assert news.events[0].seq == (5 if late else 3)
    committer.close()
    committer._database.close()
    records, database = open_records(url_in(tmp_path))
    assert_chain_holds(records)
    database.close()


class Listener:
    """Hears what a store's log tells, and keeps apart what it tells late."""

    def __init__(self, store: Store) -> None:
        self.heard: list[str] = []
        self.late: list[str] = []
        store.journal.listen(lambda events: self.heard.extend(texts(events)))
        store.journal.listen_late(lambda events: self.late.extend(texts(events)))


@pytest.mark.parametrize("durable", [False, True])
async def test_a_doubt_that_cannot_be_settled_is_told_as_one(
    store: Store, answers_become: Callable[[bytes | None], None], *, durable: bool
) -> None:
    """No answer, and no database to ask: everybody is told to try again, readiness says why, and what stands is told late, once, unasked."""
    listener, away = Listener(store), NoConnection(store, why="the disk is away")
    pid = log_writer_of(store).pid
    assert pid is not None
    if durable:
        answers_become(None)
    else:
        os.kill(pid, signal.SIGSTOP)
    asked = [store.journal.append(SYSTEM, FIRELINE, [note(word)]) for word in WORDS]
    answered = asyncio.gather(*asked, return_exceptions=True)
    await asyncio.sleep(0.1)
    if not durable:
        os.kill(pid, signal.SIGKILL)
    assert {type(each) for each in await answered} == {JournalError}
    assert "the disk is away" in store.journal.trouble
    away.back()
    await until(store.journal.healthy)
    stands = WORDS if durable else []
    await until(lambda: listener.heard == stands)
    assert listener.late == listener.heard == texts(store.records.events()) == stands
    assert await burst(store, ["after"]) == twice(["after"])
    assert listener.heard == texts(store.records.events()) == [*stands, *twice(["after"])]
    assert_chain_holds(store.records)


@pytest.mark.parametrize("done", [False, True])
async def test_what_breaks_off_between_bursts_is_told_in_its_place(store: Store, *, done: bool) -> None:
    """A burst, a unit whose commit breaks off, a burst: each event is heard once, in the log's order, and none late."""
    listener = Listener(store)
    BrokenCommit(store, done=done)
    asked = [store.journal.append(SYSTEM, FIRELINE, [note(word)]) for word in WORDS[:10]]
    unit = store.journal.submit(lambda tx: tx.append(SYSTEM, FIRELINE, [note("unit")]))
    more = [store.journal.append(SYSTEM, FIRELINE, [note(word)]) for word in WORDS[10:]]
    answers = await asyncio.gather(*asked, unit, *more, return_exceptions=True)
    failed = [each for each in answers if isinstance(each, BaseException)]
    assert [type(each) for each in failed] == ([] if done else [JournalError])
    told = [*WORDS[:10], *(["unit"] if done else []), *WORDS[10:]]
    await until(lambda: len(listener.heard) == len(told))
    assert listener.heard == texts(store.records.events()) == told
    assert listener.late == []
    assert_chain_holds(store.records)


async def test_a_unit_that_the_database_refuses_takes_no_burst_along(store: Store) -> None:
    """The connection is lost with it; what was written before is not told a second time."""
    listener = Listener(store)
    away = NoConnection(store, why="the disk is away")

    def refuse(_tx: Transaction) -> None:
        raise OperationalError("INSERT", {}, OSError("the disk is away"), connection_invalidated=True)

    asked = [store.journal.append(SYSTEM, FIRELINE, [note(word)]) for word in WORDS]
    answers = await asyncio.gather(*asked, store.journal.submit(refuse), return_exceptions=True)
    assert isinstance(answers[-1], JournalError)
    away.back()
    await until(store.journal.healthy)
    assert await burst(store, ["after"]) == twice(["after"])
    assert listener.heard == texts(store.records.events()) == [*WORDS, *twice(["after"])]
    assert listener.late == []


async def test_without_one_the_journal_writes_alone(
    tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't be started, and a minute later it can."""
    store = await open_store(url_in(tmp_path), clock, many=MANY)
    end = log_writer_of(store)
    with monkeypatch.context() as broken:
        broken.setattr(log_writer.socket, "socketpair", no_file_left)
        assert await burst(store, WORDS) == twice(WORDS)
    end._not_before = 0.0
    with monkeypatch.context() as broken:
        broken.setattr(log_writer.sys, "executable", str(tmp_path / "no-python"))
        assert await burst(store, WORDS) == twice(WORDS)
        assert end.pid is None
    assert await burst(store, WORDS) == twice(WORDS)
    assert end.pid is None, "not so soon again"
    end._not_before = 0.0
    assert await burst(store, WORDS) == twice(WORDS)
    assert end.pid is not None
    assert texts(store.records.events()) == twice(WORDS) * 4
    await store.close()


def no_file_left() -> None:
    """Fail as a process does that has too many files open."""
    raise OSError(24, "Too many open files")


async def test_one_of_another_version_is_done_without(tmp_path: Path, clock: MovedClock) -> None:
    """The code was changed under a process that runs: what its log writer would write is not what was answered."""
    store = await open_store(url_in(tmp_path), clock, many=MANY)
    end = log_writer_of(store)
    end._code = b"other code"
    await burst(store, WORDS)
    assert end._way is not None
    await asyncio.to_thread(select.select, [end._way], [], [], 20)
    assert await burst(store, WORDS) == twice(WORDS)
    assert end.pid is None
    assert texts(store.records.events()) == twice(WORDS) * 2
    await store.close()


async def test_one_that_ends_before_it_is_ready_is_done_without(
    tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program fails."""
    monkeypatch.setattr(log_writer, "_PROGRAM", "raise SystemExit(1)")
    store = await open_store(url_in(tmp_path), clock, many=MANY)
    end = log_writer_of(store)
    await burst(store, WORDS)
    assert end._process is not None
    await asyncio.to_thread(end._process.wait)
    assert await burst(store, WORDS) == twice(WORDS)
    assert end.pid is None
    assert not end.ready()
    await store.close()


@pytest.mark.parametrize("program", [log_writer._PROGRAM, "import time; time.sleep(60)"], ids=["up", "hung"])
async def test_one_that_nobody_needs_ends_unasked(
    tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """Nothing is written any more after a single burst; nor does one stay that never says it is ready."""
    monkeypatch.setattr(log_writer, "_PAUSE", 0.5)
    monkeypatch.setattr(log_writer, "_GRACE", 0.1)
    monkeypatch.setattr(log_writer, "_PROGRAM", program)
    store = await open_store(url_in(tmp_path), clock, many=MANY)
    assert await burst(store, WORDS) == twice(WORDS)
    assert log_writer_of(store).pid is not None
    await until(lambda: log_writer_of(store).pid is None)
    await store.close()


async def test_one_with_nothing_to_do_is_let_go(store: Store) -> None:
    """The memory is worth more than the half second that another takes to start."""
    end = log_writer_of(store)
    assert await burst(store, WORDS) == twice(WORDS)
    now = end._seconds()
    end._seconds = lambda: now + 59.0
    await burst(store, ["soon"])
    assert end.pid is not None
    end._seconds = lambda: now + 61.0
    await burst(store, ["late"])
    assert end.pid is None


async def test_it_is_told_no_secrets_and_heeds_no_signals(
    tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of our environment it knows next to nothing; a signal to the whole group ends it only with its journal."""
    monkeypatch.setenv("FIRELINE_SLACK__BOT_TOKEN", "xoxb-secret")
    store = await open_with_log_writer(url_in(tmp_path), clock, many=MANY)
    pid = log_writer_of(store).pid
    assert pid is not None
    told = await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)
    assert b"xoxb" not in told
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, each)
    assert await burst(store, WORDS) == twice(WORDS)
    assert log_writer_of(store).pid == pid
    await store.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# ---- the program itself, over a socket of the test's own


@pytest.fixture
def served(tmp_path: Path, clock: MovedClock) -> Iterator[tuple[socket.socket, Callable[[], None]]]:
    """Give the journal's end of a way to the program, which runs in a thread, and what joins it."""
    path = tmp_path / "fireline.db"

    async def make_tables() -> None:
        await (await open_store(f"sqlite:///{path}", clock)).close()

    asyncio.run(make_tables())
    here, there = socket.socketpair()
    program = Program(open_file(path))

    def serve() -> None:
        with there, contextlib.suppress(Exception):
            program.serve(there)

    thread = threading.Thread(target=serve)
    thread.start()
    here.settimeout(10)
    assert parcels.receive(here) == parcels.code_on_disk(), "it greets"
    yield here, thread.join
    here.close()
    thread.join()
    program.close()


def request(*words: str, seq: int = 0, prev: str = GENESIS) -> bytes:
    """Ask for notes to be written."""
    appends = [Append(SYSTEM, FIRELINE, [note(word)]) for word in words]
    return parcels.parcel_of(Request((seq, prev), START, appends))  # type: ignore[arg-type]


def test_the_program_writes_what_it_is_sent(served: tuple[socket.socket, Callable[[], None]]) -> None:
    """A request after the other; one that does not fit the log leaves nothing, and the next is written."""
    way, _ = served
    parcels.send(way, request("a", "b"))
    answer = parcels.receive(way)
    assert answer is not None
    first, second = parcels.hashes_in(answer, 2)
    assert first != second
    parcels.send(way, request("again"))
    refusal = parcels.receive(way)
    assert refusal is not None
    with pytest.raises(NotWritten, match="IntegrityError"):
        parcels.hashes_in(refusal, 1)
    parcels.send(way, request("c", seq=2, prev=second))
    answer = parcels.receive(way)
    assert answer is not None
    assert len(parcels.hashes_in(answer, 1)) == 1


@pytest.mark.parametrize("stands", [False, True])
def test_the_program_answers_for_a_commit_or_ends(
    served: tuple[socket.socket, Callable[[], None]], monkeypatch: pytest.MonkeyPatch, *, stands: bool
) -> None:
    """One that failed left nothing, and that is said. Where it may stand after all nothing is said: the journal looks into the log."""
    way, join = served
    commit = RootTransaction.commit

    def break_off(self: RootTransaction) -> None:
        if stands:
            commit(self)
        raise OSError("the disk is full")

    monkeypatch.setattr(RootTransaction, "commit", break_off)
    parcels.send(way, request("a"))
    answer = parcels.receive(way)
    if stands:
        assert answer is None
        join()
    else:
        assert answer is not None
        with pytest.raises(NotWritten, match="the disk is full"):
            parcels.hashes_in(answer, 1)


def test_a_lost_one_says_why(tmp_path: Path) -> None:
    """What was not taken is known not to stand; what was taken, and not answered, nobody knows."""
    request = Request((0, GENESIS), START, [Append(SYSTEM, FIRELINE, [note()])])
    for taken in (False, True):
        end = LogWriter(tmp_path / "fireline.db", lambda: 0)
        here, there = socket.socketpair()
        end._way, end._greeted = here, True
        if not taken:
            there.close()
            with pytest.raises(NotWritten, match="the log writer is lost"):
                end.send(request)
        else:
            end.send(request)
            there.close()
            with pytest.raises(LogWriterLost, match="the log writer is lost"):
                end.answer(1)
        assert not end.ready(), "none is started for a while"
