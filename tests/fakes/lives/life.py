"""One life of Fireline in a process of its own: the real assembly over the real store, and a crash point at which it kills itself.

An order is JSON:

config       the settings file                                   log        where the life's output goes
stories      the alerts to send, by name                         people     runbooks that a person starts
scheduled    runbooks that a schedule starts
serve        be a whole `fireline serve`; others are outside     http       answer over HTTP as well
census     where it says at its end which points it reached
die_at       [point, detail, nth]: kill yourself there           leave_after   a kind of event after which it stops as it should
bugs         [[point, detail, nth], …]: what comes there breaks  lets_lie   people leave dead letters where they lie
silences     how each incident's alerts are in the end: standing, ended
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from bot.crashpoints import watch
from bot.settings import load_settings
from bot.wiring.assembly import running
from bot.wiring.fireline import Fireline
from bot.wiring.routes import application
from bot.wiring.serving import serve
from tests.fakes.http_server import serving
from tests.fakes.lives.fate import Fate
from tests.fakes.lives.hands import Hands

STORIES = Path(__file__).parents[2] / "crash" / "stories"


def live(order: Mapping[str, Any]) -> NoReturn:
    """Live, and end this process: 0 when everything has come to its end, 1 when something broke."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    gc.freeze()
    die_at = order.get("die_at")
    bugs = frozenset((bug[0], bug[1], bug[2]) for bug in order.get("bugs", ()))
    fate = Fate((die_at[0], die_at[1], die_at[2]) if die_at else None, bugs)
    watch(fate)
    try:
        asyncio.run(_serve(order) if order.get("serve") else _play(order))
        if order.get("census"):
            Path(order["census"]).write_text(json.dumps(fate.counted), encoding="utf-8")
    except BaseException:  # noqa: BLE001 - nothing may come back into the nest's own code
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def warm_up(folder: Path) -> None:
    """Live one empty life in this process: what is imported or compiled late is there for all that follow."""
    config = folder / "fireline.yaml"
    settings = {
        "data_dir": str(folder / "data"),
        "runbooks": [str(STORIES)],
        "vars": {"target": ""},
        "groups": {"sre": ["U0BEN"]},
    }
    config.write_text(json.dumps({**settings, "logging": {"level": "error"}}), encoding="utf-8")
    asyncio.run(_play({"config": str(config), "stories": ()}))
    logging.getLogger().handlers.clear()


async def _play(order: Mapping[str, Any]) -> None:
    """Everything but HTTP and chat; the people's hands are in this process, and die with it."""
    async with (
        running(load_settings(file=Path(order["config"]), environ={})) as fireline,
        _answering(fireline, order),
    ):
        await Hands(fireline, order).until_done()


@contextlib.asynccontextmanager
async def _answering(fireline: Fireline, order: Mapping[str, Any]) -> AsyncIterator[None]:
    """Answer over HTTP too, where the order says so."""
    if not order.get("http"):
        yield
        return
    http = fireline.settings.http
    async with serving(application(fireline), http.port):
        yield


async def _serve(order: Mapping[str, Any]) -> None:
    """The whole of it, as `fireline serve` does; everybody else is outside."""
    await serve(load_settings(file=Path(order["config"]), environ={}))
