"""`POST /webhooks/alertmanager`: every answer that it gives."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog.testing
from starlette.applications import Starlette

from bot.domain.ids import Digest
from bot.errors import JournalBehind, JournalClosed, JournalError
from bot.incidents.deliveries import Delivery, Receipt
from bot.ingress import alertmanager
from bot.ingress.alertmanager import AlertmanagerWebhook
from bot.ingress.app import ALERTMANAGER_PATH, ingress_routes
from bot.ingress.credentials import Credentials
from bot.telemetry import Metrics
from tests.fakes.alerts import body, recorded, seen
from tests.fakes.asgi import Answered, request

JSON = ("content-type", "application/json")
TOKEN = ("authorization", "Bearer right")


@dataclass
class Taker:
    """Takes deliveries in as it is told to."""

    receipt: Receipt = Receipt(new=1)  # noqa: RUF009 - frozen
    fails: Exception | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    refusals: list[Mapping[str, Any]] = field(default_factory=list)

    async def receive(self, delivery: Delivery) -> Receipt:
        """Take one in, or fail."""
        if self.fails:
            raise self.fails
        self.deliveries.append(delivery)
        return self.receipt

    async def refuse(self, **said: Any) -> None:
        """Record one, or fail."""
        if self.fails:
            raise self.fails
        self.refusals.append(said)


@dataclass
class Ingress:
    """The ingress with nothing behind it."""

    taker: Taker = field(default_factory=Taker)
    metrics: Metrics = field(default_factory=lambda: Metrics(version="0", process=False))
    kept: list[bytes] = field(default_factory=list)
    credentials: Credentials = field(default_factory=lambda: Credentials(bearers=["right"]))
    disk_full: bool = False

    def keep(self, raw: bytes) -> Digest:
        """Keep a body, as the evidence store does."""
        if self.disk_full:
            raise OSError("no space left on device")
        self.kept.append(raw)
        return Digest(hashlib.sha256(raw).hexdigest())

    async def post(self, *parts: bytes, headers: Mapping[str, str] | None = None, **more: Any) -> Answered:
        """Send a delivery with the right token, unless `headers` says otherwise."""
        webhook = AlertmanagerWebhook(
            self.taker, credentials=self.credentials, keep=self.keep, metrics=self.metrics, most_body=10_000
        )
        app = Starlette(
            routes=ingress_routes(alertmanager=webhook, metrics=self.metrics, alive={}, ready={}, info={})
        )
        sent = [JSON, TOKEN] if headers is None else list(headers.items())
        return await request(app, ALERTMANAGER_PATH, headers=sent, parts=parts, **more)

    def counted(self, outcome: str) -> float:
        """How many deliveries ended so."""
        return self.metrics.registry.get_sample_value("fireline_deliveries_total", {"outcome": outcome}) or 0


@pytest.fixture
def ingress() -> Ingress:
    """Make one for the test."""
    return Ingress()


async def test_a_delivery_is_taken(ingress: Ingress) -> None:
    """The answer says what became of its alerts, and the metrics count them."""
    ingress.taker.receipt = Receipt(new=2, repeated=1, resolved=3)
    answered = await ingress.post(body([seen()]))
    assert answered.status == 200
    assert answered.json == {"new": 2, "repeated": 1, "resolved": 3}
    assert answered.headers["content-type"] == "application/json"
    assert int(answered.headers["content-length"]) == len(answered.body)
    assert [each.labels["alertname"] for each in ingress.taker.deliveries[0].alerts] == ["CheckoutErrors"]
    assert ingress.counted("accepted") == 1
    assert ingress.metrics.registry.get_sample_value("fireline_alerts_total", {"result": "resolved"}) == 3


async def test_a_real_delivery_with_its_real_headers(ingress: Ingress) -> None:
    """What Alertmanager 0.25 sent with a bearer token passes as it was."""
    raw, headers = recorded("firing_bearer.json")
    ingress.credentials = Credentials(bearers=["example"])
    assert (await ingress.post(raw, headers=headers)).status == 200


async def test_a_body_in_pieces(ingress: Ingress) -> None:
    """However the network cuts it."""
    raw = body([seen()])
    answered = await ingress.post(*(raw[at : at + 7] for at in range(0, len(raw), 7)))
    assert answered.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
async def test_only_post(ingress: Ingress, method: str) -> None:
    """405, with what is allowed, before anything else is looked at."""
    answered = await ingress.post(method=method, headers={})
    assert answered.status == 405
    assert answered.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "shown", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic cmlnaHQ6"}]
)
async def test_the_wrong_credentials(ingress: Ingress, shown: dict[str, str]) -> None:
    """401 with the challenge; not a byte of the body is read."""
    answered = await ingress.post(body([seen()]), headers={"content-type": "application/json", **shown})
    assert answered.status == 401
    assert answered.headers["www-authenticate"] == "Bearer"
    assert answered.read == 0
    assert ingress.counted("unauthorized") == 1
    assert not ingress.taker.deliveries


async def test_without_credentials_from_elsewhere(ingress: Ingress) -> None:
    """403 says what to do; this machine passes."""
    ingress.credentials = Credentials()
    headers = {"host": "127.0.0.1:8080", "content-type": "application/json; charset=utf-8"}
    refused = await ingress.post(body([seen()]), headers=headers, client=("203.0.113.9", 1))
    assert refused.status == 403
    assert "token" in refused.json["error"]
    assert (await ingress.post(body([seen()]), headers=headers)).status == 200


@pytest.mark.parametrize(
    "kind", [{}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}]
)
async def test_a_web_page_cannot_deliver(ingress: Ingress, kind: dict[str, str]) -> None:
    """Where nothing needs to be shown, the content types that any page may post across sites are refused."""
    ingress.credentials = Credentials()
    headers = {"host": "127.0.0.1:8080", **kind}
    assert (await ingress.post(body([seen()]), headers=headers)).status == 415


async def test_a_compressed_body(ingress: Ingress) -> None:
    """Alertmanager sends none, and a bomb has no way in."""
    headers = dict([JSON, TOKEN, ("content-encoding", "gzip")])
    assert (await ingress.post(b"\x1f\x8b", headers=headers)).status == 415


async def test_a_body_that_says_that_it_is_too_large(ingress: Ingress) -> None:
    """413 before a byte is read."""
    answered = await ingress.post(b"{", headers=dict([JSON, TOKEN, ("content-length", "10001")]))
    assert (answered.status, answered.read) == (413, 0)
    assert answered.headers["connection"] == "close"
    assert ingress.counted("too_large") == 1


async def test_a_body_that_turns_out_too_large(ingress: Ingress) -> None:
    """413 as soon as the limit is passed; the rest is not read."""
    answered = await ingress.post(*([b"x" * 1000] * 100))
    assert (answered.status, answered.read) == (413, 11)
    assert (await ingress.post(b"x" * 10_001)).status == 413
    assert (await ingress.post(b"x" * 10_000)).status == 400
    assert not ingress.taker.deliveries


@pytest.mark.parametrize("length", ["-1", "1e9", "", "many", "²"])
async def test_a_length_that_is_none(ingress: Ingress, length: str) -> None:
    """The bytes count, not what is said of them."""
    headers = dict([JSON, TOKEN, ("content-length", length)])
    assert (await ingress.post(body([seen()]), headers=headers)).status == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b'{"receiver": 7}', b"\xff" * 100])
async def test_a_body_that_cannot_be_read(ingress: Ingress, raw: bytes) -> None:
    """400 with the reason; the bytes are kept, and the log says under which digest."""
    answered = await ingress.post(raw)
    assert answered.status == 400
    assert answered.json["kept"] == hashlib.sha256(raw).hexdigest()
    assert ingress.kept == [raw]
    (said,) = ingress.taker.refusals
    assert said == {
        "reason": answered.json["error"],
        "body": answered.json["kept"],
        "size": len(raw),
        "source": "127.0.0.1",
    }
    assert ingress.counted("unreadable") == 1


async def test_a_refusal_through_a_socket_file(ingress: Ingress) -> None:
    """There is no address to name."""
    await ingress.post(b"{", client=None)
    assert ingress.taker.refusals[0]["source"] == "unix socket"


@pytest.mark.parametrize(
    "error", [JournalBehind("full"), JournalClosed("stopping"), JournalError("disk I/O error")]
)
@pytest.mark.parametrize("raw", [body([seen()]), b"{"])
async def test_the_journal_takes_no_work(ingress: Ingress, error: JournalError, raw: bytes) -> None:
    """503 with Retry-After, because Alertmanager tries again after 5xx alone; a refusal that can't be kept is no refusal."""
    ingress.taker.fails = error
    answered = await ingress.post(raw)
    assert answered.status == 503
    assert int(answered.headers["retry-after"]) >= 1
    assert ingress.counted("behind") == 1
    assert ingress.counted("accepted") == 0


async def test_the_disk_is_full(ingress: Ingress) -> None:
    """A body that can't be kept is asked for again."""
    ingress.disk_full = True
    assert (await ingress.post(b"{")).status == 503
    assert not ingress.taker.refusals


async def test_a_client_that_leaves(ingress: Ingress) -> None:
    """Half a body is nothing, and nobody is there to be told."""
    answered = await ingress.post(body([seen()])[:50], leaves=True)
    assert answered.status == 0
    assert not ingress.taker.deliveries


async def test_a_client_that_leaves_before_its_body(ingress: Ingress) -> None:
    """Not even the first byte came."""
    assert (await ingress.post()).status == 0


async def test_a_client_that_dribbles(ingress: Ingress, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never ends is given up, with an answer after which the sender tries again."""
    monkeypatch.setattr(alertmanager, "SLOWEST_BODY", 0.01)
    async with asyncio.timeout(5):
        answered = await ingress.post(b"{", stalls=True)
    assert answered.status == 503


async def test_a_large_body_is_read_beside_the_loop(
    ingress: Ingress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread, with the same outcome."""
    monkeypatch.setattr(alertmanager, "LARGE", 10)
    assert (await ingress.post(body([seen()]))).status == 200
    assert (await ingress.post(b"{" + b" " * 20)).status == 400


async def test_other_versions_are_said_once_each(ingress: Ingress) -> None:
    """The log warns of a format that this was not written for, and a hostile sender can't fill it so."""
    with structlog.testing.capture_logs() as logs:
        webhook = AlertmanagerWebhook(
            ingress.taker, credentials=ingress.credentials, keep=ingress.keep, metrics=ingress.metrics
        )
        for version in ["4", "", "5", "5", *map(str, range(100, 200))]:
            raw = json.dumps({**json.loads(body([seen()])), "version": version}).encode()
            assert (await request(webhook, "/", headers=[TOKEN], parts=[raw])).status == 200
    assert [each["version"] for each in logs][:2] == ["5", "100"]
    assert len(logs) < 10


async def test_late_firings_are_logged(ingress: Ingress) -> None:
    """They change nothing, but somebody may wonder."""
    ingress.taker.receipt = Receipt(repeated=1, late=1)
    with structlog.testing.capture_logs() as logs:
        assert (await ingress.post(body([seen()]))).json == {"new": 0, "repeated": 1, "resolved": 0}
    assert [each["event"] for each in logs] == ["alertmanager.late_firing"]
