"""Two real processes over a real Postgres: one leads, one stands by; one is killed, sleeps, stops, or loses its database."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bot.domain.facts import IncidentOpened, RunFinished, RunStarted
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus
from bot.wiring.succession import LEAD_LOST
from tests.fakes.pair import Calls, Pair
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.needs("postgres")]
ONE, TWO = IncidentId(1), IncidentId(2)


@pytest.fixture
def calls() -> Iterator[Calls]:
    """What steps call."""
    made = Calls()
    yield made
    made.close()


@pytest.fixture
def address(postgres: Postgres) -> str:  # noqa: F811 - the fixture
    """Give the URL of an empty database."""
    return postgres.new_database()


@pytest.fixture
def pair(
    tmp_path: Path,
    address: str,
    calls: Calls,
    free_port: Callable[[], int],
    request: pytest.FixtureRequest,
) -> Iterator[Pair]:
    """Two processes that run; what they logged is shown when the test fails."""
    made = Pair(tmp_path, address, calls.url, ports=(free_port(), free_port()))
    try:
        made.start()
        yield made
    finally:
        for half in (made.a, made.b):
            request.node.add_report_section("teardown", half.home.folder.name, half.process.log_tail())
        made.stop()


def test_the_one_that_stands_by_takes_in_and_takes_over(pair: Pair, calls: Calls) -> None:
    """A delivery at its door is opened by the leader; a stop of the leader hands over at once, and it goes on with what waits."""
    assert pair.b.ask("/healthz")[0] == 200
    status, told = pair.b.ask("/leaderz")
    assert status == 503
    assert f"pid {pair.a.process.pid} on " in told["checks"]["lead"]["detail"]
    answer = pair.b.home.alert("checkout")
    assert (answer.status_code, answer.json()) == (200, {"kept": 1})
    began = time.monotonic()
    pair.until("the incident", lambda: pair.record.incident(ONE))
    assert time.monotonic() - began < 5, (
        "the leader takes up what is kept for it within a second, on a machine at rest"
    )
    assert pair.a.home.alert("checkout").json() == {"new": 0, "repeated": 1, "resolved": 0}
    assert pair.b.home.alert("checkout").status_code == 200
    pair.until("the run's end", lambda: pair.record.run_ended(ONE))
    pair.until("the relay to be empty", lambda: not pair.record.reader.relay_waiting())
    assert "fireline_leader 0.0" in httpx.get(f"{pair.b.home.url}/metrics").text
    assert 'relay_kept_total{kind="delivery"} 2.0' in httpx.get(f"{pair.b.home.url}/metrics").text
    assert httpx.get(f"{pair.b.home.url}/incidents/1").status_code == 200, "the console reads"

    pair.a.signal(signal.SIGTERM)
    assert pair.a.status() == 0
    pair.until("the other to lead", pair.b.leads, within=10)
    assert "fireline_leader 1.0" in httpx.get(f"{pair.b.home.url}/metrics").text
    assert pair.b.home.alert("search").json() == {"new": 1, "repeated": 0, "resolved": 0}
    pair.until("the second run's end", lambda: pair.record.run_ended(TWO))
    assert [(fact.term, fact.how) for fact in pair.terms()] == [(1, "first"), (2, "handed over")]
    assert calls.seen == Counter(checkout=1, search=1)
    assert len(pair.record.facts(ONE, IncidentOpened)) == 1
    pair.check_record()


def test_a_leader_that_is_killed_is_followed(pair: Pair, calls: Calls) -> None:
    """Two hundred deliveries at both doors while the leader dies in the middle of runs: what was answered is there, and nothing twice."""
    calls.let_go.clear()
    pair.a.home.alert("held")
    pair.until("the call", lambda: calls.seen["held"])
    services = [f"service-{number}" for number in range(100)]

    def send(service: str) -> list[int]:
        """Send it to both, as a cluster of Alertmanagers would, until somebody takes it."""
        statuses = []
        for half in (pair.a, pair.b):
            try:
                statuses.append(half.home.alert(service).status_code)
            except httpx.HTTPError:
                statuses.append(0)
        if service == services[40]:
            pair.a.signal(signal.SIGKILL)
        return statuses

    with ThreadPoolExecutor(4) as hands:
        answered = list(hands.map(send, services))
    killed = time.monotonic()
    calls.let_go.set()
    pair.until("the other to lead", pair.b.leads, within=10)
    assert time.monotonic() - killed < 10
    assert all(200 in statuses for statuses in answered), "one of the two always takes it in"
    pair.until("every incident", lambda: len(pair.record.reader.incidents(limit=500)) >= 101)
    pair.until("every run's end", lambda: not pair.record.reader.unfinished_runs())
    pair.until("the relay to be empty", lambda: not pair.record.reader.relay_waiting())
    facts = [event.fact for event in pair.record.reader.events()]
    assert len([fact for fact in facts if isinstance(fact, IncidentOpened)]) == 101
    assert len([fact for fact in facts if isinstance(fact, RunStarted)]) == 101
    ends = [fact.status for fact in facts if isinstance(fact, RunFinished)]
    assert ends == [RunStatus.SUCCEEDED] * 101
    titles = Counter(each.key for each in pair.record.reader.recent_alerts(limit=500))
    assert set(titles.values()) == {1}
    assert [(fact.term, fact.how) for fact in pair.terms()] == [(1, "first"), (2, "took over")]
    pair.check_record()


def test_a_leader_that_slept_ends(pair: Pair) -> None:
    """It wakes up after another took over: it writes nothing, says why, and ends; started again, it stands by."""
    pair.a.home.alert("before")
    pair.until("the first run's end", lambda: pair.record.run_ended(ONE))
    pair.a.signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as hands:
        asked = hands.submit(_status_of, pair)
        pair.until("the other to lead", pair.b.leads, within=20)
        assert pair.b.home.alert("meanwhile").status_code == 200
        pair.until("its run's end", lambda: pair.record.run_ended(TWO))
        head = pair.record.reader.head()
        pair.a.signal(signal.SIGCONT)
        assert pair.a.status() == LEAD_LOST
        assert asked.result() != 200, "what came while it slept is not answered as taken in"
    assert pair.record.reader.head() == head, "the one that woke up wrote nothing"
    (last,) = [line for line in pair.a.log() if line["level"] == "critical"]
    assert last["message"] == "this process has lost the lead and ends at once"
    assert f"pid {pair.b.process.pid} on " in last["why"]
    pair.a.process.start()
    assert pair.a.stands_by()
    assert [(fact.term, fact.how) for fact in pair.terms()] == [(1, "first"), (2, "took over")]
    pair.check_record()


def _status_of(pair: Pair) -> int:
    try:
        return pair.a.home.alert("asleep").status_code
    except httpx.HTTPError:
        return 0


def test_a_database_that_goes_and_comes_back(
    pair: Pair,
    address: str,
    postgres: Postgres,  # noqa: F811 - the fixture
) -> None:
    """Both wait and say so; when it is back the same one leads, in the same term, and nobody else ever did."""
    postgres.allow_connections(address, allowed=False)
    postgres.break_connections(address)
    for half in (pair.a, pair.b):
        pair.until("it to be unready", lambda half=half: half.ask("/readyz")[0] == 503)
        assert half.home.alert("lost").status_code == 503
        assert half.ask("/healthz")[0] == 200
    postgres.allow_connections(address, allowed=True)
    pair.until("the leader to lead", lambda: pair.a.ask("/readyz")[0] == 200)
    pair.until("the other to stand by", pair.b.stands_by)
    assert pair.b.home.alert("after").status_code == 200
    pair.until("the run's end", lambda: pair.record.run_ended(ONE))
    assert pair.a.leads()
    assert pair.b.stands_by()
    assert [fact.term for fact in pair.terms()] == [1]
    pair.check_record()
