"""Acting as a person on blocks and views: clicking a button, choosing, filling in a modal, opening App Home.

Payload shapes: https://docs.slack.dev/reference/interaction-payloads. As in `people`, the page and tests share this one path.
"""

from __future__ import annotations

from typing import Any

from bot.localslack import answers, wire
from bot.localslack import blocks as block_rules
from bot.localslack.config import Person
from bot.localslack.delivery import OK, Ack, Delivery, Payload
from bot.localslack.events import EventFeed
from bot.localslack.people import People, why
from bot.localslack.refusal import ApiRefusal, PersonRefused
from bot.localslack.responses import Responder
from bot.localslack.views import OpenView
from bot.localslack.world import Change, Channel, Message, World

Json = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


class Interactions:
    """What people do with blocks and views."""

    def __init__(
        self, world: World, *, people: People, delivery: Delivery, responder: Responder, events: EventFeed
    ) -> None:
        self._world = world
        self._people = people
        self._delivery = delivery
        self._responder = responder
        self._events = events

    # --- messages --------------------------------------------------------------------------------------------------------

    async def act(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str = "", value: Any = None
    ) -> Ack:
        """Click or choose in a message. Raises PersonRefused if there is no such thing to click."""
        who = self._people.person(user)
        place = self._people.joined(channel, who)
        message = self._people.message(place, who, ts)
        block, element = answers.find(message.blocks, action_id, block_id)
        done = answers.action(block, element, value, action_ts=self._stamp())
        body = self._message_payload(who, place, message) | {"actions": [done]}
        if element["type"] != "button":
            state = answers.state(element, value)
            body["state"] = {"values": {done["block_id"]: {done["action_id"]: state}}}
        ack = await self._delivery.send(Payload(kind="interactive", what=action_id, body=body))
        if ack.outcome != OK:
            text = f":warning: That did not work: the app answered with “{why(ack)}”"
            self._responder.notice(
                place, who.id, text, thread_ts=message.thread_ts if message.is_reply else ""
            )
        return ack

    def _base(self, user: Person, kind: str) -> Json:
        world = self._world
        return {
            "type": kind,
            "user": wire.short_person(world, user.id),
            "token": world.app.verification_token,
            "team": {"id": world.config.team_id, "domain": world.config.team_domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _in_view(self, user: Person, kind: str, view: OpenView) -> Json:
        return self._base(user, kind) | {
            "api_app_id": self._world.app.id,
            "view": wire.view(self._world, view),
        }

    def _trigger(self, user: Person, view_id: str = "") -> Json:
        return {"trigger_id": self._world.handles.new_trigger(user.id, view_id=view_id)}

    def _message_payload(self, user: Person, channel: Channel, message: Message) -> Json:
        world = self._world
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        return self._at_message(user, "block_actions", channel, message) | {
            "api_app_id": world.app.id,
            "container": container,
            "state": {"values": {}},
        }

    def _at_message(self, user: Person, kind: str, channel: Channel, message: Message) -> Json:
        world = self._world
        key = world.handles.new_response(
            user=user.id,
            channel=channel.id,
            message_ts=message.ts,
            thread_ts=message.thread_ts if message.is_reply else "",
        )
        return self._base(user, kind) | {
            **self._trigger(user),
            "channel": {"id": channel.id, "name": channel.name or "directmessage"},
            "message": wire.message(world, message, with_metadata=True),
            "response_url": f"{world.base_url}/actions/{world.config.team_id}/{key}",
        }

    async def shortcut(self, user: str, callback_id: str, *, channel: str = "", ts: str = "") -> Ack:
        """Use a message shortcut, or a global one where no message is named."""
        who = self._people.person(user)
        if not ts:
            body = self._base(who, "shortcut") | self._trigger(who)
            del body["user"]["name"]  # which a global shortcut's user has not
        else:
            place = self._people.joined(channel, who)
            message = self._people.message(place, who, ts)
            body = self._at_message(who, "message_action", place, message) | {"message_ts": message.ts}
        body |= {"callback_id": callback_id, "action_ts": self._stamp()}
        return await self._delivery.send(Payload(kind="interactive", what=callback_id, body=body))

    # --- views -----------------------------------------------------------------------------------------------------------

    def _open_view(self, user: Person, view_id: str) -> OpenView:
        view = self._world.views.by_id.get(view_id)
        if view is None or view.user != user.id:
            raise PersonRefused("view_not_found", f"{user.name} has no view {view_id} open")
        return view

    async def act_in_view(
        self, user: str, view_id: str, action_id: str, *, block_id: str = "", value: Any = None
    ) -> Ack:
        """Click or choose in a modal or in App Home."""
        who = self._people.person(user)
        view = self._open_view(who, view_id)
        block, element = answers.find(view.payload.get("blocks", []), action_id, block_id)
        done = answers.action(block, element, value, action_ts=self._stamp())
        if element["type"] != "button":
            view.values.setdefault(done["block_id"], {})[done["action_id"]] = answers.state(element, value)
        body = self._in_view(who, "block_actions", view) | {
            **self._trigger(who, view.id),
            "container": {"type": "view", "view_id": view.id},
            "actions": [done],
        }
        return await self._delivery.send(Payload(kind="interactive", what=action_id, body=body))

    async def submit(self, user: str, view_id: str, values: Json) -> Ack:
        """Press a modal's submit button. `values` is block id → what was entered (or action id → what was entered)."""
        who = self._people.person(user)
        view = self._open_view(who, view_id)
        self._fill_in(view, values)
        if view.errors:
            self._changed(view)
            raise PersonRefused(
                "missing_input", "; ".join(f"{at}: {text}" for at, text in view.errors.items())
            )
        body = self._in_view(who, "view_submission", view) | {
            **self._trigger(who, view.id),
            "response_urls": [],
        }
        what = str(view.payload.get("callback_id", ""))
        ack = await self._delivery.send(
            Payload(kind="interactive", what=what, body=body, accepts_response=True)
        )
        self._apply(view, ack)
        return ack

    def _fill_in(self, view: OpenView, values: Json) -> None:
        view.errors = {}
        for block, element in answers.interactive(view.payload.get("blocks", [])):
            if element["type"] == "button":
                continue
            block_id, action_id = block["block_id"], element.get("action_id", "")
            given = values.get(action_id, values.get(block_id))
            entered = view.values.setdefault(block_id, {})
            if given is not None:
                entered[action_id] = answers.state(element, given)
            entered.setdefault(action_id, answers.initial(element))
            fault = answers.fault(block, element, entered[action_id]) if block["type"] == "input" else ""
            if fault:
                view.errors[block_id] = fault

    def _apply(self, view: OpenView, ack: Ack) -> None:
        """Do with a modal what the app's answer to its submission says."""
        views = self._world.views
        answer = ack.body if isinstance(ack.body, dict) else {}
        action = answer.get("response_action", "")
        if ack.outcome != OK:
            view.errors = {"": TROUBLE}
        elif action == "errors":
            view.errors = self._errors(view, answer.get("errors"))
        elif action in {"update", "push"}:
            payload = self._checked(answer.get("view"))
            if payload is None:
                view.errors = {"": TROUBLE}
            elif action == "update":
                views.update(view, payload)
            else:
                self._push(view, payload)
        elif action == "clear":
            views.close_all(view.user)
        elif view.id in views.by_id:
            views.close_top(view.user)
        self._changed(view)

    def _errors(self, view: OpenView, errors: Any) -> dict[str, str]:
        """The app's errors by input block; ones that name another block show nothing but trouble, as at Slack."""
        inputs = {block["block_id"] for block in view.payload["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
            return {"": TROUBLE}
        return {str(at): str(text) for at, text in errors.items()}

    def _push(self, view: OpenView, payload: Json) -> None:
        try:
            self._world.views.push(view.user, payload)
        except ApiRefusal as refusal:
            view.errors = {"": f"{TROUBLE} ({refusal.code})"}

    def _checked(self, payload: Any) -> Json | None:
        if not isinstance(payload, dict) or block_rules.check_view(payload):
            return None
        return payload | {"blocks": self._world.with_block_ids(payload.get("blocks", []))}

    async def close(self, user: str, view_id: str, *, everything: bool = False) -> Ack:
        """Close a modal by its cross or Cancel; the app hears of it if it asked to."""
        who = self._people.person(user)
        view = self._open_view(who, view_id)
        if everything or view.payload.get("clear_on_close"):
            self._world.views.close_all(who.id)
        else:
            self._world.views.close_top(who.id)
        self._changed(view)
        if not view.payload.get("notify_on_close"):
            return Ack(outcome=OK)
        body = self._in_view(who, "view_closed", view) | {"is_cleared": everything}
        what = str(view.payload.get("callback_id", ""))
        return await self._delivery.send(Payload(kind="interactive", what=what, body=body))

    def open_home(self, user: str, tab: str = "home") -> None:
        """Look at the app's `home` or `messages` tab."""
        self._events.home_opened(self._people.person(user).id, tab)

    def _changed(self, view: OpenView) -> None:
        self._world.tell(
            Change(kind="view_changed", user=view.user, visible_to=view.user, detail={"view_id": view.id})
        )

    def _stamp(self) -> str:
        return f"{self._world.clock.now().timestamp():.6f}"
