"""The demo's ports: held from the moment they are chosen, and never another demo's."""

import contextlib
import socket

import pytest

from bot.demo.process import HeldPort, hold_port
from bot.demo.stack import Ports


def test_what_is_held_is_given_to_nobody_else() -> None:
    """A second demo that wants the same ports gets others."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]
    first, second = hold_port(wanted), hold_port(wanted)
    try:
        assert first.number == wanted
        assert second.number != wanted
    finally:
        first.release()
        second.release()


def test_our_server_can_listen_where_we_hold() -> None:
    """A server sets SO_REUSEADDR, as servers do, and takes the port that is held for it; then it is taken for all."""
    held = HeldPort()
    try:
        with socket.create_server(("127.0.0.1", held.number)):
            held.release()
            with pytest.raises(OSError, match="in use"):
                HeldPort(held.number)
    finally:
        held.release()


def test_a_port_in_use_is_left() -> None:
    """Where a stranger listens, another port is taken."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        other = hold_port(stranger.getsockname()[1])
        other.release()
        assert other.number != stranger.getsockname()[1]


def test_five_of_them() -> None:
    """Five different ports, free again once they are released."""
    ports = Ports.choose()
    numbers = {each.number for each in ports.held}
    ports.release()
    assert len(numbers) == 5
    for number in numbers:
        HeldPort(number).release()
