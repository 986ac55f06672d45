"""The outbox over a real store, a scripted Slack and time that is moved."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat.blocks.ink import as_it_is
from bot.chat.config import ChatConfig, Sharing
from bot.chat.gallery import Gallery, Outline
from bot.chat.identity import Identity
from bot.chat.outbox.bookmarks import BookmarkKeeper
from bot.chat.outbox.channel import ChannelKeeper
from bot.chat.outbox.files import FileKeeper
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.loop import Outbox
from bot.chat.outbox.losses import Losses
from bot.chat.outbox.messages import MessageKeeper
from bot.chat.outbox.people import Inviter
from bot.chat.outbox.places import Places
from bot.chat.outbox.setbacks import Setbacks
from bot.chat.pace import Pacer
from bot.domain.facts import ApprovalRequested, Fact, IncidentOpened, NoteAdded, PostmortemDrafted, RunStarted
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, Severity
from bot.domain.records import OutboxEntry
from bot.persistence.store import Store
from bot.telemetry import Metrics
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import BOT, FakeSlack
from tests.fakes.store import open_test_store

CENTRAL = "C0CENTRAL"


class Chance(random.Random):
    """No jitter."""

    def random(self) -> float:
        """Return the top of every range."""
        return 1.0


@dataclass
class Post:
    """An outbox with all that it needs."""

    store: Store
    slack: FakeSlack
    time: MovingTime
    outbox: Outbox
    pacer: Pacer
    losses: Losses

    async def stop(self) -> None:
        """Stop as a crash does: at once."""
        await self.outbox.stop()
        await self.pacer.stop()

    async def write(self, incident: int, *facts: Fact) -> None:
        """Put facts into an incident's log."""
        await self.store.journal.append(incident_stream(IncidentId(incident)), FIRELINE, list(facts))

    async def open(self, incident: int, severity: Severity = Severity.SEV2, title: str = "Trouble") -> None:
        """Open an incident."""
        await self.write(
            incident, IncidentOpened(incident=IncidentId(incident), title=title, severity=severity)
        )

    async def note(self, incident: int, text: str = "x") -> None:
        """Change how an incident stands."""
        await self.write(incident, NoteAdded(incident=IncidentId(incident), text=text))

    async def ask(self, incident: int, inputs: dict[str, Any] | None = None) -> str:
        """Ask for an approval, and return its outbox key."""
        run, step = RunId(f"{incident}-1"), StepId("shift")
        digest = Digest("a" * 64)
        approval = ApprovalId(f"{run}/shift/1")
        await self.write(
            incident,
            RunStarted(run=run, runbook="r", digest=digest, seed="s", autonomy="auto", inputs={}, scope={}),
            ApprovalRequested(
                run=run,
                step=step,
                approval=approval,
                digest=digest,
                action="a.b",
                effect="mutate",
                target="t",
                inputs=inputs or {},
                sources=("group:sre",),
                quorum=1,
            ),
        )
        return f"approval/{approval}"

    def entry(self, key: str) -> OutboxEntry:
        """How far Slack is with one thing."""
        found = self.store.records.outbox_entry(key)
        assert found is not None
        return found

    async def until(self, condition: Callable[[], Any], *, within: float = 0.0) -> None:
        """Move time from one waking to the next, `within` seconds at the most, until a condition holds."""
        end = self.time.now() + timedelta(seconds=within)
        while not await self._holds(condition):
            wake = min(self.time.next_wake or end, end)
            assert self.time.now() < end, "it never came about"
            await self.time.advance((wake - self.time.now()).total_seconds())

    async def _holds(self, condition: Callable[[], Any]) -> bool:
        """Let the journal's thread come to rest before the answer is no."""
        if condition():
            return True
        await self.time.settle()
        return bool(condition())

    async def settled(self, *, within: float = 0.0) -> None:
        """Move time on until Slack shows everything."""
        await self.until(lambda: not self.store.records.outbox_behind(), within=within)


NOTHING_SHARED = Sharing()


async def put_together(
    folder: Path,
    slack: FakeSlack,
    time: MovingTime,
    *,
    central: str = CENTRAL,
    sharing: Sharing = NOTHING_SHARED,
) -> Post:
    """Make an outbox over the store in a folder, and start it."""
    store = await open_test_store(folder, time)
    time.busy = lambda: store.journal.waiting > 0
    pacer = Pacer(time, time.sleep)
    config = ChatConfig(mode="http", groups={"sre": ("U0ADA", "U0BEN")}, invite=("sre",))
    identity = Identity(slack, pacer, time, config.groups)
    ledger = Ledger(store.journal)

    async def show(incident: IncidentId, place: int) -> str:
        return f"evidence at {place} of {incident}, with *** in it"

    async def read(drafted: PostmortemDrafted) -> str:
        return f"# Postmortem, {drafted.path}"

    gallery = Gallery(
        reader=store.records,
        identity=identity,
        clock=time,
        redact=as_it_is,
        outline=lambda _: Outline(title="A runbook"),
        describe=lambda event, _: event.kind,
        title=lambda name: name,
        public_url="",
        on_call=config.invite,
    )
    people = Inviter(
        slack=slack,
        pacer=pacer,
        ledger=ledger,
        reader=store.records,
        identity=identity,
        groups=config.invite,
    )
    channels = ChannelKeeper(
        slack=slack,
        pacer=pacer,
        ledger=ledger,
        reader=store.records,
        people=people,
        config=config,
        redact=as_it_is,
    )
    metrics = Metrics(version="test", process=False)
    losses = Losses(journal=store.journal, reader=store.records, clock=time, metrics=metrics)
    messages = MessageKeeper(slack=slack, pacer=pacer, ledger=ledger, losses=losses)
    people.bot_user = channels.bot_user = messages.bot_user = BOT
    outbox = Outbox(
        reader=store.records,
        ledger=ledger,
        gallery=gallery,
        identity=identity,
        channels=channels,
        people=people,
        bookmarks=BookmarkKeeper(
            slack=slack,
            pacer=pacer,
            ledger=ledger,
            reader=store.records,
            public_url="https://fireline.test",
            redact=as_it_is,
        ),
        messages=messages,
        files=FileKeeper(
            slack=slack,
            pacer=pacer,
            ledger=ledger,
            reader=store.records,
            sharing=sharing,
            show_evidence=show,
            read_draft=read,
        ),
        places=Places(slack, pacer, central),
        setbacks=Setbacks(
            ledger=ledger,
            reader=store.records,
            losses=losses,
            clock=time,
            chance=Chance(),
            answers=lambda: slack.answered,
        ),
        clock=time,
        sleep=time.sleep,
        metrics=metrics,
    )
    store.journal.listen(outbox.wake)
    outbox.start()
    return Post(store=store, slack=slack, time=time, outbox=outbox, pacer=pacer, losses=losses)


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    """An outbox that has started."""
    time = MovingTime()
    made = await put_together(tmp_path, FakeSlack(clock=time), time)
    yield made
    await made.stop()
    await made.store.close()
