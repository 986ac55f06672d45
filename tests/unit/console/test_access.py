"""Who may see the console."""

from __future__ import annotations

import base64

import httpx
import pytest
from pydantic import SecretStr

from bot.console.access import Access
from tests.fakes import tales

from .conftest import Open

TOKEN = "open sésame"


def basic(user: str, password: str) -> dict[str, str]:
    """Write HTTP basic as a browser does."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def asked(
    console: Open, headers: dict[str, str], *, token: str | None = TOKEN, **where: object
) -> httpx.Response:
    """Ask for the first page."""
    async with (await console(tales.waiting())).browser(token, **where) as browser:  # type: ignore[arg-type]
        return await browser.get("/", headers=headers)


@pytest.mark.parametrize(
    "headers", [basic("anybody", TOKEN), basic("", TOKEN), {"Authorization": b"bearer " + TOKEN.encode()}]
)
async def test_the_token_opens_the_console(console: Open, headers: dict[str, str]) -> None:
    """As a password for browsers, as a bearer for scripts; from anywhere."""
    answer = await asked(console, headers, peer=("203.0.113.7", 1), host="fireline.example")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("anybody", "wrong"),
        basic(TOKEN, ""),
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Digest x"},
    ],
)
async def test_without_the_right_token_nobody_passes(console: Open, headers: dict[str, str]) -> None:
    """Not even from this machine; the browser is told to ask, and nothing of an incident is in the answer."""
    answer = await asked(console, headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "asks for its token" in answer.text
    assert "Checkout" not in answer.text


def test_two_authorizations_are_none() -> None:
    """A request that shows two is not guessed at."""
    pair = [(b"authorization", b"Bearer t"), (b"authorization", b"Bearer t")]
    access = Access(SecretStr("t"))
    assert access.judge({"type": "http", "headers": pair}) is not None
    assert access.judge({"type": "http", "headers": pair[:1]}) is None


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        (("127.0.0.1", 1), "localhost"),
        (("127.8.8.8", 1), "127.0.0.1:8080"),
        (("::1", 1), "[::1]:8080"),
        (("::ffff:127.0.0.1", 1), "LOCALHOST:80"),
        (None, "localhost"),
    ],
)
async def test_without_a_token_this_machine_may_look(
    console: Open, peer: tuple[str, int] | None, host: str
) -> None:
    """Loopback in all its spellings, and a socket file."""
    assert (await asked(console, {}, token=None, peer=peer, host=host)).status_code == 200


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        (("203.0.113.7", 1), "localhost", {}),
        (("fe80::1", 1), "localhost", {}),
        (("testclient", 1), "localhost", {}),
        (("127.0.0.1", 1), "evil.example", {}),
        (("127.0.0.1", 1), "127.0.0.1.evil.example", {}),
        (("127.0.0.1", 1), "localhost", {"X-Forwarded-For": "127.0.0.1"}),
        (("127.0.0.1", 1), "localhost", {"Forwarded": "for=127.0.0.1"}),
    ],
)
async def test_without_a_token_nobody_else_may(
    console: Open, peer: tuple[str, int], host: str, headers: dict[str, str]
) -> None:
    """Another machine, a name rebound to this one, a proxy: each is refused with a sentence on what to do."""
    answer = await asked(console, headers, token=None, peer=peer, host=host)
    assert answer.status_code == 403
    assert "for this machine alone" in answer.text
    assert "console.token" in answer.text
    assert "Checkout" not in answer.text


PAGES = ["/", "/alerts", "/refused", "/ahead", "/process", "/incidents/7"] + [
    f"/incidents/42{rest}" for rest in ("", "/postmortem", "/postmortem.md")
]


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_is_forgotten(console: Open, path: str) -> None:
    """Every page is guarded, one that isn't there too."""
    async with (await console(tales.waiting())).browser(TOKEN) as browser:
        assert (await browser.get(path)).status_code == 401


async def test_style_and_script_hold_no_secret(console: Open) -> None:
    """A refusal is legible: the files that make it so are open, and so small a thing as an icon too."""
    async with (await console()).browser(TOKEN) as browser:
        for name, kind in {
            "console.css": "text/css",
            "console.js": "text/javascript",
            "icon.svg": "image/svg+xml",
        }.items():
            answer = await browser.get(f"/static/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("digits", [19, 5000])
async def test_a_number_without_end_is_no_page(console: Open, digits: int) -> None:
    """Paths are read before anybody is judged: thousands of digits must not raise, or whoever reaches the port fills the log."""
    async with (await console(tales.waiting())).browser() as browser:
        for rest in ("", "/postmortem", "/postmortem.md", "/evidence/1"):
            assert (await browser.get(f"/incidents/{'9' * digits}{rest}")).status_code == 404
        assert (await browser.get(f"/incidents/42/evidence/{'9' * digits}")).status_code == 404
