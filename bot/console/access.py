"""Who may see the console: whoever shows the token; without a token, a browser on this machine alone.

The token comes as a bearer token, or as the password of HTTP basic (any user), which every browser can ask for. Without a token
`bot.domain.loopback` says who is on this machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import Scope

from bot.domain.loopback import is_from_here

CHALLENGE = 'Basic realm="Fireline", charset="UTF-8"'
"""What a browser is asked with (RFC 7617)."""

_MOST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a page is not shown: the status of the answer, and a sentence for a person."""

    status: int
    sentence: str
    hint: str


class Access:
    """Judges each request on its own; keeps the token's digest and nothing of who came."""

    def __init__(self, token: SecretStr | None) -> None:
        self._token = _digest(token.get_secret_value().encode()) if token else None

    def judge(self, scope: Scope) -> Refusal | None:
        """Return why the request is refused, None when it may pass."""
        headers = Headers(scope=scope)
        if self._token is not None:
            if hmac.compare_digest(self._token, _digest(_shown(headers))):
                return None
            return Refusal(
                status=401,
                sentence="The console asks for its token.",
                hint="Any user name, and the token as the password.",
            )
        if _is_local(scope, headers):
            return None
        return Refusal(
            status=403,
            sentence="Without a token the console is for this machine alone.",
            hint="Set console.token to open it to others; a proxy in front of it needs the token too.",
        )

    def reader(self, scope: Scope) -> str:
        """Return how the log names who reads here: the user name that they gave, unchecked, behind `console`; an id has no spaces."""
        values = Headers(scope=scope).getlist("authorization")
        scheme, _, value = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        if self._token is None or scheme.lower() != "basic":
            return "console"
        try:
            user = base64.b64decode(value.strip(), validate=True).partition(b":")[0].decode(errors="replace")
        except (binascii.Error, ValueError):
            return "console"
        name = "".join(user[:_MOST_NAME].split())
        return f"console/{name}" if name else "console"


def _digest(secret: bytes) -> bytes:
    """Bring a secret to one length, so that comparing tells nothing of it."""
    return hashlib.sha256(secret).digest()


def _shown(headers: Headers) -> bytes:
    """Return the token that a request shows; nothing when it shows none, two, or one that can't be read."""
    values = headers.getlist("authorization")
    scheme, _, value = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() == "bearer":
        return value.strip().encode("latin-1")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _is_local(scope: Scope, headers: Headers) -> bool:
    client = scope.get("client")
    return is_from_here(
        peer=client[0] if client else None,
        host=headers.get("host", ""),
        headers=headers.keys(),
        http_version=scope.get("http_version", ""),
    )
