"""A console over a real store in which tales have happened, and a browser on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest_asyncio
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.console.pages import console_routes
from bot.incidents.custodian import Custodian
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.store import Store
from tests.fakes.playing import play
from tests.fakes.store import MovedClock
from tests.fakes.tales import NAMES
from tests.fakes.timeline import Timeline

SECRET = "hunter2"


class Console:
    """A console with its store; `browser` asks it from an address."""

    def __init__(self, store: Store, clock: MovedClock, files: EvidenceFiles) -> None:
        self.store = store
        self.files = files
        self.clock = clock
        self.names = dict(NAMES)

    def browser(
        self,
        token: str | None = None,
        *,
        peer: tuple[str, int] | None = ("127.0.0.1", 4711),
        host: str = "localhost",
        root: str = "",
    ) -> httpx.AsyncClient:
        """Return a browser; the console is mounted below `root`."""
        routes = console_routes(
            self.store.records,
            token=SecretStr(token) if token else None,
            names=lambda: self.names,
            redact=lambda text: text.replace(SECRET, "[redacted]"),
            evidence=Custodian(
                self.store.journal,
                self.store.records,
                open_blob=lambda digest: self.files.open(digest, verify=True),
                redact=lambda text: text.replace(SECRET, "[redacted]"),
            ),
            clock=self.clock,
        )
        app = Starlette(routes=[Mount(root, routes=routes)] if root else routes)
        transport = httpx.ASGITransport(app=app, client=peer)  # type: ignore[arg-type]  # None: a socket file
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}{root}")

    async def page(self, path: str) -> str:
        """Return a page that must be there."""
        async with self.browser() as browser:
            answer = await browser.get(path)
        assert answer.status_code == 200
        return answer.text


Open = Callable[..., Awaitable[Console]]


@pytest_asyncio.fixture
async def console(tmp_path: Path) -> AsyncIterator[Open]:
    """Give a function that opens a console over tales."""
    opened: list[Store] = []

    async def open_console(*tales: Timeline) -> Console:
        store, clock = await play(tmp_path, *(tales or [Timeline()]))
        opened.append(store)
        return Console(store, clock, EvidenceFiles(tmp_path / "evidence"))

    yield open_console
    for store in opened:
        await store.close()
