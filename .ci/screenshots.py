"""Make the pictures in docs/images from a demo that really runs; `make screenshots` runs it.

Every process of the demo is started, a browser each for Ada and Ben opens the local Slack's page, and what people would type and click is typed
and clicked. Nothing is drawn, and nothing is touched up: what a picture shows happened.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from bot.demo import monitoring
from bot.demo.process import wait_for
from bot.demo.record import Record
from bot.demo.stack import Ports, Stack
from bot.domain.ids import IncidentId

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
FIRST = IncidentId(1)
QUIET_BEFORE = 12.0
"""Seconds of a healthy shop, so that the evidence shows the change."""
READING = 3.0
"""Seconds that a person takes to read what is asked before deciding."""
PATIENCE = 60.0
LARGEST = 200_000
"""Bytes that one picture may have."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def main() -> int:
    """Play the story, take the pictures, say how large each became."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=IMAGES, help="where the pictures go (default: docs/images)"
    )
    parser.add_argument("--port", type=int, default=8900, help="first of the demo's five ports")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fireline-screenshots-") as folder, browser() as running:
        stack = Stack(
            folder=Path(folder),
            ports=Ports.choose(chosen.port),
            runbooks=ROOT / "runbooks",
            real=monitoring.installed(),
        )
        try:
            stack.start()
            Story(stack, running, chosen.out).tell()
        finally:
            stack.stop()
    sizes = {each.name: each.stat().st_size for each in sorted(chosen.out.glob("*.png"))}
    for name, size in sizes.items():
        print(f"{size:9,d}  {name}")
    return 0 if all(size < LARGEST for size in sizes.values()) else 1


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the machine's own Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("No Chromium on this machine: apt install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def dark(page: Page) -> Iterator[None]:
    """Look at a page as somebody does whose system is dark."""
    page.emulate_media(color_scheme="dark")
    yield
    page.emulate_media(color_scheme="light")


class Story:
    """The demo's story, with a picture at each moment that tells something."""

    def __init__(self, stack: Stack, running: Browser, out: Path) -> None:
        self.stack, self.out, self.browser = stack, out, running
        self.record = Record(stack.database)
        self.ada = self._slack(running, "ada")
        self.ben = self._slack(running, "ben")
        self.console = running.new_page(viewport={"width": 1120, "height": 900})

    def tell(self) -> None:
        """From the alert to the postmortem."""
        time.sleep(QUIET_BEFORE)
        httpx.post(
            f"{self.stack.shop}/admin/faults/primary", json={"failing": True}, timeout=10
        ).raise_for_status()
        self._enter(self.ada)
        self._enter(self.ben)
        expect(self.ben.get_by_role("button", name="Approve")).to_be_visible(timeout=PATIENCE * 1000)
        self.ada.get_by_role("button", name="Acknowledge").click()
        expect(self.ada.get_by_role("button", name="Acknowledge")).to_have_count(0)
        time.sleep(READING)
        self._shoot(self.ben, "approval-waiting", first="Pinned by Fireline", height=980)
        with dark(self.ben):
            self._shoot(self.ben, "approval-waiting-dark", first="Pinned by Fireline", width=820, height=990)
        self._deny()
        self._thread_and_line()
        self.ben.get_by_role("button", name="Approve").click()
        wait_for("the run's end", lambda: self.record.run_ended(FIRST), within=PATIENCE)
        wait_for("the alert's end", lambda: self.record.alerts_over(FIRST), within=PATIENCE)
        expect(self.ben.get_by_text("0 of 1 alert firing")).to_be_visible()
        expect(self.ben.get_by_text("done after")).to_be_visible()
        self._shoot(self.ben, "verified", first="Pinned by Fireline")
        self._update()
        self._say(self.ada, "/incident resolve")
        self.ada.get_by_label("What fixed it?").fill("traffic moved to the standby")
        self._shoot(self.ada, "form-resolve", width=820, height=640)
        self.ada.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
        wait_for("the resolution", lambda: self.record.resolved(FIRST), within=PATIENCE)
        self._say(self.ada, "/incident postmortem")
        expect(self.ada.get_by_text("Read the draft")).to_be_visible(timeout=PATIENCE * 1000)
        self._shoot(self.ada, "resolved")
        self._reopen()
        self._console()
        self._forms()

    def _update(self) -> None:
        """The form of an update, which is sent off."""
        self._say(self.ada, "/incident update")
        self.ada.get_by_label("Where does the response stand?").select_option("monitoring")
        self.ada.get_by_label("Message to stakeholders").fill(
            "Traffic is on the standby, and checkout works. We watch."
        )
        self.ada.get_by_label("Next update").select_option("30")
        self._shoot(self.ada, "form-update", width=820, height=560)
        self.ada.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
        expect(self.ada.get_by_text("Last update")).to_be_visible(timeout=20_000)

    def _reopen(self) -> None:
        """The form that asks why it is not over; Ada thinks better of it."""
        self._say(self.ada, "/incident reopen")
        self.ada.get_by_label("Why is it not over?").fill("The errors are back in eu-west")
        self._shoot(self.ada, "form-reopen", width=820, height=480)
        self.ada.get_by_role("button", name="Cancel").click()
        expect(self.ada.locator("#modal dialog")).to_have_count(0)

    def _deny(self) -> None:
        """The form that a Deny opens; Ben thinks better of it."""
        self.ben.get_by_role("button", name="Deny …").click()
        self.ben.get_by_label("Why not?").fill("Traffic is back to normal; let us watch first")
        self._shoot(self.ben, "form-deny", width=820, height=600)
        with dark(self.ben):
            self._shoot(self.ben, "form-deny-dark", width=820, height=600)
        self.ben.get_by_role("button", name="Back").click()
        expect(self.ben.locator("#modal dialog")).to_have_count(0)

    def _forms(self) -> None:
        """The form of a new incident, what a run would do, and the home tab."""
        self.ada.goto(f"{self.stack.slack}/?user=ada&home=1")
        self.ada.get_by_role("button", name="Declare an incident").click()
        self.ada.get_by_label("What is wrong?").fill("Search answers slowly")
        self.ada.get_by_label("How bad is it?").select_option("SEV3")
        self.ada.get_by_label("Service").fill("search")
        self._shoot(self.ada, "form-declare", width=820, height=640)
        self.ada.get_by_role("button", name="Declare", exact=True).click()
        expect(self.ada.get_by_text("is open: Search")).to_be_visible()
        self.ada.get_by_role("dialog").get_by_role("button", name="Close").last.click()
        expect(self.ada.locator("#main").get_by_text("Search answers slowly").first).to_be_visible(
            timeout=20_000
        )
        self._shoot(self.ada, "home", width=820, height=480)
        with dark(self.ada):
            self._shoot(self.ada, "home-dark", width=820, height=480)
        self.ada.get_by_role("button", name="Run …").first.click()
        self._shoot(self.ada, "form-inputs", width=820, height=560)
        self.ada.get_by_role("button", name="Preview").click()
        expect(self.ada.get_by_role("heading", name="What it would do")).to_be_visible()
        self._shoot(self.ada, "form-preview", width=820, height=760)

    def _thread_and_line(self) -> None:
        """The steps below the living message, and what the central channel says."""
        self.ada.get_by_text("1 reply").first.click()
        expect(self.ada.get_by_role("heading", name="Thread")).to_be_visible()
        self._shoot(
            self.ada, "thread", first="Pinned by Fireline", last="Move traffic to the standby", height=780
        )
        central = self._slack(self.browser, "cleo")
        expect(central.get_by_text("led by")).to_be_visible()
        self._shoot(central, "central", height=360)
        central.close()
        self.ada.get_by_role("link", name="Close thread").click()

    def _console(self) -> None:
        for name, path in (("console", "/incidents/1"), ("postmortem", "/incidents/1/postmortem")):
            self.console.goto(f"{self.stack.fireline}{path}")
            self._shoot(self.console, name)

    def _slack(self, running: Browser, user: str) -> Page:
        page = running.new_page(viewport={"width": 1120, "height": 900})
        page.goto(f"{self.stack.slack}/?user={user}&channel=incidents")
        page.wait_for_selector("body[data-live='1']")
        return page

    @staticmethod
    def _enter(page: Page) -> None:
        """Open the incident's channel, once it is there."""
        link: Locator = page.get_by_role("link", name="inc-1-").first
        link.click(timeout=PATIENCE * 1000)
        expect(page.get_by_role("heading", name="inc-1-")).to_be_visible()

    @staticmethod
    def _say(page: Page, text: str) -> None:
        box = page.locator("#composer-text")
        box.fill(text)
        box.press("Enter")
        expect(box).to_have_value("")

    def _shoot(
        self, page: Page, name: str, *, first: str = "", last: str = "", height: int = 900, width: int = 1120
    ) -> None:
        """Take what a window of that size shows, with the text `first` at the channel's upper edge, and `last` at the thread's lower one."""
        page.set_viewport_size({"width": width, "height": height})
        if last:
            page.get_by_text(last).last.evaluate("each => each.scrollIntoView({block: 'end'})")
        if first:
            page.get_by_text(first).first.evaluate("each => each.scrollIntoView({block: 'start'})")
        page.mouse.move(0, 0)
        page.screenshot(path=self.out / f"{name}.png", animations="disabled", caret="hide")


if __name__ == "__main__":
    sys.exit(main())
