"""How a benchmark tells what it measured: one table, durations in milliseconds or rates a second, each beside what it is compared with."""

from __future__ import annotations

import math
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUSY = "BENCH_BUSY"
"""The variable that says, when it is set, that the machine does other things: the one allowance there is, and off by itself."""


def busy() -> bool:
    """Tell whether bars are to be held beside what the machine could do in the same run."""
    return bool(os.environ.get(BUSY))


def bar(seconds: float, *, when_busy: float) -> float:
    """Return the most that may be taken: the bar as it is, and on a machine that is busy at least `when_busy`."""
    return max(seconds, when_busy) if busy() else seconds


@dataclass
class Figures:
    """Durations of one thing, in seconds."""

    name: str
    seconds: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        """Note one."""
        self.seconds.append(seconds)

    def percentile(self, percent: float) -> float:
        """Return the duration that so many per cent did not exceed (nearest rank)."""
        ordered = sorted(self.seconds)
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def show(title: str, figures: Sequence[Figures], *, beside: Figures) -> None:
    """Say durations: p50, p95, p99 and the longest in milliseconds, and how many times the median of `beside` the median is."""
    base = beside.percentile(50)
    rows = [
        (
            each.name,
            *(f"{each.percentile(percent) * 1000:.2f}" for percent in (50, 95, 99, 100)),
            f"{each.percentile(50) / base:.1f}",
        )
        for each in figures
    ]
    table(title, ("ms", "p50", "p95", "p99", "max", f"x {beside.name}"), rows)


def show_rates(title: str, rates: Mapping[str, float], *, beside: str) -> None:
    """Say rates a second, and how many times the rate of `beside` each is."""
    rows = [(name, f"{rate:,.0f}", f"{rate / rates[beside]:.2f}") for name, rate in rates.items()]
    table(title, ("", "a second", f"x {beside}"), rows)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Say a table to whoever runs this with `-s`; the first column is text, the others are numbers."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in (head, *rows)
    ]
    sys.stdout.write("\n".join(["", title, *(f"  {line.rstrip()}" for line in lines), ""]))


def synced(folder: Path) -> sqlite3.Connection:
    """Open a database whose every insert is a commit that is synced, as Fireline's are."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (data TEXT)")
    return connection
