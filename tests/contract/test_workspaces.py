"""What those who serve one chat workspace see of the store, on every database: theirs, and nothing of another's."""

from __future__ import annotations

import time
from typing import Any

import pytest
from slack_sdk.oauth.installation_store import Bot

from bot.chat.joining.stores import stores_over
from bot.domain import facts
from bot.domain.ids import (
    SYSTEM,
    ApprovalId,
    Digest,
    IncidentId,
    LetterId,
    LetterKey,
    RunId,
    StepId,
    incident_stream,
)
from bot.domain.nouns import FIRELINE, DeadKind, DeadReason, Severity
from bot.persistence.reader import Records
from bot.persistence.store import Store
from tests.fakes.any_facts import started

OLD, SHOP, PAY = IncidentId(1), IncidentId(2), IncidentId(3)
CHANNEL = "C1"


async def opened(store: Store, incident: IncidentId, workspace: str) -> None:
    """Open an incident of a workspace, with a channel; the channels of two workspaces have the same id."""
    begun = facts.IncidentOpened(
        incident=incident, title="Down", severity=Severity.SEV2, group="g", workspace=workspace
    )
    channel = facts.ChannelOpened(incident=incident, channel=CHANNEL, name="inc")
    marked = facts.MessageMarked(
        incident=incident, channel=CHANNEL, ts=f"{incident}.0", author="U1", text="x", permalink=""
    )
    await store.journal.append(incident_stream(incident), FIRELINE, [begun, channel, marked])


@pytest.fixture
async def shop_and_pay(store: Store) -> tuple[Records, Records]:
    """Three incidents: one from before there were several workspaces, one of the shop, one of payments."""
    for incident, workspace in ((OLD, ""), (SHOP, "T0SHOP"), (PAY, "T0PAY")):
        await opened(store, incident, workspace)
    return store.records_of("T0SHOP", home=True), store.records_of("T0PAY", home=False)


def queued(run: RunId, *, place: int) -> facts.RunQueued:
    """A run waits in line."""
    return facts.RunQueued(
        run=run, runbook="checkout-errors", digest=Digest("d"), seed="s", autonomy="auto", inputs={}, scope={}, group="g",
        severity=Severity.SEV2, behind=RunId(""), place=place,
    )  # fmt: skip


def letter_of(number: int, incident: IncidentId | None) -> facts.DeadLetterLanded:
    """Something lands in the dead-letter list."""
    return facts.DeadLetterLanded(
        letter=LetterId(number), key=LetterKey(f"message/{number}"), what=DeadKind.MESSAGE, reason=DeadReason.REFUSED,
        title="x", detail="y", tries=1, incident=incident,
    )  # fmt: skip


def asked(run: RunId) -> facts.ApprovalRequested:
    """A run asks people."""
    return facts.ApprovalRequested(
        run=run, step=StepId("shift"), approval=ApprovalId(f"{run}/shift/1"), digest=Digest("d"), action="wait", effect="mutate",
        target="router", inputs={}, sources=("anyone",), quorum=1,
    )  # fmt: skip


def numbers(records: Any) -> list[int]:
    """The incidents that something is of."""
    return sorted({int(each.incident) for each in records})


async def test_incidents(store: Store, shop_and_pay: tuple[Records, Records]) -> None:
    """Home has what came before there were several; a channel's id means the workspace's own channel."""
    shop, pay = shop_and_pay
    assert [each.id for each in shop.incidents(only_open=True)] == [SHOP, OLD]
    assert [each.id for each in pay.incidents(limit=1)] == [PAY]
    assert [shop.incident(each) is not None for each in (OLD, SHOP, PAY)] == [True, True, False]
    assert [pay.incident(each) is not None for each in (OLD, SHOP, PAY)] == [False, False, True]
    found = [each.incident_of_channel(CHANNEL) for each in (shop, pay)]
    assert [each.id if each else None for each in found] == [SHOP, PAY]
    assert pay.incident_of_channel("") is None
    assert [pay.marked(CHANNEL, f"{each}.0") is not None for each in (SHOP, PAY)] == [False, True]
    assert pay.marked(CHANNEL, "9.9") is None
    # That a target has one incident at a time holds everywhere.
    assert len(pay.open_incidents_of_group("g")) == 3
    assert store.records_of("", home=True) is store.records


async def test_what_chat_owes(store: Store, shop_and_pay: tuple[Records, Records]) -> None:
    """Each workspace's outbox has its own, and together they have all."""
    shop, pay = shop_and_pay
    assert numbers(shop.outbox_behind()) == [OLD, SHOP]
    assert numbers(pay.outbox_behind()) == [PAY]
    assert len(shop.outbox_behind()) + len(pay.outbox_behind()) == len(store.records.outbox_behind())
    assert len(pay.outbox_behind(limit=1)) == 1


async def test_runs_approvals_and_letters(store: Store, shop_and_pay: tuple[Records, Records]) -> None:
    """Those of another workspace's incidents are not there; what belongs to no incident is home's."""
    shop, pay = shop_and_pay
    for number, incident in enumerate((SHOP, PAY, None), start=1):
        await store.journal.append(SYSTEM, FIRELINE, [letter_of(number, incident)])
    assert [each.id for each in shop.dead_letters()] == [1, 3]
    assert [each.id for each in pay.dead_letters(waiting=False)] == [2]
    assert [pay.dead_letter(LetterId(each)) is not None for each in (1, 2, 3, 4)] == [
        False,
        True,
        False,
        False,
    ]
    for incident in (SHOP, PAY):
        run = RunId(f"{incident}-1")
        await store.journal.append(incident_stream(incident), FIRELINE, [started(run), asked(run)])
    assert numbers(shop.unfinished_runs()) == [SHOP]
    assert numbers(pay.unfinished_runs()) == [PAY]
    assert pay.queued_runs() == []
    assert [pay.run(RunId(f"{each}-1")) is not None for each in (SHOP, PAY, 9)] == [False, True, False]
    approvals = [pay.approval(ApprovalId(f"{each}-1/shift/1")) for each in (SHOP, PAY, 9)]
    assert [each is not None for each in approvals] == [False, True, False]


async def test_a_list_that_is_cut_off_is_cut_off_among_ours(
    store: Store, shop_and_pay: tuple[Records, Records]
) -> None:
    """What belongs to others takes up no room in it, however much there is."""
    shop, pay = shop_and_pay
    for number, incident in enumerate((SHOP, None, OLD, PAY, SHOP, PAY), start=1):
        await store.journal.append(SYSTEM, FIRELINE, [letter_of(number, incident)])
    for number, incident in enumerate((SHOP, OLD, PAY, SHOP, PAY), start=1):
        waits = queued(RunId(f"{incident}-{number}"), place=number)
        await store.journal.append(incident_stream(incident), FIRELINE, [waits])
    assert [each.id for each in pay.dead_letters(limit=2)] == [4, 6]
    assert [each.id for each in pay.dead_letters(waiting=False, limit=1)] == [6]
    assert [each.id for each in shop.dead_letters(limit=3)] == [1, 2, 3]
    assert [each.id for each in shop.dead_letters(waiting=False, limit=2)] == [5, 3]
    assert [each.id for each in pay.queued_runs(limit=2)] == ["3-3", "3-5"]
    assert [each.id for each in shop.queued_runs(limit=2)] == ["2-1", "1-2"]


async def test_tokens_are_kept_and_states_are_good_once(store: Store) -> None:
    """slack_sdk's own stores work over our tables, with a token as long as Slack likes."""
    stores = stores_over(store.database.writing, "1.2")
    bot = Bot(
        app_id="A1", team_id="T0PAY", bot_token="x" * 900, bot_id="B1", bot_user_id="U1", installed_at=time.time(),
        bot_refresh_token="y" * 900, bot_token_expires_at=int(time.time()) + 60,
    )  # fmt: skip
    await stores.bots.save(bot)
    found = await stores.bots.find("T0PAY")
    assert found is not None
    assert (found.bot_token, found.bot_token_expires_at) == (bot.bot_token, bot.bot_token_expires_at)
    found.bot_token = "z"
    await stores.bots.save(found)
    again = await stores.bots.find("T0PAY")
    assert again is not None
    assert again.bot_token == "z"
    assert await stores.bots.find("T0SHOP") is None
    await stores.bots.delete("T0PAY")
    assert await stores.bots.find("T0PAY") is None  # a second row would be found now
    state = await stores.states.async_issue()
    assert [await stores.states.async_consume(state) for _ in range(2)] == [True, False]
