"""The surface as it runs, in Socket Mode, in a workspace: an incident gets its channel, its message, and what waits for people."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.chat.conftest import make, until
from tests.live.conftest import Workspace, unheard_of


async def test_an_incident_becomes_a_channel_that_says_what_waits(
    workspace: Workspace, tmp_path: Path
) -> None:
    """From two facts in the log to what people see; everything that is owed is shown, and the channel ends with the test."""
    place = await make(tmp_path, workspace.slack, workspace.url, "socket")
    channel = ""
    try:
        await place.surface.start()
        incident = await place.open_incident(title=unheard_of())
        await place.ask_approval(incident)
        await until(lambda: place.channel_of(incident), seconds=60)
        channel = place.channel_of(incident)
        await place.settled()
        read = await workspace.done("conversations.history", channel=channel, include_all_metadata=True)
        ours = [each for each in read["messages"] if "metadata" in each]
        assert len({each["metadata"]["event_payload"]["key"] for each in ours}) == len(ours) >= 2
        assert "Approve" in json.dumps([each["blocks"] for each in ours])
    finally:
        await place.stop()
        await place.people.aclose()
        if channel:
            await workspace.call("conversations.archive", channel=channel)
