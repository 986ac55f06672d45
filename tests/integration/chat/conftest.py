"""The surface as it will run: the real store, the real desk, and the local Slack over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from bot.chat.behind import Behind
from bot.chat.config import ChatConfig
from bot.chat.gallery import Outline
from bot.chat.inbound import intake
from bot.chat.manifest import EVENTS, SCOPES
from bot.chat.surface import ChatSurface
from bot.domain.events import Event
from bot.domain.facts import (
    ApprovalRequested,
    IncidentOpened,
    PostmortemDrafted,
    RunFinished,
    RunStarted,
)
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, Actor, RunStatus, Severity
from bot.domain.ports import Transaction
from bot.incidents.desk import Desk
from bot.incidents.foreseen import Foresight
from bot.incidents.silencer import Silencer
from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from bot.localslack.journal import CallRecord
from bot.localslack.world import SLACKBOT, Message
from bot.persistence.store import Store
from bot.runbook.model import Runbook
from bot.telemetry import Metrics
from tests.fakes.alertmanager import FakeAlertmanager
from tests.fakes.behind import owed
from tests.fakes.catalogue import CATALOGUE
from tests.fakes.runs import RememberedRuns
from tests.fakes.store import open_test_store
from tests.integration.localslack.watch import Witness

SHIFT = StepId("shift")
DIGEST = Digest("d" * 64)
ADA, BEN, CLEO, DANA = "U0ADAOKAFOR", "U0BENRUIZ00", "U0CLEOTRAN0", "U0DANAWEBER"


@dataclass
class Workplace:
    """A workspace, a Fireline with its store, and people's hands in it."""

    folder: Path
    slack: LocalSlack
    url: str
    people: httpx.AsyncClient
    mode: str
    store: Store
    runs: RememberedRuns
    surface: ChatSurface
    config: ChatConfig
    alertmanager: FakeAlertmanager
    books: list[Runbook] = field(default_factory=list)
    _server: AsyncExitStack = field(default_factory=AsyncExitStack)

    # ---- life

    async def start(self) -> None:
        """Start the surface; in HTTP mode, where the local Slack calls it."""
        await self.surface.start()
        if self.mode == "http":
            self.slack.http.request_url = await self._listen()
        else:
            await until(lambda: self.slack.sockets.connected == self.config.socket_lines)

    async def _listen(self) -> str:
        app = Starlette(routes=self.surface.routes())
        server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)

        async def stop() -> None:
            server.should_exit = True
            await task

        self._server.push_async_callback(stop)
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/slack/events"

    async def stop(self) -> None:
        """Stop in order, as the wiring does."""
        await self._server.aclose()
        await self.surface.stop()
        await self.store.close()

    # ---- what happens in the log

    async def open_incident(
        self, title: str = "Checkout is failing", severity: Severity = Severity.SEV2
    ) -> IncidentId:
        """Open an incident as an alert would."""

        def unit(tx: Transaction) -> IncidentId:
            incident = tx.next_incident()
            fact = IncidentOpened(
                incident=incident, title=title, severity=severity, runbook="checkout-errors"
            )
            tx.append(incident_stream(incident), FIRELINE, [fact])
            return incident

        return await self.store.journal.submit(unit)

    async def ask_approval(self, incident: IncidentId, **changes: Any) -> ApprovalId:
        """Start a run whose step asks for an approval of the group sre."""
        run = RunId(f"{incident}-1")
        started = RunStarted(
            run=run,
            runbook="checkout-errors",
            digest=DIGEST,
            seed="s",
            autonomy="auto",
            inputs={},
            scope={},
        )
        asked = ApprovalRequested(
            run=run,
            step=SHIFT,
            approval=ApprovalId(f"{run}/shift/1"),
            digest=DIGEST,
            action="http.request",
            effect="mutate",
            target="PUT https://router.internal/weights/checkout",
            inputs={"method": "PUT", "json": {"standby": 100}},
            sources=("group:sre",),
            quorum=1,
            undo="PUT standby: 0",
        )
        facts = [started, replace(asked, **changes)]
        await self.store.journal.append(incident_stream(incident), FIRELINE, facts)
        return asked.approval

    async def end_run(self) -> None:
        """End every run that is under way, as one that succeeded."""
        for run in self.store.records.unfinished_runs():
            over = RunFinished(run=run.id, status=RunStatus.SUCCEEDED)
            await self.store.journal.append(incident_stream(run.incident), FIRELINE, [over])

    # ---- what people do and see

    async def command(self, user: str, channel: str, text: str) -> Mapping[str, Any]:
        """Type `/incident …` and return how the app answered."""
        body = {"user": user, "channel": channel, "command": "/incident", "text": text}
        return await self._act("command", body)

    async def told(self, user: str, channel: str, text: str) -> str:
        """Type `/incident …` and return what the person reads: in the ack, or a moment later where the machine is too busy for that.

        Whichever way it came, it stands in the channel for their eyes alone.
        """
        messages = self.slack.world.channels[channel].messages
        before = set(messages)
        await self.command(user, channel, text)

        def answers() -> list[Message]:
            fresh = [each for ts, each in messages.items() if ts not in before and each.visible_to == user]
            return [each for each in fresh if each.user != SLACKBOT]

        await until(answers)
        blocks = [{**each, "block_id": ""} for each in answers()[0].blocks]
        return f"{answers()[0].text} {blocks}"

    async def press(self, user: str, channel: str, ts: str, action: str) -> Mapping[str, Any]:
        """Press a button."""
        return await self._act("action", {"user": user, "channel": channel, "ts": ts, "action_id": action})

    def modal(self, user: str) -> Mapping[str, Any] | None:
        """The modal that a person sees, None while there is none."""
        found = self.slack.world.views.top(user)
        return found.payload if found is not None else None

    def errors(self, user: str) -> Mapping[str, str]:
        """What stands beside the fields of the modal that a person sees."""
        found = self.slack.world.views.top(user)
        return found.errors if found is not None else {}

    async def shown(self, user: str, callback: str) -> Mapping[str, Any]:
        """Wait until a person sees this modal."""
        await until(lambda: (self.modal(user) or {}).get("callback_id") == callback)
        found = self.modal(user)
        assert found is not None
        return found

    async def press_in_modal(self, user: str, action: str) -> Mapping[str, Any]:
        """Press a button in the modal that a person sees."""
        view = self.slack.world.views.top(user)
        assert view is not None
        return await self._act("action", {"user": user, "view_id": view.id, "action_id": action})

    async def submit(self, user: str, **values: Any) -> Mapping[str, Any]:
        """Fill in the modal that a person sees, and send it off; return how the app answered."""
        view = self.slack.world.views.top(user)
        assert view is not None
        return await self._act("view/submit", {"user": user, "view_id": view.id, "values": values})

    async def look_home(self, user: str) -> None:
        """Look at the app's home tab."""
        (await self.people.post("/_local/home", json={"user": user})).raise_for_status()

    def home(self, user: str) -> str:
        """What a person's home tab shows, as one text."""
        found = self.slack.world.views.by_id.get(self.slack.world.views.homes.get(user, ""))
        return str(found.payload) if found is not None else ""

    async def _act(self, what: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await self.people.post(f"/_local/{what}", json=dict(body))
        answer.raise_for_status()
        ack: Mapping[str, Any] = answer.json()["ack"]
        return ack

    async def fault(self, **fault: Any) -> None:
        """Have something go wrong."""
        (await self.people.post("/_local/faults", json=fault)).raise_for_status()

    def channel_of(self, incident: IncidentId) -> str:
        """The id of an incident's channel, empty until there is one."""
        record = self.store.records.incident(incident)
        return record.channel if record else ""

    def texts(self, channel: str, *, seen_by: str = "") -> list[str]:
        """Everything that stands in a channel, ephemerals for `seen_by` included, as one text a message."""
        return [
            f"{message.text} {message.blocks}"
            for message in self.slack.world.channels[channel].messages.values()
            if message.visible_to in {"", seen_by}
        ]

    def text(self, channel: str, ts: str) -> str:
        """One message as one text."""
        message = self.slack.world.channels[channel].messages[ts]
        return f"{message.text} {message.blocks}"

    def posts(self, channel: str, key: str) -> list[str]:
        """The `ts` of every message that carries a key."""
        return [
            message.ts
            for message in self.slack.world.channels[channel].messages.values()
            if (message.metadata or {}).get("event_payload", {}).get("key") == key
        ]

    async def posted(self, channel: str, key: str) -> str:
        """Wait for the message that carries a key."""
        await until(lambda: self.posts(channel, key))
        return self.posts(channel, key)[0]

    async def settled(self) -> None:
        """Wait until Slack shows everything."""
        await until(lambda: not owed(self.store.records))

    def calls(self, method: str) -> list[CallRecord]:
        """Every call of a method, as the local Slack logged it."""
        return [each for each in self.slack.log.calls if each.method == method]


async def until(condition: Callable[[], Any], *, seconds: float = 15) -> None:
    """Wait until a condition holds; AssertionError when it never does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def make(
    folder: Path, slack: LocalSlack, url: str, mode: str, clock: LocalClock | None = None, **config: Any
) -> Workplace:
    """Put a Fireline together over the store in `folder`; `clock` is its time and its sleep, where a test moves it."""
    sleep = clock.sleep if clock is not None else asyncio.sleep
    clock = clock or LocalClock()
    store = await open_test_store(folder, clock)
    app = slack.config.app
    chat = ChatConfig(
        mode="http" if mode == "http" else "socket",
        bot_token=app.bot_token,
        app_token=app.app_token,
        signing_secret=app.signing_secret,
        base_url=f"{url}/api/",
        announce_channel="incidents",
        public_url="https://fireline.test",
        invite=("sre",),
        oncall=("leads", "sre"),
        groups={"leads": (BEN,)},
        **config,
    )
    runs = RememberedRuns(journal=store.journal, reader=store.records)
    alertmanager = FakeAlertmanager()
    silencer = Silencer(
        store.journal,
        store.records,
        alertmanager,
        clock=clock,
        tokens=lambda: "token",
        pause=lambda _tries: 0.01,
    )

    async def draft(incident: IncidentId, by: Actor) -> None:
        through, _ = store.records.head()
        fact = PostmortemDrafted(incident=incident, sha256=DIGEST, through=through, path="pm.md")
        await store.journal.append(incident_stream(incident), by, [fact])

    def describe(event: Event, names: Mapping[str, str]) -> str:
        return f"{event.kind} by {names.get(event.actor.id, event.actor.id)}"

    async def show(incident: IncidentId, place: int) -> str:
        return f"evidence at {place} of {incident}"

    async def read(drafted: PostmortemDrafted) -> str:
        return f"# Postmortem\n\nDrafted through {drafted.through}."

    books: list[Runbook] = []
    behind = Behind(
        journal=store.journal,
        reader=store.records,
        desk=lambda journal: Desk(
            journal,
            store.records,
            runs,
            runbook=lambda name: next((each for each in books if each.name == name), None),
            tokens=lambda: "token",
            variables={"region": "eu"},
            roles=("customer_liaison",),
            silencer=silencer,
        ),
        runs=runs,
        draft=draft,
        outline=lambda _: Outline(title="Checkout errors", steps=((SHIFT, "Move traffic to the standby"),)),
        describe=describe,
        title=lambda name: name,
        redact=lambda text: text.replace("hunter2", "***"),
        show_evidence=show,
        read_draft=read,
        foresight=Foresight(
            store.records, runbooks=lambda: books, catalogue=CATALOGUE, variables={"region": "eu"}
        ),
    )
    metrics = Metrics(version="test", process=False)
    surface = ChatSurface(chat, behind, clock=clock, metrics=metrics, sleep=sleep)
    people = httpx.AsyncClient(base_url=url, trust_env=False)
    return Workplace(
        folder=folder,
        slack=slack,
        url=url,
        people=people,
        mode=mode,
        store=store,
        runs=runs,
        surface=surface,
        config=chat,
        books=books,
        alertmanager=alertmanager,
    )


def as_the_manifest_says() -> LocalSlackConfig:
    """A workspace whose app may do what our manifest asks for, and hears of what it names: no more."""
    config = LocalSlackConfig()
    app = replace(config.app, bot_scopes=frozenset(SCOPES), subscriptions=frozenset(EVENTS))
    return replace(config, app=app)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have acks wait longer for their answer: tests want to read what it says, and a busy machine needs more than a person should."""
    monkeypatch.setattr(intake, "PATIENCE", 2.0)


@pytest.fixture
async def local() -> AsyncIterator[tuple[LocalSlack, str]]:
    """A workspace of the test's own; whatever the surface and it tell each other must be as Slack has it."""
    slack = LocalSlack(as_the_manifest_says(), LocalClock())
    witness = Witness(slack)
    async with serving(slack) as url:
        yield slack, url
    assert not witness.problems, "\n".join(sorted(set(witness.problems)))


@pytest.fixture(params=["http", "socket"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, local: tuple[LocalSlack, str]
) -> AsyncIterator[Workplace]:
    """A workplace that has started, in each mode."""
    slack, url = local
    made = await make(tmp_path, slack, url, request.param)
    await made.start()
    yield made
    await made.stop()
    await made.people.aclose()


@pytest.fixture
async def http_place(tmp_path: Path, local: tuple[LocalSlack, str]) -> AsyncIterator[Workplace]:
    """A workplace in HTTP mode that has started; it shares its clock with its Slack, so that a test may let time pass."""
    slack, url = local
    assert isinstance(slack.clock, LocalClock)
    made = await make(tmp_path, slack, url, "http", slack.clock)
    await made.start()
    yield made
    await made.stop()
    await made.people.aclose()
