"""Types for the fields of inputs that more than one action has: durations and plain HTTP addresses."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from bot.domain.durations import format_duration, parse_duration

_FORM = r"^(?:[0-9]{1,9}(?:ms|s|m|h|d|w))+$"


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"a duration needs a unit: {value!r} could be seconds or minutes; write 30s or 10m")


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": _FORM, "title": "duration"}),
]
"""`30s`, `10m`, `1h30m`, `7d`; never a bare number."""


_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")


def _http_url(value: str) -> str:
    if value.strip() != value or _UNPRINTED.search(value):
        raise ValueError("a URL holds no control character and no backslash, and no white space around it")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a URL starts with http:// or https:// and has a host")
    if "@" in parts.netloc:
        raise ValueError("a URL carries no credentials; name them under `auth`, as secrets")
    if not parts.netloc.isascii() or "%" in parts.netloc:
        raise ValueError("a URL's host is written in ASCII; a name in another script has an xn-- form")
    if "#" in value:
        raise ValueError("a URL that is called has no fragment (#…)")
    if not {".", ".."}.isdisjoint(re.split(r"[/;]", unquote(parts.path))):
        # Clients and servers resolve these each in their way: what is approved would not be what is called.
        raise ValueError("a URL's path has no dot segments (`.`, `..`); name the place itself")
    _ = parts.port  # ValueError when it is no port
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url), WithJsonSchema({"type": "string", "format": "uri"})]
"""An address to call: http or https, an ASCII host, no credentials, no fragment, no dot segments; it is called as it is written."""


def http_target(url: str) -> str:
    """Name what a URL points at: `scheme://host:port`, the port always written."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{host}:{port}"
