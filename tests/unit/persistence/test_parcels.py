"""What the journal and its log writer send each other arrives as it was."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from bot.domain.events import GENESIS
from bot.domain.facts import AlertsUnmatched, NoteAdded, RunFinished
from bot.domain.ids import INTAKE, AlertKey, IncidentId, RunId, incident_stream
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
    hashes = [GENESIS, "ab" * 32]
    assert parcels.hashes_in(parcels.written(hashes)) == hashes
    assert parcels.hashes_in(parcels.written([])) == []
    with pytest.raises(NotWritten, match="the disk is full"):
        parcels.hashes_in(parcels.not_written("the disk is full"))


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
