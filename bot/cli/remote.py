"""Asking the running Fireline through its API: at the first address where one leads, with the token of the settings or the environment.

Nothing is asked twice: what a lost answer leaves open, a person looks up before they ask again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from bot.cli.opening import settings_from
from bot.cli.screen import show_json
from bot.errors import ConfigurationError, Refused
from bot.ingress.api.routes import API_PATH
from bot.settings import Settings

Answer = Mapping[str, Any]
PATIENCE = 15.0
"""Seconds for an answer; the journal's own is there in milliseconds."""
_TOKEN = "Set FIRELINE_API__TOKEN to a token that the running Fireline knows: its `api.tokens` name them."  # noqa: S105 - a hint
_STANDING_BY = "standing_by"


class Remote:
    """The running Fireline; `transport` is the network, or a test's."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        if settings.api.token is None:
            raise ConfigurationError("These commands need a token.", hint=_TOKEN)
        self._urls = settings.api.urls or (settings.http.base_url,)
        # Neither a proxy nor a .netrc of the environment has a part in what carries the token.
        self._client = httpx.Client(
            headers={"authorization": f"Bearer {settings.api.token.get_secret_value()}"},
            timeout=PATIENCE,
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def ask(self, path: str) -> Answer:
        """Ask what is so; Refused, with what to do, when there is no answer to be had."""
        return self._first("GET", path, None)

    def do(self, verb: str, body: Mapping[str, Any]) -> Answer:
        """Ask for something to be done; Refused, with what to do, when it was not, or when nobody knows."""
        return self._first("POST", verb, body)

    def _first(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        problems = []
        for url in self._urls:
            try:
                answer = self._client.request(method, f"{url}{API_PATH}/{path}", json=body)
            except httpx.ConnectError as problem:
                problems.append(f"{url} can't be reached ({problem})")
                continue
            except httpx.HTTPError as problem:
                raise _lost(method, url, problem) from None
            said = _json(answer, url)
            if answer.is_success:
                return said
            error = said.get("error", {})
            if error.get("code") != _STANDING_BY:
                hint = (
                    _TOKEN if answer.status_code == httpx.codes.UNAUTHORIZED else str(error.get("hint", ""))
                )
                raise Refused(str(error.get("message", f"{url} answered {answer.status_code}.")), hint=hint)
            problems.append(f"{url} stands by")
        raise Refused(
            f"No Fireline that leads was found: {'; '.join(problems)}.",
            hint="FIRELINE_API__URLS or `api.urls` names where to look; several are separated by commas.",
        )


@contextlib.contextmanager
def remote_from(config: Path | None) -> Iterator[Remote]:
    """Make it from the settings, and hang up in the end; ConfigurationError when there is no token."""
    remote = Remote(settings_from(config))
    try:
        yield remote
    finally:
        remote.close()


def have_done(config: Path | None, verb: str, body: Mapping[str, Any], *, as_json: bool) -> Answer:
    """Have one thing done and return the answer, printed as it came where a program wants it."""
    with remote_from(config) as remote:
        answer = remote.do(verb, body)
    if as_json:
        show_json(answer)
    return answer


def _lost(method: str, url: str, problem: httpx.HTTPError) -> Refused:
    why = str(problem) or type(problem).__name__
    if method == "GET":
        return Refused(f"{url} did not answer: {why}.", hint="Ask again in a moment.")
    return Refused(
        f"The answer of {url} was lost ({why}): it may have been done.",
        hint="Look with `fireline waiting` or `fireline show` before you ask again.",
    )


def _json(answer: httpx.Response, url: str) -> Answer:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Refused(
            f"{url} answered {answer.status_code}, and not as Fireline does.",
            hint="Look whether a proxy or another program answers there.",
        )
    return said
