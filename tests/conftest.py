"""What every test stands on: real parts or a clear sentence, loopback only, an odd time zone, no settings from outside."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Generator

import pytest
from hypothesis import settings

from tests import parts
from tests.fakes import network
from tests.live import tokens

settings.register_profile("fireline", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))


def pytest_configure() -> None:
    """Shut the world out before anything is collected."""
    settings.load_profile("fireline")
    if not tokens.asked():
        network.keep_inside()
    for name in [name for name in os.environ if name.startswith("FIRELINE_") and name != parts.REQUIRE]:
        del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
    os.environ["TZ"] = "Pacific/Chatham"  # 12:45 or 13:45 from UTC: what forgets the zone shows
    time.tzset()


def pytest_report_header() -> list[str]:
    """Say which real parts are here."""
    here = [name for name in parts.PARTS if parts.missing(name) is None]
    gone = [name for name in parts.PARTS if name not in here]
    return [f"real parts: {', '.join(here)}", *([f"missing: {', '.join(gone)}"] if gone else [])]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a part that the table doesn't know: it would never be found, and nobody would see."""
    for item in items:
        for name in _needed(item):
            if name not in parts.PARTS:
                msg = f"{item.nodeid} needs {name!r}, which tests/parts.py doesn't list"
                raise pytest.UsageError(msg)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with what to install, or fail where every part is promised."""
    for name in _needed(item):
        sentence = parts.missing(name)
        if sentence is not None:
            if os.environ.get(parts.REQUIRE) == "1":
                pytest.fail(f"{sentence} ({parts.REQUIRE}=1)", pytrace=False)
            pytest.skip(sentence)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep reports writable: they go to another process as UTF-8, and a test may log what UTF-8 can't hold."""
    report = yield
    report.sections = [
        (title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections
    ]
    return report


def _needed(item: pytest.Item) -> list[str]:
    return [name for mark in item.iter_markers("needs") for name in mark.args]


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Call it for a TCP port on 127.0.0.1 that nothing listens on; each call gives another."""
    given: set[int] = set()

    def take() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            if port not in given:
                given.add(port)
                return port

    return take
