"""Two workspaces let one Fireline in by OAuth, and each has its own: incidents, people, troubles. Over HTTP, against local Slacks at one address."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import select

from bot.domain.facts import ChatStopped, ChatWentOn, WorkspaceJoined
from bot.domain.ids import SYSTEM, IncidentId
from bot.ingress.app import ALERTMANAGER_PATH
from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from bot.persistence.workspace_tables import SLACK_BOTS, SLACK_OAUTH_STATES
from bot.wiring.assembly import running
from bot.wiring.fireline import Fireline
from bot.wiring.routes import application
from tests.fakes.alerts import body, seen
from tests.fakes.logs import restored  # noqa: F401 - a fixture
from tests.fakes.served import AUTHORIZATION, ServedHome
from tests.integration.chat.conftest import until

# slack-sdk sends the id and the secret by a class that aiohttp will drop in its next major.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
SHOP, PAY, STRANGE = "T0LOCAL0000", "T0PAYMENTS0", "T0STRANGER0"
ADA = "U0ADAOKAFOR"
HALF_A_DAY = 12 * 3600


@dataclass(kw_only=True)
class Street:
    """A Fireline and the workspaces around it; whoever acts does it at their workspace's own address."""

    fireline: Fireline
    url: str
    slacks: dict[str, LocalSlack]
    browser: httpx.AsyncClient

    async def install(self, workspace: str) -> httpx.Response:
        """Open the first page, say yes to Slack, and return what is read at the end."""
        asked = await self.browser.get(f"{self.url}/slack/install", params={"team": workspace})
        assert asked.status_code == 302, asked.text
        link = asked.headers["location"]
        assert "Allow" in (await self.browser.get(link)).text
        allowed = await self.browser.get(link.replace("/authorize?", "/authorize/allow?"))
        # The cookie is for https; a browser takes it on a loopback address, this client doesn't.
        cookie = {"cookie": asked.headers["set-cookie"].partition(";")[0]}
        return await self.browser.get(allowed.headers["location"], headers=cookie)

    async def type(self, workspace: str, text: str) -> str:
        """Have Ada of a workspace type a command, and return what she reads."""
        typed = {"user": "ada", "channel": "incidents", "command": "/incident", "text": text}
        done = await self.browser.post(f"{self.slacks[workspace].base_url}/_local/command", json=typed)
        ack: Any = done.json()["ack"]
        assert ack["outcome"] == "ok", ack
        return json.dumps(ack["body"], ensure_ascii=False)

    async def alert(self, service: str, **labels: str) -> None:
        """Send an alert of a service."""
        group = f'{{}}:{{service="{service}"}}'
        content = body([seen("touch", group_key=group, service=service, **labels)], groupKey=group)
        done = await self.browser.post(
            f"{self.url}{ALERTMANAGER_PATH}", content=content, headers=dict([AUTHORIZATION])
        )
        assert done.status_code == 200, done.text

    def channels(self, workspace: str) -> list[str]:
        """The names of incidents' channels in a workspace that the living message stands in."""
        return sorted(
            each.name
            for each in self.slacks[workspace].world.channels.values()
            if each.name.startswith("inc-") and any(not message.subtype for message in each.messages.values())
        )

    async def token(self, workspace: str) -> str:
        """What Fireline calls a workspace with."""
        installations = self.fireline.chat._installations
        assert installations is not None
        return await installations.token(workspace)

    def told(self, *kinds: type) -> list[Any]:
        """What the record of the system says, of these kinds."""
        events = self.fireline.store.records.events(stream=SYSTEM)
        return [each.fact for each in events if isinstance(each.fact, kinds)]


@asynccontextmanager
async def _served(fireline: Fireline, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(
        application(fireline), port=port, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    yield
    server.should_exit = True
    await task


def neighbour(first: LocalSlack, workspace: str, name: str) -> LocalSlack:
    """Another workspace of the same Slack; its people have the same ids and other names, as bad luck would have it."""
    app = replace(first.config.app, bot_token=f"xoxb-{workspace}", bot_user_id="U0FIRELINE9", bot_id="B9")
    people = tuple(replace(each, real_name=f"{each.real_name} of {name}") for each in first.config.people)
    config = replace(first.config, team_id=workspace, team_name=name, app=app, people=people)
    return LocalSlack(config, first.clock, beside=first)


@pytest.fixture
async def street(
    request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int]
) -> AsyncIterator[Street]:
    """A Fireline that may be installed in two of three workspaces, and is in none; over HTTP unless a test says otherwise."""
    config = LocalSlackConfig(rate_limits=False)
    config = replace(config, app=replace(config.app, token_rotation=True))
    first = LocalSlack(config, LocalClock())
    slacks = {
        SHOP: first,
        PAY: neighbour(first, PAY, "Demo Payments"),
        STRANGE: neighbour(first, STRANGE, "Strangers"),
    }
    home = ServedHome(tmp_path / "home", "http://127.0.0.1:1", port=free_port())
    async with serving(first) as url, serving(slacks[PAY]), serving(slacks[STRANGE]):
        slack = {
            "mode": getattr(request, "param", "http"),
            "app_token": config.app.app_token,
            "signing_secret": config.app.signing_secret,
            "base_url": f"{url}/api/",
            "announce_channel": "incidents",
            "oauth": {
                "client_id": config.app.client_id,
                "client_secret": config.app.client_secret,
                "workspaces": [SHOP, PAY],
                "route_label": "tenant",
                "routes": {"payments": PAY},
            },
        }
        home.configure(slack=slack, groups={"sre": [ADA]})
        for each in slacks.values():
            each.http.request_url = f"{home.url}/slack/events"
        async with (
            running(home.settings()) as fireline,
            _served(fireline, home.port),
            httpx.AsyncClient(trust_env=False, timeout=20) as browser,
        ):
            yield Street(fireline=fireline, url=home.url, slacks=slacks, browser=browser)


async def test_each_workspace_has_its_own(street: Street) -> None:
    """Alerts open incidents where their label says; nobody sees, steers or decides those of the other workspace."""
    assert "T0PAYMENTS0: not installed there" in str(street.fireline.chat.ready())
    for workspace, name in ((SHOP, "Demo Shop"), (PAY, "Demo Payments")):
        done = await street.install(workspace)
        assert (done.status_code, f"Fireline is in {name}" in done.text) == (200, True), done.text
    await until(lambda: street.fireline.chat.ready() is None)
    joined = street.told(WorkspaceJoined)
    assert [(each.workspace, each.name, each.by) for each in joined] == [
        (SHOP, "Demo Shop", ADA),
        (PAY, "Demo Payments", ADA),
    ]
    await street.alert("checkout")
    await until(lambda: street.channels(SHOP))
    await street.alert("cards", tenant="payments")
    await until(lambda: street.channels(PAY))
    assert [len(street.channels(each)) for each in (SHOP, PAY, STRANGE)] == [1, 1, 0]
    assert "#1" in await street.type(SHOP, "list")
    assert "#2" not in await street.type(SHOP, "list")
    assert "#2" in await street.type(PAY, "list")
    for words in ("status 1", "ack 1", "merge 2 1", "resolve 1 done"):
        assert "There is no incident" in await street.type(PAY, words), words
    await street.type(PAY, "ack 2")
    record = street.fireline.store.records.incident(IncidentId(2))
    assert record is not None
    assert (record.workspace, record.commander) == (PAY, ADA)
    # What fails there for good is looked up among its own; what was kept before there were several, among home's.
    reader_of = street.fireline.chat._worker._reader_of
    assert [reader_of(each).incident(IncidentId(2)) is None for each in (PAY, SHOP, "")] == [
        False,
        True,
        True,
    ]
    assert PAY in (await street.browser.get(f"{street.url}/incidents/2")).text
    # One id, two people: no page says that Ada of the shop did it.
    pay, shop = street.fireline.chat.identity_of(PAY), street.fireline.chat.identity_of(SHOP)
    await shop.learn(ADA)
    await pay.learn(ADA)
    assert (shop.name(ADA), pay.name(ADA)) == ("Ada Okafor", "Ada Okafor of Demo Payments")
    assert ADA not in street.fireline.names()
    assert [await each.groups_of(ADA) >= {"sre"} for each in (shop, pay)] == [True, False]


@pytest.mark.parametrize("street", ["socket"], indirect=True)
async def test_the_lines_of_an_app_are_all_of_its_workspaces(street: Street) -> None:
    """Over Socket Mode each is answered for itself; the app has one set of lines, whoever uses it."""
    for workspace in (SHOP, PAY):
        await street.install(workspace)
    await until(lambda: street.slacks[PAY].sockets.connected)
    await street.type(PAY, "declare SEV2 Cards fail")
    await until(lambda: street.channels(PAY))
    assert "Cards fail" in await street.type(PAY, "list")
    assert "Cards fail" not in await street.type(SHOP, "list")
    assert not street.channels(SHOP)


async def test_a_workspace_that_throws_us_out_and_lets_us_in_again(street: Street) -> None:
    """What belongs there waits, on record and visibly, and holds up nobody else; a new installation brings it, and a late word counts for nothing."""
    for workspace in (SHOP, PAY):
        await street.install(workspace)
    await until(lambda: street.fireline.chat.ready() is None)
    old = await street.token(PAY)
    pay = street.slacks[PAY]
    pay.world.revoke(old)
    await until(lambda: street.told(ChatStopped))
    assert {each.workspace for each in street.told(ChatStopped)} == {PAY}
    await until(lambda: "T0PAYMENTS0: not installed there" in str(street.fireline.chat.ready()))
    await street.alert("cards", tenant="payments")
    await street.alert("checkout")
    await until(lambda: street.channels(SHOP))
    assert not street.channels(PAY)
    await street.install(PAY)
    await until(lambda: street.channels(PAY))
    await until(lambda: street.told(ChatWentOn))
    assert street.told(ChatWentOn)[0].workspace == PAY
    for each in street.fireline.chat._workspaces:
        await each.look_whether_we_are_in()
    assert len(street.told(ChatStopped)) == 1


async def test_one_that_is_slowed_down_slows_nobody_else(street: Street) -> None:
    """Slack counts calls a workspace, and so do we: a 429 in one is obeyed there, and the other's messages come at once."""
    for workspace in (SHOP, PAY):
        await street.install(workspace)
    await until(lambda: street.fireline.chat.ready() is None)
    street.slacks[PAY].faults.add("ratelimited", target="conversations.create", retry_after=600)
    await street.alert("cards", tenant="payments")
    await until(lambda: street.slacks[PAY].faults.waiting() == [])
    await street.alert("checkout")
    await until(lambda: street.channels(SHOP))
    assert not street.channels(PAY)


async def test_tokens_rotate_before_anybody_notices(street: Street) -> None:
    """Half a day on Slack's clock later every token is over; the next call has another one, and both stand in no text and once in the database."""
    for workspace in (SHOP, PAY):
        await street.install(workspace)
    await until(lambda: street.fireline.chat.ready() is None)
    before = [await street.token(each) for each in (SHOP, PAY)]
    street.slacks[SHOP].clock.advance(HALF_A_DAY)  # type: ignore[attr-defined] - the clock that a test moves
    await street.alert("checkout")
    await street.alert("cards", tenant="payments")
    await until(lambda: street.channels(SHOP) and street.channels(PAY))
    after = [await street.token(each) for each in (SHOP, PAY)]
    assert not set(before) & set(after)
    with street.fireline.store.database.reading.connect() as connection:
        kept = connection.execute(select(SLACK_BOTS.c.team_id, SLACK_BOTS.c.bot_token)).all()
        assert not connection.execute(select(SLACK_OAUTH_STATES)).all()
    assert sorted(map(tuple, kept)) == sorted(zip((SHOP, PAY), after, strict=True))
    for token in before + after:
        assert token not in street.fireline.redactor.redact(f"it was {token} all along")
    assert not street.told(ChatStopped)


async def test_who_may_not_come_in(street: Street) -> None:
    """A workspace that is not named is uninstalled at once; a state serves its own browser, once."""
    done = await street.install(STRANGE)
    assert (done.status_code, "not for that workspace" in done.text) == (403, True)
    assert street.slacks[STRANGE].world.revoked_tokens
    begun = await street.browser.get(f"{street.url}/slack/install")
    state = begun.headers["location"].partition("state=")[2].partition("&")[0]
    cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
    back = f"{street.url}/slack/oauth_redirect"
    cases: list[tuple[dict[str, str], dict[str, str], int, str]] = [
        ({"error": "access_denied"}, {}, 200, "Nothing was installed"),
        ({"error": "<script>"}, {}, 200, "Nothing was installed"),
        ({"code": "x", "state": state}, {}, 400, "did not begin the installation"),
        ({"code": "x", "state": state}, cookie, 401, "Slack gave no token"),
        ({"code": "x", "state": state}, cookie, 401, "took too long"),
    ]
    for asked, headers, status, says in cases:
        seen_page = await street.browser.get(back, params=asked, headers=headers)
        assert (seen_page.status_code, says in seen_page.text) == (status, True), seen_page.text
        assert "script" not in seen_page.text
    assert not street.told(WorkspaceJoined)
    answered = await street.type(STRANGE, "list")
    assert answered == "null"
