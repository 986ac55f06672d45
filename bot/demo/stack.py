"""The demo's processes as one thing: the shop, the monitoring, the local Slack and Fireline, on loopback, with their files in one folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.demo import monitoring
from bot.demo.process import HeldPort, Process, hold_port

ALERT_TOKEN = "demo-alertmanager-token"  # noqa: S105 - known to two processes on this machine's loopback, for as long as the demo runs
BOT_TOKEN = "xoxb-local-slack-bot"  # noqa: S105 - what the local Slack gives out
APP_TOKEN = "xapp-local-slack-app"  # noqa: S105 - likewise
SIGNING_SECRET = "local-signing-secret"  # noqa: S105 - likewise
ADA, BEN, CLEO = "U0ADAOKAFOR", "U0BENRUIZ00", "U0CLEOTRAN0"
"""People of the local Slack: two of the SRE group, one outside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens on 127.0.0.1; ours until `release`."""

    slack: int
    fireline: int
    shop: int
    prometheus: int
    alertmanager: int
    held: tuple[HeldPort, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def choose(cls, first: int = 0) -> Ports:
        """Take five ports from `first` on where they are free, any free ones otherwise."""
        held = tuple(hold_port(first + offset if first else 0) for offset in range(5))
        slack, fireline, shop, prometheus, alertmanager = (each.number for each in held)
        return cls(
            slack=slack,
            fireline=fireline,
            shop=shop,
            prometheus=prometheus,
            alertmanager=alertmanager,
            held=held,
        )

    def release(self) -> None:
        """Leave the ports to others."""
        for each in self.held:
            each.release()


@dataclass(slots=True, kw_only=True)
class Stack:
    """Start it, use its addresses, stop it. `runbooks` is the folder that Fireline reads; `settings` overrides its configuration file."""

    folder: Path
    ports: Ports
    runbooks: Path
    real: monitoring.Monitoring | None
    socket_mode: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def slack(self) -> str:
        """The local Slack's page."""
        return f"http://127.0.0.1:{self.ports.slack}"

    @property
    def fireline(self) -> str:
        """Fireline: webhooks, health, console."""
        return f"http://127.0.0.1:{self.ports.fireline}"

    @property
    def shop(self) -> str:
        """The shop."""
        return f"http://127.0.0.1:{self.ports.shop}"

    @property
    def prometheus(self) -> str:
        """Prometheus, or what stands in for it."""
        return f"http://127.0.0.1:{self.ports.prometheus}"

    @property
    def database(self) -> str:
        """Fireline's database, for those who only read it."""
        beside = f"sqlite:///{self.folder / 'data' / 'fireline.db'}"
        return str(self.settings.get("database_url", beside))

    @property
    def config(self) -> Path:
        """Fireline's configuration file."""
        return self.folder / "fireline.yaml"

    def start(self) -> None:
        """Start everything, as much as can be at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_config()
        slack, fireline = self._slack(), self._fireline()
        others = (self._shop(), *self._monitoring())
        for process in (*others, slack):
            self._begin(process)
        # Fireline alone needs another to be there: it says hello to Slack.
        slack.wait()
        self._begin(fireline)
        for process in (*others, fireline):
            process.wait()

    def _begin(self, process: Process) -> None:
        self.processes[process.name] = process
        process.begin()

    def stop(self) -> None:
        """Stop everything, the last started first; interrupted, end at once what is left."""
        processes = list(reversed(self.processes.values()))
        try:
            for process in processes:
                process.stop()
        finally:
            for process in processes:
                process.kill()
            self.ports.release()

    def write_config(self) -> None:
        """Write Fireline's configuration."""
        config: dict[str, Any] = {
            "data_dir": str(self.folder / "data"),
            "runbooks": [str(self.runbooks)],
            "vars": {"shop_url": self.shop},
            "groups": {"sre": [ADA, BEN]},
            "http": {"host": "127.0.0.1", "port": self.ports.fireline},
            "alertmanager": {"bearer_token": ALERT_TOKEN},
            "prometheus": {"url": self.prometheus},
            "slack": {
                "invite_groups": ["sre"],
                "mode": "socket" if self.socket_mode else "http",
                "bot_token": BOT_TOKEN,
                "app_token": APP_TOKEN,
                "signing_secret": SIGNING_SECRET,
                "base_url": f"{self.slack}/api/",
                "announce_channel": "incidents",
            },
            "logging": {"format": "json", "level": "info"},
            **self.settings,
        }
        self.config.write_text(json.dumps(config, indent=2), encoding="utf-8")
        # Tokens of a loopback-only demo, and still: a file with tokens is its owner's alone.
        self.config.chmod(0o600)

    def _process(self, name: str, argv: list[str], ready: str) -> Process:
        return Process(name=name, argv=argv, log=self.folder / f"{name}.log", ready=ready, env=self.env)

    def _shop(self) -> Process:
        argv = [sys.executable, "-m", "bot.demo.shop", "--port", str(self.ports.shop)]
        return self._process("shop", argv, f"{self.shop}/metrics")

    def _slack(self) -> Process:
        argv = [
            sys.executable,
            "-m",
            "bot.localslack",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.ports.slack),
        ]
        argv += ["--app-url", f"{self.fireline}/slack/events", "--signing-secret", SIGNING_SECRET]
        argv += ["--bot-token", BOT_TOKEN, "--app-token", APP_TOKEN]
        return self._process("slack", argv, f"{self.slack}/")

    def _fireline(self) -> Process:
        argv = [sys.executable, "-m", "bot.cli", "serve", "--config", str(self.config)]
        return self._process("fireline", argv, f"{self.fireline}/readyz")

    def _monitoring(self) -> tuple[Process, ...]:
        webhook = f"{self.fireline}/webhooks/alertmanager"
        if self.real is None:
            argv = [sys.executable, "-m", "bot.demo.standin", "--port", str(self.ports.prometheus)]
            argv += ["--shop", self.shop, "--webhook", webhook, "--token", ALERT_TOKEN]
            return (self._process("standin", argv, f"{self.prometheus}/-/ready"),)
        alertmanager = f"127.0.0.1:{self.ports.alertmanager}"
        am_config = monitoring.write_alertmanager(self.folder, webhook=webhook, token=ALERT_TOKEN)
        am_argv = [
            self.real.alertmanager,
            f"--config.file={am_config}",
            f"--storage.path={self.folder / 'alertmanager'}",
        ]
        am_argv += [f"--web.listen-address={alertmanager}", "--cluster.listen-address="]
        am_argv += [f"--web.external-url=http://{alertmanager}"]
        prom_config = monitoring.write_prometheus(
            self.folder, shop=f"127.0.0.1:{self.ports.shop}", alertmanager=alertmanager
        )
        prom_argv = [self.real.prometheus, f"--config.file={prom_config}"]
        prom_argv += [f"--storage.tsdb.path={self.folder / 'prometheus'}"]
        prom_argv += [f"--web.listen-address=127.0.0.1:{self.ports.prometheus}"]
        # Links in alerts lead to where a person can open them, not to a host name that only this machine knows.
        prom_argv += [f"--web.external-url={self.prometheus}"]
        return (
            self._process("alertmanager", am_argv, f"http://{alertmanager}/-/ready"),
            self._process("prometheus", prom_argv, f"{self.prometheus}/-/ready"),
        )
