"""What is wrong with blocks, collected in Slack's words with the place of each.

For example `must be less than 151 characters [json-pointer:/blocks/0/text/text]`. The words were read from answers that Slack gave: `no more
than 50 items allowed`, `missing required field: type`, `unsupported type: x`, `must define either `text` or `fields``; the one on ids used twice is
ours, since no answer of that kind is published. What to check is for `blocks` and `elements`.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Findings:
    """All faults of one message or view, in the order in which they were met."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self._action_ids: set[str] = set()
        self._block_ids: set[str] = set()

    def add(self, at: str, text: str) -> None:
        """Record a fault at a JSON pointer."""
        self.messages.append(f"{text} [json-pointer:{at}]")

    def string(
        self, at: str, holder: Json, key: str, *, most: int, required: bool = False, least: int = 1
    ) -> None:
        """`holder[key]` is text of `least` to `most` characters."""
        value = holder.get(key)
        if value is None:
            if required:
                self.add(at, f"missing required field: {key}")
            return
        if not isinstance(value, str):
            self.add(f"{at}/{key}", "must be a string")
        elif len(value) < least:
            self.add(f"{at}/{key}", f"must be more than {least - 1} characters")
        elif len(value) > most:
            self.add(f"{at}/{key}", f"must be less than {most + 1} characters")

    def items(
        self, at: str, holder: Json, key: str, *, most: int, least: int = 1, required: bool = True
    ) -> list[Any]:
        """`holder[key]` is a list of `least` to `most`; the list, or an empty one where it is none."""
        value = holder.get(key)
        if value is None:
            if required:
                self.add(at, f"missing required field: {key}")
            return []
        if not isinstance(value, list):
            self.add(f"{at}/{key}", "must be an array")
            return []
        if len(value) > most:
            self.add(f"{at}/{key}", f"no more than {most} items allowed")
        elif len(value) < least:
            self.add(f"{at}/{key}", f"must provide at least {least} items")
        return value

    def object(self, at: str, value: object) -> Json:
        """`value` if it is an object; an empty one and a finding if not."""
        if isinstance(value, dict):
            return value
        self.add(at, "must be an object")
        return {}

    def known_fields(self, at: str, holder: Json, allowed: frozenset[str]) -> None:
        """No field beyond `allowed`."""
        for key in holder:
            if key not in allowed:
                self.add(at, f"invalid additional property: {key}")

    def one_of(self, at: str, holder: Json, key: str, allowed: tuple[str, ...]) -> None:
        """`holder[key]`, where given, is one of `allowed`."""
        if key in holder and holder[key] not in allowed:
            self.add(f"{at}/{key}", "must be a valid enum value")

    def boolean(self, at: str, holder: Json, key: str) -> None:
        """`holder[key]`, where given, is true or false."""
        if key in holder and not isinstance(holder[key], bool):
            self.add(f"{at}/{key}", "must be a boolean")

    def text(
        self, at: str, holder: Json, key: str, *, most: int, plain: bool = False, required: bool = False
    ) -> None:
        """`holder[key]` is a text object: plain only, or plain and mrkdwn."""
        value = holder.get(key)
        if value is None:
            if required:
                self.add(at, f"missing required field: {key}")
            return
        place = f"{at}/{key}"
        text = self.object(place, value)
        if not text:
            return
        before = len(self.messages)
        kind = text.get("type")
        allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
        if kind is None:
            self.add(place, "missing required field: type")
        elif kind not in allowed:
            self.add(f"{place}/type", f"unsupported type: {kind}")
        self.string(place, text, "text", most=most, required=True)
        extra = {"plain_text": frozenset({"emoji"}), "mrkdwn": frozenset({"verbatim"})}.get(
            str(kind), frozenset()
        )
        self.known_fields(place, text, frozenset({"type", "text"}) | extra)
        if not plain and len(self.messages) > before:
            self.messages.insert(before, f"failed to match all allowed schemas [json-pointer:{place}]")

    def action_id(self, at: str, element: Json) -> None:
        """An `action_id`, where given, is short enough and given once in the whole message or view."""
        self.string(at, element, "action_id", most=255)
        self._once(at, element, "action_id", self._action_ids)

    def block_id(self, at: str, block: Json) -> None:
        """A `block_id`, where given, is short enough and given once."""
        self.string(at, block, "block_id", most=255)
        self._once(at, block, "block_id", self._block_ids)

    def _once(self, at: str, holder: Json, key: str, seen: set[str]) -> None:
        value = holder.get(key)
        if not isinstance(value, str):
            return
        if value in seen:
            self.add(f"{at}/{key}", f"`{key}` must be unique: `{value}` is used twice")
        seen.add(value)
