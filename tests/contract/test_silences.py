"""What the port `Alertmanager` does: the real one (Debian's, by its API), and the fake that the use cases are tested with."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import pytest_asyncio

from bot.actions.contract import SecretRef
from bot.actions.outcome import ActionError, Reason
from bot.domain.ids import SilenceKey
from bot.domain.silences import Alertmanager, Matcher, Silence
from integrations.alertmanager import AlertmanagerClient, AlertmanagerConfig
from integrations.transport import Basic, Bearer, Transport
from tests.fakes.actions import FakeSecrets
from tests.fakes.alertmanager import FakeAlertmanager
from tests.fakes.real_alertmanager import alertmanager

Fire = Callable[..., Awaitable[None]]
HOUR = timedelta(hours=1)
KEY = SilenceKey("fireline/42/0123456789ab")
HOSTILE = 'a "quoted"\\ value\nof two lines, ünd more {}'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real Alertmanager."""
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as url:
        yield url


@pytest_asyncio.fixture(params=["fake", pytest.param("real", marks=pytest.mark.needs("alertmanager"))])
async def asked(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Alertmanager, Fire]]:
    """Give an Alertmanager, and what makes an alert fire there."""
    if request.param == "fake":
        fake = FakeAlertmanager()

        async def remember(**labels: str) -> None:
            fake.alerts.append(labels)

        yield fake, remember
        return
    url = str(request.getfixturevalue("address"))
    async with Transport() as transport, httpx.AsyncClient(trust_env=False) as other:

        async def fire(**labels: str) -> None:
            answer = await other.post(f"{url}api/v2/alerts", json=[{"labels": labels}])
            assert answer.status_code == httpx.codes.OK, answer.text

        yield AlertmanagerClient(AlertmanagerConfig(url=url), transport, FakeSecrets()), fire


def silence(key: SilenceKey, *matchers: Matcher) -> Silence:
    """Make a silence of an hour."""
    now = datetime.now(UTC)
    return Silence(
        key=key,
        matchers=matchers or (Matcher(name="alertname", value="X"),),
        since=now - timedelta(seconds=2),
        until=now + HOUR,
        by="fireline (U0ADA)",
        comment=f"Incident 42: known [{key}]",
    )


async def test_a_silence_from_its_making_to_its_end(asked: tuple[Alertmanager, Fire]) -> None:
    """It is found by our name while it stands, and not after; ended twice is fine, and so is one that nobody knows."""
    alertmanager, _ = asked
    assert await alertmanager.find(KEY) is None
    ident = await alertmanager.make(silence(KEY))
    assert await alertmanager.find(KEY) == ident
    assert await alertmanager.find(SilenceKey("fireline/42/other")) is None
    await alertmanager.expire(ident)
    assert await alertmanager.find(KEY) is None
    await alertmanager.expire(ident)
    await alertmanager.expire("5f1c2a1e-0000-4000-8000-000000000000")


async def test_which_alerts_a_silence_would_cover(asked: tuple[Alertmanager, Fire]) -> None:
    """Whatever stands in a label; an alert that is silenced already counts too."""
    alertmanager, fire = asked
    for labels in ({"instance": "a", "note": HOSTILE}, {"instance": "b.c"}, {"instance": "bxc"}):
        await fire(alertname="Cover", **labels)
    await fire(alertname="Other", instance="a")

    async def matched(*matchers: Matcher) -> set[str]:
        found = await alertmanager.matched((Matcher(name="alertname", value="Cover"), *matchers))
        return {labels["instance"] for labels in found}

    assert await matched() == {"a", "b.c", "bxc"}
    assert await matched(Matcher(name="note", value=HOSTILE)) == {"a"}
    assert await matched(Matcher(name="note", value="")) == {"b.c", "bxc"}
    several = Matcher(name="instance", value=r"a|b\.c", regex=True)
    assert await matched(several) == {"a", "b.c"}
    ident = await alertmanager.make(
        silence(SilenceKey("k"), Matcher(name="alertname", value="Cover"), several)
    )
    assert await matched(several) == {"a", "b.c"}
    await alertmanager.expire(ident)


@pytest.mark.needs("alertmanager")
async def test_it_silences_what_it_was_asked_to(address: str) -> None:
    """Alertmanager itself says which alerts a silence of ours holds back."""
    async with Transport() as transport, httpx.AsyncClient(trust_env=False) as other:
        alertmanager = AlertmanagerClient(AlertmanagerConfig(url=address), transport, FakeSecrets())
        alerts = [{"labels": {"alertname": "Held", "instance": each}} for each in ("a|b", "a", HOSTILE)]
        await other.post(f"{address}api/v2/alerts", json=alerts)
        # As `bot.incidents.silences` writes them: escaped by Python, read by Go.
        values = "|".join(re.escape(each) for each in ("a|b", HOSTILE))
        await alertmanager.make(
            silence(
                KEY,
                Matcher(name="alertname", value="Held"),
                Matcher(name="instance", value=values, regex=True),
            )
        )
        heard = (await other.get(f"{address}api/v2/alerts", params={"silenced": "false"})).json()
        named = {each["labels"]["instance"] for each in heard if each["labels"]["alertname"] == "Held"}
        assert named == {"a"}


@pytest.mark.needs("alertmanager")
async def test_what_alertmanager_refuses(address: str) -> None:
    """Its own words come back, and the reason says that trying again is of no use."""
    async with Transport() as transport:
        alertmanager = AlertmanagerClient(AlertmanagerConfig(url=address), transport, FakeSecrets())
        late = silence(KEY)
        late = replace(late, since=late.since - 2 * HOUR, until=late.until - 2 * HOUR)
        with pytest.raises(ActionError, match=r"answers 400: .*end time can't be in the past") as refused:
            await alertmanager.make(late)
        assert refused.value.failure.reason is Reason.INVALID


class _Page(BaseHTTPRequestHandler):
    """A proxy that shows a page to everybody, or answers with a status."""

    answer = (200, b"<html>sign in</html>")
    heard: list[Mapping[str, str]] = []  # noqa: RUF012 - of the class, for the test to read

    def do_GET(self) -> None:
        self.heard.append(dict(self.headers))
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    """Something that is no Alertmanager."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    _Page.heard.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"<html>", "no answer of Alertmanager"), (b"{}", "no answer"), (b"[1]", "no answer")],
)
async def test_what_is_no_alertmanager(
    proxy: str, monkeypatch: pytest.MonkeyPatch, body: bytes, words: str
) -> None:
    """A page, or JSON of another form: whether a silence was made is then open, and what was only asked for did nothing."""
    monkeypatch.setattr(_Page, "answer", (200, body))
    async with Transport() as transport:
        client = AlertmanagerClient(AlertmanagerConfig(url=proxy), transport, FakeSecrets())
        for ask in (client.find(KEY), client.matched([])):
            with pytest.raises(ActionError, match=words):
                await ask
        with pytest.raises(ActionError, match=words):
            await client.make(silence(KEY))


async def test_an_end_that_is_refused(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the silence may stand still, the refusal comes out."""
    monkeypatch.setattr(_Page, "answer", (403, b"no"))
    async with Transport() as transport:
        client = AlertmanagerClient(AlertmanagerConfig(url=proxy), transport, FakeSecrets())
        with pytest.raises(ActionError, match="answers 403: no") as refused:
            await client.expire("x")
    assert refused.value.failure.reason is Reason.FORBIDDEN


@pytest.mark.parametrize("sort", ["bearer", "basic"])
async def test_credentials_go_along(proxy: str, sort: str) -> None:
    """As the settings give them."""
    ref = SecretRef(secret="am")
    auth = Bearer(token=ref) if sort == "bearer" else Basic(username="ada", password=ref)
    async with Transport() as transport:
        client = AlertmanagerClient(
            AlertmanagerConfig(url=proxy, auth=auth), transport, FakeSecrets({"am": "s3cret"})
        )
        with pytest.raises(ActionError):
            await client.find(KEY)
    expected = "Bearer s3cret" if sort == "bearer" else f"Basic {base64.b64encode(b'ada:s3cret').decode()}"
    assert _Page.heard[0]["Authorization"] == expected
