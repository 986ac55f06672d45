"""Who may deliver: a bearer token, a user with a password, or, where neither is set, this machine alone.

Alertmanager signs nothing (prometheus/alertmanager has no such option); `http_config` sends one of the two. Both may be accepted at once, so that
a fleet can move from one to the other. Secrets are compared as digests in constant time, every one of them each time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from enum import Enum, auto

from starlette.types import Scope

from bot.domain.loopback import is_from_here


class Verdict(Enum):
    """Whether a request may go on."""

    ALLOWED = auto()
    UNAUTHORIZED = auto()
    """It lacks the right credentials."""
    ELSEWHERE = auto()
    """There are none to have, and it comes from another machine, or by way of a proxy or a web site."""


class Credentials:
    """What a sender must show. Without any, only programs on this machine may send: an open port would let anyone start runbooks."""

    def __init__(self, *, bearers: Sequence[str] = (), basics: Sequence[tuple[str, str]] = ()) -> None:
        self._accepted = tuple(
            [_digest(b"bearer", each.encode()) for each in bearers]
            + [_digest(b"basic", f"{user}:{password}".encode()) for user, password in basics]
        )
        schemes = ([b"Bearer"] if bearers else []) + (
            [b'Basic realm="fireline", charset="UTF-8"'] if basics else []
        )
        self.challenge = b", ".join(schemes)
        """The value of WWW-Authenticate (RFC 9110, 11.6.1)."""
        self._last_right = b""

    @property
    def open(self) -> bool:
        """Whether nothing has to be shown, and this machine alone may send."""
        return not self._accepted

    @property
    def warning(self) -> str:
        """What to tell the operator at start, empty when all is well."""
        if not self.open:
            return ""
        return (
            "Alertmanager's webhook takes deliveries from this machine alone, because neither alertmanager.bearer_token "
            "nor alertmanager.basic_username is set."
        )

    def judge(self, scope: Scope) -> Verdict:
        """Judge one request by its headers and its peer."""
        if self.open:
            return Verdict.ALLOWED if _is_from_here(scope) else Verdict.ELSEWHERE
        header = _authorization(scope)
        # A sender shows the same each time. This comparison too takes as long whatever differs.
        if self._last_right and hmac.compare_digest(self._last_right, header):
            return Verdict.ALLOWED
        shown = _shown(header)
        right = False
        for each in self._accepted:
            right |= hmac.compare_digest(each, shown)
        if right:
            self._last_right = header
        return Verdict.ALLOWED if right else Verdict.UNAUTHORIZED


def _digest(scheme: bytes, secret: bytes) -> bytes:
    """Digest a secret with its scheme: of one length whatever it is, so that comparing tells nothing of it."""
    return hashlib.sha256(scheme + b"\0" + secret).digest()


def _authorization(scope: Scope) -> bytes:
    """Return the value of the request's one Authorization header; of nothing that could be right when there is none, or two."""
    found = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            if found:
                return b""
            found = value
    return found


def _shown(header: bytes) -> bytes:
    """Return the digest of what an Authorization header shows."""
    scheme, _, value = header.partition(b" ")
    kind, value = scheme.lower(), value.strip()
    if kind == b"basic":
        try:
            value = base64.b64decode(value, validate=True)
        except binascii.Error:
            return _digest(b"nothing", b"")
    return _digest(kind, value)


def _is_from_here(scope: Scope) -> bool:
    client = scope.get("client")
    named = {name.decode("latin-1"): value for name, value in scope["headers"]}
    return is_from_here(
        peer=client[0] if client else None,
        host=named.get("host", b"").decode("latin-1"),
        headers=named.keys(),
        http_version=scope.get("http_version", ""),
    )
