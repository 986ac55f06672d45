"""Two Firelines over one Postgres, as processes: who leads, who stands by, and what they answer.

pair = Pair(tmp_path, postgres.new_database(), counter.url, ports=(free_port(), free_port()))
pair.start()                              # both at once; then `pair.a` is the one that leads, `pair.b` stands by
pair.b.home.alert("checkout")             # 200, kept for the one that leads
pair.a.process.kill()
pair.until("the other to lead", pair.b.leads)
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from bot.demo.loopback import web
from bot.demo.process import Process, wait_for
from bot.demo.record import Record
from bot.domain.facts import LeadTaken
from bot.domain.ids import SYSTEM
from bot.evidence.verify import verify_log
from tests.fakes.served import ServedHome

T = TypeVar("T")
PATIENCE = 30.0


class Calls:
    """What steps call, in a thread: it counts calls by service, and keeps its answers to itself while `held`."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.let_go = Event()
        self.let_go.set()
        calls = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.seen.update(parse_qs(urlsplit(self.path).query)["service"])
                calls.let_go.wait(PATIENCE)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop."""
        self.let_go.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Half:
    """One of the two."""

    home: ServedHome
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.home.process()

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of an answer; (0, {}) when there is none."""
        try:
            answer = web().get(f"{self.home.url}{path}", timeout=5)
        except httpx.HTTPError:
            return 0, {}
        return answer.status_code, answer.json()

    def leads(self) -> bool:
        """Tell whether it says that it leads."""
        return self.ask("/leaderz")[0] == 200

    def stands_by(self) -> bool:
        """Tell whether it says that it stands by, and is ready."""
        status, body = self.ask("/readyz")
        return status == 200 and body["status"] == "standing by"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def status(self) -> int:
        """Wait for its end and return the exit status."""
        child = self.process._child
        assert child is not None
        return child.wait(timeout=PATIENCE)

    def log(self) -> list[dict[str, Any]]:
        """Return what it logged."""
        return [json.loads(line) for line in self.process.log.read_text().splitlines()]

    def said(self, words: str) -> bool:
        """Tell whether it logged a message with these words."""
        return any(words in line["message"] for line in self.log())


class Pair:
    """Both, and the record."""

    def __init__(self, folder: Path, database: str, target: str, *, ports: tuple[int, int]) -> None:
        self.a, self.b = (
            Half(ServedHome(folder / name, target, port=port)) for name, port in zip("ab", ports, strict=True)
        )
        for half in (self.a, self.b):
            half.home.configure(database_url=database, data_dir=str(folder / "data"))
        self.record = Record(database)

    def start(self) -> None:
        """Start both at once over an empty database; `a` is from then on the one that leads."""
        for half in (self.a, self.b):
            half.process.begin()
        for half in (self.a, self.b):
            half.process.wait()
        if not self.a.leads():
            self.a, self.b = self.b, self.a
        assert self.a.leads()
        self.until("the other to stand by", self.b.stands_by)

    def stop(self) -> None:
        """Stop both."""
        self.record.close()
        for half in (self.b, self.a):
            half.process.kill()

    def until(self, what: str, look: Callable[[], T | None], *, within: float = PATIENCE) -> T:
        """Wait until something is so."""
        return wait_for(what, look, within=within, every=0.05)

    def terms(self) -> list[LeadTaken]:
        """Return who led, one after the other."""
        facts = [event.fact for event in self.record.reader.events(stream=SYSTEM)]
        return [fact for fact in facts if isinstance(fact, LeadTaken)]

    def check_record(self) -> None:
        """Walk the chain with code that shares nothing with the writer."""
        report = verify_log(self.record.reader.raw_events(limit=100_000))
        assert report.ok, report
