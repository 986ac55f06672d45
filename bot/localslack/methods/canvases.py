"""`canvases.*` and `conversations.canvases.*`: documents beside a channel or by themselves."""

from __future__ import annotations

from typing import Any

from bot.localslack.canvases import OPERATIONS, Canvas, CanvasFault
from bot.localslack.limits import TIER_2, TIER_3
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Change, Channel


def _markdown(content: Any, *, error: str) -> str:
    """The text of a `document_content`; nothing where there is none."""
    if content is None:
        return ""
    if (
        not isinstance(content, dict)
        or content.get("type") != "markdown"
        or not isinstance(content.get("markdown"), str)
    ):
        raise ApiRefusal(error, detail="document_content must be of type markdown, with the text in markdown")
    text: str = content["markdown"]
    return text


def _make(call: Call, channel: Channel | None, *, error: str) -> Json:
    text = _markdown(call.nested("document_content", error="invalid_arguments"), error=error)
    try:
        canvas = call.world.canvases.make(
            title=call.text("title"),
            markdown=text,
            user=call.caller,
            channel=channel.id if channel is not None else "",
        )
    except CanvasFault as fault:
        raise ApiRefusal(error, detail=str(fault)) from fault
    if channel is not None:
        call.world.tell(Change(kind="channel_changed", channel=channel.id))
    return {"canvas_id": canvas.id}


def _tabbed(call: Call, *, error: str) -> Channel:
    """The channel that gets the canvas as a tab: one that the bot is in and that can be written in."""
    channel = call.world.channels.get(call.text("channel_id"))
    if channel is None or channel.archived or call.caller not in channel.members:
        raise ApiRefusal(error)
    return channel


def create(call: Call) -> Json:
    """A canvas by itself, or as a channel's tab."""
    channel = _tabbed(call, error="canvas_creation_failed") if call.text("channel_id") else None
    return _make(call, channel, error="canvas_creation_failed")


def create_in_channel(call: Call) -> Json:
    """The canvas of a channel, which has one at the most."""
    channel = _tabbed(call, error="channel_canvas_creation_failed")
    if call.world.canvases.of_channel(channel.id) is not None:
        raise ApiRefusal("channel_canvas_already_exists")
    return _make(call, channel, error="canvas_creation_failed")


def _canvas(call: Call) -> Canvas:
    found = call.world.canvases.by_id.get(call.text("canvas_id"))
    if found is None:
        raise ApiRefusal("canvas_not_found")
    return found


def edit(call: Call) -> Json:
    """Change a canvas: one operation a call."""
    canvas = _canvas(call)
    changes = call.nested("changes", error="invalid_arguments")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise ApiRefusal("invalid_arguments")
    change = changes[0]
    operation = str(change.get("operation"))
    if operation not in OPERATIONS:
        raise ApiRefusal("invalid_arguments")
    failed = "canvas_editing_failed"
    title = _markdown(change.get("title_content"), error=failed)
    try:
        call.world.canvases.change(
            canvas,
            operation,
            markdown=_markdown(change.get("document_content"), error=failed),
            section_id=str(change.get("section_id") or ""),
            title=title,
        )
    except CanvasFault as fault:
        raise ApiRefusal(failed, detail=str(fault)) from fault
    call.world.tell(Change(kind="channel_changed", channel=canvas.channel))
    return {}


def delete(call: Call) -> Json:
    """Delete a canvas."""
    canvas = _canvas(call)
    del call.world.canvases.by_id[canvas.id]
    call.world.tell(Change(kind="channel_changed", channel=canvas.channel))
    return {}


def lookup_sections(call: Call) -> Json:
    """The sections of a canvas that hold a text or are of a kind."""
    canvas = _canvas(call)
    criteria = call.nested("criteria", error="invalid_arguments")
    if not isinstance(criteria, dict) or not (criteria.get("section_types") or criteria.get("contains_text")):
        raise ApiRefusal("invalid_arguments")
    kinds = {str(kind) for kind in criteria.get("section_types") or []}
    if "any_header" in kinds:
        kinds |= {"h1", "h2", "h3"}
    wanted = str(criteria.get("contains_text") or "")
    return {
        "sections": [
            {"id": section.id}
            for section in canvas.sections
            if (not kinds or section.kind in kinds) and wanted in section.markdown
        ]
    }


METHODS = (
    Method(
        name="canvases.create",
        handler=create,
        tier=TIER_2,
        scope="canvases:write",
        arguments=takes("title document_content channel_id"),
    ),
    Method(
        name="canvases.edit",
        handler=edit,
        tier=TIER_3,
        scope="canvases:write",
        arguments=takes("canvas_id changes"),
        required=("canvas_id", "changes"),
    ),
    Method(
        name="canvases.delete",
        handler=delete,
        tier=TIER_3,
        scope="canvases:write",
        arguments=takes("canvas_id"),
        required=("canvas_id",),
    ),
    Method(
        name="canvases.sections.lookup",
        handler=lookup_sections,
        tier=TIER_3,
        scope="canvases:read",
        arguments=takes("canvas_id criteria"),
        required=("canvas_id", "criteria"),
    ),
    Method(
        name="conversations.canvases.create",
        handler=create_in_channel,
        tier=TIER_2,
        scope="canvases:write",
        arguments=takes("channel_id document_content title"),
        required=("channel_id",),
    ),
)
