"""The console in a real browser: what a person sees, what the browser refuses, what changes while they look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.console.pages import console_routes
from bot.domain import facts
from bot.domain.ids import IncidentId
from bot.domain.nouns import ApprovalStatus, Severity, Vote
from bot.incidents.custodian import Custodian
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.store import Store
from tests import parts
from tests.fakes import tales
from tests.fakes.playing import play
from tests.fakes.tales import GRACE, NAMES
from tests.fakes.timeline import Timeline

pytestmark = pytest.mark.needs("chromium")

EVIL = '<img src=x onerror="document.title=1"> <script>document.title=2</script>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A served console, its store, and what the browser complained of."""

    address: str
    store: Store
    browser: Browser

    async def open(self, path: str, **context: object) -> tuple[Page, list[str]]:
        """Open a page; the list fills with all that its console says."""
        page = await (await self.browser.new_context(**context)).new_page()  # type: ignore[arg-type]
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(self.address + path)
        return page, said


def evil() -> Timeline:
    """Tell of an incident whose words try to run."""
    tale = Timeline(7)
    first = tales.hostile(tale)
    opened = facts.IncidentOpened(incident=IncidentId(7), title=EVIL, severity=Severity.SEV1)
    return tale.add(
        opened, facts.AlertsAttached(incident=IncidentId(7), keys=(first.key,), first=first, total=1)
    )


@pytest_asyncio.fixture(params=[None, "a token"], ids=["open to this machine", "behind a token"])
async def site(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Serve a console over two incidents on a free port, with a browser that knows the token if there is one."""
    store, clock = await play(tmp_path, evil(), tales.waiting())
    token = SecretStr(request.param) if request.param else None
    evidence = Custodian(
        store.journal, store.records, open_blob=EvidenceFiles(tmp_path / "evidence").open, redact=str
    )
    routes = console_routes(
        store.records, token=token, names=lambda: NAMES, redact=str, evidence=evidence, clock=clock
    )
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "the server did not start"
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=parts.where("chromium"), args=["--no-sandbox"]
        )
        credentials = f"anybody:{request.param.replace(' ', '%20')}@" if request.param else ""
        yield Site(address=f"http://{credentials}127.0.0.1:{port}", store=store, browser=browser)
        await browser.close()
    server.should_exit = True
    await serving
    await store.close()


async def test_every_page_opens_without_a_complaint(site: Site) -> None:
    """No blocked style, no blocked script, no error; words that try to run are read."""
    for path in ("/", "/incidents/7", "/incidents/42", "/incidents/42/postmortem", "/alerts", "/refused"):
        page, said = await site.open(path)
        assert said == []
        assert await page.title() not in {"1", "2"}
        assert await page.locator("main img").count() == 0
        # A style that did not load would leave the browser's own margin.
        assert await page.evaluate("getComputedStyle(document.body).marginTop") == "0px"
    page, _ = await site.open("/incidents/7")
    assert EVIL in await page.inner_text("h1")


async def test_the_page_follows_what_happens(site: Site) -> None:
    """An approval is given while somebody looks: the page says so by itself, without losing the place."""
    page, said = await site.open("/incidents/42", viewport={"width": 1000, "height": 300})
    assert "Group sre or Bo to approve or deny step shift" in await page.inner_text(".waits")
    await page.evaluate("window.scrollTo(0, 400)")
    tale = tales.waiting()
    await site.store.journal.append(tale.stream, GRACE, [tales.voted(Vote.APPROVE, "go")])
    await site.store.journal.append(
        tale.stream, GRACE, [tales.closed(ApprovalStatus.APPROVED), tales.call("shift", "http.request")]
    )
    await expect(page.locator(".waits")).to_contain_text("Fireline runs step shift", timeout=15_000)
    assert "Grace Lindqvist approved step shift" in await page.inner_text(".timeline")
    assert await page.evaluate("window.scrollY") == 400
    assert said == []


async def test_a_console_that_is_gone_says_that_it_is_stale(site: Site) -> None:
    """Old news must look old: nobody should trust a page that no longer updates."""
    page, _ = await site.open("/incidents/42")
    await page.route("**/incidents/42", lambda route: route.abort())
    await expect(page.locator("#fresh")).to_contain_text("not updated any more", timeout=15_000)
    assert "07:05:12 UTC" in await page.inner_text("#fresh")
    await page.unroute("**/incidents/42")
    await expect(page.locator("#fresh")).to_have_text("07:05:12 UTC, live", timeout=15_000)


async def test_a_reference_in_the_draft_leads_to_its_event(site: Site) -> None:
    """A click on `#57 ab12cd34` shows that event's row with the whole hash."""
    page, _ = await site.open("/incidents/42/postmortem")
    link = page.locator(".timeline a.ref").first
    short = await link.inner_text()
    await link.click()
    row = page.locator("tr:target")
    assert short.split()[0] in await row.inner_text()
    assert short.split()[1] in await row.inner_text()


@pytest.mark.parametrize(
    "path", ["/", "/incidents/42", "/incidents/7", "/alerts", "/incidents/42/postmortem"]
)
async def test_a_telephone_shows_it_all(site: Site, path: str) -> None:
    """At 390 pixels nothing runs off the side."""
    page, _ = await site.open(path, viewport={"width": 390, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_light_and_dark_are_both_legible(site: Site) -> None:
    """Text and paper change places, in the console and in the draft."""
    for path in ("/incidents/42", "/incidents/42/postmortem"):
        papers = set()
        for scheme in ("light", "dark"):
            page, _ = await site.open(path, color_scheme=scheme)
            papers.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(papers) == 2
