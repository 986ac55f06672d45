"""An incident led with typed commands, over the local Slack: what each answers, what is on record, and who is refused."""

from __future__ import annotations

import pytest

from bot.domain.dead_letters import Landing, land
from bot.domain.facts import AlertsAttached, AlertsReceived, IncidentOpened, RunStarted
from bot.domain.ids import INTAKE, Digest, IncidentId, RunId, incident_stream
from bot.domain.nouns import (
    COMMANDER,
    FIRELINE,
    DeadKind,
    DeadReason,
    IncidentStatus,
    Severity,
    SilenceStatus,
    person,
    sender,
)
from bot.domain.records import IncidentRecord
from tests.fakes.alerts import seen
from tests.integration.chat.conftest import ADA, BEN, CLEO, DANA, Workplace, until
from tests.integration.chat.moved import clock

ONE, TWO = IncidentId(1), IncidentId(2)
INCIDENTS = "C0INCIDENTS"
ALERT = seen(service="checkout")


async def channel_of(place: Workplace) -> str:
    """Open an incident and return its channel, with Ada in it."""
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    await until(lambda: ADA in place.slack.world.channels[channel].members)
    return channel


async def said(place: Workplace, channel: str, text: str, *, by: str = ADA) -> str:
    """Type a command; return what they read."""
    return await place.told(by, channel, text)


async def refused_to_guests(place: Workplace, text: str) -> None:
    """See that a guest is told no."""
    place.slack.world.add_member(place.slack.world.channels[INCIDENTS], DANA)
    assert "guests don't decide" in await said(place, INCIDENTS, text, by=DANA)


def record(place: Workplace, incident: IncidentId = ONE) -> IncidentRecord:
    """What is on record of an incident."""
    found = place.store.records.incident(incident)
    assert found is not None
    return found


async def test_an_incident_is_led_with_commands(http_place: Workplace) -> None:
    """From who leads to its end, and again: each answer says what is so now, and what comes next."""
    place = http_place
    channel = await channel_of(place)
    assert "is incident commander of #1" in await said(place, channel, f"assign <@{BEN}|ben> as commander")
    assert "is scribe of #1" in await said(place, channel, "assign @cleo as scribe")
    assert "customer liaison" in await said(place, channel, "assign me as customer liaison")
    assert record(place).roles == {COMMANDER: BEN, "scribe": CLEO, "customer_liaison": ADA}
    assert "Nobody is scribe" in await said(place, channel, "assign nobody as scribe")
    assert "#1 is SEV1 now" in await said(place, channel, "severity sev1 all regions")
    answer = await said(place, channel, "update identified next 30m We roll back.")
    assert "We roll back." in answer
    assert "promised by" in answer
    found = record(place)
    assert (found.severity, found.status, found.last_update) == (
        Severity.SEV1,
        IncidentStatus.IDENTIFIED,
        "We roll back.",
    )
    assert found.next_update_due is not None
    assert "incident.update_given" in await said(place, channel, "timeline")
    assert "Nothing was kept" in await said(place, channel, "evidence")
    assert "is resolved" in await said(place, channel, "resolve rolled back")
    assert "is open again" in await said(place, channel, "reopen it fails again in eu-west")
    assert record(place).open


async def test_two_incidents_become_one(http_place: Workplace) -> None:
    """In the channel of one, the other is named; which goes on is said."""
    place = http_place
    channel = await channel_of(place)
    await place.open_incident("Cart is slow")
    assert "Which one goes into which" in await said(place, INCIDENTS, "merge them")
    assert "#2 goes on in #1" in await said(place, channel, "merge #2 into #1")
    assert record(place, TWO).merged_into == 1
    assert "was merged into 1" in await said(place, INCIDENTS, "severity #2 SEV1")


async def joined(place: Workplace) -> None:
    """An alert that joins the incident."""
    received = AlertsReceived(receiver="r", group_key="g", external_url="", changed=(ALERT,))
    await place.store.journal.append(INTAKE, sender("alertmanager"), [received])
    attached = AlertsAttached(incident=ONE, keys=(ALERT.key,), first=ALERT, total=1)
    await place.store.journal.append(incident_stream(ONE), FIRELINE, [attached])


async def test_alerts_are_silenced_and_heard_again(http_place: Workplace) -> None:
    """For a time, with a reason; a guest is not asked, and an Alertmanager that is slow is waited for."""
    place = http_place
    channel = await channel_of(place)
    await joined(place)
    assert "For how long?" in await said(place, channel, "silence known, being fixed")
    await refused_to_guests(place, "silence #1 2h known")
    assert "are silenced until" in await said(place, channel, "silence for 2h known, being fixed")
    (silence,) = place.store.records.silences_of(ONE)
    assert (silence.status, silence.why) == (SilenceStatus.STANDING, "known, being fixed")
    ts = await place.posted(channel, f"incident/{ONE}/status")
    await until(lambda: "🔇 silenced until" in place.text(channel, ts))
    assert "are heard again" in await said(place, channel, "unsilence")
    await until(lambda: "🔇 silenced until" not in place.text(channel, ts))
    assert place.alertmanager.standing == {}
    await said(place, channel, "silence 2h again")
    await place.press(ADA, channel, ts, "open/more")
    assert "open/silence" not in str(await place.shown(ADA, "more"))
    await place.press_in_modal(ADA, "unsilence")
    await place.shown(ADA, "outcome")
    assert place.alertmanager.standing == {}


async def test_a_silence_ends_when_its_time_is_over(http_place: Workplace) -> None:
    """Alertmanager says nothing when that comes, and what stands in the log stays: the alerts can be silenced anew."""
    place = http_place
    channel = await channel_of(place)
    await joined(place)
    assert "are silenced until" in await said(place, channel, "silence 2m known, being fixed")
    clock(place).advance(120)  # a request that is signed five minutes apart is refused
    ts = await place.posted(channel, f"incident/{ONE}/status")
    await place.press(ADA, channel, ts, "open/more")
    view = str(await place.shown(ADA, "more"))
    assert "open/silence" in view
    assert "'unsilence'" not in view


async def test_changes_are_frozen(http_place: Workplace) -> None:
    """Whoever looks sees who froze them and why; a guest can't."""
    place = http_place
    channel = await channel_of(place)
    await refused_to_guests(place, "freeze deploy weekend")
    assert "Say why" in await said(place, channel, "freeze 2h")
    assert "frozen until" in await said(place, channel, "freeze 2h deploy weekend")
    for text in ("list", "status"):
        answer = await said(place, channel, text)
        assert f"by <@{ADA}>" in answer
        assert "deploy weekend" in answer
    assert "frozen already" in await said(place, INCIDENTS, "freeze again", by=BEN)
    assert "Changes go on" in await said(place, INCIDENTS, "unfreeze it is Monday", by=BEN)
    assert "frozen" not in await said(place, channel, "list")


async def test_who_is_on_call(http_place: Workplace) -> None:
    """The people of the groups that the settings name, told to nobody but the one who asks."""
    answer = await said(http_place, INCIDENTS, "who")
    assert f"*leads*  <@{BEN}>" in answer
    assert "*sre*" in answer
    assert ADA in answer


@pytest.mark.parametrize(
    "typed", ["status 1", "timeline 1", "evidence #1", "severity 1 SEV1", "ack 1", "note 1 x", "run x #1"]
)
async def test_a_private_incident_is_not_there_for_others(http_place: Workplace, typed: str) -> None:
    """Nor is it in a list, nor ever in the central channel; who opened it sees it."""
    place = http_place
    leak = IncidentOpened(incident=ONE, title="A leak", severity=Severity.SEV1, private=True)
    await place.store.journal.append(incident_stream(ONE), person(ADA), [leak])
    await place.settled()
    assert "There is no incident #1" in await said(place, INCIDENTS, typed, by=BEN)
    assert "A leak" not in await said(place, INCIDENTS, "list", by=BEN)
    assert "A leak" in await said(place, INCIDENTS, "list")
    assert not any("A leak" in text for text in place.texts(INCIDENTS))


async def test_the_dead_letters_of_a_private_incident_are_not_there_for_others(
    http_place: Workplace,
) -> None:
    """They hear what they would hear of a number that was never given; who is in it puts one back."""
    place = http_place
    leak = IncidentOpened(incident=ONE, title="A leak", severity=Severity.SEV1, private=True)
    await place.store.journal.append(incident_stream(ONE), person(ADA), [leak])
    lies = Landing(
        what=DeadKind.ALERT, about="x", reason=DeadReason.BUG, title="A leak", detail="oh", incident=ONE
    )
    await place.store.journal.submit(lambda tx: land(tx, lies))
    for number in (1, 9):
        for typed in (f"requeue {number}", f"discard {number} why"):
            assert f"There is no dead letter {number}." in await said(place, INCIDENTS, typed, by=BEN)
    assert "A leak" not in await said(place, INCIDENTS, "dead-letters", by=BEN)
    assert "is put back" in await said(place, INCIDENTS, "requeue 1")


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry"])
async def test_the_runs_of_a_private_incident_are_not_there_for_others(
    http_place: Workplace, verb: str
) -> None:
    """Their names can be guessed; the answer is the one for a name that is no run's."""
    place = http_place
    leak = IncidentOpened(incident=ONE, title="A leak", severity=Severity.SEV1, private=True)
    run = RunStarted(
        run=RunId("1-1"), runbook="plug", digest=Digest("d" * 64), seed="s", autonomy="auto", inputs={}, scope={}
    )  # fmt: skip
    await place.store.journal.append(incident_stream(ONE), person(ADA), [leak, run])
    hidden, never = [await said(place, INCIDENTS, f"{verb} {each}", by=BEN) for each in ("1-1", "9-9")]
    assert "There is no run 1-1" in hidden
    assert hidden == never.replace("9-9", "1-1")
    assert place.runs.asked == []


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("severty SEV1", "Did you mean “severity”"),
        ("silnce 2h", "Did you mean “silence”"),
        ("unfreze", "Did you mean “unfreeze”"),
        ("assign @nobodyatall as scribe", "Nobody is called @nobodyatall"),
        ("assign me as scrbe", "Did you mean “scribe”"),
        ("help", "🧭 Lead"),
    ],
)
async def test_a_slip_is_answered_with_what_was_meant(http_place: Workplace, typed: str, answer: str) -> None:
    """And help finds the right line by its head."""
    channel = await channel_of(http_place)
    assert answer in await said(http_place, channel, typed)
