"""The API's answers: JSON, and for every refusal a word for programs, a sentence for people, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from bot.errors import Conflict, FirelineError, JournalError, NotAllowed, NotFound

Redact = Callable[[str], str]
AGAIN_IN = "5"
"""Seconds after which a caller may ask again what could not be kept."""
_SHOWN = 3
"""How many misfits of a body a refusal tells."""
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def done(content: Mapping[str, Any], status: int = 200) -> Response:
    """Answer what was done, or what is so."""
    return JSONResponse(content, status_code=status, headers=_HEADERS)


def refused(status: int, code: str, message: str, hint: str = "", **headers: str) -> Response:
    """Refuse; `retry_after="5"` becomes the header `retry-after`."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"error": {"code": code, "message": message, "hint": hint}}
    return JSONResponse(content, status_code=status, headers={**_HEADERS, **more})


def refusal_of(problem: FirelineError, redact: Redact) -> Response:
    """Refuse as an error of ours says."""
    message, hint = redact(str(problem)), redact(problem.hint)
    if isinstance(problem, JournalError):
        hint = hint or "Nothing was recorded. Ask again in a moment; `/readyz` says what is wrong."
        return refused(503, "unavailable", message, hint, retry_after=AGAIN_IN)
    if isinstance(problem, NotFound):
        return refused(404, "not_found", message, hint)
    if isinstance(problem, NotAllowed):
        return refused(403, "not_allowed", message, hint)
    if isinstance(problem, Conflict):
        return refused(409, "conflict", message, hint)
    return refused(422, "refused", message, hint)


def misfit(problem: ValidationError) -> Response:
    """Refuse a body, with the places that don't fit; nothing of what it holds is repeated."""
    errors = problem.errors(include_url=False, include_input=False, include_context=False)
    if errors and errors[0]["type"] == "json_invalid":
        return refused(400, "unreadable", "The body is not JSON.")
    told = [f"/{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in errors[:_SHOWN]]
    return refused(422, "misfit", f"The body does not fit: {'; '.join(told)}.", "docs/api.md has each verb.")
