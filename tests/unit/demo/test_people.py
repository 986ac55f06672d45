"""People of the local Slack as the demo moves them: they see what is shown, and click what is there."""

import json
from typing import Any

import httpx
import pytest

from bot.demo.people import Button, Member
from bot.demo.process import DemoFailed


def button(action: str, text: str = "Approve", value: str = "v") -> dict[str, Any]:
    """Make a button."""
    return {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": text},
        "value": value,
    }


STATE = {
    "ok": True,
    "channels": [
        {"id": "C1", "name": "incidents"},
        {"id": "C2", "name": "inc-1-a"},
        {"id": "C3", "name": "inc-2-b"},
    ],
    "messages": {
        "C2": [
            {
                "ts": "1.0",
                "text": "old",
                "blocks": [{"type": "actions", "block_id": "b1", "elements": [button("approve:1")]}],
            },
            {
                "ts": "2.0",
                "text": "new",
                "blocks": [
                    {
                        "type": "section",
                        "text": {"type": "mrkdwn", "text": "shift *traffic*"},
                        "accessory": button("ack", "Acknowledge"),
                    },
                    {
                        "type": "actions",
                        "block_id": "b2",
                        "elements": [button("approve:2"), button("deny:2", "Deny")],
                    },
                    {"type": "divider"},
                ],
            },
            {"ts": "3.0", "text": "no blocks at all"},
        ]
    },
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """A local Slack that answers from `STATE` and takes every act; the requests that came."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        body = STATE if request.url.path == "/_local/state" else {"ok": True, "text": "done"}
        if b"refuse" in request.content:
            body = {"ok": False, "error": "no_such_button", "message": "There is no such button."}
        return httpx.Response(200, json=body)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    monkeypatch.setattr("bot.demo.people.web", lambda: client)
    return seen


ADA = Member(slack="http://slack", user="U1")


def test_a_channel_is_found_by_how_it_begins(asked: list[httpx.Request]) -> None:
    """The newest one; none is no error, because it may come."""
    assert ADA.channel("inc-") == "C3"
    assert ADA.channel("inc-1-") == "C2"
    assert ADA.channel("war-") is None
    assert asked[0].url.params["user"] == "U1"


def test_the_newest_button_is_found(asked: list[httpx.Request]) -> None:
    """In rows of buttons and beside a text; with all that a click needs."""
    found = ADA.button("C2", "approve")
    assert found == Button(
        channel="C2", ts="2.0", block_id="b2", action_id="approve:2", text="Approve", value="v"
    )
    beside = ADA.button("C2", "ack")
    assert beside is not None
    assert (beside.text, beside.block_id) == ("Acknowledge", "")
    assert ADA.button("C2", "resolve") is None
    assert ADA.button("C9", "approve") is None


def test_what_a_channel_shows_is_one_text(asked: list[httpx.Request]) -> None:
    """Blocks, buttons and fallbacks are all there to look for words in."""
    shown = ADA.texts("C2")
    for words in ("shift *traffic*", "Acknowledge", "Deny", "no blocks at all"):
        assert words in shown
    assert ADA.texts("C9") == ""


def test_what_people_do_goes_over_the_wire(asked: list[httpx.Request]) -> None:
    """A click, a command and a join, each with who does it."""
    found = ADA.button("C2", "approve")
    assert found is not None
    assert ADA.click(found)["text"] == "done"
    ADA.command("C2", "resolve")
    ADA.join("C2")
    click, command, join = [(each.url.path, json.loads(each.content)) for each in asked[1:]]
    assert click == (
        "/_local/action",
        {"user": "U1", "channel": "C2", "ts": "2.0", "block_id": "b2", "action_id": "approve:2"},
    )
    assert command == (
        "/_local/command",
        {"user": "U1", "channel": "C2", "command": "/incident", "text": "resolve"},
    )
    assert join == ("/_local/join", {"user": "U1", "channel": "C2"})


def test_a_refusal_is_told(asked: list[httpx.Request]) -> None:
    """What the local Slack says against it ends the story with its words."""
    with pytest.raises(DemoFailed, match=r"There is no such button\."):
        ADA.command("C2", "refuse")
