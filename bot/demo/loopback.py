"""HTTP to the demo's own processes, for everything that asks them: nothing here leaves the machine, so no proxy has a part in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

import httpx


@cache
def web() -> httpx.Client:
    """Return the one client: making one reads the system's certificates, which takes longer than most questions.

    It keeps no connection, because whom it asks may be killed before it asks again.
    """
    return httpx.Client(
        timeout=10.0, trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
    )


def environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment for a child that talks to loopback alone: without proxies, with what is `added`."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return own | dict(added)
