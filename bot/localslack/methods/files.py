"""`files.*`: the external upload in its three steps (announce, send the bytes, complete)."""

from __future__ import annotations

from bot.localslack import wire
from bot.localslack.files import StoredFile
from bot.localslack.limits import TIER_3, TIER_4
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.methods.chat import content
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel


def get_upload_url(call: Call) -> Json:
    """An upload URL for a file of that name and length."""
    try:
        length = int(call.text("length"))
    except ValueError:
        raise ApiRefusal("invalid_arguments") from None
    if length <= 0:
        raise ApiRefusal("missing_argument")
    file = call.world.files.announce(name=call.text("filename"), length=length, user=call.caller)
    return {"upload_url": f"{call.world.base_url}/upload/v1/{file.key}", "file_id": file.id}


def _destinations(call: Call) -> list[Channel]:
    channels = []
    for wanted in filter(None, [call.text("channel_id"), *call.ids("channels")]):
        channel = call.world.channels.get(wanted)
        if channel is None or (channel.kind != "public" and call.caller not in channel.members):
            raise ApiRefusal("channel_not_found")
        if channel.archived or call.caller not in channel.members:
            raise ApiRefusal("is_archived" if channel.archived else "not_in_channel")
        channels.append(channel)
    return channels


def complete_upload(call: Call) -> Json:
    """Finish uploads and share them where asked."""
    given = call.nested("files", error="invalid_arguments")
    if not isinstance(given, list) or not given:
        raise ApiRefusal("invalid_arguments")
    channels = _destinations(call)
    files = []
    for entry in given:
        file = call.world.files.by_id.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if file is None or file.content is None:
            raise ApiRefusal("file_not_found")
        files.append((file, str(entry.get("title") or file.name)))
    fields = content(call)
    for file, title in files:
        file.title, file.completed = title, True
        file.channels = [channel.id for channel in channels]
    for channel in channels:
        fields["text"] = call.text("initial_comment")
        call.world.post(
            channel,
            user=call.caller,
            by_app=True,
            files=tuple(file.id for file, _ in files),
            thread_ts=call.text("thread_ts") if call.text("thread_ts") in channel.messages else "",
            **fields,
        )
    return {"files": [wire.file(call.world, file) for file, _ in files]}


def info(call: Call) -> Json:
    """One file."""
    canvas = call.world.canvases.by_id.get(call.text("file"))
    shown = wire.file(call.world, _stored(call)) if canvas is None else wire.canvas(call.world, canvas)
    return {"file": shown, "comments": [], "response_metadata": {"next_cursor": ""}}


def _stored(call: Call) -> StoredFile:
    file = call.world.files.by_id.get(call.text("file"))
    if file is None or not file.completed:
        raise ApiRefusal("file_not_found")
    if file.deleted:
        raise ApiRefusal("file_deleted")
    return file


def delete(call: Call) -> Json:
    """Delete a file of the app's own; the messages that carried it stay."""
    file = _stored(call)
    if file.user != call.caller:
        raise ApiRefusal("cant_delete_file")
    file.deleted, file.content = True, None
    return {}


METHODS = (
    Method(
        name="files.getUploadURLExternal",
        handler=get_upload_url,
        tier=TIER_4,
        scope="files:write",
        arguments=takes("length filename snippet_type alt_txt"),
        required=("length", "filename"),
    ),
    Method(
        name="files.completeUploadExternal",
        handler=complete_upload,
        tier=TIER_4,
        scope="files:write",
        arguments=takes("files channel_id channels thread_ts initial_comment blocks"),
        required=("files",),
    ),
    Method(
        name="files.info",
        handler=info,
        tier=TIER_4,
        scope="files:read",
        arguments=takes("file cursor limit"),
        required=("file",),
    ),
    Method(
        name="files.delete",
        handler=delete,
        tier=TIER_3,
        scope="files:write",
        arguments=takes("file"),
        required=("file",),
    ),
)
