"""Tokens of workspaces: renewed early and once, kept through troubles; and what is handed to a browser that installs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import MetaData, Table, func, select, update
from sqlalchemy.exc import OperationalError

from bot.chat.behind import Behind
from bot.chat.client import SlackClient
from bot.chat.config import ChatConfig, OAuth
from bot.chat.joining import stores as stores_module
from bot.chat.joining.installations import Installations
from bot.chat.joining.stores import Stores, TooManyBegun, stores_over
from bot.domain.facts import WorkspaceJoined
from bot.domain.ids import SYSTEM
from bot.domain.ports import alone
from bot.errors import ChatError
from bot.persistence.store import Store
from bot.persistence.workspace_tables import SLACK_BOTS, SLACK_OAUTH_STATES
from bot.telemetry import Metrics
from tests.fakes.store import START, MovedClock, open_test_store

PAY = "T0PAY"
CONFIG = ChatConfig(
    mode="http",
    public_url="https://fireline.test",
    oauth=OAuth(
        client_id="1.2",
        client_secret="hush",
        workspaces=("T0SHOP", PAY),
        redirect_url="https://fireline.test/slack/oauth_redirect",
        authorization_url="https://slack.com/oauth/v2/authorize",
    ),
)


class Rotator:
    """Stands in for the SDK's: gives the next token, slowly, or fails."""

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.given = 0
        self.asked = 0
        self.fails: Exception | None = None

    async def perform_bot_token_rotation(self, *, bot: Bot, minutes_before_expiration: int) -> Bot | None:
        """Give the next one, if it is time."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        assert bot.bot_token_expires_at is not None
        if bot.bot_token_expires_at > self.clock.now().timestamp() + minutes_before_expiration * 60:
            return None
        self.given += 1
        fresh = Bot(**bot.to_dict_for_copying())
        fresh.bot_token, fresh.bot_refresh_token = f"xoxe.{self.given}", f"xoxe-r{self.given}"
        fresh.bot_token_expires_at = bot.bot_token_expires_at + 43_200
        return fresh


@dataclass(kw_only=True)
class House:
    """Installations over a real store, and what they told."""

    store: Store
    clock: MovedClock
    stores: Stores
    rotator: Rotator
    learnt: list[str] = field(default_factory=list)
    leading: Callable[[], Awaitable[None]] = alone

    def open(self) -> Installations:
        """Make them anew, as the next process does."""
        behind = SimpleNamespace(
            journal=self.store.journal, learn=self.learnt.extend, surely_leading=self.leading
        )
        made = Installations(CONFIG, self.stores, cast("Behind", behind), self.clock)
        cast("Any", made)._rotator = self.rotator
        return made

    async def opened(self) -> Installations:
        """The same, with what is kept."""
        made = self.open()
        await made.open(cast("Any", None))
        return made

    def kept(self) -> list[tuple[Any, ...]]:
        """What the database has."""
        with self.store.database.reading.connect() as connection:
            asked = select(SLACK_BOTS.c.team_id, SLACK_BOTS.c.bot_token, SLACK_BOTS.c.bot_refresh_token)
            return [tuple(row) for row in connection.execute(asked)]


def a_bot(*, lives: float | None = 43_200, workspace: str = PAY) -> Bot:
    """What a workspace gave; `lives` is in seconds, None for a token that does not end."""
    ends = None if lives is None else int(START.timestamp() + lives)
    return Bot(
        app_id="A1",
        team_id=workspace,
        team_name="Payments",
        enterprise_id="E0ORG",
        bot_token="xoxb-first",
        bot_id="B1",
        bot_user_id="U1",
        bot_scopes=["commands", "chat:write"],
        bot_refresh_token=None if ends is None else "xoxe-r0",
        bot_token_expires_at=ends,
        installed_at=START.timestamp() + 0.123457,
    )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A store with nothing in it."""
    clock = MovedClock()
    store = await open_test_store(tmp_path, clock)
    made = stores_over(store.database.writing, "1.2")
    yield House(store=store, clock=clock, stores=made, rotator=Rotator(clock))
    await store.close()


async def test_a_token_is_kept_and_on_record_without_its_value(house: House) -> None:
    """The next process finds it; the log says who let the app in, and redaction knows it before anybody can use it."""
    first = house.open()
    with pytest.raises(ChatError, match="has not let this app in") as missing:
        await first.token(PAY)
    assert missing.value.hint == "Somebody of that workspace opens https://fireline.test/slack/install."
    await first.add(a_bot(lives=None), by="U0ADA")
    await first.add(a_bot(lives=None), by="U0BEN")  # again, by somebody else
    again = await house.opened()
    assert (await again.token(PAY), again.has("T0SHOP")) == ("xoxb-first", False)
    assert house.learnt[:1] == ["xoxb-first"]
    assert house.kept() == [(PAY, "xoxb-first", None)]
    joined = [each.fact for each in house.store.records.events(stream=SYSTEM)]
    assert joined[-1] == WorkspaceJoined(
        workspace=PAY, name="Payments", by="U0BEN", scopes=("chat:write", "commands")
    )


async def test_who_installs_anew_loses_nothing_where_that_can_t_be_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token before serves on, for the next process too; once it can be kept, the new one stands in its place, whatever the clock said."""
    held = house.open()
    await held.add(a_bot(lives=None), by="U0ADA")

    async def away(_bot: Bot) -> None:
        raise OperationalError("insert", {}, Exception("disk full"))

    later = a_bot(lives=None)
    later.bot_token, later.installed_at = "xoxb-second", START.timestamp() - 60
    with monkeypatch.context() as full:
        full.setattr(house.stores.bots, "save", away)
        with pytest.raises(OperationalError):
            await held.add(later, by="U0BEN")
    assert [await each.token(PAY) for each in (held, await house.opened())] == ["xoxb-first"] * 2
    await held.add(later, by="U0BEN")
    assert [await each.token(PAY) for each in (held, await house.opened())] == ["xoxb-second"] * 2
    assert house.kept() == [(PAY, "xoxb-second", None)]


async def test_a_token_is_renewed_two_hours_early_and_by_one(house: House) -> None:
    """Ten calls at once ask Slack once: a refresh token serves once. The row is changed, not added to; a restart changes nothing."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    house.clock.move(hours=9, minutes=59)
    assert await held.token(PAY) == "xoxb-first"
    house.clock.move(minutes=2)
    assert await asyncio.gather(*(held.token(PAY) for _ in range(10))) == ["xoxe.1"] * 10
    assert house.rotator.given == 1
    again = await house.opened()
    house.clock.move(hours=12)
    assert await again.token(PAY) == "xoxe.2"
    assert house.kept() == [(PAY, "xoxe.2", "xoxe-r2")]
    assert {"xoxe.2", "xoxe-r2"} <= set(house.learnt)


async def test_a_token_that_slack_calls_over_is_renewed_whatever_our_clock_says(house: House) -> None:
    """Once for all who met that; without a refresh token there is nothing to be done."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    assert await asyncio.gather(held.renew(PAY, "xoxb-first"), held.renew(PAY, "xoxb-first")) == [True, True]
    assert (house.rotator.given, await held.token(PAY)) == (1, "xoxe.1")
    assert not await held.renew("T0SHOP", "x")
    await held.add(a_bot(lives=None), by="U0ADA")
    assert not await held.renew(PAY, "xoxb-first")


async def test_a_renewal_that_fails_is_tried_again_in_a_minute(house: House) -> None:
    """Until its end the old token serves; nobody is asked at every call."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    house.clock.move(hours=11)
    for fault in (SlackTokenRotationError(SlackApiError("no", {"error": "internal_error"})), TimeoutError()):
        house.rotator.fails = fault
        asked = house.rotator.asked
        assert [await held.token(PAY) for _ in range(3)] == ["xoxb-first"] * 3
        assert house.rotator.asked == asked + 1
        assert not await held.renew(PAY, "xoxb-first")
        house.clock.move(minutes=1)
    house.rotator.fails = None
    assert await held.token(PAY) == "xoxe.1"


async def test_what_the_leader_before_wrote_late_is_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had the next token in hand as it lost the lead, and we had read the one before: the refresh token that we have is spent."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    late = await house.stores.bots.find(PAY)
    assert late is not None
    late.bot_token, late.bot_token_expires_at = "xoxe.theirs", int(START.timestamp()) + 86_400
    await house.stores.bots.save(late)
    house.clock.move(hours=11)
    house.rotator.fails = SlackTokenRotationError(SlackApiError("no", {"error": "invalid_refresh_token"}))
    assert [await held.token(PAY) for _ in range(2)] == ["xoxe.theirs"] * 2
    house.clock.move(hours=12)

    async def away(_workspace: str) -> Bot | None:
        raise OperationalError("select", {}, Exception("disk gone"))

    monkeypatch.setattr(house.stores.bots, "find", away)
    assert await held.token(PAY) == "xoxe.theirs"


async def test_a_token_that_can_t_be_written_down_serves_and_is_written_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database being away must not cost the workspace: its refresh token is spent."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    save = house.stores.bots.save

    async def away(_bot: Bot) -> None:
        raise OperationalError("insert", {}, Exception("disk full"))

    monkeypatch.setattr(house.stores.bots, "save", away)
    house.clock.move(hours=11)
    assert [await held.token(PAY) for _ in range(2)] == ["xoxe.1"] * 2
    assert house.kept()[0][1] == "xoxb-first"
    monkeypatch.setattr(house.stores.bots, "save", save)
    house.clock.move(minutes=1)
    await held.token(PAY)
    assert house.kept() == [(PAY, "xoxe.1", "xoxe-r1")]


async def test_a_token_that_is_written_down_late_is_not_written_over_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody installs anew just then: what the next process finds is theirs. Ten calls write it down once."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    save, saved = house.stores.bots.save, list[str]()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def late(bot: Bot) -> None:
        if bot.bot_token == "xoxe.1":
            if not saved:
                saved.append("")
                raise OperationalError("insert", {}, Exception("disk full"))
            begun.set()
            await go_on.wait()
        saved.append(bot.bot_token)
        await save(bot)

    monkeypatch.setattr(house.stores.bots, "save", late)
    house.clock.move(hours=11)
    await held.token(PAY)
    house.clock.move(minutes=1)
    calls = [asyncio.create_task(held.token(PAY)) for _ in range(10)]
    await begun.wait()
    anew = a_bot(lives=None)
    anew.bot_token = "xoxb-second"
    adding = asyncio.create_task(held.add(anew, by="U0BEN"))
    await asyncio.wait([adding], timeout=0.05)
    go_on.set()
    await asyncio.gather(adding, *calls)
    assert (saved, house.kept()) == (["", "xoxe.1", "xoxb-second"], [(PAY, "xoxb-second", None)])


async def test_a_token_that_is_worth_nothing_is_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the database too; where that can't be written, it is not used all the same."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    await held.of(PAY).forget()
    assert (held.of(PAY).missing, house.kept()) == (True, [])
    await held.add(a_bot(), by="U0ADA")

    async def away(_workspace: str) -> None:
        raise OperationalError("delete", {}, Exception("disk full"))

    monkeypatch.setattr(house.stores.bots, "delete", away)
    await held.forget(PAY)
    assert held.of(PAY).missing


async def test_nobody_renews_who_may_not_lead(house: House) -> None:
    """A process that slept must not spend the leader's refresh token."""
    sure = asyncio.Event()
    house.leading = cast("Any", sure.wait)
    held = house.open()
    await held.add(a_bot(lives=60), by="U0ADA")
    asking = asyncio.create_task(held.token(PAY))
    await asyncio.sleep(0.01)
    assert house.rotator.asked == 0
    sure.set()
    assert await asking == "xoxe.1"


class Web:
    """Stands in for the SDK's client: refuses a token as over."""

    def __init__(self, over: str) -> None:
        self.over, self.token = over, ""
        self.sent: list[str] = []

    async def api_call(self, _method: str, **_how: Any) -> SimpleNamespace:
        """Answer."""
        self.sent.append(self.token)
        if self.token == self.over:
            raise SlackApiError(
                "no",
                SimpleNamespace(status_code=200, data={"ok": False, "error": "token_expired"}, headers={}),
            )
        return SimpleNamespace(data={"ok": True})


async def test_a_call_goes_out_again_with_the_next_token(house: House) -> None:
    """Slack did nothing with the first; where there is no next one, the refusal comes out."""
    held = house.open()
    await held.add(a_bot(), by="U0ADA")
    web = Web("xoxb-first")
    client = SlackClient(cast("Any", web), metrics=Metrics(version="t", process=False), tokens=held.of(PAY))
    await client.call("chat.postMessage", {"channel": "C1"})
    assert web.sent == ["xoxb-first", "xoxe.1"]
    web.over, house.rotator.fails = "xoxe.1", TimeoutError()
    with pytest.raises(ChatError, match="token_expired"):
        await client.call("chat.postMessage", {"channel": "C1"})


async def test_what_a_browser_is_given_ends_and_is_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may begin: those that nobody came back with go away, and there are never more than so many."""
    states = house.stores.states
    monkeypatch.setattr(stores_module, "MOST_STATES", 2)
    first = await states.async_issue()
    await states.async_issue()
    with pytest.raises(TooManyBegun):
        await states.async_issue()
    assert await states.async_consume(first)
    assert not await states.async_consume(first)
    with house.store.database.writing.begin() as connection:
        connection.execute(update(SLACK_OAUTH_STATES).values(expire_at=START.replace(tzinfo=None, year=2000)))
    await states.async_issue()
    with house.store.database.reading.connect() as connection:
        assert connection.execute(select(func.count()).select_from(SLACK_OAUTH_STATES)).scalar_one() == 1


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (SQLAlchemyInstallationStore.build_bots_table(MetaData(), "slack_bots"), SLACK_BOTS),
        (
            SQLAlchemyOAuthStateStore.build_oauth_states_table(MetaData(), "slack_oauth_states"),
            SLACK_OAUTH_STATES,
        ),
    ],
)
def test_our_tables_are_the_sdk_s(theirs: Table, ours: Table) -> None:
    """A guard against another SDK: the same columns, null where it may write none, indexes and all."""
    assert [each.name for each in theirs.columns] == [each.name for each in ours.columns]
    for column in theirs.columns:
        assert ours.c[column.name].nullable == column.nullable, column.name
    wanted = {tuple(column.name for column in each.columns) for each in theirs.indexes}
    assert wanted == {tuple(column.name for column in each.columns) for each in ours.indexes}
