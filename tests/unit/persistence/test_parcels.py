"""What the journal and its log writer send each other arrives as it was."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from bot.domain.events import GENESIS
from bot.domain.facts import AlertsUnmatched, NoteAdded, RunFinished
from bot.domain.ids import INTAKE, AlertKey, Digest, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, RunStatus, person
from bot.persistence import parcels
from bot.persistence.batch import Append
from bot.persistence.parcels import NotWritten, Request

Ends = tuple[socket.socket, socket.socket]
NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Give both ends of a way."""
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_a_request_arrives_as_it_was() -> None:
    """The end of the log, the instant, and every fact equal to what was sent."""
    one = IncidentId(1)
    request = Request(
        (41, GENESIS),
        NOW,
        [
            Append(incident_stream(one), person("U1"), [NoteAdded(incident=one, text="ü\0")]),
            Append(
                incident_stream(one),
                FIRELINE,
                [RunFinished(run=RunId("1-1"), status=RunStatus.FAILED, reason="", detail="")],
            ),
            Append(INTAKE, FIRELINE, [AlertsUnmatched(keys=(AlertKey("k"),))]),
        ],
    )
    assert parcels.request_in(parcels.parcel_of(request)) == request


def test_what_cannot_be_sent_is_told_before_anything_is() -> None:
    """A view of a mapping is no value that another process could be given."""
    unsendable = NoteAdded(incident=IncidentId(1), text=MappingProxyType({}))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        parcels.parcel_of(Request((0, GENESIS), NOW, [Append(INTAKE, FIRELINE, [unsendable])]))


def test_an_answer_arrives_as_it_was() -> None:
    """Hashes in their order, or in words why there are none."""
    hashes = [GENESIS, Digest("ab" * 32)]
    assert parcels.hashes_in(parcels.written(hashes), 2) == hashes
    assert parcels.hashes_in(parcels.written([]), 0) == []
    with pytest.raises(NotWritten, match="the disk is full"):
        parcels.hashes_in(parcels.not_written("the disk is full"), 2)


@pytest.mark.parametrize(
    "answer", [b"", b"\x07", parcels.written([GENESIS]), parcels.written([GENESIS] * 2)[:-1]]
)
def test_an_answer_that_cannot_be_read_claims_nothing(answer: bytes) -> None:
    """Neither that something was written, nor that nothing was."""
    with pytest.raises(ValueError, match="can't be read"):
        parcels.hashes_in(answer, 2)


def test_code_is_told_from_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code twice is the same; a file that is another is other code."""
    (tmp_path / "facts.py").write_text("a = 1\n")
    monkeypatch.setattr(parcels.bot.domain, "__path__", [str(tmp_path)])
    before = parcels.code_on_disk()
    assert parcels.code_on_disk() == before
    (tmp_path / "facts.py").write_text("a = 12\n")
    assert parcels.code_on_disk() != before


def test_a_parcel_that_comes_in_pieces_is_whole(ends: Ends) -> None:
    """One that is larger than what a socket holds."""
    here, there = ends
    parcel = bytes(range(256)) * 20_000
    sender = threading.Thread(target=parcels.send, args=(here, parcel))
    sender.start()
    assert parcels.receive(there) == parcel
    sender.join()


def test_an_end_that_is_gone_is_told(ends: Ends) -> None:
    """Between two parcels, and in the middle of one."""
    here, there = ends
    here.sendall(b"\0\0\0\x05abc")
    here.close()
    assert parcels.receive(there) is None
    assert parcels.receive(there) is None


def test_nobody_is_waited_for_longer_than_was_said(ends: Ends) -> None:
    """An end that says nothing."""
    here, _ = ends
    here.settimeout(0.01)
    with pytest.raises(TimeoutError):
        parcels.receive(here)
