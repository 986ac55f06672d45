"""A Slack without a wire: keeps channels and messages as the outbox makes them, and fails where a test says so.

It holds no limits and checks no blocks: the local Slack does that. Here every call, its time and its fault can be seen to the microsecond.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.chat.client import Ambiguous, Throttled, Unreachable
from bot.domain.clock import Clock
from bot.errors import ChatError

BOT = "U0BOT"
Fault = Callable[[], Exception]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One call, and when it came."""

    method: str
    arguments: Mapping[str, Any]
    at: datetime


@dataclass(kw_only=True)
class FakeSlack:
    """Implements `SlackCalls`. `latency` waits before each answer, for tests that want time on the way.

    `unwelcome` says who can't be invited, and why.
    """

    clock: Clock
    calls: list[Seen] = field(default_factory=list)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    responses: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    bookmarks: list[dict[str, Any]] = field(default_factory=list)
    unwelcome: dict[str, str] = field(default_factory=dict)
    down: bool = False
    answered: int = 0
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    canvases: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)  # channels that we were removed from
    closed: dict[str, str] = field(
        default_factory=dict
    )  # channels that take nothing, and Slack's word for why
    latency: Callable[[], Awaitable[None]] | None = None
    _faults: dict[str, deque[tuple[str, Exception]]] = field(default_factory=dict)

    # ---- what tests say

    def fail(self, method: str, problem: Exception, *, applied: bool = False, times: int = 1) -> None:
        """Have the next calls of a method fail, after they were applied or instead of it."""
        queue = self._faults.setdefault(method, deque())
        queue.extend([("after" if applied else "before", problem)] * times)

    def lose_answer(self, method: str, *, times: int = 1) -> None:
        """Apply the next calls and lose their answers."""
        self.fail(method, Ambiguous(f"{method}: lost", code="no_answer"), applied=True, times=times)

    def throttle(self, method: str, seconds: float, *, times: int = 1) -> None:
        """Answer 429."""
        self.fail(method, Throttled(method, seconds), times=times)

    def refuse(self, method: str, code: str, *, times: int = 1) -> None:
        """Answer with an error of Slack's."""
        self.fail(method, ChatError(f"{method}: {code}", code=code), times=times)

    def of(self, method: str) -> list[Seen]:
        """Return the calls of a method."""
        return [each for each in self.calls if each.method == method]

    def with_key(self, key: str) -> list[dict[str, Any]]:
        """Return the messages that carry an outbox key."""
        return [each for each in self.messages.values() if _key(each) == key]

    # ---- what the surface asks

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `SlackCalls.call`."""
        self.calls.append(Seen(method=method, arguments=dict(arguments), at=self.clock.now()))
        if self.latency is not None:
            await self.latency()
        if self.down:
            raise Unreachable(f"{method}: Slack is down", code="unreachable")
        queue = self._faults.get(method)
        when, problem = queue.popleft() if queue else ("", None)
        if problem is not None and when == "before":
            raise problem
        if arguments.get("channel") in self.shut and method == "chat.postMessage":
            raise ChatError(f"{method}: not_in_channel", code="not_in_channel")
        if arguments.get("channel") in self.closed:
            code = self.closed[arguments["channel"]]
            raise ChatError(f"{method}: {code}", code=code)
        answer = self._apply(method, json.loads(json.dumps(arguments)))
        if problem is not None:
            raise problem
        self.answered += 1
        return answer

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """See `SlackCalls.respond`."""
        if self.down:
            raise Unreachable("response_url: Slack is down", code="unreachable")
        queue = self._faults.get("response_url")
        if queue:
            raise queue.popleft()[1]
        self.responses.append((url, body))

    async def upload(self, url: str, data: bytes) -> None:
        """See `SlackCalls.upload`."""
        if self.down:
            raise Unreachable("upload: Slack is down", code="unreachable")
        self.files[url.rpartition("/")[2]]["data"] = data

    def _file(self, method: str, given: dict[str, Any]) -> Mapping[str, Any]:
        """The three calls of an upload, and the look for what became of it."""
        if method == "files.getUploadURLExternal":
            file = f"F{len(self.files):08d}"
            self.files[file] = {"name": given["filename"], "length": given["length"], "channel": ""}
            return {"file_id": file, "upload_url": f"https://files.slack.test/{file}"}
        file = given["file"] if method == "files.info" else given["files"][0]["id"]
        if file not in self.files or (method == "files.info" and not self.files[file]["channel"]):
            raise ChatError(f"{method}: file_not_found", code="file_not_found")
        if method == "files.completeUploadExternal":
            self.files[file] |= {"channel": given["channel_id"], "title": given["files"][0]["title"]}
        return {"file": self.files[file]}

    def _apply(  # noqa: C901, PLR0911, PLR0912 - a table of methods
        self, method: str, given: dict[str, Any]
    ) -> Mapping[str, Any]:
        match method:
            case "conversations.create":
                return self._create(given["name"])
            case "conversations.list":
                return {"channels": list(self.channels.values())}
            case "conversations.invite":
                return self._invite(given["users"].split(","))
            case "chat.postMessage":
                return self._post(given)
            case "chat.update":
                message = self.messages.get((given["channel"], given["ts"]))
                if message is None:
                    raise ChatError("chat.update: message_not_found", code="message_not_found")
                message.update(given)
                return {"ts": given["ts"], "channel": given["channel"]}
            case "conversations.history" | "conversations.replies":
                found = [each for (channel, _), each in self.messages.items() if channel == given["channel"]]
                below = given.get("ts")
                return {"messages": [each for each in found[::-1] if each.get("thread_ts") == below]}
            case "bookmarks.add":
                self.bookmarks.append(given)
                return {}
            case "bookmarks.list":
                return {"bookmarks": self.bookmarks}
            case "users.info":
                return {"user": self.people.get(given["user"], {"id": given["user"], "name": given["user"]})}
            case "users.list":
                return {"members": list(self.people.values())}
            case "files.getUploadURLExternal" | "files.completeUploadExternal" | "files.info":
                return self._file(method, given)
            case "conversations.canvases.create":
                if given["channel_id"] in self.canvases:
                    raise ChatError(f"{method}: exists", code="channel_canvas_already_exists")
                self.canvases[given["channel_id"]] = given["document_content"]["markdown"]
                return {"canvas_id": f"F{given['channel_id']}"}
            case "users.lookupByEmail":
                if given["email"] not in self.addresses:
                    raise ChatError("users.lookupByEmail: users_not_found", code="users_not_found")
                return {"user": {"id": self.addresses[given["email"]]}}
            case "usergroups.list":
                return {"usergroups": self.groups}
            case "auth.test":
                return {"user_id": BOT, "bot_id": "B0", "url": "https://team.slack.test/"}
            case _:
                return {}

    def _create(self, name: str) -> Mapping[str, Any]:
        if any(each["name"] == name for each in self.channels.values()):
            raise ChatError("conversations.create: name_taken", code="name_taken")
        ident = f"C{len(self.channels):08d}"
        made = {"id": ident, "name": name, "creator": BOT, "created": int(self.clock.now().timestamp())}
        self.channels[ident] = made
        return {"channel": made}

    def _invite(self, users: list[str]) -> Mapping[str, Any]:
        faults = [
            {"user": each, "ok": False, "error": self.unwelcome[each]}
            for each in users
            if each in self.unwelcome
        ]
        if len(faults) == len(users):
            code = str(faults[0]["error"])
            raise ChatError(f"conversations.invite: {code}", code=code, details=faults)
        return {"errors": faults} if faults else {}

    def _post(self, given: dict[str, Any]) -> Mapping[str, Any]:
        ts = f"{int(self.clock.now().timestamp())}.{len(self.messages):06d}"
        self.messages[given["channel"], ts] = {**given, "ts": ts, "user": BOT}
        return {"ts": ts, "channel": given["channel"]}


def _key(message: Mapping[str, Any]) -> str:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("key", ""))
