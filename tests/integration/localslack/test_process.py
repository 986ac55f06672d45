"""The Local Slack as a process of its own."""

from __future__ import annotations

import asyncio
import signal
import sys

import httpx


async def test_it_says_where_it_listens_and_stops_when_asked() -> None:
    """Port 0 takes a free one; SIGTERM ends it at once, with a page's live stream still open."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.localslack", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 15)).decode()
    url = line.removeprefix("Local Slack on ").strip()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/_local/health")).json()["ok"]
        assert "Demo Shop" in (await client.get("/")).text
        async with client.stream("GET", "/_local/events") as stream:
            assert stream.status_code == 200
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) in (0, -signal.SIGTERM)
