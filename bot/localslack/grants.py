"""Tokens of the app's bot: the one that it was made with, those that OAuth gives, renews and takes away.

A code lives ten minutes and is used once. Where the app rotates its tokens, one lives twelve hours and its refresh token gives the next
(https://docs.slack.dev/authentication/using-token-rotation). Pages and methods are elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.localslack.clock import Clock
from bot.localslack.config import InstalledApp
from bot.localslack.ids import Ids
from bot.localslack.refusal import ApiRefusal

CODE_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person allowed: the worth of a code."""

    user: str
    scopes: frozenset[str]
    redirect_uri: str
    made: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A bot token and what it may do."""

    token: str
    user: str  # who installed the app
    scopes: frozenset[str]
    ends: datetime | None = None  # None: it does not rotate
    refresh: str = ""


class Grants:
    """Every token that was given, by the token itself."""

    def __init__(self, app: InstalledApp, clock: Clock, ids: Ids) -> None:
        self._rotates = app.token_rotation
        self._clock = clock
        self._ids = ids
        self._given = {app.bot_token: Grant(token=app.bot_token, user=app.bot_user_id, scopes=app.bot_scopes)}
        self._codes: dict[str, Consent] = {}
        self._refreshes: dict[str, Grant] = {}

    def allow(self, user: str, scopes: frozenset[str], redirect_uri: str) -> str:
        """A code for what a person allowed."""
        code = self._ids.make("code-")
        self._codes[code] = Consent(
            user=user, scopes=scopes, redirect_uri=redirect_uri, made=self._clock.now()
        )
        return code

    def redeem(self, code: str, redirect_uri: str) -> Grant:
        """A token for a code, which is then spent. Raises ApiRefusal as `oauth.v2.access` does."""
        consent = self._codes.pop(code, None)
        if consent is None or self._clock.now() - consent.made > CODE_LIFE:
            raise ApiRefusal("invalid_code")
        if redirect_uri != consent.redirect_uri:
            raise ApiRefusal("bad_redirect_uri")
        return self._give(consent.user, consent.scopes)

    def renew(self, refresh: str) -> Grant:
        """The next token for a refresh token, which is then spent; the old one lives on to its end. Raises ApiRefusal."""
        old = self._refreshes.pop(refresh, None)
        if old is None:
            raise ApiRefusal("invalid_refresh_token")
        return self._give(old.user, old.scopes)

    def _give(self, user: str, scopes: frozenset[str]) -> Grant:
        if self._rotates:
            ends = self._clock.now() + TOKEN_LIFE
            token, refresh = f"xoxe.xoxb-1-{self._ids.make('')}", f"xoxe-1-{self._ids.make('')}"
            grant = Grant(token=token, user=user, scopes=scopes, ends=ends, refresh=refresh)
            self._refreshes[refresh] = grant
        else:
            grant = Grant(token=f"xoxb-{self._ids.make('')}", user=user, scopes=scopes)
        self._given[grant.token] = grant
        return grant

    def gave(self, shown: str) -> bool:
        """Whether this token, code or refresh token came from here, whatever it is worth by now."""
        return shown in self._given or shown in self._codes or shown in self._refreshes

    def scopes(self, token: str) -> frozenset[str]:
        """What a bot token may do now. Raises ApiRefusal for one that was never given, or is over."""
        grant = self._given.get(token)
        if grant is None:
            raise ApiRefusal("invalid_auth")
        if grant.ends is not None and self._clock.now() >= grant.ends:
            raise ApiRefusal("token_expired")
        return grant.scopes
