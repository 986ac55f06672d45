"""`prometheus.query` and `prometheus.query_range`: what the metrics said, as values for expressions and as evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, model_validator

from bot.actions.contract import Action, ActionSpec, Call, Effect, Inputs
from bot.actions.fields import Duration, HttpUrl, http_target
from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.clock import Clock, SystemClock
from integrations.prometheus.client import PrometheusClient, Result
from integrations.prometheus.config import PrometheusConfig
from integrations.prometheus.samples import (
    MOST_POINTS,
    MOST_SERIES,
    Summary,
    of_instant,
    of_range,
)
from integrations.transport import Transport

_POINTS_WANTED = 250  # what Prometheus' own graph asks for
_MOST_STEPS = 11_000  # the server refuses more points a series

_Query = Annotated[str, Field(min_length=1, description="A PromQL expression.")]
_Url = Annotated[
    HttpUrl | None,
    Field(description="The server to ask; the settings' prometheus.url when absent."),
]


class QueryInputs(Inputs):
    """The inputs of `prometheus.query`."""

    query: _Query
    time: AwareDatetime | None = Field(
        default=None,
        description="The instant to ask for, RFC 3339 with a zone; now when absent.",
    )
    url: _Url = None


class RangeInputs(Inputs):
    """The inputs of `prometheus.query_range`: `last`, or `start` and `end`."""

    query: _Query
    last: Duration | None = Field(default=None, description="The time up to now: 30m.")
    start: AwareDatetime | None = Field(default=None, description="The first instant, RFC 3339 with a zone.")
    end: AwareDatetime | None = Field(default=None, description="The last instant; now when absent.")
    step: Duration | None = Field(
        default=None,
        description=f"Time between points; when absent, as fits some {_POINTS_WANTED} points.",
    )
    url: _Url = None

    @model_validator(mode="after")
    def _one_range(self) -> Self:
        if (self.last is None) == (self.start is None):
            raise ValueError("name one of last and start")
        if self.last is not None and self.end is not None:
            raise ValueError("`last` ends now; with `end`, name `start`")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end has to be after start")
        for name, value in (("last", self.last), ("step", self.step)):
            if value is not None and value <= timedelta(0):
                raise ValueError(f"{name} has to be longer than nothing")
        return self


QUERY = ActionSpec(
    name="prometheus.query",
    summary="Ask Prometheus for the value of an expression at one instant.",
    effect=Effect.READ,
    repeatable=True,
    inputs=QueryInputs,
    output={
        "value": "The value when the result is a single sample and a finite number, else null.",
        "labels": "The single sample's labels; empty when there is none or more than one.",
        "count": "How many samples there are; 0 for an empty result.",
        "non_finite": "How many of them are NaN or infinite; their value is null.",
        "series": f"The samples, `{{labels, value}}` each; at most {MOST_SERIES}.",
        "truncated": "Whether there are more samples than `series` lists.",
        "warnings": "What the server warned of, such as a partial answer.",
    },
    target=lambda inputs: http_target(inputs.url) if inputs.url else "prometheus",
    example={"query": 'sum(rate(http_errors_total{service="checkout"}[5m]))'},
)

QUERY_RANGE = ActionSpec(
    name="prometheus.query_range",
    summary="Ask Prometheus how an expression went over a range of time.",
    effect=Effect.READ,
    repeatable=True,
    inputs=RangeInputs,
    output={
        "min": "The smallest sample of all series; null when there is none.",
        "max": "The largest.",
        "mean": "The mean of all samples of all series.",
        "first": "The first sample of the single series; null when there are more series.",
        "last": "The last sample of the single series; null when there are more series.",
        "count": "How many samples there are in all series; 0 for an empty result.",
        "non_finite": "How many of them are NaN or infinite; they are null and take no part in the statistics.",
        "series": (
            f"The series, `{{labels, points, count, min, max, mean, first, last}}` each, at most {MOST_SERIES}; a point is "
            f"`[unix time, value]`, the latest {MOST_POINTS} are kept."
        ),
        "truncated": "Whether series or points were left out; the statistics are over all of them.",
        "start": "Unix time of the range's beginning.",
        "end": "Unix time of its end.",
        "step": "Seconds between points.",
        "warnings": "What the server warned of, such as a partial answer.",
    },
    target=QUERY.target,
    example={"query": 'rate(http_errors_total{service="checkout"}[5m])', "last": "30m"},
)


def actions(
    config: PrometheusConfig, transport: Transport, *, clock: Clock | None = None
) -> tuple[Action, ...]:
    """Make the actions of this integration; `clock` says when a range without an end ends."""
    client = PrometheusClient(config, transport)
    return Query(client, config.url), QueryRange(client, clock or SystemClock(), config.url)


def _at(spec: ActionSpec, url: str) -> ActionSpec:
    """Name what calls touch that name no address of their own: the Prometheus of the settings, under the name that any other action gives it."""
    if not url:
        return spec
    return replace(spec, target=lambda inputs: http_target(inputs.url or url))


class Query:
    """The action `prometheus.query`."""

    def __init__(self, client: PrometheusClient, url: str) -> None:
        self.spec = _at(QUERY, url)
        self._client = client

    async def run(self, inputs: QueryInputs, call: Call) -> Outcome:
        """Ask once."""
        parameters = {"query": inputs.query}
        if inputs.time is not None:
            parameters["time"] = _unix_text(inputs.time)
        result = await self._client.ask(inputs.url, "query", parameters, call)
        samples = of_instant(result.kind, result.value)
        summary = Summary.of(each["value"] for each in samples)
        single = samples[0] if len(samples) == 1 else {"value": None, "labels": {}}
        return Succeeded(
            output={
                "value": single["value"],
                "labels": single["labels"],
                "count": summary.count,
                "non_finite": summary.non_finite,
                "series": samples[:MOST_SERIES],
                "truncated": len(samples) > MOST_SERIES,
                "warnings": list(result.warnings),
            }
        )


class QueryRange:
    """The action `prometheus.query_range`."""

    def __init__(self, client: PrometheusClient, clock: Clock, url: str) -> None:
        self.spec = _at(QUERY_RANGE, url)
        self._client = client
        self._clock = clock

    async def run(self, inputs: RangeInputs, call: Call) -> Outcome:
        """Ask once."""
        end = inputs.end or self._clock.now()
        start = inputs.start or end - (inputs.last or timedelta(0))
        length = (end - start).total_seconds()
        if length <= 0:
            detail = "the range is empty: start is not before now"
            return Failed(reason=Reason.INVALID, detail=detail, applied=False)
        step = (
            inputs.step.total_seconds() if inputs.step else float(max(1, math.ceil(length / _POINTS_WANTED)))
        )
        if length / step > _MOST_STEPS:
            detail = (
                f"a step of {step:g}s makes more than {_MOST_STEPS} points of this range; take a longer one"
            )
            return Failed(reason=Reason.INVALID, detail=detail, applied=False)
        parameters = {
            "query": inputs.query,
            "start": _unix_text(start),
            "end": _unix_text(end),
            "step": f"{step:.3f}",
        }
        result = await self._client.ask(inputs.url, "query_range", parameters, call)
        times = {"start": start.timestamp(), "end": end.timestamp(), "step": step}
        return Succeeded(output={**_range_output(result), **times})


def _range_output(result: Result) -> Mapping[str, Any]:
    series = of_range(result.kind, result.value)
    summary = Summary.of(value for each in series for _, value in each["points"])
    single = series[0]["points"] if len(series) == 1 else []
    return {
        "min": summary.min,
        "max": summary.max,
        "mean": summary.mean,
        "first": single[0][1] if single else None,
        "last": single[-1][1] if single else None,
        "count": summary.count,
        "non_finite": summary.non_finite,
        "series": [_series_output(each) for each in series[:MOST_SERIES]],
        "truncated": len(series) > MOST_SERIES or any(len(each["points"]) > MOST_POINTS for each in series),
        "warnings": list(result.warnings),
    }


def _series_output(series: Mapping[str, Any]) -> Mapping[str, Any]:
    points = series["points"]
    summary = Summary.of(value for _, value in points)
    return {
        "labels": series["labels"],
        "points": points[-MOST_POINTS:],
        "count": summary.count,
        "min": summary.min,
        "max": summary.max,
        "mean": summary.mean,
        "first": points[0][1] if points else None,
        "last": points[-1][1] if points else None,
    }


def _unix_text(instant: datetime) -> str:
    return f"{instant.timestamp():.3f}"
