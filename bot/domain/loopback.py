"""Whether a request was made on this machine, and by a program rather than by a web site or through a proxy.

The peer's address alone does not say so: a reverse proxy on this machine has a loopback address whoever stands behind it, and a web site can
rebind its own name to 127.0.0.1 and have a browser here ask in its name. So the request must also name a loopback host, and nothing may look
forwarded. A proxy that hides itself entirely can't be told: whoever puts one in front sets a token.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

_FORWARDED = frozenset(
    {
        "forwarded",
        "via",
        "x-client-ip",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-original-forwarded-for",
        "x-real-ip",
    }
)


def is_from_here(*, peer: str | None, host: str, headers: Collection[str], http_version: str) -> bool:
    """Judge a request. `host` is its Host header, `headers` the names of all its headers in lower case.

    `peer` is None for a socket file, which has permissions of its own. nginx speaks HTTP/1.0 to what is behind it unless it is told otherwise, and
    names 127.0.0.1 as the host; no client of ours does.
    """
    if http_version == "1.0" or not _FORWARDED.isdisjoint(headers):
        return False
    return (peer is None or is_loopback(peer)) and is_loopback(_name(host))


def is_loopback(name: str) -> bool:
    """Tell whether a name or an address means this machine."""
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _name(host: str) -> str:
    """Return the name in a Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
