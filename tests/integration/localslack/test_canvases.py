"""Canvases, bookmarks and files that come and go, through slack-sdk's own client."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.localslack import LocalSlack
from bot.localslack.canvases import MARKDOWN_LIMIT, CanvasFault
from tests.integration.localslack.bench import Bench

HERE = "C0INCIDENTS"
TEXT = "# Postmortem\n\nIt broke.\n\n```\na\n\nb\n```\n\n## Why\n\nA full disk."


def written(markdown: str) -> dict[str, str]:
    """A `document_content`."""
    return {"type": "markdown", "markdown": markdown}


async def code(call: Awaitable[Any]) -> str:
    """The word of a refusal."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_a_canvas_is_written_found_and_changed(local: Bench) -> None:
    """Sections are looked up and replaced one by one; fenced code stays whole."""
    client = local.client
    made = await client.canvases_create(title="INC-1", document_content=written(TEXT))
    canvas = local.slack.world.canvases.by_id[made["canvas_id"]]
    assert [section.markdown for section in canvas.sections][2] == "```\na\n\nb\n```"
    found = await client.canvases_sections_lookup(
        canvas_id=canvas.id, criteria={"section_types": ["h2"], "contains_text": "Why"}
    )
    (section,) = found["sections"]
    for change in (
        {
            "operation": "insert_after",
            "section_id": section["id"],
            "document_content": written("Nobody looked."),
        },
        {"operation": "replace", "section_id": section["id"], "document_content": written("## Cause")},
        {"operation": "insert_at_start", "document_content": written("Draft")},
        {"operation": "insert_at_end", "document_content": written("End")},
        {"operation": "rename", "title_content": written("INC-1, final")},
    ):
        await client.canvases_edit(canvas_id=canvas.id, changes=[change])
    assert canvas.title == "INC-1, final"
    assert canvas.markdown.split("\n\n")[0] == "Draft"
    assert canvas.markdown.endswith("## Cause\n\nNobody looked.\n\nA full disk.\n\nEnd")
    info = (await client.files_info(file=canvas.id))["file"]
    assert (info["filetype"], info["title"]) == ("quip", "INC-1, final")
    page = await local.hands.get(info["permalink"])
    assert "<h2>Cause</h2>" in page.text
    await client.canvases_delete(canvas_id=canvas.id)
    assert await code(client.canvases_delete(canvas_id=canvas.id)) == "canvas_not_found"


async def test_a_channel_has_one_canvas(local: Bench) -> None:
    """The second is refused; `conversations.info` names the first."""
    client = local.client
    made = await client.conversations_canvases_create(channel_id=HERE, document_content=written("x"))
    again = client.conversations_canvases_create(channel_id=HERE, document_content=written("y"))
    assert await code(again) == "channel_canvas_already_exists"
    info = (await client.conversations_info(channel=HERE))["channel"]
    assert info["properties"]["canvas"] == {"file_id": made["canvas_id"], "is_empty": False}
    page = (await local.hands.get("/", params={"user": "ada", "channel": HERE})).text
    assert f"/docs/{local.slack.world.config.team_id}/{made['canvas_id']}" in page


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"operation": "insert_after", "document_content": written("x")}, "canvas_editing_failed"),
        ({"operation": "delete", "section_id": "temp:C:no"}, "canvas_editing_failed"),
        ({"operation": "replace", "document_content": {"type": "html"}}, "canvas_editing_failed"),
        ({"operation": "shred"}, "invalid_arguments"),
    ],
)
async def test_changes_that_are_refused(local: Bench, change: dict[str, Any], error: str) -> None:
    """Nothing changes."""
    made = await local.client.canvases_create(title="x", document_content=written("as it was"))
    assert await code(local.client.canvases_edit(canvas_id=made["canvas_id"], changes=[change])) == error
    assert local.slack.world.canvases.by_id[made["canvas_id"]].markdown == "as it was"


def test_a_canvas_takes_a_mebibyte_of_text() -> None:
    """One character more is refused."""
    shelf = LocalSlack().world.canvases
    shelf.make(title="", markdown="x" * MARKDOWN_LIMIT, user="U0ADAOKAFOR")
    with pytest.raises(CanvasFault, match="longer than"):
        shelf.make(title="", markdown="x" * (MARKDOWN_LIMIT + 1), user="U0ADAOKAFOR")


async def test_bookmarks_are_edited_and_removed(local: Bench) -> None:
    """What an edit does not name stays; what is gone is not found."""
    client = local.client
    made = await client.bookmarks_add(
        channel_id=HERE, title="Runbook", type="link", link="https://example.com/1"
    )
    bookmark = made["bookmark"]["id"]
    edited = await client.bookmarks_edit(channel_id=HERE, bookmark_id=bookmark, link="https://example.com/2")
    assert (edited["bookmark"]["title"], edited["bookmark"]["link"]) == ("Runbook", "https://example.com/2")
    await client.bookmarks_remove(channel_id=HERE, bookmark_id=bookmark)
    assert await code(client.bookmarks_remove(channel_id=HERE, bookmark_id=bookmark)) == "not_found"
    assert await code(client.bookmarks_edit(channel_id=HERE, bookmark_id=bookmark, title="x")) == "not_found"
    outside = client.bookmarks_add(channel_id="C0GENERAL00", title="x", type="link", link="https://x.example")
    assert await code(outside) == "permission_denied"


async def test_a_deleted_file_leaves_a_stone(local: Bench) -> None:
    """The message that carried it stays, its bytes do not."""
    client = local.client
    done = await client.files_upload_v2(channel=HERE, filename="evidence.txt", content="secret")
    file_id = done["file"]["id"]
    await client.files_delete(file=file_id)
    assert await code(client.files_delete(file=file_id)) == "file_deleted"
    (message,) = await local.messages("incidents")
    assert message["files"] == [{"id": file_id, "mode": "tombstone"}]
    assert (await local.hands.get(f"/files/{file_id}")).status_code == 404
    assert "This file was deleted" in (await local.hands.get("/?user=ada&channel=incidents")).text
