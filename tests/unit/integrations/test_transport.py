"""The transport, against a real server on the loopback: limits, reasons, redirects, secrets."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import __version__
from bot.actions.contract import SecretRef
from bot.actions.outcome import ActionError, Failed, Reason
from integrations.transport import (
    Basic,
    Bearer,
    Request,
    Tls,
    Transport,
    TransportConfig,
    reason_of_status,
)
from tests.fakes.actions import FakeSecrets, MemoryCapture, a_call
from tests.fakes.target import Answer, Received, Target, json_answer

SECRET = "s3cr3t-value/with+signs"


class StoppedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the one instant."""
        return datetime(2026, 11, 23, 7, 3, 48, tzinfo=UTC)


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    """A transport with small limits."""
    async with Transport(TransportConfig(max_body=100_000), clock=StoppedClock()) as made:
        yield made


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """A server to script."""
    async with Target({"": json_answer({"ok": True})}) as made:
        yield made


def request(url: str, **more: Any) -> Request:
    """Make a request."""
    return Request(**{"method": "GET", "url": url, **more})


async def failure_of(transport: Transport, asked: Request, **call: Any) -> Failed:
    """Send what has to fail and return how it did."""
    with pytest.raises(ActionError) as caught:
        await transport.send(asked, a_call(**call))
    return caught.value.failure


def unused_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_answer_comes_back_with_status_headers_and_body(transport: Transport, target: Target) -> None:
    """An answer is status, lower-case headers, body and time; the capture has the body and where it came from."""
    capture = MemoryCapture()
    response = await transport.send(
        request(target.url + "/x?a=1", params={"b": ["2", "3"]}),
        a_call(capture=capture),
    )
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert response.body == capture.data == b'{"ok": true}'
    assert not response.truncated
    assert response.elapsed > 0
    assert target.requests[0].query == (("a", "1"), ("b", "2"), ("b", "3"))
    assert target.requests[0].headers["user-agent"] == f"fireline/{__version__}"
    assert capture.media_type == "application/json"
    assert capture.source == f"GET {target.url}/x?a=1&b=2&b=3"


async def test_writing_calls_carry_the_idempotency_key(transport: Transport, target: Target) -> None:
    """Only a method that may change something carries the key, and one that is given wins."""
    for method in ("GET", "POST"):
        await transport.send(request(target.url, method=method), a_call(key="k-9"))
    await transport.send(
        request(target.url, method="PUT", headers={"idempotency-key": "own"}),
        a_call(key="k-9"),
    )
    assert [each.headers.get("idempotency-key") for each in target.requests] == [
        None,
        "k-9",
        "own",
    ]


async def test_connections_are_shared_and_cookies_are_not_kept(transport: Transport, target: Target) -> None:
    """Two calls use one connection; a cookie of the first doesn't reach the second."""
    target.routes[""] = Answer(headers={"Set-Cookie": "session=abc; Path=/"})
    for _ in range(2):
        await transport.send(request(target.url), a_call())
    assert target.connections == 1
    assert "cookie" not in target.requests[1].headers


async def test_environment_gives_no_proxy_and_no_credentials(
    transport: Transport, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is not used."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    assert (await transport.send(request(target.url), a_call())).status == 200


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (204, Reason.REJECTED), (302, Reason.REJECTED), (400, Reason.INVALID), (401, Reason.UNAUTHORIZED),
        (403, Reason.FORBIDDEN), (404, Reason.NOT_FOUND), (408, Reason.TIMEOUT), (409, Reason.CONFLICT),
        (410, Reason.NOT_FOUND), (412, Reason.CONFLICT), (418, Reason.REJECTED), (422, Reason.INVALID),
        (429, Reason.THROTTLED), (500, Reason.UNAVAILABLE), (502, Reason.UNAVAILABLE),
        (503, Reason.UNAVAILABLE), (504, Reason.TIMEOUT),
    ],
)  # fmt: skip
def test_statuses_have_one_reason_each(status: int, reason: Reason) -> None:
    """The table of statuses, as the runbook language names them."""
    assert reason_of_status(status) is reason


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0), (" 0 ", 0.0), ("Mon, 23 Nov 2026 07:04:18 GMT", 30.0), ("Mon, 23 Nov 2026 07:04:18 -0000", 30.0),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 0.0), ("soon", None), ("-3", None), ("²", None),
        ("9" * 400, 3600.0), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0), ("Fri, 31 Dec 99999999999 23:59:59 GMT", None),
    ],
)  # fmt: skip
async def test_retry_after_is_read_in_both_forms(
    transport: Transport, target: Target, value: str, seconds: float | None
) -> None:
    """Seconds and dates count from now; what is neither is as if it were not there."""
    target.routes[""] = Answer(status=429, headers={"Retry-After": value})
    assert (await transport.send(request(target.url), a_call())).retry_after == seconds


async def test_refused_connection_did_not_apply(transport: Transport) -> None:
    """Nobody listens: unavailable, and certainly nothing happened."""
    failure = await failure_of(transport, request(f"http://127.0.0.1:{unused_port()}", method="POST"))
    assert failure.reason is Reason.UNAVAILABLE
    assert failure.may_have_applied is False


async def test_unknown_host_did_not_apply(transport: Transport) -> None:
    """A name that does not resolve is unavailable, and nothing happened."""
    failure = await failure_of(transport, request("http://no-such-host.invalid/", method="POST"))
    assert failure.reason is Reason.UNAVAILABLE
    assert failure.may_have_applied is False


@pytest.mark.parametrize("answer", [Answer(hang_up=True), Answer(body=b"x" * 50, cut=10)])
async def test_broken_connection_after_sending_may_have_applied(
    transport: Transport, target: Target, answer: Answer
) -> None:
    """The request had left when the connection broke: nobody knows whether it worked."""
    target.routes[""] = answer
    failure = await failure_of(transport, request(target.url, method="POST"))
    assert failure.reason is Reason.UNAVAILABLE
    assert failure.applied is None
    assert failure.may_have_applied


async def test_silence_is_a_timeout_within_the_calls_budget(transport: Transport, target: Target) -> None:
    """A target that never answers costs a little less than the call's timeout, and the connection is closed."""
    target.routes[""] = Answer(silent=True)
    assert a_call(timeout=0.3).budget < 0.3
    failure = await failure_of(transport, request(target.url, method="POST"), timeout=0.3)
    assert failure.reason is Reason.TIMEOUT
    assert failure.may_have_applied
    await asyncio.wait_for(target.hung_up.wait(), 2)


async def test_silence_can_be_limited_below_the_calls_budget(target: Target) -> None:
    """`read` limits how long a target may be silent."""
    target.routes[""] = Answer(silent=True)
    async with Transport(TransportConfig(read=0.05)) as transport:
        failure = await failure_of(transport, request(target.url))
    assert failure.reason is Reason.TIMEOUT


async def test_full_pool_is_a_timeout_that_did_not_apply(target: Target) -> None:
    """No free connection: the request never left."""
    target.routes["/slow"] = Answer(silent=True)
    async with Transport(TransportConfig(pool=0.05, max_connections=1)) as transport:
        slow = asyncio.ensure_future(transport.send(request(target.url + "/slow"), a_call()))
        await target.arrived.wait()
        failure = await failure_of(transport, request(target.url, method="POST"))
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
    assert failure.reason is Reason.TIMEOUT
    assert failure.may_have_applied is False


async def test_long_body_is_cut_in_memory_and_whole_in_the_capture(
    transport: Transport, target: Target
) -> None:
    """`keep` limits memory, not evidence."""
    target.routes[""] = Answer(body=b"y" * 5000)
    capture = MemoryCapture()
    response = await transport.send(request(target.url, keep=100), a_call(capture=capture))
    assert (len(response.body), response.truncated, len(capture.data)) == (
        100,
        True,
        5000,
    )


async def test_endless_body_is_cut_at_the_transports_limit(transport: Transport, target: Target) -> None:
    """A body without an end is read up to the limit, and the connection is given up."""
    target.routes[""] = Answer(body=b"z" * 4096, endless=True)
    capture = MemoryCapture()
    response = await transport.send(request(target.url, keep=10), a_call(capture=capture))
    assert (response.truncated, len(capture.data)) == (True, 100_000)
    await asyncio.wait_for(target.hung_up.wait(), 5)


async def test_cancellation_closes_the_connection_at_once(transport: Transport, target: Target) -> None:
    """A cancelled call ends its request."""
    target.routes[""] = Answer(silent=True)
    sending = asyncio.ensure_future(transport.send(request(target.url), a_call()))
    await target.arrived.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await asyncio.wait_for(target.hung_up.wait(), 1)


class TestRedirects:
    """Redirects: not followed unless asked, and never to another target."""

    async def test_not_followed_by_default(self, transport: Transport, target: Target) -> None:
        """A redirect is an answer like any other."""
        target.routes[""] = Answer(status=302, headers={"Location": "/there"})
        assert (await transport.send(request(target.url), a_call())).status == 302

    async def test_followed_on_the_same_target(self, transport: Transport, target: Target) -> None:
        """Asked to, the transport follows on the same target, with method, body and credentials."""
        target.routes["/old"] = Answer(status=307, headers={"Location": "/new"})
        response = await transport.send(
            request(
                target.url + "/old", method="POST", content=b"body", follow_redirects=True,
                auth=Bearer(token=SecretRef(secret="t")),
            ),
            a_call(secrets=FakeSecrets({"t": SECRET})),
        )  # fmt: skip
        assert response.url == target.url + "/new"
        assert [(each.method, each.body) for each in target.requests] == [("POST", b"body")] * 2
        assert target.requests[1].headers["authorization"] == f"Bearer {SECRET}"

    async def test_never_to_another_target(self, transport: Transport, target: Target) -> None:
        """Another port is another target; the second server hears nothing."""
        async with Target({"": Answer()}) as other:
            target.routes[""] = Answer(status=307, headers={"Location": other.url})
            failure = await failure_of(transport, request(target.url, follow_redirects=True))
            assert other.requests == []
        assert failure.reason is Reason.REJECTED
        assert "another target" in failure.detail

    async def test_never_into_another_method(self, transport: Transport, target: Target) -> None:
        """A 302 would turn a POST into a GET and so into nothing: refused."""
        target.routes["/old"] = Answer(status=302, headers={"Location": "/new"})
        failure = await failure_of(
            transport,
            request(target.url + "/old", method="POST", follow_redirects=True),
        )
        assert "POST into GET" in failure.detail
        assert failure.may_have_applied

    async def test_see_other_is_a_get(self, transport: Transport, target: Target) -> None:
        """A 303 says that it is done and where to read how: that is a GET."""
        target.routes["/do"] = Answer(status=303, headers={"Location": "/done"})
        await transport.send(request(target.url + "/do", method="POST", follow_redirects=True), a_call())
        assert [each.method for each in target.requests] == ["POST", "GET"]

    async def test_bounded(self, transport: Transport, target: Target) -> None:
        """A circle ends after five hops with the redirect itself as the answer."""
        target.routes[""] = Answer(status=307, headers={"Location": "/again"})
        response = await transport.send(request(target.url, follow_redirects=True), a_call())
        assert (response.status, len(target.requests)) == (307, 6)


class TestSecrets:
    """Secrets reach the wire and nothing else."""

    async def test_resolved_fresh_in_headers_and_auth(self, transport: Transport, target: Target) -> None:
        """Each attempt sees the value as it is now."""
        secrets = FakeSecrets({"t": "first-value"})
        asked = request(
            target.url,
            headers={"X-Key": SecretRef(secret="t")},
            auth=Bearer(token=SecretRef(secret="t")),
        )
        await transport.send(asked, a_call(secrets=secrets))
        secrets.values["t"] = "second-value"
        await transport.send(asked, a_call(secrets=secrets))
        assert [each.headers["x-key"] for each in target.requests] == [
            "first-value",
            "second-value",
        ]
        assert target.requests[1].headers["authorization"] == "Bearer second-value"

    async def test_basic(self, transport: Transport, target: Target) -> None:
        """Basic credentials as RFC 7617 has them."""
        auth = Basic(username="Aladdin", password=SecretRef(secret="p"))
        await transport.send(
            request(target.url, auth=auth),
            a_call(secrets=FakeSecrets({"p": "open sesame"})),
        )
        assert target.requests[0].headers["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="

    @pytest.mark.parametrize(
        "auth",
        [
            Bearer(token=SecretRef(secret="t")),
            Basic(username="u", password=SecretRef(secret="t")),
        ],
    )
    async def test_masked_when_the_target_echoes_them(
        self,
        transport: Transport,
        target: Target,
        auth: Bearer | Basic,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A target that sends the headers back gives nothing away: not in body, headers, URL, capture or logs."""

        def echo(received: Received) -> Answer:
            sent = received.headers["authorization"]
            return Answer(
                body=(b"-" * 65_530) + sent.encode() + SECRET.encode(),
                headers={"X-Echo": sent},
            )

        target.routes[""] = echo
        capture = MemoryCapture()
        with caplog.at_level(logging.INFO):
            response = await transport.send(
                request(target.url, auth=auth, keep=100_000),
                a_call(secrets=FakeSecrets({"t": SECRET}), capture=capture),
            )
        scheme, _, encoded = target.requests[0].headers["authorization"].partition(" ")
        assert response.headers["x-echo"] == f"{scheme} ***"
        seen = f"{response}{capture.data!r}{caplog.text}"
        assert SECRET not in seen
        assert encoded not in seen
        assert response.body == capture.data

    @pytest.mark.parametrize("value", ["has\na-newline", "", "no-such"])
    async def test_unusable_secret_is_invalid_and_unsaid(
        self, transport: Transport, target: Target, value: str
    ) -> None:
        """A secret that can't stand in a header, or isn't there, fails before anything is sent."""
        secrets = FakeSecrets({} if value == "no-such" else {"t": value})
        failure = await failure_of(
            transport,
            request(target.url, auth=Bearer(token=SecretRef(secret="t"))),
            secrets=secrets,
        )
        assert (failure.reason, failure.applied, target.requests) == (
            Reason.INVALID,
            False,
            [],
        )
        assert "a-newline" not in failure.detail
        assert "'t'" in failure.detail


@pytest.mark.parametrize("headers", [{"Bad Name": "x"}, {"X": "line\nbreak"}, {"X": "ü€"}])
async def test_malformed_headers_are_invalid(
    transport: Transport, target: Target, headers: dict[str, str]
) -> None:
    """What can't be written as a header is refused before it is sent."""
    failure = await failure_of(transport, request(target.url, headers=headers))
    assert (failure.reason, failure.applied, target.requests) == (
        Reason.INVALID,
        False,
        [],
    )


async def test_missing_ca_file_is_invalid(transport: Transport) -> None:
    """A CA file that isn't there is said by its name."""
    failure = await failure_of(transport, request("https://127.0.0.1/", tls=Tls(ca_file="/no/such.pem")))
    assert (failure.reason, failure.applied) == (Reason.INVALID, False)
    assert "/no/such.pem" in failure.detail


async def test_closed_transport_can_be_used_again(target: Target) -> None:
    """`close` ends the connections, not the transport."""
    transport = Transport()
    await transport.send(request(target.url), a_call())
    await transport.close()
    await transport.send(request(target.url), a_call())
    await transport.close()
    assert target.connections == 2


class TestTls:
    """Whom the transport trusts."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> tuple[Path, Path]:
        """A certificate for 127.0.0.1 that no authority signed."""
        folder = tmp_path
        cert, key = folder / "cert.pem", folder / "key.pem"
        subject = [
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-days",
            "2",
            "-nodes",
        ]
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ]
        subprocess.run(
            [*command, "-keyout", key, "-out", cert, *subject],
            check=True,
            capture_output=True,
        )
        return cert, key

    @pytest.fixture
    async def secure(self, certificate: tuple[Path, Path]) -> AsyncIterator[Target]:
        """A server that speaks TLS with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        async with Target({"": json_answer({})}, tls=context) as made:
            yield made

    async def test_unknown_authority_is_rejected(self, transport: Transport, secure: Target) -> None:
        """An untrusted certificate is final, and nothing was sent."""
        failure = await failure_of(transport, request(secure.url, method="POST"))
        assert (failure.reason, failure.applied, secure.requests) == (
            Reason.REJECTED,
            False,
            [],
        )
        assert "certificate" in failure.detail

    async def test_ca_file_is_trusted(
        self, transport: Transport, secure: Target, certificate: tuple[Path, Path]
    ) -> None:
        """An authority that is named is trusted."""
        response = await transport.send(request(secure.url, tls=Tls(ca_file=str(certificate[0]))), a_call())
        assert response.status == 200

    async def test_anybody_is_trusted_when_asked(self, transport: Transport, secure: Target) -> None:
        """`verify=False` trusts anybody, for that request alone."""
        assert (await transport.send(request(secure.url, tls=Tls(verify=False)), a_call())).status == 200
        assert (await failure_of(transport, request(secure.url))).reason is Reason.REJECTED
