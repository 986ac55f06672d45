"""Samples as the API writes them, made safe for JSON and small enough for the log.

Prometheus has NaN and infinities, JSON has not: such a sample is null here, is counted, and takes no part in any statistic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.actions.outcome import ActionError, Failed, Reason

MOST_SERIES = 10
"""Series that an output lists; statistics are over all of them."""
MOST_POINTS = 300
"""Points that an output lists of a series, the latest; the automatic step stays below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Statistics over the finite samples: null where there is none. `count` counts all samples, `non_finite` those that are no number."""

    count: int
    non_finite: int
    min: float | None
    max: float | None
    mean: float | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Summary:
        """Sum up samples; None stands for one that is no finite number."""
        taken = list(values)
        finite = [value for value in taken if value is not None]
        return cls(
            count=len(taken),
            non_finite=len(taken) - len(finite),
            min=min(finite, default=None),
            max=max(finite, default=None),
            mean=_mean(finite),
        )


def _mean(values: Sequence[float]) -> float | None:
    if not values:
        return None
    # Sum of the parts, so that huge samples don't overflow to infinity on the way.
    return math.fsum(value / len(values) for value in values)


def finite(text: object) -> float | None:
    """Read a sample's value; None for NaN and infinities."""
    value = float(str(text))
    return value if math.isfinite(value) else None


def of_instant(kind: str, value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON from outside
    """Return an instant query's samples as `{labels, value}`; ActionError for results that are no samples."""
    if kind == "scalar":
        return [{"labels": {}, "value": finite(value[1])}]
    if kind != "vector":
        hint = (
            "; use prometheus.query_range, or a function that makes one value of it"
            if kind == "matrix"
            else ""
        )
        raise _unusable(f"the query gives a {kind}, not samples{hint}")
    return [{"labels": _labels(each), "value": finite(_field(each, "value")[1])} for each in value]


def of_range(kind: str, value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON from outside
    """Return a range query's series as `{labels, points}`, a point being `[unix time, value]`."""
    if kind != "matrix":
        raise _unusable(f"the query gives a {kind}, not series")
    return [
        {
            "labels": _labels(each),
            "points": [[at, finite(text)] for at, text in _field(each, "values")],
        }
        for each in value
    ]


def _labels(series: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in series.get("metric", {}).items()}


def _field(series: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON from outside
    if name not in series:
        raise _unusable(
            "the query gives native histograms; take histogram_quantile or histogram_count of them"
        )
    return series[name]


def _unusable(detail: str) -> ActionError:
    return ActionError(Failed(reason=Reason.INVALID, detail=detail, applied=False))
