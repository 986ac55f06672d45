"""How the Local Slack says no: Slack's own error words, as a value that the wire knows how to write.

A refusal is `{"ok": false, "error": code, …}` with HTTP 200, as Slack does it. This module holds no rule on when to refuse.
"""

from __future__ import annotations

from typing import Any

from bot.errors import FirelineError


class ApiRefusal(FirelineError):
    """A Web API call is refused; `code` is Slack's word, `fields` what goes beside it in the answer.

    Source of the words: the `errors` table of each method at https://docs.slack.dev/reference/methods.
    """

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(f"the Local Slack refused the call: {code}")
        self.code = code
        self.fields = fields

    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        return {"ok": False, "error": self.code, **self.fields}


class RateLimited(FirelineError):
    """A call came sooner than its bucket allows; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"rate limited, retry after {retry_after} s")
        self.retry_after = retry_after


class ConnectionCut(FirelineError):
    """A fault asks that the connection be closed without an answer."""


class ServerFailure(FirelineError):
    """A fault asks for a 5xx answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"asked to fail with {status}")
        self.status = status


class PersonRefused(FirelineError):
    """A person's act through the page or `/_local` can't be done (no such button, not in the channel …)."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
