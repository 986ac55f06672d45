"""The page in a real Chromium: switching person, commands, clicks, live updates, and text that wants to be markup."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, Route, async_playwright, expect

from tests.integration.localslack.bench import Bench, bolt_app, over_http

pytestmark = pytest.mark.needs("chromium")

HOSTILE = (
    "<script>window.owned=1</script><img src=x onerror=window.owned=1>\"'&amp; [x](javascript:window.owned=1)"
)


def button(text: str, action_id: str, **fields: Any) -> dict[str, Any]:
    """A button element."""
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}} | fields


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    """The machine's own Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield running
        await running.close()


@pytest.fixture
async def page(browser: Any) -> AsyncIterator[Page]:
    """A page that fails the test on any script error or refused resource of our own."""
    shown = await browser.new_page()
    faults: list[str] = []
    shown.on("pageerror", lambda error: faults.append(str(error)))
    yield shown
    await shown.close()
    assert faults == []


async def look(page: Page, local: Bench, query: str) -> None:
    """Open the page and wait until it is live."""
    await page.goto(f"{local.url}/{query}")
    await page.wait_for_selector("body[data-live='1']")


async def test_a_command_a_click_and_another_person(local: Bench, page: Page) -> None:
    """Ada sends a slash command with completion, Ben confirms and clicks, and the message changes before his eyes."""
    app = bolt_app(local)
    confirm = {
        "title": {"type": "plain_text", "text": "Sure?"},
        "text": {"type": "plain_text", "text": "It runs now"},
        "confirm": {"type": "plain_text", "text": "Yes, run it"},
        "deny": {"type": "plain_text", "text": "No"},
    }
    elements = [button("Approve", "approve", style="primary", confirm=confirm)]

    @app.command("/incident")
    async def incident(ack: Any, command: dict[str, Any], say: Any) -> None:
        await ack(f"heard {command['text']}")
        await say(text="Approval needed", blocks=[{"type": "actions", "elements": elements}])

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        text = f"Approved by <@{body['user']['id']}>"
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=[]
        )

    async with over_http(local, app):
        await look(page, local, "?channel=incidents&user=ada")
        box = page.get_by_role("combobox", name="Message #incidents")
        await box.press_sequentially("/inc")
        await expect(page.get_by_role("option")).to_have_text(["/incidentDeclare, run and resolve incidents"])
        await box.press("Tab")
        await box.press_sequentially("dec")
        await box.press("Tab")
        await expect(box).to_have_value("/incident declare ")
        await box.press("Enter")
        await expect(page.get_by_text("heard declare")).to_be_visible()
        await expect(page.get_by_text("Only visible to you")).to_be_visible()

        await page.get_by_label("You are Ada Okafor. Switch person").click()
        await page.get_by_role("link", name="Ben Ruiz").click()
        await page.wait_for_selector("body[data-live='1'][data-handle='ben']")
        await expect(page.get_by_text("heard declare")).to_have_count(0)
        await page.get_by_role("button", name="Approve").click()
        await page.get_by_role("button", name="Yes, run it").click()
        await expect(page.get_by_role("log")).to_contain_text("Approved by @Ben Ruiz")
        await expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)


async def test_hostile_text_stays_text(local: Bench, page: Page) -> None:
    """Mark-up in messages, blocks, names of channels' topics and Markdown is shown, never run."""
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    await local.do("message", user="ada", channel="incidents", text=HOSTILE)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        {"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE}},
        {"type": "section", "text": {"type": "mrkdwn", "text": escaped}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "<javascript:window.owned=1|click me> <!channel>"},
        },
        {
            "type": "markdown",
            "text": HOSTILE + "\n\n[x](javascript:window.owned=1) ![i](http://127.0.0.1:1/x.png)",
        },
        {"type": "actions", "elements": [button(HOSTILE[:75], 'a"><b>')]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": HOSTILE},
                        {"type": "link", "url": "javascript:window.owned=1", "text": "rich"},
                    ],
                }
            ],
        },
    ]
    await local.client.chat_postMessage(channel="incidents", text="x", blocks=blocks)
    await local.client.conversations_setTopic(channel="C0INCIDENTS", topic=HOSTILE)
    await look(page, local, "?channel=incidents&user=ada")
    assert await page.evaluate("window.owned") is None
    assert await page.locator("#main script, #main img[src=x], #main [onerror]").count() == 0
    assert await page.locator("a[href^='javascript']").count() == 0
    assert await page.get_by_text("<script>window.owned=1</script>").count() >= 5


async def test_messages_arrive_live_with_unread_marks(local: Bench, page: Page) -> None:
    """A post elsewhere marks its channel; one here appears; a thread opens and takes a reply."""
    await look(page, local, "?channel=incidents&user=ada")
    await local.do("message", user="ben", channel="general", text="@ada look here")
    await expect(page.get_by_role("link", name="general 1 mentions")).to_be_visible()
    post = await local.do("message", user="ben", channel="incidents", text="a new line")
    await expect(page.get_by_text("a new line")).to_be_visible()
    await local.do("message", user="cleo", channel="incidents", text="below it", thread_ts=post["ts"])
    await page.get_by_text("1 reply").click()
    await expect(page.get_by_role("complementary", name="Thread")).to_contain_text("below it")
    reply = page.get_by_role("combobox", name="Reply")
    await reply.fill("and mine")
    await reply.press("Enter")
    await expect(page.get_by_role("complementary", name="Thread")).to_contain_text("and mine")
    await expect(page.get_by_text("2 replies")).to_be_visible()


async def test_what_changes_before_the_feed_is_open_is_shown_all_the_same(local: Bench, page: Page) -> None:
    """A home tab that is published, and a post, while the page still asks for its feed."""

    async def meanwhile(route: Route) -> None:
        await local.do("message", user="ben", channel="incidents", text="@ada in between")
        words = {"type": "section", "text": {"type": "plain_text", "text": "Made in between"}}
        await local.client.views_publish(user_id="U0ADAOKAFOR", view={"type": "home", "blocks": [words]})
        await route.continue_()

    await page.route("**/_local/events?*", meanwhile)
    await look(page, local, "?channel=general&user=ada&home=1")
    await expect(page.get_by_text("Made in between")).to_be_visible()
    await expect(page.get_by_role("link", name="incidents 1 mentions")).to_be_visible()


async def test_a_modal_is_filled_in_with_the_keyboard(local: Bench, page: Page) -> None:
    """A modal opens over the page, refuses an empty required field, and closes when submitted."""
    app = bolt_app(local)
    got: list[dict[str, Any]] = []
    options = [{"text": {"type": "plain_text", "text": f"SEV{n}"}, "value": f"sev{n}"} for n in (1, 2)]
    view = {
        "type": "modal",
        "callback_id": "declare",
        "title": {"type": "plain_text", "text": "Declare incident"},
        "submit": {"type": "plain_text", "text": "Declare"},
        "blocks": [
            {
                "type": "input",
                "block_id": "title",
                "label": {"type": "plain_text", "text": "What is wrong?"},
                "element": {"type": "plain_text_input", "action_id": "title"},
            },
            {
                "type": "input",
                "block_id": "severity",
                "label": {"type": "plain_text", "text": "Severity"},
                "element": {"type": "static_select", "action_id": "severity", "options": options},
            },
        ],
    }

    @app.command("/incident")
    async def incident(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("declare")
    async def declared(ack: Any, view: dict[str, Any]) -> None:
        await ack()
        got.append(view["state"]["values"])

    async with over_http(local, app):
        await look(page, local, "?channel=incidents&user=ada")
        box = page.get_by_role("combobox", name="Message #incidents")
        await box.fill("/incident declare")
        await box.press("Enter")
        dialog = page.get_by_role("dialog", name="Declare incident")
        await expect(dialog).to_be_visible()
        await dialog.get_by_role("button", name="Declare").click()
        await expect(dialog.get_by_text("Please complete this required field.")).to_have_count(2)
        await dialog.get_by_label("Severity").select_option("sev2")
        await dialog.get_by_label("What is wrong?").fill("Checkout is down")
        await dialog.get_by_label("What is wrong?").press("Enter")
        await expect(dialog).to_have_count(0)
    assert got[0]["title"]["title"]["value"] == "Checkout is down"
    assert got[0]["severity"]["severity"]["selected_option"]["value"] == "sev2"


async def test_shortcuts_editing_and_the_switch_to_dark(local: Bench, page: Page) -> None:
    """A message's menu has the app's shortcut, editing, deleting, by keyboard too; the composer's has the global one; the light stays."""
    app = bolt_app(local)
    used: list[str] = []

    async def shortcut(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        used.append(shortcut["type"])

    for callback_id in ("add_to_timeline", "declare_incident"):
        app.shortcut(callback_id)(shortcut)
    await local.do("message", user="ada", channel="incidents", text="see #general & @ben")
    async with over_http(local, app):
        await look(page, local, "?channel=incidents&user=ada")
        message = page.get_by_role("article")
        await message.get_by_label("More actions").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("button", name="Add to incident timeline")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.get_by_label("Shortcuts").click()
        await page.get_by_role("button", name="Declare an incident").click()

        await message.hover()
        await message.get_by_label("More actions").click()
        await message.get_by_role("button", name="Edit message").click()
        box = page.get_by_role("combobox", name="Message #incidents")
        await expect(box).to_have_value("see #general & @ben")
        await box.fill("see @cleo")
        await box.press("Enter")
        await expect(message).to_contain_text("see @Cleo Tran (edited)")
        await message.hover()
        await message.get_by_label("More actions").click()
        await message.get_by_role("button", name="Delete message").click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(message).to_have_count(0)
        assert used == ["message_action", "shortcut"]

        ground = "getComputedStyle(document.body).backgroundColor"
        light = await page.evaluate(ground)
        await page.get_by_label("Switch between light and dark").click()
        dark = await page.evaluate(ground)
        await look(page, local, "?channel=general&user=ben")
        assert light != dark == await page.evaluate(ground)
