"""A scene with a whole `fireline serve` in it, and a workspace: the local Slack, a sender of alerts and people with mice, all outside the process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bot.demo.process import HeldPort, hold_port
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus
from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from tests.fakes.behind import owed
from tests.fakes.lives.nest import Life, Nest
from tests.fakes.lives.scene import PATIENCE, Scene, scene
from tests.fakes.served import AUTHORIZATION, TOKEN, delivery

BEN = "U0BENRUIZ00"
AGAIN = 2.0
"""Seconds after which a person presses once more what is still there."""
LOOK = 0.1
STORY = "chatting"


@dataclass
class Workspace:
    """Everybody around one Fireline."""

    scene: Scene
    slack: LocalSlack
    slack_url: str
    port: HeldPort
    pressed: dict[str, float] = field(default_factory=dict)
    taken_in: bool = False
    questions: list[str] = field(default_factory=list)
    """Messages that asked whether something happened, as they were when somebody answered."""

    @property
    def fireline(self) -> str:
        """Where Fireline answers."""
        return f"http://127.0.0.1:{self.port.number}"

    def begin(self, **order: Any) -> Life:
        """Begin a life."""
        return self.scene.begin(serve=True, **order)

    async def until(self, over: Any) -> None:
        """Have everybody do what they do, until something is so."""
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while not over():
                with contextlib.suppress(httpx.HTTPError):
                    await self._act(client)
                await asyncio.sleep(LOOK)

    def ended(self) -> bool:
        """Tell whether the run is over, and chat shows it."""
        if not (self.scene.data / "fireline.db").exists():
            return False
        with self.scene.record() as reader:
            runs = reader.runs_of(IncidentId(1))
            return bool(runs) and runs[0].status is not RunStatus.RUNNING and not owed(reader)

    async def _act(self, client: httpx.AsyncClient) -> None:
        if not self.taken_in:
            answer = await client.post(
                f"{self.fireline}/webhooks/alertmanager",
                content=delivery("checkout", STORY),
                headers=dict([AUTHORIZATION]),
            )
            self.taken_in = answer.status_code == 200
        loop = asyncio.get_running_loop()
        for channel, ts, action in list(self._buttons()):
            name = f"{channel}/{ts}/{action}"
            if loop.time() - self.pressed.get(name, -AGAIN) >= AGAIN:
                self.pressed[name] = loop.time()
                body = {"user": BEN, "channel": channel, "ts": ts, "action_id": action}
                await client.post(f"{self.slack_url}/_local/action", json=body)

    def _buttons(self) -> Iterator[tuple[str, str, str]]:
        """Yield the buttons that a person would press: to approve, and what is true of a call that was cut off."""
        done = any(path.startswith("/do/") for path in self.scene.ledger.done)
        truth = "settle_happened" if done else "settle_did_not"
        for channel in self.slack.world.channels.values():
            for message in channel.messages.values():
                for block in message.blocks or ():
                    for element in block.get("elements") or ():
                        if element.get("action_id") == truth:
                            self.questions.append(json.dumps(message.blocks, ensure_ascii=False))
                        if element.get("action_id") in {"approve", truth}:
                            yield channel.id, message.ts, element["action_id"]

    def messages(self) -> Counter[str]:
        """Count the messages of each outbox key, over all channels."""
        found: Counter[str] = Counter()
        for channel in self.slack.world.channels.values():
            for message in channel.messages.values():
                key = ((message.metadata or {}).get("event_payload") or {}).get("key")
                if key:
                    found[key] += 1
        return found

    def channels(self) -> list[str]:
        """Return the names of incidents' channels."""
        return [each.name for each in self.slack.world.channels.values() if each.name.startswith("inc-")]

    def texts(self, key: str) -> str:
        """Return what the message of a key shows."""
        return json.dumps(
            [
                message.blocks
                for channel in self.slack.world.channels.values()
                for message in channel.messages.values()
                if ((message.metadata or {}).get("event_payload") or {}).get("key") == key
            ],
            ensure_ascii=False,
        )


@contextlib.asynccontextmanager
async def workspace(nest: Nest, folder: Path) -> AsyncIterator[Workspace]:
    """Open a workspace; no Fireline lives in it yet."""
    slack, port = LocalSlack(LocalSlackConfig(), LocalClock()), hold_port()
    async with serving(slack) as url:
        slack.http.request_url = f"http://127.0.0.1:{port.number}/slack/events"
        app = slack.config.app
        settings: Mapping[str, Any] = {
            "http": {"host": "127.0.0.1", "port": port.number},
            "alertmanager": {"bearer_token": TOKEN},
            "groups": {"sre": [BEN]},
            "slack": {
                "mode": "http",
                "bot_token": app.bot_token,
                "signing_secret": app.signing_secret,
                "base_url": f"{url}/api/",
                "announce_channel": "incidents",
                "invite_groups": ["sre"],
            },
        }
        async with scene(nest, folder, [STORY], settings=settings) as stage:
            yield Workspace(scene=stage, slack=slack, slack_url=url, port=port)
    port.release()
