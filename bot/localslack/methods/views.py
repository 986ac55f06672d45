"""`views.*`: modals and App Home."""

from __future__ import annotations

import json

from bot.localslack import blocks as block_rules
from bot.localslack import wire
from bot.localslack.limits import TIER_4
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.views import OpenView
from bot.localslack.world import Change

SIZE_LIMIT = 250_000
"""Bytes of a view."""


def checked(call: Call, payload: object, *, kind: str = "") -> Json:
    """A view that Slack would take, its blocks with ids. Raises ApiRefusal with `invalid_arguments` and the findings."""
    findings = block_rules.check_view(payload)
    if not isinstance(payload, dict) or findings:
        messages = [f"[ERROR] {finding}" for finding in findings]
        raise ApiRefusal("invalid_arguments", response_metadata={"messages": messages})
    if kind and payload["type"] != kind:
        raise _wrong_type(kind)
    if len(json.dumps(payload, ensure_ascii=False).encode()) > SIZE_LIMIT:
        raise ApiRefusal("view_too_large")
    return payload | {"blocks": call.world.with_block_ids(payload.get("blocks", []))}


def _wrong_type(wanted: str) -> ApiRefusal:
    text = f"[ERROR] expected a view of type `{wanted}` [json-pointer:/view/type]"
    return ApiRefusal("invalid_arguments", response_metadata={"messages": [text]})


def _payload(call: Call, *, kind: str = "") -> Json:
    return checked(call, call.nested("view", error="invalid_arguments"), kind=kind)


def _shown(call: Call, view: OpenView) -> Json:
    kind = "home_published" if view.payload["type"] == "home" else "view_changed"
    call.world.tell(Change(kind=kind, user=view.user, visible_to=view.user, detail={"view_id": view.id}))
    return {"view": wire.view(call.world, view)}


def open_view(call: Call) -> Json:
    """Open a modal for the person whose act gave the trigger id."""
    payload = _payload(call, kind="modal")
    trigger = call.world.handles.use_trigger(call.text("trigger_id"))
    return _shown(call, call.world.views.open(trigger.user, payload))


def push_view(call: Call) -> Json:
    """Put a modal on top of the one that the act was done in."""
    payload = _payload(call, kind="modal")
    trigger = call.world.handles.use_trigger(call.text("trigger_id"))
    return _shown(call, call.world.views.push(trigger.user, payload))


def update_view(call: Call) -> Json:
    """Replace what an open modal shows."""
    views = call.world.views
    payload = _payload(call)
    view = views.find(view_id=call.text("view_id"), external_id=call.text("external_id"))
    if payload["type"] != view.payload["type"]:
        raise _wrong_type(view.payload["type"])
    return _shown(call, views.update(view, payload, expected_hash=call.text("hash")))


def publish_view(call: Call) -> Json:
    """Set a person's App Home."""
    payload = _payload(call, kind="home")
    user = call.text("user_id")
    if user not in call.world.people:
        raise ApiRefusal("invalid_arguments")
    return _shown(call, call.world.views.publish(user, payload, expected_hash=call.text("hash")))


METHODS = (
    Method(
        name="views.open",
        handler=open_view,
        tier=TIER_4,
        arguments=takes("trigger_id interactivity_pointer view"),
        required=("trigger_id", "view"),
    ),
    Method(
        name="views.push",
        handler=push_view,
        tier=TIER_4,
        arguments=takes("trigger_id interactivity_pointer view"),
        required=("trigger_id", "view"),
    ),
    Method(
        name="views.update",
        handler=update_view,
        tier=TIER_4,
        arguments=takes("view_id external_id view hash"),
        required=("view",),
    ),
    Method(
        name="views.publish",
        handler=publish_view,
        tier=TIER_4,
        arguments=takes("user_id view hash interactivity_pointer"),
        required=("user_id", "view"),
    ),
)
