"""How HTTP fails, as closed reasons: the one place where statuses and exceptions are given their meaning.

Status codes as in RFC 9110, section 15; 429 as in RFC 6585; `Retry-After` as in RFC 9110, section 10.2.3.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from bot.actions.outcome import Failed, Reason

_REASONS = {
    400: Reason.INVALID,
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    405: Reason.INVALID,
    407: Reason.UNAUTHORIZED,
    408: Reason.TIMEOUT,
    409: Reason.CONFLICT,
    410: Reason.NOT_FOUND,
    411: Reason.INVALID,
    412: Reason.CONFLICT,
    413: Reason.INVALID,
    414: Reason.INVALID,
    415: Reason.INVALID,
    422: Reason.INVALID,
    423: Reason.CONFLICT,
    429: Reason.THROTTLED,
    431: Reason.INVALID,
    504: Reason.TIMEOUT,
}
_NOT_DONE_REDIRECTS = frozenset({304, 307, 308})
"""Answers below 400 that say that nothing was done; after any other, the effect may stand."""


LONGEST_PAUSE = 3600.0
"""Seconds: the most of a `Retry-After` that is believed. A target must not hold a run up for days, or name an instant that no calendar has."""
_MALFORMED = "was not called: the URL or a header is malformed"


def reason_of_status(status: int) -> Reason:
    """Return why a call with this answer failed; a status below 400 that nobody expected is `rejected`."""
    known = _REASONS.get(status)
    if known is not None:
        return known
    return Reason.UNAVAILABLE if status >= 500 else Reason.REJECTED  # noqa: PLR2004 - HTTP's own border


def failure_of_status(status: int, retry_after: float | None, detail: str) -> Failed:
    """Return the failure that an unwelcome status is."""
    reason = reason_of_status(status)
    unexpected_success = status < 400 and status not in _NOT_DONE_REDIRECTS  # noqa: PLR2004 - HTTP's own border
    return Failed(
        reason=reason,
        detail=detail,
        retry_after=retry_after,
        applied=True if unexpected_success else None,
    )


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read `Retry-After`, seconds or a date, as seconds from `now`, an hour at the most; None when it is absent or neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE)
    try:
        due = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if due.tzinfo is None:  # `-0000`: UTC without a word on where the sender is
        due = due.replace(tzinfo=UTC)
    return min(max(0.0, (due - now).total_seconds()), LONGEST_PAUSE)


def failure_of_exception(error: Exception, *, target: str, sent: bool) -> Failed:
    """Return the failure that an exception is. `sent` tells whether a byte of the request may have reached the target."""
    reason, what = _meaning(error)
    return Failed(
        reason=reason,
        detail=f"{target} {what}",
        applied=None if sent and reason is not Reason.INVALID else False,
    )


_MEANINGS: tuple[tuple[tuple[type[Exception], ...], Reason, str], ...] = (
    (
        (httpx.PoolTimeout,),
        Reason.TIMEOUT,
        "was not called: every connection was busy for too long",
    ),
    ((httpx.ConnectTimeout,), Reason.TIMEOUT, "took too long to take the connection"),
    ((httpx.TimeoutException, TimeoutError), Reason.TIMEOUT, "took too long to answer"),
    (
        (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError),
        Reason.INVALID,
        _MALFORMED,
    ),
    ((httpx.DecodingError,), Reason.REJECTED, "sent an answer that can't be decoded"),
    ((ValueError,), Reason.INVALID, _MALFORMED),
    ((Exception,), Reason.UNAVAILABLE, "broke the connection"),
)
"""What an exception means, the first row that fits; the text ends a sentence that begins with the target.

It never quotes the exception: httpx puts header values into some of them.
"""


def _meaning(error: Exception) -> tuple[Reason, str]:
    if isinstance(error, httpx.ConnectError):
        return _meaning_of_no_connection(error)
    return next((reason, what) for kinds, reason, what in _MEANINGS if isinstance(error, kinds))


def _meaning_of_no_connection(error: httpx.ConnectError) -> tuple[Reason, str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                Reason.REJECTED,
                f"showed a certificate that can't be trusted: {cause.verify_message}",
            )
        cause = cause.__cause__ or cause.__context__
    return Reason.UNAVAILABLE, f"can't be reached: {str(error) or 'no connection'}"
