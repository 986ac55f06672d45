"""Answers in one write: joined where two pieces come in a row, and never late or out of order."""

from __future__ import annotations

import asyncio

import pytest

from bot.wiring.whole_answers import Joining


class Wire:
    """A transport that remembers what was asked of it."""

    def __init__(self) -> None:
        self.did: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        """Remember a write."""
        self.did.append(data)

    def close(self) -> None:
        """Remember the end."""
        self.did.append("closed")


@pytest.fixture
async def joining() -> tuple[Joining, Wire]:
    """A wire, and what joins on it."""
    wire = Wire()
    return Joining(wire, asyncio.get_running_loop()), wire  # type: ignore[arg-type]


async def test_a_head_and_its_body_are_one_write(joining: tuple[Joining, Wire]) -> None:
    """And so is the next answer on the same connection, an empty body too."""
    transport, wire = joining
    for head, body in ((b"head", b"body"), (b"no content", b"")):
        transport.write(head)
        transport.write(body)
        await asyncio.sleep(0)
    assert wire.did == [b"headbody", b"no content"]


async def test_what_comes_alone_does_not_wait(joining: tuple[Joining, Wire]) -> None:
    """A piece of a stream, or a head whose body takes its time, leaves in the loop's next turn."""
    transport, wire = joining
    transport.write(b"head")
    await asyncio.sleep(0)
    assert wire.did == [b"head"]
    for piece in (b"1", b"2", b"3"):
        transport.write(piece)
    await asyncio.sleep(0)
    assert b"".join(each for each in wire.did if isinstance(each, bytes)) == b"head123"


async def test_what_was_written_goes_before_the_end(joining: tuple[Joining, Wire]) -> None:
    """Closing asks for nothing to be lost, and nothing is written afterwards."""
    transport, wire = joining
    transport.write(b"head")
    transport.close()
    await asyncio.sleep(0)
    assert wire.did == [b"head", "closed"]
