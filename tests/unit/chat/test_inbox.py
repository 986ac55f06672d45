"""What comes in is durable before it is answered, handled once, and whoever asked is told how it went."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import as_it_is
from bot.chat.blocks.kit import Message
from bot.chat.inbound import intake as intake_room
from bot.chat.inbound.events import EVENTS
from bot.chat.inbound.intake import Intake
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.reading import Ours, read
from bot.chat.inbound.reply import Replier
from bot.chat.inbound.worker import TRIES, InboxWorker, Task
from bot.chat.pace import Pacer
from bot.domain.facts import ChannelOpened, IncidentOpened, NoteAdded
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import FIRELINE, DeadKind, Severity, person
from bot.domain.ports import Reader, Transaction
from bot.domain.records import InboxEntry
from bot.errors import ChatError, JournalBehind, Refused
from bot.incidents import dead_letters
from bot.persistence.store import Store
from tests.fakes.doubt import Away
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack
from tests.fakes.store import open_test_store

COMMAND = {
    "command": "/incident",
    "team_id": "T1",
    "user_id": "U0ADA",
    "channel_id": "C1",
    "text": "note hello",
    "trigger_id": "1.2.abc",
    "response_url": "https://hooks.slack.test/1",
}
BUTTON = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U0ADA"},
    "channel": {"id": "C1"},
    "container": {"message_ts": "1.1", "channel_id": "C1"},
    "actions": [{"action_id": "approve", "action_ts": "9.9", "value": '{"approval":"1-1/s/1","digest":"d"}'}],
    "trigger_id": "1.2.abc",
    "response_url": "https://hooks.slack.test/2",
}

FORM: dict[str, Any] = {
    "type": "view_submission",
    "team": {"id": "T1"},
    "user": {"id": "U0ADA"},
    "trigger_id": "1.2.abc",
    "view": {
        "id": "V1",
        "type": "modal",
        "hash": "1.a",
        "callback_id": "note",
        "private_metadata": '{"incident":1,"channel":"C1"}',
        "blocks": [{"type": "section"}, {"type": "input", "block_id": "text"}],
        "state": {"values": {"text": {"text": {"type": "plain_text_input", "value": "hello"}}}},
    },
}
EVENT = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "event": {"type": "app_home_opened", "user": "U0ADA", "tab": "home"},
}
OURS = Ours(
    command="/incident",
    actions=frozenset({"approve", "open/run", "open"}),
    forms=frozenset({"note"}),
    shortcuts=frozenset({"mark"}),
    reaction="pushpin",
    events=EVENTS,
)


@dataclass
class Desk:
    """An intake and a worker over a real store; `does` is what a handler does, `glances` what is answered at once."""

    store: Store
    slack: FakeSlack
    time: MovingTime
    handled: list[Task] = field(default_factory=list)
    does: Callable[[Task], Awaitable[Message | None]] | None = None
    glances: Callable[[Asked], Message | None] = lambda _: None
    reader_of: Callable[[str], Reader] = field(init=False)

    def __post_init__(self) -> None:
        self.reader_of = lambda _: self.store.records
        replier = Replier(self.slack, Pacer(self.time, self.time.sleep), self.time, self.time.sleep)
        self.worker = InboxWorker(
            journal=self.store.journal,
            reader=self.store.records,
            handler=self._handle,
            replier=replier,
            redact=as_it_is,
            sleep=self.time.sleep,
            reader_of=lambda workspace: self.reader_of(workspace),  # noqa: PLW0108 - a test sets it later
        )
        self.intake = Intake(
            journal=self.store.journal,
            worker=self.worker,
            replier=replier,
            glance=lambda asked: self.glances(asked),  # noqa: PLW0108 - a test sets it later
            clock=self.time,
            ours=OURS,
        )

    async def _handle(self, task: Task) -> Message | None:
        self.handled.append(task)
        return await self.does(task) if self.does else None

    async def take(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take a body in; return what the ack says."""
        ack = await self.intake.take(body)
        assert ack.status == 200
        answer: Mapping[str, Any] = json.loads(ack.body) if ack.body else {}
        return answer

    async def done(self) -> None:
        """Let everything that was asked be handled, however long it takes."""
        for _ in range(40):
            await self.time.advance(5)
            if not self.store.records.inbox_waiting():
                break
        await self.time.advance(10)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk of the test's own."""
    time = MovingTime()
    made = Desk(store=await open_test_store(tmp_path, time), slack=FakeSlack(clock=time), time=time)
    yield made
    await made.worker.stop(0)
    await made.intake.stop()
    await made.store.close()


@pytest.mark.parametrize("body", [COMMAND, BUTTON])
def test_a_redelivery_has_the_same_key_and_another_request_has_not(body: Mapping[str, Any]) -> None:
    """Slack repeats the body, whatever its headers say; another click or another person is something else."""
    again = json.loads(json.dumps(body))
    first, second = (read(each, OURS) for each in (body, again))
    assert first is not None
    assert second is not None
    assert first[0] == second[0]
    other = json.loads(json.dumps(body))
    if "command" in other:
        other["trigger_id"] = "1.3.xyz"
    else:
        other["actions"][0]["action_ts"] = "9.91"
    third = read(other, OURS)
    assert third is not None
    assert third[0] != first[0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "event_callback"},
        {"command": "/other"},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": ["x"]},
        {"type": "block_actions", "actions": [{"action_id": "somebody_else"}]},
    ],
)
async def test_what_is_not_ours_is_acknowledged_and_dropped(desk: Desk, body: Mapping[str, Any]) -> None:
    """Nothing is kept of it."""
    assert await desk.take(body) == {}
    assert not desk.store.records.inbox_waiting()


@pytest.mark.parametrize("body", [COMMAND, BUTTON, FORM, EVENT])
async def test_four_deliveries_are_handled_once(desk: Desk, body: Mapping[str, Any]) -> None:
    """Each is acknowledged, one is handled."""
    for _ in range(4):
        await desk.take(body)
    await desk.done()
    assert len(desk.handled) == 1
    assert not desk.store.records.inbox_waiting()


async def test_a_form_pressed_again_does_its_thing_once(desk: Desk) -> None:
    """Its first ack was lost, so its person pressed again: another request, the same view, one effect."""

    async def note(task: Task) -> Message:
        fact = NoteAdded(incident=IncidentId(1), text="x")
        await task.journal.append(incident_stream(IncidentId(1)), FIRELINE, [fact])
        return said("Noted.")

    desk.does = note
    for trigger in ("1.2.abc", "1.3.xyz"):
        assert (await desk.take({**FORM, "trigger_id": trigger}))["response_action"] == "clear"
    await desk.done()
    assert len(desk.handled) == 2
    assert [each.kind for each in desk.store.records.events()].count("incident.note_added") == 1
    assert not desk.store.records.inbox_waiting()


async def test_a_form_that_was_refused_stays_and_can_be_sent_off_again(desk: Desk) -> None:
    """What is wrong stands at its first field; nothing counts as done."""
    refusals = iter([Refused("It is resolved.", hint="Open another."), None])

    async def maybe(task: Task) -> Message | None:
        refusal = next(refusals)
        if refusal is not None:
            raise refusal
        fact = NoteAdded(incident=IncidentId(1), text="x")
        await task.journal.append(incident_stream(IncidentId(1)), FIRELINE, [fact])
        return None

    desk.does = maybe
    first = await desk.take(FORM)
    assert first["errors"] == {"text": "It is resolved. Open another."}
    assert await desk.take({**FORM, "trigger_id": "1.3.xyz"}) == {"response_action": "clear"}
    assert [each.kind for each in desk.store.records.events()].count("incident.note_added") == 1


async def test_a_form_without_a_channel_says_itself_how_it_went(desk: Desk) -> None:
    """There is nowhere else to say it; with a channel, it is said there and the modal closes."""

    async def tell(_: Task) -> Message:
        return said("Noted.")

    desk.does = tell
    view = {**FORM["view"], "private_metadata": "{}"}
    answer = await desk.take({**FORM, "view": view})
    assert answer["response_action"] == "update"
    assert "Noted." in str(answer["view"])
    await desk.take({**FORM, "trigger_id": "1.3.xyz"})
    await desk.done()
    (call,) = desk.slack.of("chat.postEphemeral")
    assert call.arguments["channel"] == "C1"


async def test_a_form_whose_answer_comes_late_closes_and_its_person_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused after the ack is said in the channel."""
    monkeypatch.setattr(intake_room, "FORM_PATIENCE", 0.01)

    async def slow(_: Task) -> Message:
        await desk.time.sleep(10)
        raise Refused("It is resolved.")

    desk.does = slow
    assert await desk.take(FORM) == {"response_action": "clear"}
    await desk.done()
    assert "It is resolved." in str(desk.slack.of("chat.postEphemeral"))


async def test_an_event_that_can_not_be_kept_is_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an answer to it, and Slack repeats what is not acknowledged; a form stays open and says so."""

    async def behind(_: object, __: object) -> None:
        raise JournalBehind("too much waits")

    monkeypatch.setattr(type(desk.store.journal), "submit", behind)
    assert (await desk.intake.take(EVENT)).status == 503
    assert "Nothing was recorded" in str((await desk.take(FORM))["errors"])


async def test_a_quick_answer_goes_with_the_ack(desk: Desk) -> None:
    """No second call for what is known at once."""

    async def quick(_: Task) -> Message:
        return said("Noted.")

    desk.does = quick
    assert (await desk.take(COMMAND))["text"] == "Noted."
    await desk.done()
    assert desk.slack.responses == []


async def test_what_only_reads_is_answered_by_the_ack_and_kept_as_handled(desk: Desk) -> None:
    """A redelivery is known, and no worker sees it."""
    desk.glances = lambda _: said("Help!")
    assert (await desk.take(COMMAND))["text"] == "Help!"
    assert await desk.take(COMMAND) == {}
    assert desk.handled == []
    assert not desk.store.records.inbox_waiting()


async def test_an_ack_that_comes_too_late_carries_no_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log took so long that Slack shows nothing of it any more: what is known at once, and what was done, is told all the same."""
    monkeypatch.setattr(intake_room, "LATEST", 0.0)

    async def do(_: Task) -> Message:
        return said("Done.")

    desk.does = do
    assert await desk.take(COMMAND) == {}
    await desk.done()
    desk.glances = lambda _: said("Help!")
    assert await desk.take(COMMAND | {"trigger_id": "2"}) == {}
    await desk.done()
    assert [each["text"] for _, each in desk.slack.responses] == ["Done.", "Help!"]


async def test_a_slow_answer_comes_by_the_response_url(desk: Desk) -> None:
    """The ack does not wait for it."""

    async def slow(_: Task) -> Message:
        await desk.time.sleep(10)
        return said("Done at last.")

    desk.does = slow
    assert await desk.take(COMMAND) == {}
    await desk.done()
    ((url, body),) = desk.slack.responses
    assert url == COMMAND["response_url"]
    assert (body["text"], body["response_type"]) == ("Done at last.", "ephemeral")


async def test_a_dead_response_url_is_replaced_by_an_ephemeral_message(desk: Desk) -> None:
    """The person is told in the channel, alone."""

    async def answer(_: Task) -> Message:
        return said("You may not.")

    desk.does = answer
    desk.slack.fail("response_url", ChatError("used up", code="http_404"))
    await desk.take(BUTTON)
    await desk.done()
    (call,) = desk.slack.of("chat.postEphemeral")
    assert (call.arguments["user"], call.arguments["channel"]) == ("U0ADA", "C1")


async def test_a_refusal_is_told_with_its_hint_and_not_tried_again(desk: Desk) -> None:
    """The domain's own words reach the person."""

    async def refuse(_: Task) -> Message:
        raise Refused("It is resolved.", hint="Open another.")

    desk.does = refuse
    await desk.take(BUTTON)
    await desk.done()
    assert len(desk.handled) == 1
    assert "It is resolved." in str(desk.slack.responses)
    assert "Open another." in str(desk.slack.responses)


async def test_a_handler_that_fails_is_tried_again_then_kept_and_told(desk: Desk) -> None:
    """A bug costs neither the payload nor the person's peace of mind."""

    async def fail(_: Task) -> Message:
        raise ZeroDivisionError("oh")

    desk.does = fail
    await desk.take(BUTTON)
    await desk.done()
    assert len(desk.handled) == TRIES
    assert [task.again for task in desk.handled] == [False, True, True, True]
    assert "did not work" in str(desk.slack.responses)
    assert not desk.store.records.inbox_waiting()


async def test_what_was_given_up_is_put_back(desk: Desk) -> None:
    """It lies in the dead-letter list with who wanted what, and is handled again, as theirs, when somebody puts it back."""

    async def fail(_: Task) -> Message:
        raise ZeroDivisionError("oh")

    desk.does = fail
    await desk.take(COMMAND)
    await desk.done()
    (letter,) = desk.store.records.dead_letters()
    assert (letter.what, letter.tries) == (DeadKind.REQUEST, TRIES)
    assert (letter.title, letter.detail) == ("what U0ADA typed: note hello", "ZeroDivisionError: oh")
    desk.store.journal.listen(desk.worker.watch)
    await desk.store.journal.submit(lambda tx: dead_letters.requeue(tx, letter.id, person("U0BEN"), ""))
    await desk.done()
    (letter,) = desk.store.records.dead_letters()
    assert letter.tries == 2 * TRIES
    desk.does = None
    await desk.store.journal.submit(lambda tx: dead_letters.requeue(tx, letter.id, person("U0BEN"), ""))
    await desk.done()
    assert not desk.store.records.dead_letters()
    assert desk.handled[-1].asked.user == "U0ADA"
    desk.does = fail
    await desk.take(BUTTON)
    await desk.done()
    assert desk.store.records.dead_letters()[0].title == "the button approve that U0ADA pressed"


async def test_what_was_typed_about_a_private_incident_is_there_for_its_people(desk: Desk) -> None:
    """It failed for good, asked in another channel: its letter belongs to the incident, as does what is asked there; what names none is anybody's."""

    async def fail(_: Task) -> Message:
        raise ZeroDivisionError("oh")

    desk.does = fail
    for number, private in ((1, True), (2, False)):
        opened = IncidentOpened(
            incident=IncidentId(number), title="A leak", severity=Severity.SEV1, private=private
        )
        await desk.store.journal.append(incident_stream(IncidentId(number)), FIRELINE, [opened])
    for text in ("note #1 the CFO's laptop", "note #2 hello", "note #3 hello"):
        await desk.take(COMMAND | {"text": text, "trigger_id": text})
        await desk.done()
    letters = {
        each.title.removeprefix("what U0ADA typed: "): each.incident
        for each in desk.store.records.dead_letters()
    }
    assert letters == {"note #1 the CFO's laptop": 1, "note #2 hello": None, "note #3 hello": None}


def _kept(entry: InboxEntry, tx: Transaction) -> bool:
    return tx.put_inbox(entry)


async def test_what_failed_belongs_to_the_workspace_where_it_was_asked(desk: Desk) -> None:
    """An incident from before there were several is home's: neither a channel of the same id nor its number makes it another's."""

    async def fail(_: Task) -> Message:
        raise ChatError("Slack is away", code="unreachable")

    desk.does = fail
    desk.reader_of = lambda it: desk.store.records_of(it or "T0HOME", home=it in {"", "T0HOME"})
    for number, workspace in ((1, ""), (2, "T0PAY")):
        incident = IncidentId(number)
        opened = IncidentOpened(
            incident=incident, title="A leak", severity=Severity.SEV1, private=True, workspace=workspace
        )
        channel = ChannelOpened(incident=incident, channel="C1", name="inc")
        await desk.store.journal.append(incident_stream(incident), FIRELINE, [opened, channel])
    belongs = {
        "C1 of T0HOME": 1,
        "C1 of ": 1,
        "C1 of T0PAY": 2,
        "C1 of T0THIRD": None,
        "C2 of T0HOME": 1,
        "C2 of T0PAY": None,
    }
    for place in belongs:
        channel, _, workspace = place.partition(" of ")
        asked = Asked(
            kind="command", user="U0ADA", channel=channel, text=f"note #1 {place}", workspace=workspace
        )
        entry = InboxEntry(
            key=f"command/{place}", kind="command", payload=asked.to_data(), received_at=desk.time.now()
        )
        await desk.store.journal.submit(partial(_kept, entry))
        desk.worker.take(entry)
    await desk.done()
    letters = {each.title: each.incident for each in desk.store.records.dead_letters()}
    assert letters == {f"what U0ADA typed: note #1 {place}": its for place, its in belongs.items()}


async def test_a_journal_that_is_behind_is_said_plainly(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was kept, and the person knows: in the ack of a command, by the response URL of a button."""

    async def behind(_: object, __: object) -> None:
        raise JournalBehind("too much waits")

    monkeypatch.setattr(type(desk.store.journal), "submit", behind)
    assert "Nothing was recorded" in (await desk.take(COMMAND))["text"]
    assert await desk.take(BUTTON) == {}
    await desk.time.advance(1)
    assert "Nothing was recorded" in str(desk.slack.responses)
    assert desk.handled == []


async def test_an_effect_and_its_mark_are_one_unit(desk: Desk) -> None:
    """Once the effect is in the log, a crash before anything else brings the request back no more."""

    async def note_and_die(task: Task) -> Message:
        incident = IncidentId(1)
        fact = NoteAdded(incident=incident, text="x")
        await task.journal.append(incident_stream(incident), FIRELINE, [fact])
        assert not desk.store.records.inbox_waiting()
        return said("Noted.")

    desk.does = note_and_die
    await desk.take(COMMAND)
    await desk.done()
    assert len(desk.handled) == 1


async def test_an_effect_that_is_undone_leaves_the_request(desk: Desk) -> None:
    """The unit fails: neither the effect nor the mark stands."""

    async def bad(task: Task) -> Message:
        def unit(_: object) -> None:
            raise ZeroDivisionError

        await task.journal.submit(unit)
        return said("never")

    desk.does = bad
    await desk.take(BUTTON)
    await desk.time.advance(0.5)
    assert len(desk.store.records.inbox_waiting()) == 1
    await desk.done()


async def test_what_a_crash_left_is_taken_up_at_the_start(desk: Desk) -> None:
    """Handled once, and marked as begun before."""
    _, asked = read(COMMAND, OURS) or ("", None)
    assert asked is not None
    entry = InboxEntry(key="command/1", kind="command", payload=asked.to_data(), received_at=desk.time.now())
    await desk.store.journal.submit(lambda tx: tx.put_inbox(entry))
    assert desk.worker.recover() == 1
    await desk.done()
    assert [(task.asked, task.again) for task in desk.handled] == [(asked, True)]


@pytest.mark.parametrize("body", [COMMAND, BUTTON])
async def test_what_was_said_not_to_be_kept_is_never_done(desk: Desk, body: Mapping[str, Any]) -> None:
    """Its commit broke off and stands all the same. The person was told to ask again: a start months later must not do it for them."""
    away = Away(desk.store)
    await desk.take(body)
    away.back()
    await desk.done()
    assert desk.worker.recover() == 0
    assert not desk.handled
    assert not desk.store.records.inbox_waiting()
