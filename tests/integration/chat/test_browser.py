"""The surface in a real Chromium, on the local Slack's page: what people click and fill in, from the declaration to the way back."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.domain.facts import (
    ApprovalVoted,
    IncidentReopened,
    IncidentResolved,
    MessageMarked,
    RunStarted,
    UpdateGiven,
)
from bot.domain.ids import IncidentId
from tests.fakes.books import book
from tests.integration.chat.conftest import Workplace, until
from tests.integration.chat.test_forms import RESTART, facts

pytestmark = pytest.mark.needs("chromium")
PICTURES = os.environ.get("PICTURES", "")
"""A folder for pictures of what the test sees, for whoever changes how a form looks; empty for none."""


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    """The machine's own Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield running
        await running.close()


async def look(page: Page, place: Workplace, query: str) -> None:
    """Open the page and wait until it is live."""
    await page.goto(f"{place.url}/{query}")
    await page.wait_for_selector("body[data-live='1']")


async def say(page: Page, text: str) -> None:
    """Type something and send it, once no form is in the way."""
    await expect(page.locator("#modal dialog")).to_have_count(0)
    box = page.locator("#composer-text")
    await box.fill(text)
    await box.press("Enter")


async def picture(page: Page, name: str) -> None:
    """Take a picture, where somebody wants them."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")


async def test_an_incident_from_the_declaration_to_the_way_back(http_place: Workplace, browser: Any) -> None:
    """Declare, run with inputs, deny with a reason, update, resolve, reopen: each by what stands on the page."""
    http_place.books.append(book("restart", **RESTART))
    page = await browser.new_page(viewport={"width": 1120, "height": 900})
    page.set_default_timeout(20_000)
    for chapter in (declare, run, deny, tell, end, home):
        await chapter(http_place, page)


async def declare(place: Workplace, page: Page) -> None:
    """By the bare command; the incident's channel is there soon."""
    await look(page, place, "?user=ada&channel=incidents")
    await say(page, "/incident declare")
    await expect(page.get_by_role("heading", name="Declare an incident")).to_be_visible()
    await page.get_by_label("What is wrong?").fill("Checkout is failing for customers")
    await page.get_by_label("How bad is it?").select_option("SEV2")
    await page.get_by_label("Service").fill("checkout")
    await picture(page, "declare")
    await page.get_by_role("button", name="Declare").click()
    await expect(page.get_by_text("is open: Checkout is failing")).to_be_visible()
    await until(lambda: place.channel_of(IncidentId(1)))
    channel = place.channel_of(IncidentId(1))
    await place.posted(channel, "incident/1/status")
    await until(lambda: "U0ADAOKAFOR" in place.slack.world.channels[channel].members)
    await look(page, place, f"?user=ada&channel={channel}")


async def run(place: Workplace, page: Page) -> None:
    """From the message's menu: what does not fit is said beside its field, and nothing runs before the preview was seen."""
    await page.get_by_role("button", name="More …").first.click()
    await picture(page, "more")
    await page.get_by_role("button", name="Run a runbook").click()
    await page.get_by_label("Which runbook?").select_option("restart")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_label("service").fill("NOT ONE")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_text("does not match")).to_be_visible()
    await picture(page, "run-wrong")
    await page.get_by_label("service").fill("checkout")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="What it would do")).to_be_visible()
    await picture(page, "run-preview")
    assert facts(place, RunStarted) == []
    await page.get_by_role("button", name="Run it").click()
    await until(lambda: facts(place, RunStarted))


async def deny(place: Workplace, page: Page) -> None:
    """What will run is shown whole; a Deny says why."""
    channel = place.channel_of(IncidentId(1))
    approval = await place.ask_approval(IncidentId(1))
    await place.posted(channel, f"approval/{approval}")
    await page.get_by_role("button", name="Show details").click()
    await expect(page.get_by_role("heading", name="What will run")).to_be_visible()
    await picture(page, "details")
    await page.get_by_role("button", name="Close").last.click()
    await page.get_by_role("button", name="Deny …").click()
    await page.get_by_label("Why not?").fill("Traffic is back to normal")
    await picture(page, "deny")
    await page.get_by_role("button", name="Deny", exact=True).click()
    await until(lambda: facts(place, ApprovalVoted))
    assert facts(place, ApprovalVoted)[0].why == "Traffic is back to normal"


async def tell(place: Workplace, page: Page) -> None:
    """An update, and a message that belongs to the timeline."""
    channel = place.channel_of(IncidentId(1))
    await say(page, "/incident update")
    await page.get_by_label("Message to stakeholders").fill("A deploy broke it; it is being rolled back")
    await picture(page, "update")
    await page.get_by_role("button", name="Send", exact=True).last.click()
    await until(lambda: facts(place, UpdateGiven))

    await say(page, "the pool of connections is full")
    await page.get_by_text("the pool of connections is full").hover()
    ts = max(place.slack.world.channels[channel].messages)
    await place._act(
        "shortcut", {"user": "U0ADAOKAFOR", "channel": channel, "ts": ts, "callback_id": "add_to_timeline"}
    )
    await until(lambda: facts(place, MessageMarked))


async def end(place: Workplace, page: Page) -> None:
    """What fixed it, and why it was not over after all."""
    await place.end_run()
    await page.get_by_role("button", name="Resolve").first.click()
    await page.get_by_label("What fixed it?").fill("The deploy was rolled back")
    await picture(page, "resolve")
    await page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
    await until(lambda: facts(place, IncidentResolved))
    await page.get_by_role("button", name="Reopen").first.click()
    await page.get_by_label("Why is it not over?").fill("The errors are back")
    await picture(page, "reopen")
    await page.get_by_role("dialog").get_by_role("button", name="Reopen", exact=True).click()
    await until(lambda: facts(place, IncidentReopened))


async def home(place: Workplace, page: Page) -> None:
    """What is open, and what may be run."""
    await look(page, place, "?user=ada&home=1")
    await expect(page.get_by_text("Open incidents")).to_be_visible()
    await expect(page.get_by_text("Restart a service")).to_be_visible()
    await picture(page, "home")
