"""Who may deliver."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from bot.ingress.credentials import Credentials, Verdict

BEARER, BASIC = "correct horse", ("alertmanager", "battery: stäple")


def scope(
    *authorizations: str | bytes,
    client: tuple[str, int] | None = ("203.0.113.9", 1),
    host: bytes = b"127.0.0.1:8080",
    more: Sequence[tuple[bytes, bytes]] = (),
    version: str = "1.1",
) -> dict[str, Any]:
    """Make a request with these Authorization headers, from far away."""
    shown = [each if isinstance(each, bytes) else each.encode() for each in authorizations]
    headers = [(b"host", host), *((b"authorization", each) for each in shown), *more]
    return {"headers": headers, "client": client, "http_version": version}


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


HERE = ("127.0.0.1", 1)


@pytest.mark.parametrize(
    "name", [b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip", b"x-forwarded-proto"]
)
def test_without_credentials_what_a_proxy_brings_is_from_elsewhere(name: bytes) -> None:
    """A reverse proxy on this machine has a loopback address, whoever stands behind it, and whatever they claim to be."""
    assert Credentials().judge(scope(client=HERE, more=[(name, b"127.0.0.1")])) is Verdict.ELSEWHERE


def test_without_credentials_a_proxy_that_says_nothing_is_known_by_its_http() -> None:
    """nginx, left as it comes, sends HTTP/1.0, the Host 127.0.0.1, and no word of who asked."""
    assert Credentials().judge(scope(client=HERE, version="1.0")) is Verdict.ELSEWHERE


@pytest.mark.parametrize(
    "host", [b"rebound.example:8080", b"fireline.internal", b"127.0.0.1.example", b"", b"[::2]:8080"]
)
def test_without_credentials_a_rebound_name_is_from_elsewhere(host: bytes) -> None:
    """A web site that rebinds its name to 127.0.0.1 may send any content type; its name is in the Host header."""
    assert Credentials().judge(scope(client=HERE, host=host)) is Verdict.ELSEWHERE


@pytest.mark.parametrize("host", [b"localhost:8080", b"LOCALHOST", b"127.0.0.1", b"[::1]:8080"])
def test_without_credentials_every_loopback_name_will_do(host: bytes) -> None:
    """As an Alertmanager on this machine may be told."""
    assert Credentials().judge(scope(client=HERE, host=host)) is Verdict.ALLOWED


def test_a_socket_file_is_this_machine() -> None:
    """It has no peer address, and permissions of its own."""
    assert Credentials().judge(scope(client=None)) is Verdict.ALLOWED


def test_being_open_is_said() -> None:
    """The operator hears of it, with the names of the settings."""
    assert Credentials().open
    assert "alertmanager.bearer_token" in Credentials().warning
