"""Who must not get in, and what must not be believed: over real HTTP, as somebody with a socket and bad intent would try."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.chat.identity import Identity
from bot.chat.inbound.door import MOST_BODY
from bot.chat.pace import Pacer
from bot.errors import ChatError, NotAllowed
from tests.integration.chat.conftest import ADA, BEN, CLEO, DANA, Workplace, until

INCIDENTS = "C0INCIDENTS"
DECLARE = b"command=%2Fincident&text=declare+SEV1+forged&user_id=U0ADAOKAFOR&team_id=T0LOCAL0000&trigger_id=1"


def signed(body: bytes, *, secret: str, age: int = 0) -> dict[str, str]:
    """Sign a body as Slack does."""
    stamp = str(int(time.time()) - age)
    made = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={made}",
        "content-type": "application/x-www-form-urlencoded",
    }


async def post(place: Workplace, body: bytes | AsyncIterator[bytes], headers: Mapping[str, str]) -> int:
    """Post to the surface as anybody can who reaches its port."""
    async with httpx.AsyncClient(trust_env=False) as anybody:
        url = place.slack.http.request_url
        assert url is not None
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return (await anybody.post(url, content=body, headers=raw)).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-slack-request-timestamp": "soon", "x-slack-signature": "v0=1"},
        {"x-slack-request-timestamp": "9" * 400, "x-slack-signature": "v0=1"},
        {"x-slack-request-timestamp": str(int(time.time())), "x-slack-signature": "v0=é"},
        {"x-slack-request-timestamp": str(int(time.time())), "x-slack-signature": ""},
    ],
)
@pytest.mark.parametrize(
    "body", [DECLARE, b"ssl_check=1&" + DECLARE, b"\xff\xfe", b'{"a":' * 20_000, b"payload=%7B%22type"]
)
async def test_what_slack_did_not_sign_is_401_and_nothing_else(
    http_place: Workplace, headers: dict[str, str], body: bytes
) -> None:
    """However the headers and the body are malformed: no 500 with a traceback, and nothing happens."""
    assert await post(http_place, body, headers) == 401
    assert http_place.store.records.incidents() == []


@pytest.mark.parametrize("age", [330, -330])
async def test_an_old_signature_is_worth_nothing(http_place: Workplace, age: int) -> None:
    """What was recorded more than five minutes ago, or is dated ahead, is not taken though its signature is right."""
    secret = http_place.config.signing_secret
    assert await post(http_place, DECLARE, signed(DECLARE, secret=secret, age=age)) == 401
    assert await post(http_place, DECLARE, signed(DECLARE, secret="another app's")) == 401
    assert await post(http_place, DECLARE, signed(DECLARE, secret=secret)) == 200


async def test_a_replay_within_the_five_minutes_happens_once(http_place: Workplace) -> None:
    """Whoever reads a request on its way and sends it again gets 200 and has no effect."""
    headers = signed(DECLARE, secret=http_place.config.signing_secret)
    assert [await post(http_place, DECLARE, headers) for _ in range(3)] == [200, 200, 200]
    assert len(http_place.store.records.incidents()) == 1


async def test_a_body_without_end_is_cut_off(http_place: Workplace) -> None:
    """The signature can only be checked over the whole body, so how much of it is taken in has a limit."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * MOST_BODY:
            sent += 65_536
            yield b"x" * 65_536

    try:
        status = await post(http_place, endless(), signed(b"", secret="guess"))
    except httpx.TransportError:  # the connection was closed in the middle of it: as good an answer
        status = 413
    assert status == 413
    assert sent < 32 * MOST_BODY


async def test_a_guest_starts_and_stops_no_runbook(place: Workplace) -> None:
    """Guests may raise an alarm; what lets actions loose on the world is for members."""
    place.slack.world.add_member(place.slack.world.channels[INCIDENTS], DANA)
    for text in ("run restart", "cancel 1-1"):
        ack = await place.command(DANA, INCIDENTS, text)
        await until(
            lambda ack=ack: (
                "guests don't decide" in str(ack["body"])
                or any("guests don't decide" in each for each in place.texts(INCIDENTS, seen_by=DANA))
            )
        )
    assert place.runs.asked == []


@dataclass
class Directory:
    """A workspace's answers about people."""

    users: dict[str, dict[str, Any]]
    groups: list[dict[str, Any]]
    auth: dict[str, Any] = field(default_factory=lambda: {"team_id": "T1", "user_id": "UBOT"})
    away: bool = False

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer, unless Slack is away."""
        if self.away:
            raise ChatError("away", code="unreachable")
        if method == "users.info":
            return {"user": self.users[arguments["user"]]}
        return self.auth if method == "auth.test" else {"usergroups": self.groups}

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Take an answer."""


@dataclass
class Hands:
    """A clock that a test sets forward."""

    instant: datetime = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return where it stands."""
        return self.instant


def identity(directory: Directory, clock: Hands, **groups: tuple[str, ...]) -> Identity:
    """Make an identity over a directory."""
    return Identity(directory, Pacer(clock, asyncio.sleep), clock, groups)


async def test_somebody_of_another_workspace_decides_nothing() -> None:
    """In a channel shared through Slack Connect a vendor's people see our buttons; `is_stranger` says nothing of them."""
    users = {
        "U1": {"id": "U1", "team_id": "T1", "name": "ours"},
        "U2": {"id": "U2", "team_id": "T2", "name": "theirs", "is_stranger": False},
        "U3": {"id": "U3", "team_id": "T9", "enterprise_user": {"enterprise_id": "E1", "teams": ["T1"]}},
        "U4": {"id": "U4", "name": "from nowhere"},
    }
    who = identity(Directory(users, []), Hands())
    await who.must_be_able_to_decide("U1")
    await who.must_be_able_to_decide("U3")
    for stranger in ("U2", "U4"):
        with pytest.raises(NotAllowed, match="another workspace"):
            await who.must_be_able_to_decide(stranger)


async def test_an_installation_for_a_whole_organisation_knows_all_of_its_people() -> None:
    """There, what counts is the organisation and not the workspace."""
    users = {
        "U1": {"id": "U1", "team_id": "T7", "enterprise_user": {"enterprise_id": "E1"}},
        "U2": {"id": "U2", "team_id": "T7", "enterprise_user": {"enterprise_id": "E2"}},
    }
    auth = {"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": True}
    who = identity(Directory(users, [], auth), Hands())
    await who.must_be_able_to_decide("U1")
    with pytest.raises(NotAllowed):
        await who.must_be_able_to_decide("U2")


async def test_a_user_group_can_not_take_the_name_of_one_in_the_settings() -> None:
    """Most workspaces let any member make a user group; one with the handle of the settings' group gives nobody its rights."""
    made_by_cleo = {"id": "S1", "handle": "sre", "users": [CLEO]}
    other = {"id": "S2", "handle": "dba", "users": [CLEO]}
    who = identity(Directory({}, [made_by_cleo, other]), Hands(), sre=(ADA, BEN))
    assert await who.groups_of(CLEO) == {"dba"}
    assert await who.groups_of(ADA) == {"sre"}
    assert who.members("group:sre") == {ADA, BEN}
    assert "S1" not in who.mention("group:sre")


async def test_groups_that_slack_no_longer_confirms_give_no_rights() -> None:
    """A member who was taken out must not decide hours later because Slack does not answer; the settings' groups hold all the same."""
    clock = Hands()
    directory = Directory({}, [{"id": "S2", "handle": "dba", "users": [CLEO]}])
    who = identity(directory, clock, sre=(CLEO,))
    assert await who.groups_of(CLEO) == {"dba", "sre"}
    directory.away = True
    clock.instant += timedelta(minutes=10)
    assert await who.groups_of(CLEO) == {"dba", "sre"}
    clock.instant += timedelta(minutes=10)
    assert await who.groups_of(CLEO) == {"sre"}
