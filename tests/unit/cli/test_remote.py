"""How commands find the running Fireline, and what they say when it can't be had."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bot.cli.remote import Remote
from bot.errors import ConfigurationError, Refused
from bot.settings import Settings

TOKEN = "0123456789abcdef01234567"
BY = {"error": {"code": "standing_by", "message": "This process stands by.", "hint": ""}}
Answer = Callable[[httpx.Request], httpx.Response]


def remote(answer: Answer, *urls: str) -> Remote:
    """Make one whose network is a function."""
    settings = Settings(api={"token": TOKEN, "urls": urls or ("http://one", "http://two/fireline/")})
    return Remote(settings, httpx.MockTransport(answer))


def test_without_a_token_nothing_is_asked() -> None:
    """The hint says where one is set."""
    with pytest.raises(ConfigurationError) as refused:
        Remote(Settings())
    assert "FIRELINE_API__TOKEN" in refused.value.hint


def test_the_one_that_leads_is_found() -> None:
    """One address is away, one stands by, the third one leads."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        if request.url.host == "one":
            raise httpx.ConnectError("connection refused")
        return (
            httpx.Response(503, json=BY) if request.url.host == "two" else httpx.Response(200, json={"a": 1})
        )

    assert remote(answer, "http://one", "http://two", "http://three/f/").do("pause", {"run": "1-1"}) == {
        "a": 1
    }
    assert asked == [
        "http://one/api/v1/pause",
        "http://two/api/v1/pause",
        "http://three/f/api/v1/pause",
    ]


def test_nobody_leads() -> None:
    """Each address is told with what is the matter there, and the setting that names them."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "one":
            raise httpx.ConnectError("connection refused")
        return httpx.Response(503, json=BY)

    with pytest.raises(
        Refused, match=r"http://one can't be reached .*; http://two/fireline stands by"
    ) as refused:
        remote(answer).ask("waiting")
    assert "FIRELINE_API__URLS" in refused.value.hint


def test_a_lost_answer_is_not_asked_for_twice() -> None:
    """It may have been done, so a person looks first; a question may be asked again."""
    count = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        raise httpx.ReadTimeout("timed out", request=request)

    with pytest.raises(Refused, match="may have been done") as lost:
        remote(answer).do("approve", {})
    assert "fireline show" in lost.value.hint
    with pytest.raises(Refused, match="did not answer"):
        remote(answer).ask("waiting")
    assert count == 2


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        (
            httpx.Response(409, json={"error": {"code": "conflict", "message": "Decided.", "hint": "Look."}}),
            "Decided.",
            "Look.",
        ),
        (
            httpx.Response(401, json={"error": {"code": "unauthorized", "message": "No.", "hint": "x"}}),
            "No.",
            "FIRELINE_API__TOKEN",
        ),
        (
            httpx.Response(502, text="<html>Bad gateway</html>"),
            "answered 502, and not as Fireline does",
            "proxy",
        ),
        (httpx.Response(200, json=[1]), "not as Fireline does", "proxy"),
    ],
)
def test_a_refusal_is_told_as_it_came(answer: httpx.Response, message: str, hint: str) -> None:
    """In its own words, with its own hint; what is no answer of Fireline's is told as that."""
    said: Any = answer
    with pytest.raises(Refused, match=message) as refused:
        remote(lambda _request: said).do("approve", {})
    assert hint in refused.value.hint
