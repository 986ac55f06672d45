"""People of the local Slack, over its wire: they read channels, type commands and click buttons as the browser page does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bot.demo.loopback import web
from bot.demo.process import DemoFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button that a person sees, and where it is."""

    channel: str
    ts: str
    block_id: str
    action_id: str
    text: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of the workspace; `slack` is the local Slack's address."""

    slack: str
    user: str

    def state(self) -> Mapping[str, Any]:
        """Return everything that the person sees."""
        answer = web().get(f"{self.slack}/_local/state", params={"user": self.user})
        return self._read(answer)

    def channel(self, beginning: str) -> str | None:
        """Return the id of the newest channel whose name begins like this; None when there is none."""
        found = [each for each in self.state()["channels"] if each["name"].startswith(beginning)]
        return str(found[-1]["id"]) if found else None

    def messages(self, channel: str) -> list[Mapping[str, Any]]:
        """Return a channel's messages as the person sees them, oldest first."""
        return list(self.state()["messages"].get(channel, []))

    def texts(self, channel: str) -> str:
        """Return all that a channel shows, as one text to look for words in."""
        return "\n".join(_words(message) for message in self.messages(channel))

    def button(self, channel: str, action: str) -> Button | None:
        """Return the newest button whose action begins like this; None when there is none."""
        found = None
        for message in self.messages(channel):
            for block in message.get("blocks") or []:
                for element in _elements(block):
                    if str(element.get("action_id", "")).startswith(action):
                        found = Button(
                            channel=channel,
                            ts=message["ts"],
                            block_id=str(block.get("block_id", "")),
                            action_id=element["action_id"],
                            text=element.get("text", {}).get("text", ""),
                            value=str(element.get("value", "")),
                        )
        return found

    def click(self, button: Button) -> Mapping[str, Any]:
        """Click a button; return what the app answered at once."""
        body = {
            "user": self.user,
            "channel": button.channel,
            "ts": button.ts,
            "block_id": button.block_id,
            "action_id": button.action_id,
        }
        return self._post("action", body)

    def command(self, channel: str, text: str, *, command: str = "/incident") -> Mapping[str, Any]:
        """Type a slash command; return what the app answered at once."""
        return self._post(
            "command", {"user": self.user, "channel": channel, "command": command, "text": text}
        )

    def form(self, callback: str) -> Mapping[str, Any] | None:
        """Return the modal that the person sees, where it is this one; None otherwise."""
        shown = self.state()["view"]
        return shown if shown and shown["callback_id"] == callback else None

    def submit(self, form: Mapping[str, Any], **values: object) -> Mapping[str, Any]:
        """Fill a form in and send it off; return what the app answered."""
        return self._post("view/submit", {"user": self.user, "view_id": form["id"], "values": values})

    def join(self, channel: str) -> None:
        """Join a channel."""
        self._post("join", {"user": self.user, "channel": channel})

    def _post(self, act: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._read(web().post(f"{self.slack}/_local/{act}", json=body))

    @staticmethod
    def _read(answer: httpx.Response) -> Mapping[str, Any]:
        found: Mapping[str, Any] = answer.json()
        if not found.get("ok"):
            raise DemoFailed(f"The local Slack refused: {found.get('message') or found.get('error')}")
        return found


def _elements(block: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from block.get("elements") or []
    if isinstance(block.get("accessory"), Mapping):
        yield block["accessory"]


def _words(tree: object) -> str:
    """Collect the text that a message shows, from its blocks and its fallback."""
    if isinstance(tree, Mapping):
        own = [tree["text"]] if isinstance(tree.get("text"), str) else []
        return "\n".join(
            [*own, *(_words(each) for each in tree.values() if isinstance(each, Mapping | list))]
        )
    if isinstance(tree, list):
        return "\n".join(_words(each) for each in tree)
    return ""
