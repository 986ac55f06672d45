"""Who may deliver."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bot.ingress.credentials import Credentials, Verdict

BEARER, BASIC = "correct horse", ("alertmanager", "battery: stäple")


def scope(
    *authorizations: str | bytes, client: tuple[str, int] | None = ("203.0.113.9", 1)
) -> dict[str, Any]:
    """Make a request with these Authorization headers, from far away."""
    shown = [each if isinstance(each, bytes) else each.encode() for each in authorizations]
    return {"headers": [(b"host", b"x"), *((b"authorization", each) for each in shown)], "client": client}


def basic(user: str, password: str, scheme: str = "Basic") -> str:
    """Write basic credentials (RFC 7617, UTF-8)."""
    return f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


BOTH = Credentials(bearers=[BEARER], basics=[BASIC])


@pytest.mark.parametrize(
    "shown",
    [
        f"Bearer {BEARER}",
        f"bearer {BEARER}",
        f"BEARER   {BEARER} ",
        basic(*BASIC),
        basic(*BASIC, scheme="basic"),
    ],
)
def test_the_right_credentials(shown: str) -> None:
    """Either will do where both are set, and schemes have no case (RFC 9110)."""
    assert BOTH.judge(scope(shown)) is Verdict.ALLOWED


@pytest.mark.parametrize(
    "shown",
    [
        (),
        ("",),
        ("Bearer",),
        ("Bearer ",),
        ("Bearer wrong",),
        (f"Bearer {BEARER}x",),
        (f"Basic {BEARER}",),
        (f"Token {BEARER}",),
        (BEARER,),
        (basic("alertmanager", "wrong"),),
        (basic("", ""),),
        ("Basic not base64!",),
        (f"Bearer {':'.join(BASIC)}",),
        (b"Bearer \xff\xfe",),
        (b"Basic \xff\xfe",),
        (f"Bearer {BEARER}", f"Bearer {BEARER}"),
    ],
)
def test_the_wrong_credentials(shown: tuple[str | bytes, ...]) -> None:
    """Nothing, something else, the right secret under the wrong scheme, or two headers where one is allowed."""
    assert BOTH.judge(scope(*shown)) is Verdict.UNAUTHORIZED
    assert BOTH.judge(scope(*shown, client=("127.0.0.1", 1))) is Verdict.UNAUTHORIZED


def test_only_what_is_set_is_taken() -> None:
    """A password does not open a door for a token."""
    assert Credentials(bearers=[BEARER]).judge(scope(basic(*BASIC))) is Verdict.UNAUTHORIZED
    assert Credentials(basics=[BASIC]).judge(scope(f"Bearer {BEARER}")) is Verdict.UNAUTHORIZED
    assert Credentials(bearers=["old", "new"]).judge(scope("Bearer new")) is Verdict.ALLOWED


def test_the_challenge_names_what_is_taken() -> None:
    """A client learns which scheme to use."""
    assert BOTH.challenge == b'Bearer, Basic realm="fireline", charset="UTF-8"'
    assert Credentials(bearers=["x"]).challenge == b"Bearer"
    assert not BOTH.open
    assert not BOTH.warning


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_without_credentials_this_machine_may_send(address: str) -> None:
    """A first try on a laptop works."""
    assert Credentials().judge(scope(client=(address, 1))) is Verdict.ALLOWED


@pytest.mark.parametrize(
    "address", ["203.0.113.9", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "testclient", ""]
)
def test_without_credentials_no_other_machine_may_send(address: str) -> None:
    """An open port would let anyone start runbooks; what is no address is not this machine."""
    assert Credentials().judge(scope(client=(address, 1))) is Verdict.ELSEWHERE


def test_a_socket_file_is_this_machine() -> None:
    """It has no peer address, and permissions of its own."""
    assert Credentials().judge(scope(client=None)) is Verdict.ALLOWED


def test_being_open_is_said() -> None:
    """The operator hears of it, with the names of the settings."""
    assert Credentials().open
    assert "alertmanager.bearer_token" in Credentials().warning
