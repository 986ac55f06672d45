"""`http.request`: what it sends, what it makes of the answer, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.actions.contract import InvalidInputs
from bot.actions.outcome import Failed, Reason, Succeeded
from integrations.http import HttpConfig, actions
from integrations.http.inputs import HttpInputs
from integrations.transport import Transport
from tests.fakes.actions import FakeSecrets, a_call, outcome_of
from tests.fakes.target import Answer, Target, json_answer


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """A server to script."""
    async with Target({"": json_answer({"standby": 100})}) as made:
        yield made


@pytest.fixture
async def action() -> AsyncIterator[Any]:
    """The action."""
    async with Transport() as transport:
        yield actions(HttpConfig(), transport)[0]


def output_of(outcome: Any) -> Any:
    """Return the output of a success."""
    assert isinstance(outcome, Succeeded), outcome
    return outcome.output


async def test_json_goes_out_and_comes_in(action: Any, target: Target) -> None:
    """A JSON body is sent as such, and a JSON answer is parsed."""
    outcome = await outcome_of(
        action, {"url": target.url, "method": "PUT", "json": {"standby": 100}}, a_call()
    )
    output = output_of(outcome)
    assert (output["status"], output["json"], output["text"]) == (
        200,
        {"standby": 100},
        '{"standby": 100}',
    )
    assert target.requests[0].json == {"standby": 100}
    assert target.requests[0].headers["content-type"] == "application/json"
    assert target.requests[0].headers["idempotency-key"] == "key-1"


@pytest.mark.parametrize(
    ("body", "sent", "media_type"),
    [
        ({"json": None}, b"null", "application/json"),
        ({"body": "grüezi"}, "grüezi".encode(), "text/plain; charset=utf-8"),
        (
            {"body": "<a/>", "headers": {"content-type": "text/xml"}},
            b"<a/>",
            "text/xml",
        ),
        (
            {"form": {"a": [1, "x y"], "b": True}},
            b"a=1&a=x+y&b=true",
            "application/x-www-form-urlencoded",
        ),
    ],
)
async def test_bodies(
    action: Any, target: Target, body: dict[str, Any], sent: bytes, media_type: str
) -> None:
    """Each kind of body has its type, unless the headers name one."""
    await outcome_of(action, {"url": target.url, "method": "POST", **body}, a_call())
    assert (target.requests[0].body, target.requests[0].headers["content-type"]) == (
        sent,
        media_type,
    )


async def test_secrets_and_parameters(action: Any, target: Target) -> None:
    """Secrets in headers and auth, parameters in the query."""
    values = {
        "url": target.url, "params": {"q": "a b", "n": [1, 2], "on": False},
        "headers": {"X-Key": {"secret": "k"}}, "auth": {"basic": {"username": "u", "password": {"secret": "p"}}},
    }  # fmt: skip
    await outcome_of(action, values, a_call(secrets=FakeSecrets({"k": "key-value", "p": "pass"})))
    received = target.requests[0]
    assert received.query == (("q", "a b"), ("n", "1"), ("n", "2"), ("on", "false"))
    assert (received.headers["x-key"], received.headers["authorization"]) == (
        "key-value",
        "Basic dTpwYXNz",
    )


@pytest.mark.parametrize(
    ("answer", "parsed"),
    [
        (
            Answer(
                body=b"[1]",
                headers={"Content-Type": "application/problem+json; charset=utf-8"},
            ),
            [1],
        ),
        (Answer(body=b' {"a": 1}', headers={"Content-Type": "text/plain"}), {"a": 1}),
        (Answer(body=b'{"a": 1}'), {"a": 1}),
        (Answer(body=b"5", headers={"Content-Type": "text/plain"}), None),
        (Answer(body=b"{broken", headers={"Content-Type": "application/json"}), None),
        (
            Answer(body=b'{"a": NaN}', headers={"Content-Type": "application/json"}),
            None,
        ),
        (Answer(body=b'{"a": 1e999}', headers={"Content-Type": "application/json"}), None),
        (Answer(body=b'{"a": 1.5}', headers={"Content-Type": "application/json"}), {"a": 1.5}),
        (
            Answer(body=b"[" * 60_000, headers={"Content-Type": "application/json"}),
            None,
        ),
        (Answer(body=b'{"a": 1}', headers={"Content-Type": "text/html"}), None),
    ],
)
async def test_json_is_parsed_when_it_is_json(
    action: Any, target: Target, answer: Answer, parsed: Any
) -> None:
    """What says that it is JSON, or looks like it under no particular type, is parsed; what isn't JSON is null."""
    target.routes[""] = answer
    assert output_of(await outcome_of(action, {"url": target.url}, a_call()))["json"] == parsed


async def test_long_answer_is_cut_and_flagged(action: Any, target: Target) -> None:
    """A cut JSON body is not parsed."""
    output = output_of(await outcome_of(action, {"url": target.url, "max_output": 5}, a_call()))
    assert (output["text"], output["truncated"], output["json"]) == (
        '{"sta',
        True,
        None,
    )


async def test_cookies_of_the_answer_are_masked(action: Any, target: Target) -> None:
    """A session cookie is a credential, and the log is no place for it."""
    target.routes[""] = Answer(headers={"Set-Cookie": "session=abc"})
    output = output_of(await outcome_of(action, {"url": target.url}, a_call()))
    assert output["headers"]["set-cookie"] == "***"


async def test_unwelcome_status_is_a_failure_with_its_answer(action: Any, target: Target) -> None:
    """The failure has the reason, the wait that was asked for, and the answer as output."""
    target.routes[""] = Answer(status=503, body=b"busy", headers={"Retry-After": "4"})
    outcome = await outcome_of(action, {"url": target.url, "method": "POST"}, a_call())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry_after, outcome.output["text"]) == (
        Reason.UNAVAILABLE,
        4.0,
        "busy",
    )
    assert outcome.may_have_applied


@pytest.mark.parametrize(
    ("status", "expected", "fine"),
    [
        (404, ["2xx", 404], True), (301, ["300-303"], True), (304, ["300-303"], False), (200, [204], False),
    ],
)  # fmt: skip
async def test_expected_statuses(
    action: Any, target: Target, status: int, expected: list[Any], *, fine: bool
) -> None:
    """Success is what the step says it is."""
    target.routes[""] = Answer(status=status)
    outcome = await outcome_of(action, {"url": target.url, "expect_status": expected}, a_call())
    assert isinstance(outcome, Succeeded) is fine


async def test_unexpected_success_may_have_applied(action: Any, target: Target) -> None:
    """Where 204 was expected and 200 came, the step failed, but its effect may stand."""
    values = {"url": target.url, "method": "POST", "expect_status": [204]}
    outcome = await outcome_of(action, values, a_call())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.may_have_applied) == (Reason.REJECTED, True)


async def test_output_beyond_the_settings_is_refused(action: Any, target: Target) -> None:
    """The log's size is the settings' to decide."""
    outcome = await outcome_of(action, {"url": target.url, "max_output": 10_000_000}, a_call())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.applied, target.requests) == (
        Reason.INVALID,
        False,
        [],
    )


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"url": "ftp://x/"}, "http"), ({"url": "http://u:p@x/"}, "credentials"), ({"url": "http://x/#a"}, "fragment"),
        ({"url": "http://x/#"}, "fragment"),
        ({"url": "http://x/a/../b"}, "dot"), ({"url": "http://x/%2e%2E/b"}, "dot"), ({"url": "http://x/..%2Fb"}, "dot"),
        ({"url": "http://x/a/."}, "dot"), ({"url": "http://x/..;/b"}, "dot"),
        ({"url": "http://x/a\r\nX-Evil: 1"}, "control"), ({"url": "http://x/a\tb"}, "control"),
        ({"url": " http://x/"}, "white space"), ({"url": "http://x/\x00"}, "control"), ({"url": "http://x\\@y/"}, "backslash"),
        ({"url": "http://evil。com/"}, "ASCII"), ({"url": "http://x%00/"}, "ASCII"), ({"url": "http://ex\u0430mple.com/"}, "ASCII"),
        ({"url": "http://x:99999/"}, "Port"), ({"url": "http:///x"}, "host"),
        ({"url": "http://x", "method": "POST", "json": 1, "body": "b"}, "one body"),
        ({"url": "http://x", "json": 1}, "GET has no body"),
        ({"url": "http://x", "auth": {}}, "one of bearer and basic"),
        ({"url": "http://x", "expect_status": ["20x"]}, "2xx"),
        ({"url": "http://x", "expect_status": ["299-200"]}, "empty"),
        ({"url": "http://x", "expect_status": [99]}, "expect_status"),
        ({"url": "http://x", "auth": {"bearer": "plain-text"}}, "bearer"),
        ({"url": "http://x", "metod": "GET"}, "metod"),
    ],
)  # fmt: skip
def test_inputs_that_can_not_work_are_refused(action: Any, values: dict[str, Any], problem: str) -> None:
    """Each misfit is told, before anything is sent."""
    with pytest.raises(InvalidInputs, match=problem):
        action.spec.check(values)


def test_target_always_has_its_port(action: Any) -> None:
    """What a call touches is scheme, host and port."""
    for url, named in (
        ("https://a.b/c", "https://a.b:443"), ("http://a", "http://a:80"), ("http://[::1]:9/", "http://[::1]:9")
    ):  # fmt: skip
        assert action.spec.target(HttpInputs(url=url)) == named
