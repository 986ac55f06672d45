"""The process's own log: structlog and the standard library's loggers through one pipe, to one stream.

Every line has a UTC time, a level, the logger's name and, where they are bound, the ids of the incident, the run and the step. What the
redaction hook knows to be secret is taken out last, of exceptions too; tracebacks never show local variables, which may hold one.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

Redact = Callable[[str], str]
"""Takes a text and returns it with every secret that it knows blotted out."""

_TALKATIVE = (
    "httpx",
    "httpcore",
    "apscheduler",
    "uvicorn.access",
    "slack_bolt",
    "slack_sdk",
    "aiohttp",
    "markdown_it",
    "alembic",
)
"""Libraries whose `info` repeats what Fireline says better, or (httpx) shows whole URLs."""


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a module's logger; lines are `log.info("step finished", outcome="failed")`: a sentence and facts, never a filled-in text."""
    return structlog.stdlib.get_logger(name)


def bind_ids(
    *, incident: int | None = None, run: str | None = None, step: str | None = None, **more: str | int
) -> AbstractContextManager[None]:
    """Put ids on every line that is logged inside the `with`, in this task and those it starts.

    An id left out keeps the value that an outer `with` gave it.
    """
    ids = {"incident": incident, "run": run, "step": step, **more}
    return bound_contextvars(**{name: value for name, value in ids.items() if value is not None})


def configure_logging(
    *,
    style: Literal["console", "json"] = "console",
    level: str = "info",
    redact: Redact | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send every log of this process to `stream` (standard error), as lines for a person or as JSON objects.

    Replaces what was configured before, so a test may call it again. Start uvicorn with `log_config=None`, or it replaces this.
    """
    out = stream if stream is not None else sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_exceptions(style),
                *([_redactor(redact)] if redact is not None else []),
                *_rendering(style, colors=out.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)


def _exceptions(style: str) -> list[Processor]:
    if style == "json":
        plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(plain)]
    return [structlog.processors.format_exc_info]


def _rendering(style: str, *, colors: bool) -> list[Processor]:
    if style == "json":
        return [
            structlog.processors.EventRenamer("message"),
            _printable_json,
        ]
    return [
        _one_line_each,
        structlog.dev.ConsoleRenderer(
            colors=colors, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _one_line_each(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep a stranger's words from acting on a terminal, or passing for a line of their own; values are written as `repr` does."""
    return {
        key: _spelled(value, _WRITTEN_OUT[key]) if key in _WRITTEN_OUT else value
        for key, value in event.items()
    }


_JSON = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
_WRITTEN_OUT = {"event": "", "exception": "\n\t", "stack": "\n\t"}
"""What the renderer writes letter by letter, and which characters that are not printed may stay in it."""


def _spelled(value: Any, allowed: str) -> Any:  # noqa: ANN401 - whatever was logged
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(char if char.isprintable() or char in allowed else ascii(char)[1:-1] for char in value)


def _printable_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """Write an event as JSON, what a terminal might obey or UTF-8 can't hold escaped too; the values stay the same."""
    line = str(_JSON(logger, method, event))
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def _redactor(redact: Redact) -> Processor:
    """Turn the hook into a processor that reaches every text in an event, however deep."""

    def clean(value: Any) -> Any:  # noqa: ANN401 - whatever was logged
        match value:
            case str():
                return redact(value)
            case bool() | int() | float() | None:
                return value
            case Mapping():
                return {key: clean(each) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [clean(each) for each in value]
            case _:
                return redact(str(value))

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: clean(value) for key, value in event.items()}

    return process
