"""`chat.*`: posting, editing, deleting."""

from __future__ import annotations

from typing import Any

from bot.localslack import blocks as block_rules
from bot.localslack import wire
from bot.localslack.limits import POSTING, SPECIAL, TIER_3, TIER_4
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel, Message

TEXT_LIMIT = 40_000
UPDATE_TEXT_LIMIT = 4_000
ATTACHMENT_LIMIT = 100
_NOT_IN_AN_UPDATE = {"ts", "reactions", *wire.THREAD_FIELDS}
"""What a message has in the history and not in the answer of chat.update: that answer says what was edited, in Slack's example, in
its type and in what was recorded of it (slackapi/java-slack-sdk, json-logs/samples/api/chat.update.json); the `ts` stands beside it."""


def invalid_blocks(findings: list[str]) -> ApiRefusal:
    """The refusal that carries findings as Slack does."""
    messages = [f"[ERROR] {finding}" for finding in findings]
    return ApiRefusal("invalid_blocks", errors=findings, response_metadata={"messages": messages})


def content(call: Call, *, text_limit: int = TEXT_LIMIT) -> Json:
    """The fields of a message that a call describes, only those given. Raises ApiRefusal."""
    fields: Json = {}
    if "text" in call.args:
        fields["text"] = call.text("text")
        if len(fields["text"]) > text_limit:
            raise ApiRefusal("msg_too_long")
    blocks = call.nested("blocks", error="invalid_blocks_format")
    if call.text("markdown_text"):
        if blocks or fields.get("text"):
            raise ApiRefusal("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": call.text("markdown_text")}]
        fields["text"] = call.text("markdown_text")
    if blocks is not None:
        fields["blocks"] = tuple(_checked_blocks(blocks))
    attachments = call.nested("attachments", error="invalid_attachments")
    if attachments is not None:
        fields["attachments"] = tuple(_checked_attachments(attachments))
    return fields | _metadata(call)


def _checked_blocks(blocks: Any) -> list[Json]:
    if not isinstance(blocks, list):
        raise ApiRefusal("invalid_blocks_format")
    findings = block_rules.check_message(blocks)
    if findings:
        raise invalid_blocks(findings)
    if block_rules.too_long(blocks):
        raise ApiRefusal("msg_blocks_too_long")
    return blocks


def _checked_attachments(attachments: Any) -> list[Json]:
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise ApiRefusal("invalid_attachments")
    if len(attachments) > ATTACHMENT_LIMIT:
        raise ApiRefusal("too_many_attachments")
    for attachment in attachments:
        if "blocks" in attachment:
            _checked_blocks(attachment["blocks"])
    return attachments


def _metadata(call: Call) -> Json:
    metadata = call.nested("metadata", error="invalid_metadata_format")
    if metadata is None:
        return {}
    if metadata == {}:
        return {"metadata": None}
    well_formed = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not well_formed:
        raise ApiRefusal("invalid_metadata_format")
    return {"metadata": metadata}


def require_something(fields: Json) -> None:
    """Raises ApiRefusal with `no_text` if there is nothing to show."""
    if not (str(fields.get("text") or "").strip() or fields.get("blocks") or fields.get("attachments")):
        raise ApiRefusal("no_text")


def _target(call: Call) -> Channel:
    """Where a post goes: an id, a name, or a person for a direct message."""
    wanted = call.text("channel")
    world = call.world
    if wanted in world.people:
        return world.direct_message(wanted)
    found = world.channels.get(wanted) or world.channel_named(wanted)
    if found is None or (found.kind != "public" and call.caller not in found.members):
        raise ApiRefusal("channel_not_found")
    if found.archived:
        raise ApiRefusal("is_archived")
    if call.caller not in found.members and "chat:write.public" not in call.scopes:
        raise ApiRefusal("not_in_channel")
    return found


def _thread(call: Call, channel: Channel) -> Json:
    """The thread that a post goes into; one that isn't there is ignored, as Slack does."""
    parent = channel.messages.get(call.text("thread_ts"))
    if parent is None or parent.ephemeral:
        return {}
    return {"thread_ts": parent.thread_ts or parent.ts, "broadcast": call.flag("reply_broadcast")}


def post_message(call: Call) -> Json:
    """Post a message as the app."""
    channel = _target(call)
    fields = content(call)
    require_something(fields)
    name = {"username": call.text("username"), "icon_emoji": call.text("icon_emoji")}
    text = fields.pop("text", "")
    message = call.world.post(
        channel, user=call.caller, text=text, by_app=True, **fields, **name, **_thread(call, channel)
    )
    return _posted(call, channel, message)


def _posted(call: Call, channel: Channel, message: Message) -> Json:
    shown = wire.message(call.world, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def update(call: Call) -> Json:
    """Edit a message of the app's own. What is not given stays, so a new text alone leaves old blocks in view."""
    channel = call.channel()
    if channel.archived:
        raise ApiRefusal("is_inactive")
    message = call.message(channel, call.text("ts"))
    if not message.by_app or message.user != call.caller:
        raise ApiRefusal("cant_update_message")
    fields = content(call, text_limit=UPDATE_TEXT_LIMIT)
    if not {"text", "blocks", "attachments"} & fields.keys():
        raise ApiRefusal("no_text")
    kept = {"text": message.text, "blocks": message.blocks, "attachments": message.attachments}
    require_something(kept | fields)
    edited = call.world.edit(channel, message, **fields)
    shown = wire.message(call.world, edited, with_metadata=True)
    told = {field: value for field, value in shown.items() if field not in _NOT_IN_AN_UPDATE}
    return {"channel": channel.id, "ts": edited.ts, "text": edited.text, "message": told}


def delete(call: Call) -> Json:
    """Delete a message of the app's own."""
    channel = call.channel()
    message = call.message(channel, call.text("ts"))
    if not message.by_app or message.user != call.caller:
        raise ApiRefusal("cant_delete_message")
    call.world.delete(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> Json:
    """Show one person in the channel a message that nobody else sees."""
    channel = _target(call)
    fields = content(call)
    require_something(fields)
    user = call.text("user")
    if user not in channel.members:
        raise ApiRefusal("user_not_in_channel")
    fields.pop("metadata", None)
    text = fields.pop("text", "")
    message = call.world.post(
        channel, user=call.caller, text=text, by_app=True, visible_to=user, **fields, **_thread(call, channel)
    )
    return {"message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    """A link to a message, which the page understands."""
    channel = call.channel()
    message = call.message(channel, call.text("message_ts"))
    return {"channel": channel.id, "permalink": wire.permalink(call.world, channel, message)}


_MESSAGE = "channel text blocks attachments markdown_text metadata parse link_names as_user"

METHODS = (
    Method(
        name="chat.postMessage",
        handler=post_message,
        tier=POSTING,
        per_channel=True,
        scope="chat:write",
        arguments=takes(
            _MESSAGE
            + " thread_ts reply_broadcast unfurl_links unfurl_media username icon_emoji icon_url mrkdwn"
        ),
        required=("channel",),
    ),
    Method(
        name="chat.update",
        handler=update,
        tier=TIER_3,
        scope="chat:write",
        arguments=takes(_MESSAGE + " ts reply_broadcast file_ids unfurled_attachments"),
        required=("channel", "ts"),
    ),
    Method(
        name="chat.delete",
        handler=delete,
        tier=TIER_3,
        scope="chat:write",
        arguments=takes("channel ts as_user"),
        required=("channel", "ts"),
    ),
    Method(
        name="chat.postEphemeral",
        handler=post_ephemeral,
        tier=TIER_4,
        scope="chat:write",
        arguments=takes(_MESSAGE + " user thread_ts username icon_emoji icon_url"),
        required=("channel", "user"),
    ),
    Method(
        name="chat.getPermalink",
        handler=get_permalink,
        tier=SPECIAL,
        arguments=takes("channel message_ts"),
        required=("channel", "message_ts"),
    ),
)
