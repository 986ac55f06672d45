"""A Fireline of its own for a test: a folder with settings and a runbook whose one step calls a target; as a process, or inside the test's.

home = ServedHome(tmp_path, target.url, port=free_port())
process = home.process()            # `fireline serve`, really
process.start()
home.alert("one")                   # POSTs a delivery, returns the response
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.demo.loopback import web
from bot.demo.process import Process
from bot.demo.record import Record
from bot.ingress.app import ALERTMANAGER_PATH
from bot.settings import Settings, load_settings
from tests.fakes.alerts import body, seen

TOKEN = "served-token"
AUTHORIZATION = ("Authorization", f"Bearer {TOKEN}")


@dataclass
class ServedHome:
    """The folder, the target that steps call and the port to serve on."""

    folder: Path
    target: str
    port: int = 0

    def __post_init__(self) -> None:
        self.books.mkdir(parents=True)
        self.write_book()
        self.configure()

    @property
    def books(self) -> Path:
        """Where the runbooks are."""
        return self.folder / "books"

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "fireline.yaml"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def configure(self, **more: Any) -> None:
        """Write the settings; `more` replaces sections."""
        settings = {
            "data_dir": str(self.folder / "data"),
            "runbooks": [str(self.books)],
            "vars": {"target": self.target},
            "http": {"host": "127.0.0.1", "port": self.port},
            "alertmanager": {"bearer_token": TOKEN},
            "logging": {"format": "json", "level": "info"},
            **more,
        }
        self.config.write_text(json.dumps(settings), encoding="utf-8")

    def write_book(self, name: str = "touch", *, path: str = "/seen", **more: Any) -> None:
        """Write a runbook that answers the alert of its name: one call of the target, of its own for each alert's service."""
        step = {
            "id": "call",
            "uses": "http.request",
            "effect": "read",
            "with": {"url": "{{ vars.target }}" + path + "?service={{ alert.labels.service }}"},
        }
        written = {
            "apiVersion": "fireline/v1",
            "name": name,
            "title": f"Something is wrong with {name}",
            "owner": "team-tests",
            "valid_until": "2099-01-01",
            "severity": "SEV3",
            "autonomy": "auto",
            "on": {"alert": [{"match": [f'alertname="{name}"']}], "command": True},
            "concurrency": {"group": "{{ alert.labels.service }}", "when_busy": "attach"},
            "steps": [step],
            **more,
        }
        (self.books / f"{name}.yaml").write_text(json.dumps(written, indent=1), encoding="utf-8")

    def settings(self) -> Settings:
        """Read the settings, as the command line does."""
        return load_settings(file=self.config, environ={})

    def process(self) -> Process:
        """Return the real thing, not started."""
        argv = [sys.executable, "-m", "bot.cli", "serve", "--config", str(self.config)]
        return Process(
            name="fireline", argv=argv, log=self.folder / "fireline.log", ready=f"{self.url}/readyz"
        )

    def record(self) -> Record:
        """Return what is on record; the caller closes it."""
        return Record(f"sqlite:///{self.folder / 'data' / 'fireline.db'}")

    def alert(self, service: str, name: str = "touch") -> httpx.Response:
        """Send a delivery of one alert over HTTP."""
        headers = dict([AUTHORIZATION])
        return web().post(f"{self.url}{ALERTMANAGER_PATH}", content=delivery(service, name), headers=headers)


def delivery(service: str, name: str = "touch") -> bytes:
    """Write the body of a delivery of one alert, in a group of its own."""
    group = f'{{}}:{{service="{service}"}}'
    return body([seen(name, group_key=group, service=service)], groupKey=group)
