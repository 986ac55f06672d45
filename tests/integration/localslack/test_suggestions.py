"""Selects whose options the app knows, asked for by bolt-python in both modes and by a person on the page; shortcuts that no app registered."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect
from slack_bolt.async_app import AsyncApp

from tests.integration.localslack.bench import Bench, bolt_app, over_http
from tests.integration.localslack.test_socket_mode import over_socket

Json = dict[str, Any]
SERVICES = ("checkout", "checkin", "search")


def plain(text: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def option(name: str) -> Json:
    """One choice."""
    return {"text": plain(name.title()), "value": name}


PICK: Json = {"type": "external_select", "action_id": "service", "placeholder": plain("Which service?")}
FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Form"),
    "submit": plain("Go"),
    "blocks": [
        {
            "type": "input",
            "block_id": "pick",
            "label": plain("Services"),
            "element": PICK | {"type": "multi_external_select", "min_query_length": 1},
        }
    ],
}


def asking(local: Bench, heard: list[Json]) -> AsyncApp:
    """An app that knows three services."""
    app = bolt_app(local)

    @app.options("service")
    async def offer(ack: Any, payload: Json) -> None:
        heard.append(payload)
        found = [option(name) for name in SERVICES if name.startswith(payload["value"])]
        if payload["value"] == "chec":
            await ack(option_groups=[{"label": plain("Shop"), "options": found}])
        else:
            await ack(options=found)

    @app.action("service")
    async def chose(ack: Any, payload: Json) -> None:
        await ack()
        heard.append(payload)

    @app.command("/incident")
    async def form(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("form")
    async def done(ack: Any, view: Json) -> None:
        await ack()
        heard.append(view["state"]["values"]["pick"]["service"])

    return app


async def posted(local: Bench) -> Json:
    """Post a message with such a select; where it stands."""
    blocks = [{"type": "actions", "block_id": "row", "elements": [PICK]}]
    ts = (await local.client.chat_postMessage(channel="incidents", text="x", blocks=blocks))["ts"]
    return {"user": "ada", "channel": "incidents", "ts": ts, "action_id": "service"}


@pytest.mark.parametrize("mode", [over_http, over_socket])
async def test_the_app_is_asked_as_somebody_types(local: Bench, mode: Any) -> None:
    """From three characters on; what it offers can be chosen, and nothing else."""
    heard: list[Json] = []
    async with mode(local, asking(local, heard)):
        where = await posted(local)
        assert await local.refused("suggest", **where, value="ch") == "query_too_short"
        assert await local.refused("action", **where, value="checkout") == "no_such_option"
        found = await local.do("suggest", **where, value="check")
        assert [(each["text"], each["value"]) for each in found["options"]] == [
            ("Checkout", "checkout"),
            ("Checkin", "checkin"),
        ]
        assert {each["group"] for each in (await local.do("suggest", **where, value="chec"))["options"]} == {
            "Shop"
        }
        assert (await local.do("suggest", **where, value="nope"))["problem"] == "No results"
        await local.do("action", **where, value="checkin")
    asked, *_, chosen = heard
    assert (asked["type"], asked["value"], asked["block_id"]) == ("block_suggestion", "check", "row")
    assert asked["container"] == {
        "type": "message",
        "message_ts": where["ts"],
        "channel_id": "C0INCIDENTS",
        "is_ephemeral": False,
    }
    assert chosen["selected_option"] == option("checkin")


async def test_choices_of_several_searches_are_sent_off_together(local: Bench) -> None:
    """In a modal, with its own least number of characters; another person was offered nothing."""
    heard: list[Json] = []
    async with over_http(local, asking(local, heard)):
        for user in ("ada", "ben"):
            await local.do("command", user=user, channel="incidents", command="/incident", text="x")
        view = (await local.hands.get("/_local/state", params={"user": "ada"})).json()["view"]["id"]
        where = {"user": "ada", "view_id": view, "action_id": "service"}
        for typed in ("s", "c"):
            await local.do("suggest", **where, value=typed)
        theirs = (await local.hands.get("/_local/state", params={"user": "ben"})).json()["view"]["id"]
        values = {"service": ["search", "checkout"]}
        refused = await local.refused("view/submit", user="ben", view_id=theirs, values=values)
        assert refused == "no_such_option"
        await local.do("view/submit", user="ada", view_id=view, values=values)
    assert heard[0]["view"]["id"] == view
    assert heard[-1]["selected_options"] == [option("search"), option("checkout")]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"options": [option("x" * 76)]}, "must be less than 76 characters"),
        ({"options": [option(f"o{n}") for n in range(101)]}, "no more than 100 items allowed"),
        ({}, "missing required field: options"),
    ],
)
async def test_an_answer_that_slack_would_not_take_offers_nothing(
    local: Bench, answer: Json, problem: str
) -> None:
    """The person reads that something went wrong, and whoever writes the app what."""
    app = bolt_app(local)

    @app.options("service")
    async def offer(ack: Any) -> None:
        await ack(**answer) if answer else await ack({"text": "no options"})

    async with over_http(local, app):
        found = await local.do("suggest", **await posted(local), value="check")
    assert found["options"] == []
    assert problem in found["problem"]


async def test_nobody_is_asked_for_what_is_in_the_message(local: Bench) -> None:
    """A button has no options; an app that is away offers none."""
    local.slack.http.request_url = "http://127.0.0.1:9/slack/events"
    where = await posted(local)
    found = await local.do("suggest", **where, value="check")
    assert (found["ack"]["outcome"], found["problem"]) == ("unreachable", "Sorry! Something went wrong")
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    blocks = [{"type": "actions", "elements": [button]}]
    ts = (await local.client.chat_postMessage(channel="incidents", text="x", blocks=blocks))["ts"]
    assert await local.refused("suggest", **where | {"ts": ts, "action_id": "go"}, value="check") == (
        "not_external"
    )


@pytest.mark.parametrize("callback_id", ["nobody_knows", "declare_incident"])
async def test_a_shortcut_that_is_not_registered_is_not_there(local: Bench, callback_id: str) -> None:
    """Slack shows what the app's configuration names, each in its own menu; the app hears of no other."""
    ts = (await local.do("message", user="ada", channel="incidents", text="x"))["ts"]
    on_message = {"user": "ada", "channel": "incidents", "ts": ts, "callback_id": callback_id}
    assert await local.refused("shortcut", **on_message) == "unknown_shortcut"
    for other in ("nobody_knows", "add_to_timeline"):
        assert await local.refused("shortcut", user="ada", callback_id=other) == "unknown_shortcut"
    assert not [each for each in local.slack.log.deliveries if each.kind == "interactive"]


@pytest.mark.needs("chromium")
async def test_a_person_searches_and_chooses_on_the_page(local: Bench) -> None:
    """What is typed is asked about after a moment; the list opens below; a choice goes to the app at once."""
    heard: list[Json] = []
    async with over_http(local, asking(local, heard)), async_playwright() as playwright:
        await posted(local)
        running = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = await running.new_page()
        await page.goto(f"{local.url}/?channel=incidents&user=ada")
        await page.wait_for_selector("body[data-live='1']")
        await page.get_by_role("searchbox", name="Which service?").fill("check")
        choice = page.get_by_role("option", name="Checkin")
        await expect(choice).to_be_visible()
        await page.locator("select[data-action-id=service]").select_option("checkin")
        await expect(page.locator("#announce")).to_have_text("Done")
        await running.close()
    assert heard[-1]["selected_option"] == option("checkin")
