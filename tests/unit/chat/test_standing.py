"""Slack's door at a process that stands by: what is signed and ours is kept before the ack, and nothing else is."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette

from bot.chat.config import INSTALL_PATH, REDIRECT_PATH, ChatConfig, OAuth
from bot.chat.inbound.door import EVENTS_PATH
from bot.chat.inbound.relayed import PAYLOAD, entry_from_data
from bot.chat.inbound.standing import standing_routes
from bot.errors import JournalError
from tests.fakes.asgi import Answered, request
from tests.fakes.store import MovedClock

SECRET = "s" * 32
HTTP = ChatConfig(mode="http", bot_token="xoxb-1", signing_secret=SECRET)
COMMAND = {"command": "/incident", "text": "ack", "user_id": "U1", "team_id": "T1", "trigger_id": "1.2"}
BUTTON = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "container": {"message_ts": "5.6"},
    "trigger_id": "3.4",
    "actions": [{"action_id": "acknowledge", "action_ts": "7.8", "value": "{}"}],
}


class Kept:
    """Keeps what it is given, or fails."""

    def __init__(self) -> None:
        self.things: list[tuple[str, Mapping[str, Any]]] = []
        self.fails = False

    async def put(self, kind: str, data: Mapping[str, Any]) -> None:
        """Keep a thing."""
        if self.fails:
            raise JournalError("away")
        self.things.append((kind, data))


async def post(
    kept: Kept, form: Mapping[str, str], *, secret: str = SECRET, at: datetime | None = None
) -> Answered:
    """Post a form, signed as Slack signs it; now, for bolt has no other clock than the machine's."""
    body = urlencode(form).encode()
    at = at or datetime.now(UTC)
    stamp = str(int(at.timestamp()))
    made = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = [
        ("x-slack-request-timestamp", stamp),
        ("x-slack-signature", f"v0={made}"),
        ("content-type", "application/x-www-form-urlencoded"),
    ]
    app = Starlette(routes=standing_routes(HTTP, kept.put, MovedClock(at)))
    return await request(app, EVENTS_PATH, headers=headers, parts=[body])


async def test_a_command_and_a_click_are_kept_before_the_ack() -> None:
    """Each under the key by which a redelivery is known, with all that the leader needs to answer it."""
    kept, now = Kept(), datetime.now(UTC)
    assert (await post(kept, COMMAND)).status == 200
    assert (await post(kept, {"payload": json.dumps(BUTTON)}, at=now)).status == 200
    assert (await post(kept, {"payload": json.dumps(BUTTON)})).status == 200
    assert [kind for kind, _ in kept.things] == [PAYLOAD] * 3
    command, click, again = (entry_from_data(data) for _, data in kept.things)
    assert (command.kind, command.payload["text"], command.payload["user"]) == ("command", "ack", "U1")
    assert (click.kind, click.payload["action"], click.received_at) == (
        "action",
        "acknowledge",
        now,
    )
    assert click.key == again.key != command.key


async def test_a_form_that_does_something_is_kept_and_one_that_leads_on_stays_open() -> None:
    """What follows a form only the leader knows: the person presses again in a moment, and nothing they typed is gone."""
    kept = Kept()
    view = {"id": "V1", "type": "modal", "blocks": [{"type": "input", "block_id": "runbook"}]}
    for callback, action in (("note", "clear"), ("run_pick", "errors")):
        shown = {"type": "view_submission", "user": {"id": "U1"}, "view": {**view, "callback_id": callback}}
        answered = await post(kept, {"payload": json.dumps(shown)})
        assert (answered.status, json.loads(answered.body)["response_action"]) == (200, action)
    assert [entry_from_data(data).payload["action"] for _, data in kept.things] == ["note"]


async def test_what_can_not_be_kept_is_not_acknowledged() -> None:
    """Slack then shows the person that it did not work."""
    kept = Kept()
    kept.fails = True
    assert (await post(kept, COMMAND)).status == 503
    assert (await post(kept, {"payload": json.dumps(BUTTON)})).status == 503


async def test_nothing_else_is_kept() -> None:
    """What Slack did not sign, another app's command, a button that is none of ours."""
    kept = Kept()
    assert (await post(kept, COMMAND, secret="x" * 32)).status == 401
    assert (await post(kept, {**COMMAND, "command": "/other"})).status == 200
    assert (
        await post(kept, {"payload": json.dumps({**BUTTON, "actions": [{"action_id": "theirs"}]})})
    ).status == 200
    assert kept.things == []


def test_without_http_mode_there_is_no_door() -> None:
    """Over Socket Mode, a process that stands by hears nothing."""
    clock = MovedClock(datetime.now(UTC))
    assert standing_routes(ChatConfig(mode="socket"), Kept().put, clock) == []
    assert standing_routes(ChatConfig(mode="off"), Kept().put, clock) == []


async def test_a_workspace_is_let_in_where_the_token_is_kept() -> None:
    """The process that leads keeps tokens; this one says so, and has no such page where there is one workspace."""
    oauth = OAuth(
        client_id="1.2",
        client_secret="x",
        workspaces=("T1",),
        redirect_url="https://x",
        authorization_url="https://x",
    )
    several = ChatConfig(mode="http", signing_secret=SECRET, oauth=oauth)
    over_socket = Starlette(routes=standing_routes(replace(several, mode="socket"), Kept().put, MovedClock()))
    app = Starlette(routes=standing_routes(several, Kept().put, MovedClock()))
    alone = Starlette(routes=standing_routes(HTTP, Kept().put, MovedClock()))
    for path in (INSTALL_PATH, REDIRECT_PATH):
        answered = await request(app, path, method="GET")
        assert (answered.status, b"stands by" in answered.body) == (503, True)
        assert (await request(over_socket, path, method="GET")).status == 503
        assert (await request(alone, path, method="GET")).status == 404
