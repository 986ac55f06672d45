"""Selects whose options the app knows: it is asked as somebody types, and they choose among what it answered.

Payload and answer: https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload and
https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select. The request URL stands in for the options load URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.localslack import answers, elements, wire
from bot.localslack.config import Person
from bot.localslack.delivery import OK, Ack, Delivery, Payload
from bot.localslack.findings import Findings
from bot.localslack.payloads import Payloads, container
from bot.localslack.refusal import PersonRefused
from bot.localslack.views import OpenView
from bot.localslack.world import Channel, Message, World

Json = dict[str, Any]
EXTERNAL = frozenset({"external_select", "multi_external_select"})
LEAST_TYPED = 3
"""Characters before the app is asked, where the element does not say."""
FAILED = "Sorry! Something went wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The message or the view that a select stands in."""

    channel: Channel | None = None
    message: Message | None = None
    view: OpenView | None = None

    @property
    def blocks(self) -> Any:
        """The blocks there."""
        if self.view is not None:
            return self.view.payload.get("blocks", [])
        return self.message.blocks if self.message is not None else ()

    @property
    def name(self) -> str:
        """Its id or `ts`."""
        if self.view is not None:
            return self.view.id
        return self.message.ts if self.message is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What somebody is offered: options, each with the label of its group where there are groups; `problem` is what they read in their stead."""

    ack: Ack
    options: tuple[tuple[str, Json], ...] = ()
    problem: str = ""


class Suggestions:
    """Asks the app for options, and remembers what each person was offered."""

    def __init__(self, world: World, *, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._payloads = Payloads(world)
        self._offered: dict[tuple[str, str, str, str], dict[str, Json]] = {}

    async def ask(self, who: Person, where: Where, action_id: str, typed: str, block_id: str) -> Suggested:
        """Type into a select. Raises PersonRefused where there is none, and for less than it takes to ask."""
        block, element = answers.find(where.blocks, action_id, block_id)
        if element["type"] not in EXTERNAL:
            raise PersonRefused("not_external", f"the options of {action_id!r} are in it")
        least = element.get("min_query_length", LEAST_TYPED)
        if len(typed) < least:
            raise PersonRefused("query_too_short", f"type {least} characters or more")
        payload = self._payload(who, where, block, element, typed)
        ack = await self._delivery.send(
            Payload(kind="interactive", what=action_id, body=payload, accepts_response=True)
        )
        if ack.outcome != OK:
            return Suggested(ack=ack, problem=FAILED)
        options, problem = _read(ack.body)
        offered = self._offered.setdefault(_key(who, where, block, element), {})
        offered.update({str(option["value"]): option for _, option in options})
        return Suggested(ack=ack, options=tuple(options), problem=problem)

    def _payload(self, who: Person, where: Where, block: Json, element: Json, typed: str) -> Json:
        body = self._payloads.base(who, "block_suggestion")
        del body["user"]["username"]  # of which no example of Slack's, and no type, tells
        body |= {
            "api_app_id": self._world.app.id,
            "block_id": block.get("block_id", ""),
            "action_id": element.get("action_id", ""),
            "value": typed,
        }
        if where.view is not None:
            place = {"type": "view", "view_id": where.view.id}
            return body | {"container": place, "view": wire.view(self._world, where.view)}
        assert where.channel is not None  # noqa: S101 - where there is no view there is a message
        assert where.message is not None  # noqa: S101 - likewise
        return body | {
            "container": container(where.channel, where.message),
            "channel": {"id": where.channel.id, "name": where.channel.name or "directmessage"},
            "message": wire.message(self._world, where.message, with_metadata=True),
        }

    def with_options(self, who: Person, where: Where, block: Json, element: Json) -> Json:
        """Return the element with what this person was offered in it, so that they can choose; any other as it is."""
        if element["type"] not in EXTERNAL:
            return element
        offered = self._offered.get(_key(who, where, block, element), {})
        initial = [element["initial_option"]] if "initial_option" in element else []
        return element | {"options": [*element.get("initial_options", initial), *offered.values()]}


def _key(who: Person, where: Where, block: Json, element: Json) -> tuple[str, str, str, str]:
    return who.id, where.name, str(block.get("block_id", "")), str(element.get("action_id", ""))


def _read(answer: Any) -> tuple[list[tuple[str, Json]], str]:
    """Read the app's answer as Slack does: what is not as it should be offers nothing."""
    if not isinstance(answer, dict):
        return [], FAILED
    findings = Findings()
    if answer.get("options") != []:
        elements.static_select(findings, "", answer)
    if findings.messages:
        return [], f"{FAILED} ({findings.messages[0]})"
    groups = answer.get("option_groups") or [{"options": answer.get("options", [])}]
    options = [
        (str(group.get("label", {}).get("text", "")), each) for group in groups for each in group["options"]
    ]
    return options, "" if options else "No results"
