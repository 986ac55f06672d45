"""A guard around this process's sockets: loopback is allowed, the rest of the world does not exist.

It is an audit hook, so it holds for every library that goes through Python's sockets and can't be taken off. It doesn't reach into
processes that a test starts, nor into C libraries that open sockets by themselves (libuv, libpq): those get loopback addresses from us.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any


class OutsideWorld(AssertionError):
    """A test tried to reach beyond this machine."""


def keep_inside() -> None:
    """Refuse connections, bindings and look-ups that leave this machine, for as long as the process lives."""
    sys.addaudithook(_hook)


def is_inside(host: object) -> bool:
    """Say whether a host is this machine itself; a wildcard isn't, because it listens to the world."""
    if isinstance(host, bytes):
        host = host.decode("ascii", errors="replace")
    if not isinstance(host, str):
        return host is None
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.bind", "socket.sendto"}:
        _, address = arguments
        if isinstance(address, tuple) and not is_inside(address[0]):
            msg = f"{event} to {address[0]}:{address[1]}: tests stay on loopback"
            raise OutsideWorld(msg)
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        if isinstance(host, str) and host.endswith(
            ".invalid"
        ):  # RFC 6761: never resolves; so it needn't be asked
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not is_inside(host):
            msg = f"looked up {host!r}: tests stay on loopback; use 127.0.0.1, or a name under .invalid for one that fails"
            raise OutsideWorld(msg)
