"""Once, whatever fails in between: an effect that became durable is not repeated, and a channel that was made is not made again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import as_it_is
from bot.chat.blocks.kit import Message
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.reply import Replier
from bot.chat.inbound.worker import InboxWorker, Task
from bot.chat.pace import Pacer
from bot.domain.facts import NoteAdded
from bot.domain.ids import SYSTEM, IncidentId
from bot.domain.nouns import person
from bot.domain.records import InboxEntry
from bot.errors import ChatError, JournalError, Refused
from bot.persistence.store import Store
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack
from tests.fakes.store import open_test_store
from tests.unit.chat.conftest import Post

ADA = person("U0ADA")


class Hands:
    """A worker over a real store, whose one handler writes a note and then does as a test says."""

    def __init__(self, store: Store, time: MovingTime) -> None:
        self.store = store
        self.time = time
        self.slack = FakeSlack(clock=time)
        self.after: Callable[[], Awaitable[Message | None]] | None = None
        self.asked = Asked(
            kind="command", user="U0ADA", channel="C1", text="note x", response_url="https://x.test/1"
        )
        replier = Replier(self.slack, Pacer(time, time.sleep), time, time.sleep)
        self.worker = InboxWorker(
            journal=store.journal,
            reader=store.records,
            handler=self._handle,
            replier=replier,
            redact=as_it_is,
            sleep=time.sleep,
        )

    async def _handle(self, task: Task) -> Message | None:
        await task.journal.append(SYSTEM, ADA, [NoteAdded(incident=IncidentId(1), text="x")])
        return await self.after() if self.after else said("done")

    async def handle(self) -> None:
        """Have one payload handled to its end."""
        entry = InboxEntry(
            key="command/1", kind="command", payload=self.asked.to_data(), received_at=self.time.now()
        )
        await self.store.journal.submit(lambda tx: tx.put_inbox(entry))
        self.worker.take(entry)
        for _ in range(20):
            await self.time.advance(5)

    def notes(self) -> Sequence[object]:
        """Return what was written."""
        return [event for event in self.store.records.events() if isinstance(event.fact, NoteAdded)]

    def told(self) -> str:
        """Return what the person was told."""
        return " ".join(str(body["text"]) for _, body in self.slack.responses)


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[Hands]:
    """Hands of the test's own."""
    time = MovingTime()
    made = Hands(await open_test_store(tmp_path, time), time)
    yield made
    await made.worker.stop(0)
    await made.store.close()


@pytest.mark.parametrize(
    "fault",
    [RuntimeError("a bug"), ChatError("away", code="x"), JournalError("away"), Refused("no")],
    ids=repr,
)
async def test_a_fault_after_the_effect_does_not_repeat_it(hands: Hands, fault: Exception) -> None:
    """What was asked is done and marked as handled in one commit: a fault in telling it costs the answer alone."""

    async def breaks() -> Message | None:
        raise fault

    hands.after = breaks
    await hands.handle()
    assert len(hands.notes()) == 1
    assert hands.store.records.inbox_waiting() == []
    assert "done" in hands.told()


async def test_an_effect_whose_commit_was_not_heard_of_is_not_repeated(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke after the commit: the next try finds that it is handled."""
    submit = hands.store.journal.submit
    writes = iter([False, True])

    async def loses_its_answer(unit: Any) -> Any:
        done = await submit(unit)
        if next(writes, False):
            raise JournalError("the connection broke")
        return done

    monkeypatch.setattr(hands.store.journal, "submit", loses_its_answer)
    await hands.handle()
    assert len(hands.notes()) == 1
    assert "done" in hands.told()


async def test_a_channel_is_not_judged_before_we_know_who_we_are(post: Post) -> None:
    """After a crash in the middle of making it, and while Slack has not told yet who we are, no second channel is made."""
    post.slack.lose_answer("conversations.create")
    channels = post.outbox._channels
    known, channels.bot_user = channels.bot_user, ""
    await post.open(1)
    await post.until(lambda: post.slack.channels, within=30)
    await post.time.advance(20)
    assert len(post.slack.channels) == 1
    channels.bot_user = known
    await post.settled(within=60)
    assert [each["name"] for each in post.slack.channels.values()] == ["inc-1-trouble"]
