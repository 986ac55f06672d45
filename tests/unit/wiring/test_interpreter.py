"""What `settle_in` sets, and that it is set where people are served."""

import gc
import sys
from collections.abc import Iterator

import pytest

from bot.wiring.interpreter import SWITCH_SECONDS, YOUNG, settle_in


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the interpreter to the other tests as it was."""
    thresholds, switching = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(switching)


def test_what_stands_is_not_walked_again() -> None:
    """The young are looked at seldom, and what was there before never."""
    kept = [[] for _ in range(1000)]
    _, middle, old = gc.get_threshold()
    before = gc.get_freeze_count()
    settle_in()
    assert gc.get_threshold() == (YOUNG, middle, old)
    assert gc.get_freeze_count() - before > len(kept)


def test_the_journal_gets_the_interpreter_back_soon() -> None:
    """A tenth of what CPython waits by itself."""
    settle_in()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)


def test_what_comes_later_is_still_collected() -> None:
    """Cycles made while serving don't stay for ever."""
    settle_in()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.collect() > 0
