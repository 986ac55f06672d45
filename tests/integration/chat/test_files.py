"""Files against the local Slack: the three calls of an upload, a canvas, and an answer that is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.config import Sharing
from bot.domain.facts import EvidenceStored, PostmortemDrafted
from bot.domain.ids import EvidenceId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE
from bot.localslack import LocalSlack
from tests.integration.chat.conftest import DIGEST, Workplace, make, until


@pytest.fixture
async def place(tmp_path: Path, local: tuple[LocalSlack, str]) -> AsyncIterator[Workplace]:
    """A workplace that may share logs and drafts."""
    slack, url = local
    sharing = Sharing(evidence=frozenset({"logs"}), most=1000, postmortem="canvas")
    made = await make(tmp_path, slack, url, "http", sharing=sharing)
    await made.start()
    yield made
    await made.stop()
    await made.people.aclose()


async def test_evidence_and_the_draft_stand_in_the_channel_once(place: Workplace) -> None:
    """Though the answer of the call that shows the file is lost."""
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    await place.fault(kind="apply_then_drop", target="files.completeUploadExternal", count=1)
    stored = EvidenceStored(
        incident=incident,
        run=RunId(f"{incident}-1"),
        step=StepId("logs"),
        evidence=EvidenceId(f"{incident}-1/logs/a.log"),
        name="a.log",
        evidence_class="logs",
        sha256=DIGEST,
        size=100,
        media_type="text/plain",
        source="http://shop",
        tool="http.request 1",
    )
    drafted = PostmortemDrafted(incident=incident, sha256=DIGEST, through=1, path="pm.md")
    await place.store.journal.append(incident_stream(incident), FIRELINE, [stored, drafted])
    await until(lambda: not place.store.records.outbox_behind(), seconds=40)
    channel = place.slack.world.channels[place.channel_of(incident)]
    (file,) = [each for each in place.slack.world.files.by_id.values() if each.completed]
    assert (file.name, file.channels) == ("a.log", [channel.id])
    assert (file.content or b"").startswith(b"evidence at ")
    assert len([each for each in channel.messages.values() if each.files]) == 1
    canvas = place.slack.world.canvases.of_channel(channel.id)
    assert canvas is not None
    assert canvas.title == "Postmortem draft of #1"
    assert place.calls("files.info")
