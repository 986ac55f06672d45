"""Whose token a request shows. A token is a name in the settings with a holder and what they may do; it works as long as it stands there.

Tokens are compared as digests in constant time, every one of them each time, so that the time of an answer tells nothing of any.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.datastructures import Headers

from bot.domain.nouns import Actor
from bot.errors import NotAllowed


class Right(StrEnum):
    """What a token may be for."""

    DECIDE = "decide"
    """Approve, deny, settle: for people."""
    RESPOND = "respond"
    """Acknowledge, resolve, and all that leads a response between the two: for people."""
    DECLARE = "declare"
    """Open an incident."""
    RUN = "run"
    """Start a runbook that people may start: for people."""
    STEER = "steer"
    """Pause, resume, retry, cancel."""
    NOTE = "note"
    SILENCE = "silence"
    """Have Alertmanager keep an incident's alerts to itself, or tell of them again."""
    FREEZE = "freeze"
    """Hold every change in every run, or let them go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a token: as whom they act, the groups that give them rights, and what the token is for."""

    name: str
    actor: Actor
    groups: frozenset[str]
    may: frozenset[Right]

    def must(self, right: Right) -> None:
        """NotAllowed unless the token is for this."""
        if right not in self.may:
            raise NotAllowed(
                f"The token {self.name} is not for this: it may {', '.join(sorted(self.may))}.",
                hint=f"Whoever runs Fireline adds `{right}` to `api.tokens.{self.name}.may`.",
            )


class Holders:
    """Knows the holder of each token by the token's digest; the tokens themselves are not kept."""

    def __init__(self, holders: Iterable[tuple[str, Holder]]) -> None:
        self._holders = tuple((_digest(token.encode()), holder) for token, holder in holders)

    def of(self, headers: Headers) -> Holder | None:
        """Return whose bearer token the request shows; None for none, two, or one that nobody holds."""
        shown = _digest(_bearer(headers))
        found = None
        for digest, holder in self._holders:
            if hmac.compare_digest(digest, shown):
                found = holder
        return found


def groups_in(groups: Mapping[str, Iterable[str]], *names: str) -> frozenset[str]:
    """Return the names of the settings' groups that list somebody by any of their names, as ids or addresses."""
    wanted = {each.lower() for each in names if each}
    return frozenset(name for name, members in groups.items() if wanted & {each.lower() for each in members})


def _digest(token: bytes) -> bytes:
    """Bring a token to one length; of nothing, to what no token has."""
    return hashlib.sha256(b"token\0" + token if token else b"").digest()


def _bearer(headers: Headers) -> bytes:
    values = headers.getlist("authorization")
    scheme, _, value = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    return value.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
