"""What of Slack waits until it is sure that this process leads, and what a person is told to do about a token that serves no more."""

import asyncio
from typing import Any, cast

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.client import SlackClient, TokenSource
from bot.errors import ChatError
from bot.telemetry import Metrics


class Web(AsyncWebClient):
    """Answers everything, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(token="xoxb-test")
        self.asked: list[str] = []
        self.refuses = ""

    async def api_call(self, api_method: str, **_more: Any) -> Any:
        """Answer."""
        self.asked.append(api_method)
        if self.refuses:
            raise SlackApiError("no", cast("Any", type("No", (), {"data": {"error": self.refuses}})()))
        return type("Answer", (), {"data": {"ok": True}})()


@pytest.mark.parametrize(
    ("method", "waits"),
    [
        ("chat.postMessage", True),
        ("chat.update", True),
        ("conversations.create", True),
        ("users.info", False),
        ("chat.postEphemeral", False),
    ],
)
async def test_what_waits_until_it_is_sure_who_leads(method: str, *, waits: bool) -> None:
    """A person is told that nothing can be written, and questions are asked, whoever leads."""
    sure = asyncio.Event()

    async def surely_leading() -> None:
        await sure.wait()

    web = Web()
    client = SlackClient(web, metrics=Metrics(version="1", process=False), surely_leading=surely_leading)
    call = asyncio.create_task(client.call(method, {}))
    for _ in range(10):
        await asyncio.sleep(0)
    assert web.asked == ([] if waits else [method])
    sure.set()
    await call
    assert web.asked == [method]


class Given:
    """A token that a workspace gave, and gives no other for."""

    missing = False

    async def token(self) -> str:
        """Return it."""
        return "xoxb-given"

    async def renew(self, spent: str) -> bool:
        """Have none."""
        return False

    async def forget(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive", "token_expired"])
@pytest.mark.parametrize(
    ("tokens", "hint", "not_hint"),
    [(None, "slack.", "/slack/install"), (Given(), "/slack/install", "bot_token")],
    ids=["of the settings", "of a workspace"],
)
async def test_a_token_that_serves_no_more_is_replaced_where_it_came_from(
    code: str, tokens: TokenSource | None, hint: str, not_hint: str
) -> None:
    """The one of the settings is set anew, one that a workspace gave is given by it anew."""
    web = Web()
    web.refuses = code
    client = SlackClient(web, metrics=Metrics(version="1", process=False), tokens=tokens)
    with pytest.raises(ChatError) as refused:
        await client.call("chat.postMessage", {})
    assert refused.value.code == code
    assert hint in refused.value.hint
    assert not_hint not in refused.value.hint
