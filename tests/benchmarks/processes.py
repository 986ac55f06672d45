"""What a process takes of this machine, as Linux tells it, with the processes that it started: a log writer is a part of its Fireline."""

from __future__ import annotations

import os
from pathlib import Path


def resident(pid: int) -> float:
    """Return the megabytes of memory that a process and its children hold."""
    return sum(_resident(each) for each in (pid, *_children(pid)))


def worked(pid: int) -> float:
    """Return the seconds of processor time that a process and its children have used, those that have ended left out."""
    return sum(_worked(each) for each in (pid, *_children(pid)))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in tasks for child in each.read_text(encoding="utf-8").split()]


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def _worked(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
