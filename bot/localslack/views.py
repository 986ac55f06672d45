"""Modals and App Home tabs: which view each person has open, what was entered in it, and the stack below it.

Source: https://docs.slack.dev/surfaces/modals (three views in a stack at the most; a `hash` guards against lost updates). Whether a view
is well formed is for `blocks` to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.localslack.ids import Ids
from bot.localslack.refusal import ApiRefusal

Json = dict[str, Any]
STACK_LIMIT = 3


@dataclass(slots=True, kw_only=True)
class OpenView:
    """One view as a person sees it."""

    id: str
    user: str
    payload: Json  # as the app sent it
    hash: str
    root_id: str
    previous_id: str = ""
    values: Json = field(default_factory=dict)  # block_id → action_id → element state
    response_key: str = ""
    errors: dict[str, str] = field(default_factory=dict)  # block_id → text, after a refused submission


class ViewStore:
    """All open views, by id; a person's stack of modals; the published homes."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.by_id: dict[str, OpenView] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}

    def _new(self, user: str, payload: Json) -> OpenView:
        self._check_external_id(payload)
        view_id = self._ids.make("V")
        view = OpenView(id=view_id, user=user, payload=payload, hash=self._hash(), root_id=view_id)
        self.by_id[view_id] = view
        return view

    def _hash(self) -> str:
        return f"{self._ids.make('')}.{self._ids.short()}"

    def _check_external_id(self, payload: Json, *, of: str = "") -> None:
        external_id = payload.get("external_id")
        if not external_id:
            return
        if any(v.payload.get("external_id") == external_id and v.id != of for v in self.by_id.values()):
            raise ApiRefusal("duplicate_external_id")

    def open(self, user: str, payload: Json) -> OpenView:
        """Show a modal, in place of whatever stack the person had open."""
        view = self._new(user, payload)
        self.close_all(user)
        self.stacks[user] = [view.id]
        return view

    def push(self, user: str, payload: Json) -> OpenView:
        """Show a modal above the open one. Raises ApiRefusal."""
        stack = self.stacks.get(user, [])
        if not stack:
            raise ApiRefusal("not_found")
        if len(stack) >= STACK_LIMIT:
            raise ApiRefusal("push_limit_reached")
        view = self._new(user, payload)
        view.root_id, view.previous_id = stack[0], stack[-1]
        stack.append(view.id)
        return view

    def update(self, view: OpenView, payload: Json, *, expected_hash: str = "") -> OpenView:
        """Replace what a view shows; what was entered in blocks that stay is kept. Raises ApiRefusal."""
        if expected_hash and expected_hash != view.hash:
            raise ApiRefusal("hash_conflict")
        self._check_external_id(payload, of=view.id)
        kept = {block.get("block_id") for block in payload.get("blocks", [])}
        view.payload, view.hash, view.errors = payload, self._hash(), {}
        view.values = {block_id: state for block_id, state in view.values.items() if block_id in kept}
        return view

    def publish(self, user: str, payload: Json, *, expected_hash: str = "") -> OpenView:
        """Set what a person's App Home shows. Raises ApiRefusal."""
        home = self.by_id.get(self.homes.get(user, ""))
        if home is not None:
            return self.update(home, payload, expected_hash=expected_hash)
        view = self._new(user, payload)
        self.homes[user] = view.id
        return view

    def find(self, *, view_id: str = "", external_id: str = "") -> OpenView:
        """The view under that id or external id. Raises ApiRefusal with `not_found`."""
        for view in self.by_id.values():
            if (view_id and view.id == view_id) or (
                external_id and view.payload.get("external_id") == external_id
            ):
                return view
        raise ApiRefusal("not_found")

    def top(self, user: str) -> OpenView | None:
        """The modal that the person sees."""
        stack = self.stacks.get(user, [])
        return self.by_id[stack[-1]] if stack else None

    def close_top(self, user: str) -> None:
        """Close the topmost modal."""
        stack = self.stacks.get(user, [])
        if stack:
            self.by_id.pop(stack.pop(), None)

    def close_all(self, user: str) -> None:
        """Close all modals of the person."""
        for view_id in self.stacks.pop(user, []):
            self.by_id.pop(view_id, None)
