"""`prometheus.query` and `query_range` against scripted answers: values, statistics, and each of the API's errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.actions.contract import InvalidInputs, SecretRef
from bot.actions.outcome import Failed, Reason, Succeeded
from integrations.prometheus import PrometheusConfig, actions
from integrations.prometheus.actions import QUERY
from integrations.prometheus.samples import MOST_POINTS, MOST_SERIES
from integrations.transport import Bearer, Transport
from tests.fakes.actions import FakeSecrets, MemoryCapture, a_call, outcome_of
from tests.fakes.target import Answer, Target, json_answer

NOW = datetime(2026, 11, 23, 7, 3, 48, tzinfo=UTC)


class StoppedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the one instant."""
        return NOW


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """A server to script."""
    async with Target() as made:
        yield made


@pytest.fixture
async def pair(target: Target) -> AsyncIterator[Any]:
    """Both actions, with the scripted server as the default."""
    config = PrometheusConfig(
        url=target.url + "/prom/",
        auth=Bearer(token=SecretRef(secret="t")),
        headers={"X-Scope-OrgID": "shop"},
    )
    async with Transport() as transport:
        yield actions(config, transport, clock=StoppedClock())


def result(kind: str, value: Any, **more: Any) -> Answer:
    """Make a successful answer of the API."""
    return json_answer({"status": "success", "data": {"resultType": kind, "result": value}, **more})


async def query(pair: Any, target: Target, answer: Answer, **values: Any) -> Any:
    """Ask for an instant."""
    target.routes[""] = answer
    return await outcome_of(pair[0], {"query": "up", **values}, a_call(secrets=FakeSecrets({"t": "tok-en"})))


async def query_range(pair: Any, target: Target, answer: Answer, **values: Any) -> Any:
    """Ask for a range."""
    target.routes[""] = answer
    return await outcome_of(pair[1], {"query": "up", **values}, a_call(secrets=FakeSecrets({"t": "tok-en"})))


def sample(value: str, **labels: str) -> dict[str, Any]:
    """Make a sample of an instant vector."""
    return {"metric": labels, "value": [1.0, value]}


async def test_a_single_sample_is_a_value(pair: Any, target: Target) -> None:
    """One sample is `value` with its labels; the call is a form to the default server with its credentials."""
    outcome = await query(
        pair,
        target,
        result("vector", [sample("0.25", job="shop")], warnings=["partial"]),
    )
    assert isinstance(outcome, Succeeded)
    assert outcome.output == {
        "value": 0.25, "labels": {"job": "shop"}, "count": 1, "non_finite": 0, "truncated": False,
        "series": [{"labels": {"job": "shop"}, "value": 0.25}], "warnings": ["partial"],
    }  # fmt: skip
    received = target.requests[0]
    assert (received.method, received.path) == ("POST", "/prom/api/v1/query")
    assert received.form == {"query": "up", "timeout": "9900ms"}
    assert (received.headers["authorization"], received.headers["x-scope-orgid"]) == (
        "Bearer tok-en",
        "shop",
    )


async def test_credentials_go_to_the_default_server_alone(pair: Any, target: Target) -> None:
    """A server that a step names gets the query and nothing else."""
    async with Target({"": result("vector", [])}) as other:
        outcome = await query(pair, target, Answer(), url=other.url, time="2026-11-23T07:00:00+01:00")
        assert isinstance(outcome, Succeeded)
        assert not {"authorization", "x-scope-orgid"} & set(other.requests[0].headers)
        assert other.requests[0].form["time"] == "1795413600.000"
    assert target.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (result("vector", []), {"value": None, "labels": {}, "count": 0, "series": []}),
        (result("scalar", [1.0, "3"]), {"value": 3.0, "labels": {}, "count": 1}),
        (
            result("vector", [sample("1", a="1"), sample("2", a="2")]),
            {"value": None, "labels": {}, "count": 2},
        ),
        (
            result("vector", [sample("NaN", a="1")]),
            {"value": None, "labels": {"a": "1"}, "count": 1, "non_finite": 1},
        ),
        (
            result("vector", [sample("+Inf")]),
            {"value": None, "count": 1, "non_finite": 1},
        ),
        (
            result("vector", [sample("1")] * (MOST_SERIES + 1)),
            {"count": MOST_SERIES + 1, "truncated": True},
        ),
    ],
)
async def test_instants(pair: Any, target: Target, answer: Answer, expected: dict[str, Any]) -> None:
    """Nothing, several, and what is no number are all explicit."""
    outcome = await query(pair, target, answer)
    assert isinstance(outcome, Succeeded)
    assert {name: outcome.output[name] for name in expected} == expected
    json.dumps(outcome.output, allow_nan=False)
    assert len(outcome.output["series"]) <= MOST_SERIES


async def test_a_range_has_statistics(pair: Any, target: Target) -> None:
    """Minimum, maximum, mean, first and last leave out what is no number; the points keep its place."""
    points = [[1, "2"], [2, "NaN"], [3, "6"], [4, "4"]]
    outcome = await query_range(
        pair,
        target,
        result("matrix", [{"metric": {"a": "b"}, "values": points}]),
        last="30m",
    )
    assert isinstance(outcome, Succeeded)
    output = outcome.output
    wanted = {
        "min": 2.0,
        "max": 6.0,
        "mean": 4.0,
        "first": 2.0,
        "last": 4.0,
        "count": 4,
        "non_finite": 1,
    }
    assert {name: output[name] for name in wanted} == wanted
    assert output["series"][0]["points"] == [[1, 2.0], [2, None], [3, 6.0], [4, 4.0]]
    assert output["truncated"] is False
    end = NOW.timestamp()
    assert (output["start"], output["end"], output["step"]) == (end - 1800, end, 8.0)
    assert target.requests[0].form == {
        "query": "up", "start": f"{end - 1800:.3f}", "end": f"{end:.3f}", "step": "8.000", "timeout": "9900ms"
    }  # fmt: skip


async def test_an_empty_range_is_explicit(pair: Any, target: Target) -> None:
    """No data is count 0 and nulls, never zeros."""
    outcome = await query_range(pair, target, result("matrix", []), last="5m")
    assert isinstance(outcome, Succeeded)
    for name in ("min", "max", "mean", "first", "last"):
        assert outcome.output[name] is None
    assert (outcome.output["count"], outcome.output["series"]) == (0, [])


async def test_many_series_and_points_are_cut_but_counted(pair: Any, target: Target) -> None:
    """The log gets the latest points of the first series; the statistics are over everything."""
    long = [[at, str(at)] for at in range(MOST_POINTS + 5)]
    series = [{"metric": {"n": str(n)}, "values": long} for n in range(MOST_SERIES + 2)]
    outcome = await query_range(pair, target, result("matrix", series), last="5m")
    assert isinstance(outcome, Succeeded)
    output = outcome.output
    assert (len(output["series"]), output["truncated"]) == (MOST_SERIES, True)
    assert output["count"] == (MOST_SERIES + 2) * (MOST_POINTS + 5)
    assert (output["min"], output["max"], output["first"], output["last"]) == (
        0.0,
        MOST_POINTS + 4.0,
        None,
        None,
    )
    first = output["series"][0]
    assert (
        len(first["points"]),
        first["points"][0][0],
        first["first"],
        first["min"],
    ) == (
        MOST_POINTS,
        5,
        0.0,
        0.0,
    )


async def test_huge_samples_have_a_mean(pair: Any, target: Target) -> None:
    """The mean of finite samples is finite."""
    points = [[1, "1.7e308"], [2, "1.7e308"]]
    outcome = await query_range(pair, target, result("matrix", [{"metric": {}, "values": points}]), last="5m")
    assert isinstance(outcome, Succeeded)
    assert outcome.output["mean"] == pytest.approx(1.7e308)


def api_error(kind: str, status: int) -> Answer:
    """Make an error of the API."""
    return json_answer({"status": "error", "errorType": kind, "error": "what it says"}, status)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (api_error("bad_data", 400), Reason.INVALID), (api_error("timeout", 503), Reason.TIMEOUT),
        (api_error("canceled", 503), Reason.UNAVAILABLE), (api_error("execution", 422), Reason.REJECTED),
        (api_error("internal", 500), Reason.UNAVAILABLE), (api_error("unavailable", 503), Reason.UNAVAILABLE),
        (api_error("something_new", 422), Reason.INVALID), (api_error("", 503), Reason.UNAVAILABLE),
        (Answer(status=502, body=b"<html>"), Reason.UNAVAILABLE), (Answer(status=200, body=b"<html>"), Reason.REJECTED),
        (Answer(status=401), Reason.UNAUTHORIZED), (json_answer([1]), Reason.REJECTED),
        (json_answer({"status": "success"}), Reason.REJECTED), (json_answer({"status": "success", "data": {}}), Reason.REJECTED),
        (Answer(status=200, body=b"[" * 100_000), Reason.REJECTED),
        (result("matrix", []), Reason.INVALID), (result("string", [1, "x"]), Reason.INVALID),
        (result("vector", [{"metric": {}, "histogram": [1, {}]}]), Reason.INVALID),
    ],
)  # fmt: skip
async def test_errors_have_reasons(pair: Any, target: Target, answer: Answer, reason: Reason) -> None:
    """Each error of the API, and what is no answer of it, has its closed reason; a query changes nothing."""
    outcome = await query(pair, target, answer)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.may_have_applied) == (reason, False), outcome


async def test_a_range_query_that_gives_no_series_is_invalid(pair: Any, target: Target) -> None:
    """A server that answers something else is told so."""
    outcome = await query_range(pair, target, result("vector", []), last="5m")
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.INVALID


async def test_retry_after_is_passed_on(pair: Any, target: Target) -> None:
    """A throttled query says when to come back."""
    outcome = await query(pair, target, Answer(status=429, headers={"Retry-After": "3"}))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry_after) == (Reason.THROTTLED, 3.0)


async def test_an_answer_beyond_memory_is_rejected(
    pair: Any, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that isn't read whole can't be trusted in part."""
    monkeypatch.setattr("integrations.prometheus.client.MOST_BODY", 10)
    outcome = await query(pair, target, result("vector", []))
    assert isinstance(outcome, Failed)
    assert "narrow the query" in outcome.detail


async def test_no_server_is_invalid() -> None:
    """Without a default, each step names its server."""
    async with Transport() as transport:
        action = actions(PrometheusConfig(), transport)[0]
        outcome = await outcome_of(action, {"query": "up"}, a_call())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.may_have_applied) == (Reason.INVALID, False)
    assert "prometheus.url" in outcome.detail


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"start": "2027-01-01T00:00:00Z"}, "not before now"),
        ({"last": "7d", "step": "1s"}, "more than 11000 points"),
    ],
)
async def test_ranges_that_can_not_work_are_refused(
    pair: Any, target: Target, values: dict[str, Any], detail: str
) -> None:
    """A range of nothing, or of too many points, is refused before it is sent."""
    outcome = await query_range(pair, target, Answer(), **values)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, target.requests) == (Reason.INVALID, [])
    assert detail in outcome.detail


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"query": ""}, "query"), ({}, "one of last and start"),
        ({"last": "5m", "start": "2026-01-01T00:00:00Z"}, "one of last and start"),
        ({"last": "5m", "end": "2026-01-01T00:00:00Z"}, "ends now"),
        ({"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "after start"),
        ({"start": "2026-01-01T00:00:00"}, "start"), ({"last": "0s"}, "longer than nothing"),
        ({"last": "5m", "step": "0s"}, "longer than nothing"), ({"last": 300}, "unit"),
    ],
)  # fmt: skip
def test_inputs_that_can_not_work_are_refused(pair: Any, values: dict[str, Any], problem: str) -> None:
    """Each misfit is told."""
    with pytest.raises(InvalidInputs, match=problem):
        pair[1].spec.check({"query": "up", **values})


async def test_the_raw_answer_is_evidence(pair: Any, target: Target) -> None:
    """The capture has the server's own bytes."""
    target.routes[""] = answer = result("vector", [sample("NaN")])
    capture = MemoryCapture()
    await outcome_of(
        pair[0],
        {"query": "up"},
        a_call(capture=capture, secrets=FakeSecrets({"t": "tok-en"})),
    )
    assert (capture.data, capture.media_type) == (answer.body, "application/json")
    assert capture.source == f"POST {target.url}/prom/api/v1/query"


def test_what_is_touched(pair: Any, target: Target) -> None:
    """The target is the server that the step names, or that of the settings, by its address: whoever calls it is under the same limits."""
    spec = pair[0].spec
    assert spec.target(spec.check({"query": "up"})) == target.url
    assert QUERY.target(QUERY.check({"query": "up"})) == "prometheus"
    assert spec.target(spec.check({"query": "up", "url": "https://p.x/a"})) == "https://p.x:443"
