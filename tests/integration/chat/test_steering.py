"""Runs held, let go on and ended from chat, with commands and with buttons: rights, private answers, and what the channel then shows."""

from __future__ import annotations

import pytest

from bot.domain.facts import RunFinished, RunPaused, RunStarted
from bot.domain.ids import Digest, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, RunStatus, person
from tests.integration.chat.conftest import ADA, DANA, Workplace, until

RUN = RunId("1-1")
INCIDENTS = "C0INCIDENTS"


async def begun(place: Workplace, *runs: int) -> str:
    """Open an incident with these runs under way; return its channel."""
    incident = await place.open_incident()
    for number in runs:
        run = RunStarted(
            run=RunId(f"{incident}-{number}"), runbook="checkout-errors", digest=Digest("d" * 64), seed="s", autonomy="auto", inputs={}, scope={}
        )  # fmt: skip
        await place.store.journal.append(incident_stream(incident), FIRELINE, [run])
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    await place.posted(channel, f"incident/{incident}/status")
    await until(lambda: ADA in place.slack.world.channels[channel].members)
    return channel


async def test_a_run_is_held_and_goes_on_with_buttons(place: Workplace) -> None:
    """Pause, and the living message says who did; Resume stands where Pause stood; then both ways to end it."""
    channel = await begun(place, 1)
    ts = await place.posted(channel, "incident/1/status")
    await place.press(ADA, channel, ts, "run_pause/1-1")
    await until(lambda: "*Paused*" in place.text(channel, ts))
    assert f"by <@{ADA}>" in place.text(channel, ts)
    await place.press(ADA, channel, ts, "run_resume/1-1")
    await until(lambda: "*Paused*" not in place.text(channel, ts))
    await place.press(ADA, channel, ts, "run_cancel")
    await until(lambda: len(place.runs.asked) == 3)
    await place.press(ADA, channel, ts, "run_cancel_undo")
    await until(lambda: len(place.runs.asked) == 4)
    me = person(ADA)
    assert place.runs.asked == [
        ("pause", RUN, me), ("resume", RUN, me), ("cancel", RUN, me), ("cancel and undo", RUN, me),
    ]  # fmt: skip


async def test_with_several_runs_each_button_names_its_own(place: Workplace) -> None:
    """What is pressed holds the one that it names."""
    channel = await begun(place, 1, 2)
    ts = await place.posted(channel, "incident/1/status")
    await until(lambda: "Pause 1-2" in place.text(channel, ts))
    await place.press(ADA, channel, ts, "run_pause/1-2")
    await until(lambda: "Resume 1-2" in place.text(channel, ts))
    assert "Pause 1-1" in place.text(channel, ts)


@pytest.mark.parametrize(
    ("typed", "asked", "answer"),
    [
        ("pause", ("pause", RUN, person(ADA)), "is paused"),
        ("hold 1-1 a deploy is under way", ("pause", RUN, person(ADA)), "is paused"),
        ("cancel", ("cancel", RUN, person(ADA)), "--undo"),
        ("cancel 1-1 --undo wrong one", ("cancel and undo", RUN, person(ADA)), "undo what it did"),
        ("stop —undo", ("cancel and undo", RUN, person(ADA)), "undo what it did"),
    ],
)
async def test_commands_hold_and_end_a_run(place: Workplace, typed: str, asked: object, answer: str) -> None:
    """In its channel a run needs no name; what follows it is the reason."""
    channel = await begun(place, 1)
    assert answer in await place.told(ADA, channel, typed)
    assert place.runs.asked == [asked]


async def test_why_it_is_held_is_kept(place: Workplace) -> None:
    """The reason stands in the record, and the list of runs shows it."""
    channel = await begun(place, 1)
    await place.command(ADA, channel, "pause a deploy is under way")
    (held,) = [each.fact for each in place.store.records.events() if isinstance(each.fact, RunPaused)]
    assert held.why == "a deploy is under way"
    for where in (channel, INCIDENTS):
        assert "a deploy is under way" in await place.told(ADA, where, "runs")
    assert "goes on" in await place.told(ADA, channel, "resume")


@pytest.mark.parametrize(
    ("runs", "typed", "answer"),
    [
        ((), "pause", "Nothing runs"),
        ((1, 2), "pause", "Several runs can be meant: 1-1 (checkout-errors), 1-2"),
        ((1,), "resume", "none is paused"),
        ((1,), "pause 42_1", "is no run"),
    ],
)
async def test_what_can_t_be_meant_is_said(
    place: Workplace, runs: tuple[int, ...], typed: str, answer: str
) -> None:
    """Each refusal says what to do, and asks the engine nothing."""
    channel = await begun(place, *runs)
    told = await place.told(ADA, channel, typed)
    assert answer in told
    assert "`" in told
    assert place.runs.asked == []


async def test_a_failed_run_is_tried_again(place: Workplace) -> None:
    """By command and by button, where its run failed; the button goes when it is under way again."""
    channel = await begun(place, 1)
    assert "No run in #1 is over" in await place.told(ADA, channel, "retry")
    failed = RunFinished(run=RUN, status=RunStatus.FAILED, reason="rejected", detail="no")
    await place.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [failed])
    ts = await place.posted(channel, "incident/1/status")
    await until(lambda: "run_retry" in place.text(channel, ts))
    await place.press(ADA, channel, ts, "run_retry")
    await until(lambda: "run_retry" not in place.text(channel, ts))
    await place.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [failed])
    assert "goes on from where it failed" in await place.told(ADA, channel, "again mended")
    assert place.runs.asked == [("retry", RUN, person(ADA))] * 2
    await place.store.journal.append(
        incident_stream(IncidentId(1)), FIRELINE, [RunFinished(run=RUN, status=RunStatus.SUCCEEDED)]
    )
    assert "did not fail" in await place.told(ADA, channel, "retry")
    assert "Which run?" in await place.told(ADA, INCIDENTS, "retry")
    assert "There is no run 9-1" in await place.told(ADA, INCIDENTS, "retry 9-1")


async def test_nothing_is_tried_again_once_the_incident_is_resolved(place: Workplace) -> None:
    """Nobody would be watching; nor beside another run of the same runbook."""
    channel = await begun(place, 1, 2)
    failed = RunFinished(run=RUN, status=RunStatus.FAILED)
    await place.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [failed])
    assert "under way in incident 1 already: run 1-2" in await place.told(ADA, channel, "retry 1-1")
    over = RunFinished(run=RunId("1-2"), status=RunStatus.SUCCEEDED)
    await place.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [over])
    await place.command(ADA, channel, "resolve it is over")
    assert "was resolved" in await place.told(ADA, channel, "retry 1-1")
    assert place.runs.asked == []


async def test_outside_its_channel_a_run_must_be_named(place: Workplace) -> None:
    """A guess would hold the wrong one."""
    await begun(place, 1)
    assert "Which run?" in await place.told(ADA, INCIDENTS, "pause")
    assert "is paused" in await place.told(ADA, INCIDENTS, "pause 1-1")
    assert "none runs that is not paused already" in await place.told(
        ADA, place.channel_of(IncidentId(1)), "pause"
    )


async def test_a_guest_holds_nothing(place: Workplace) -> None:
    """It lets actions loose on the world, or stops them half-way: that is for those who may decide."""
    channel = await begun(place, 1)
    place.slack.world.add_member(place.slack.world.channels[channel], DANA)

    async def told(times: int) -> None:
        # How the incident stands, which is told to whoever joins a channel, may come in between.
        await until(lambda: sum("uests" in each for each in place.texts(channel, seen_by=DANA)) == times)

    for number, typed in enumerate(("pause", "resume", "cancel --undo"), start=1):
        await place.command(DANA, channel, typed)
        await told(number)
    ts = await place.posted(channel, "incident/1/status")
    await place.press(DANA, channel, ts, "run_pause/1-1")
    await told(4)
    assert place.runs.asked == []
