"""What of Slack waits until it is sure that this process leads: whatever everybody would see, and nothing else."""

import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.client import SlackClient
from bot.telemetry import Metrics


class Web(AsyncWebClient):
    """Answers everything, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(token="xoxb-test")
        self.asked: list[str] = []

    async def api_call(self, api_method: str, **_more: Any) -> Any:
        """Answer."""
        self.asked.append(api_method)
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
