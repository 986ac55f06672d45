"""Acting as a person on blocks and views: clicking a button, choosing, filling in a modal, opening App Home.

Payload shapes: https://docs.slack.dev/reference/interaction-payloads. As in `people`, the page and tests share this one path.
"""

from __future__ import annotations

from typing import Any

from bot.localslack import answers
from bot.localslack import blocks as block_rules
from bot.localslack.config import Person
from bot.localslack.delivery import OK, Ack, Delivery, Payload
from bot.localslack.events import EventFeed
from bot.localslack.payloads import Payloads
from bot.localslack.people import People, why
from bot.localslack.refusal import ApiRefusal, PersonRefused
from bot.localslack.responses import Responder
from bot.localslack.suggestions import Suggested, Suggestions, Where
from bot.localslack.views import OpenView
from bot.localslack.world import Change, World

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
        self._payloads = Payloads(world)
        self._suggestions = Suggestions(world, delivery=delivery)

    # --- messages --------------------------------------------------------------------------------------------------------

    async def act(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str = "", value: Any = None
    ) -> Ack:
        """Click or choose in a message. Raises PersonRefused if there is no such thing to click."""
        who = self._people.person(user)
        place = self._people.joined(channel, who)
        message = self._people.message(place, who, ts)
        block, element = answers.find(message.blocks, action_id, block_id)
        element = self._suggestions.with_options(who, Where(channel=place, message=message), block, element)
        done = answers.action(block, element, value, action_ts=self._stamp())
        body = self._payloads.in_message(who, "block_actions", place, message) | {"actions": [done]}
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

    async def suggest(
        self,
        user: str,
        action_id: str,
        typed: str,
        *,
        channel: str = "",
        ts: str = "",
        view_id: str = "",
        block_id: str = "",
    ) -> Suggested:
        """Type into a select of a message or a view whose options the app knows. Raises PersonRefused."""
        who = self._people.person(user)
        if view_id:
            where = Where(view=self._open_view(who, view_id))
        else:
            place = self._people.joined(channel, who)
            where = Where(channel=place, message=self._people.message(place, who, ts))
        return await self._suggestions.ask(who, where, action_id, typed, block_id)

    async def shortcut(self, user: str, callback_id: str, *, channel: str = "", ts: str = "") -> Ack:
        """Use a message shortcut, or a global one where no message is named. Raises PersonRefused for one that the app has not."""
        who = self._people.person(user)
        registered = {each.callback_id for each in self._world.app.shortcuts if each.of_message == bool(ts)}
        if callback_id not in registered:
            kind = "message shortcut" if ts else "global shortcut"
            raise PersonRefused("unknown_shortcut", f"the app has no {kind} {callback_id!r}")
        if not ts:
            body = self._payloads.base(who, "shortcut") | self._payloads.trigger(who)
            del body["user"]["name"]  # which a global shortcut's user has not
        else:
            place = self._people.joined(channel, who)
            message = self._people.message(place, who, ts)
            body = self._payloads.at_message(who, "message_action", place, message) | {
                "message_ts": message.ts
            }
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
        element = self._suggestions.with_options(who, Where(view=view), block, element)
        done = answers.action(block, element, value, action_ts=self._stamp())
        if element["type"] != "button":
            view.values.setdefault(done["block_id"], {})[done["action_id"]] = answers.state(element, value)
        body = self._payloads.in_view(who, "block_actions", view) | {
            **self._payloads.trigger(who, view.id),
            "container": {"type": "view", "view_id": view.id},
            "actions": [done],
        }
        return await self._delivery.send(Payload(kind="interactive", what=action_id, body=body))

    async def submit(self, user: str, view_id: str, values: Json) -> Ack:
        """Press a modal's submit button. `values` is block id → what was entered (or action id → what was entered)."""
        who = self._people.person(user)
        view = self._open_view(who, view_id)
        self._fill_in(who, view, values)
        if view.errors:
            self._changed(view)
            raise PersonRefused(
                "missing_input", "; ".join(f"{at}: {text}" for at, text in view.errors.items())
            )
        body = self._payloads.in_view(who, "view_submission", view) | {
            **self._payloads.trigger(who, view.id),
            "response_urls": [],
        }
        what = str(view.payload.get("callback_id", ""))
        ack = await self._delivery.send(
            Payload(kind="interactive", what=what, body=body, accepts_response=True)
        )
        self._apply(view, ack)
        return ack

    def _fill_in(self, who: Person, view: OpenView, values: Json) -> None:
        view.errors = {}
        for block, plain in answers.interactive(view.payload.get("blocks", [])):
            if plain["type"] == "button":
                continue
            element = self._suggestions.with_options(who, Where(view=view), block, plain)
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
        body = self._payloads.in_view(who, "view_closed", view) | {"is_cleared": everything}
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
