"""A running Fireline for commands to ask: it answers on loopback what it is told to, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from bot.cli.app import main

INCIDENT = {
    "id": 42,
    "severity": "SEV2",
    "title": "Checkout fails",
    "commander": "U0ADA",
    "roles": {"scribe": "U0BEN"},
    "next_update_due": "2026-03-01T12:30:00.000000Z",
}
STEP = {
    "name": "Restart it",
    "action": "http.request",
    "effect": "mutate",
    "inputs": {"url": "http://router/{{ steps.look.output.at }}"},
    "whole": False,
    "sources": ["group:sre"],
    "quorum": 2,
    "condition": "inputs.service",
    "looped": True,
    "undo": "http.request",
    "never": "",
}
PREVIEW = {
    "runbook": "restart",
    "title": "Restart a service",
    "digest": "d" * 64,
    "inputs": {"service": "checkout", "pods": ["a", "b"]},
    "steps": [STEP],
    "spare": 1,
}
APPROVAL = {
    "id": "42-1/shift/1",
    "status": "pending",
    "digest": "e" * 64,
    "why": "",
    "action": "http.request",
    "effect": "mutate",
    "target": "router",
    "step": "shift",
    "run": "42-1",
    "incident": 42,
    "items": 0,
    "over": "",
    "inputs": {"method": "PUT"},
    "undo": "",
    "requested_by": None,
    "sources": ["group:sre"],
    "quorum": 1,
    "votes": [],
    "expires_at": None,
}
ANSWER: Mapping[str, Any] = {
    "incident": INCIDENT,
    "silence": {"status": "standing", "until": "2026-03-01T14:00:00.000000Z"},
    "freeze": {"until": None},
    "preview": PREVIEW,
    "run": {"id": "42-1", "incident": 42, "runbook": "restart"},
    "opened": True,
    "waits": "",
    "approval": APPROVAL,
    "approvals": [APPROVAL],
    "unknown": [{"run": "42-1", "step": "shift", "part": "main", "attempt": 1, "why": "it was cut off"}],
    "dead_letter": {"id": 1},
}
"""What each verb and each question is answered with: every command finds what it looks for in it."""


@dataclass
class Running:
    """It answers at `url`; `asked` has each verb with its body, `folder` takes the settings of those who ask."""

    url: str
    folder: Path
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    status: int = 200
    answer: Mapping[str, Any] = field(default_factory=lambda: ANSWER)

    def run(self, *words: str) -> int:
        """Run a command against it and return its status."""
        config = self.folder / "fireline.yaml"
        config.write_text(json.dumps({"api": {"token": "t" * 24, "urls": [self.url]}}))
        try:
            main([*words, "--config", str(config)])
        except SystemExit as end:
            return int(end.code or 0)
        return 0


@contextlib.contextmanager
def answering(folder: Path) -> Iterator[Running]:
    """Start one on a free port, and stop it in the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            here.asked.append((self.path.removeprefix("/api/v1/"), body))
            self.do_GET()

        def do_GET(self) -> None:
            said = json.dumps(here.answer).encode()
            self.send_response(here.status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    here = Running(f"http://127.0.0.1:{server.server_port}", folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
