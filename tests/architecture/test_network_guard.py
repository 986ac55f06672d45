"""The guard lets nothing out."""

import socket
from collections.abc import Callable

import pytest

from tests.fakes.network import OutsideWorld, is_inside


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "shop.localhost", b"127.0.0.1", None]
)
def test_this_machine_is_inside(host: object) -> None:
    """Loopback in every spelling is allowed."""
    assert is_inside(host)


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "0.0.0.0", "::", "slack.com", "10.0.0.1", "", "127.0.0.1.example.com"]
)
def test_the_rest_is_outside(host: str) -> None:
    """Other machines are not, and neither is a wildcard, which listens to them."""
    assert not is_inside(host)


def test_nothing_gets_out() -> None:
    """Connecting, listening for the world, sending and looking up are refused before a packet leaves."""
    with socket.socket() as tcp, pytest.raises(OutsideWorld):
        tcp.connect(("192.0.2.1", 80))
    with socket.socket() as tcp, pytest.raises(OutsideWorld):
        tcp.bind(("0.0.0.0", 0))
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(OutsideWorld):
        udp.sendto(b"x", ("192.0.2.1", 53))
    with pytest.raises(OutsideWorld):
        socket.getaddrinfo("slack.com", 443)


def test_a_name_that_fails_fails_as_names_do() -> None:
    """A name under .invalid gives the error that a resolver would give, without asking one."""
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)


def test_loopback_works(free_port: Callable[[], int]) -> None:
    """A server on a free port can be reached, and two free ports differ."""
    port = free_port()
    assert port != free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        socket.create_connection(("127.0.0.1", port), timeout=5) as client,
    ):
        assert client.getpeername() == ("127.0.0.1", port)
