"""How the interpreter is set for a process that makes many short-lived values and keeps a large, still heap."""

from __future__ import annotations

import gc
import sys

YOUNG = 20_000
"""Allocations between two looks at the youngest objects, where CPython's own 700 would look several times in every unit of work."""
SWITCH_SECONDS = 0.001
"""How long a thread that wants the interpreter waits before it asks for it. The journal gives it up at every statement, and with CPython's own
5 ms would wait that long to get it back from a busy event loop; with less than this, two busy threads spend a tenth of their time on taking turns."""


def settle_in() -> None:
    """Set the interpreter for serving; to be called once everything is made.

    What stands by then is kept out of every later collection: it stays to the end, and walking it took a fifth of the journal's time.
    """
    gc.collect()
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(YOUNG, middle, old)
    sys.setswitchinterval(SWITCH_SECONDS)
