"""The real Alertmanager, started for a test: it keeps silences, and tells nobody of alerts."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bot.demo.process import hold_port
from tests import parts

CONFIG = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}


@contextlib.contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """Run it for as long as the block lasts, and give its address, under a route prefix as many have it."""
    config = folder / "alertmanager.yml"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    port = hold_port()
    at = f"127.0.0.1:{port.number}"
    command = [
        parts.where("alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={at}",
        "--web.route-prefix=/am",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 20
        while not _ready(f"http://{at}/am"):
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield f"http://{at}/am/"
    finally:
        process.terminate()
        process.wait(10)
        port.release()


def _ready(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == httpx.codes.OK
    return False
