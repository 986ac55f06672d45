"""Evidence is shown as text without secrets, and the log says who looked before anybody sees it."""

from __future__ import annotations

import base64

import pytest

from bot.domain.facts import EvidenceStored
from bot.domain.ids import EvidenceId, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE
from bot.evidence.custody import custody
from bot.incidents import custodian
from tests.unit.console.conftest import SECRET, Console, Open

FIRST = IncidentId(1)
NAME = EvidenceId("1-1/logs/service.log")


async def keep(console: Console, data: bytes) -> str:
    """Keep bytes as a step would, and tell the log; return where they are shown."""
    digest = console.files.keep(data)
    fact = EvidenceStored(
        incident=FIRST,
        run=RunId("1-1"),
        step=StepId("logs"),
        evidence=NAME,
        name="service.log",
        evidence_class="logs",
        sha256=digest,
        size=len(data),
        media_type="text/plain",
        source="test",
        tool="test",
    )
    (event,) = await console.store.journal.append(incident_stream(FIRST), FIRELINE, [fact])
    return f"/incidents/1/evidence/{event.seq}"


def looks(console: Console) -> list[tuple[str, str]]:
    """Return who looked, and how, as custody tells it."""
    trail = custody(console.store.records.events()).get(NAME, ())
    return [(each.by.id, each.what) for each in trail if each.what != "stored"]


async def test_it_is_shown_without_secrets_and_on_the_record(console: Open) -> None:
    """A reader on this machine sees the text; the log names the console, and that it was redacted."""
    opened = await console()
    path = await keep(opened, f"token {SECRET}\n<b>bold</b>\n".encode())
    async with opened.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.text == "token [redacted]\n<b>bold</b>\n"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert looks(opened) == [("console", "shown redacted")]


async def test_the_reader_is_named_as_they_named_themselves(console: Open) -> None:
    """With a token, the user name that came with it stands in the log, as what it is: said, not checked."""
    opened = await console()
    path = await keep(opened, b"quiet")
    shown = base64.b64encode(b"ada:s3cret").decode()
    async with opened.browser("s3cret") as browser:
        answer = await browser.get(path, headers={"Authorization": f"Basic {shown}"})
        assert answer.status_code == 200
        answer = await browser.get(path, headers={"Authorization": "Bearer s3cret"})
        assert answer.status_code == 200
    assert looks(opened) == [("console/ada", "shown redacted"), ("console", "shown redacted")]


async def test_who_may_not_read_leaves_no_trace_and_sees_nothing(console: Open) -> None:
    """No token, no evidence, and no entry that somebody saw it."""
    opened = await console()
    path = await keep(opened, b"quiet")
    async with opened.browser("s3cret") as browser:
        answer = await browser.get(path)
    assert answer.status_code == 401
    assert "quiet" not in answer.text
    assert looks(opened) == []


@pytest.mark.parametrize("place", ["1/evidence/0", "1/evidence/1", "1/evidence/999", "9/evidence/1"])
async def test_what_there_is_not(console: Open, place: str) -> None:
    """Only what the log tells of can be asked for: an event of that incident by which evidence was stored."""
    opened = await console()
    async with opened.browser() as browser:
        answer = await browser.get(f"/incidents/{place}")
    assert answer.status_code == 404


async def test_bytes_that_are_no_text_stay_where_they_are(console: Open) -> None:
    """What can't be redacted is not shown."""
    opened = await console()
    path = await keep(opened, b"\xff\xfe\x00")
    async with opened.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 415
    assert looks(opened) == []


async def test_bytes_that_were_changed_are_not_shown(console: Open) -> None:
    """Evidence that is not what was stored is no evidence."""
    opened = await console()
    path = await keep(opened, b"quiet")
    (digest,) = opened.files.digests()
    file = next(each for each in opened.files._root.rglob("*") if each.is_file() and each.name in digest)
    file.chmod(0o600)
    file.write_bytes(b"loud")
    async with opened.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 409
    file.unlink()
    async with opened.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert looks(opened) == []


async def test_a_large_one_is_cut_and_says_so(console: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut falls between characters, and the reader is told that there is more."""
    monkeypatch.setattr(custodian, "MOST_SHOWN", 5)
    opened = await console()
    path = await keep(opened, "aaaaüü".encode())
    async with opened.browser() as browser:
        answer = await browser.get(path)
    assert answer.text.startswith("aaaa\n… cut here")


async def test_what_can_not_be_recorded_is_not_shown(console: Open) -> None:
    """A journal that takes nothing shows nothing."""
    opened = await console()
    path = await keep(opened, b"quiet")
    await opened.store.journal.close()
    async with opened.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 503
    assert "quiet" not in answer.text
