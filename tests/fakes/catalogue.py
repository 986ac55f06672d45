"""A small catalogue of actions for tests of the language: one of each kind that a rule tells apart."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field

from bot.actions import nested
from bot.actions.contract import ActionSpec, Catalogue, Effect, Inputs, SecretRef


class HttpInputs(Inputs):
    """What `http.request` takes; `json` is an alias, because pydantic owns the name."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE"] = Field(
        default="GET", description="The HTTP method."
    )
    url: str = Field(pattern=r"^https?://", description="The whole URL.")
    headers: dict[str, str | SecretRef] = Field(default_factory=dict, description="Header fields.")
    body: Any = Field(default=None, alias="json", description="The body, sent as JSON.")


class QueryInputs(Inputs):
    """What `prometheus.query` takes."""

    query: str = Field(min_length=1, description="A PromQL expression.")
    limit: int = Field(default=100, ge=1, le=1000, description="How many series at the most.")


class RangeInputs(QueryInputs):
    """What `prometheus.query_range` takes."""

    last: str = Field(description="How far back, such as 30m.")


class WaitInputs(Inputs):
    """What `wait` takes."""

    duration: str = Field(description="How long.", alias="for")


class Urgency(StrEnum):
    """How loud a page is."""

    LOW = "low"
    HIGH = "high"


class PageInputs(Inputs):
    """What `pager.page` takes: nothing that must be there."""

    to: list[str] = Field(default_factory=list, description="Whom to page.")
    urgency: Urgency = Field(default=Urgency.LOW, description="How loud.")


class ShellInputs(Inputs):
    """What `shell.run` takes."""

    argv: tuple[str | int, ...] = Field(min_length=1, description="The command and its arguments.")


class DropInputs(Inputs):
    """What `database.drop` takes."""

    name: str = Field(description="The database.")


CATALOGUE = Catalogue(
    (
        nested.SPEC,
        ActionSpec(
            name="http.request",
            summary="Make one HTTP request.",
            effect=Effect.MUTATE,
            repeatable=False,
            inputs=HttpInputs,
            output={
                "status": "The status code.",
                "json": "The body, where it is JSON.",
                "text": "The body as text.",
            },
            read_if_declared=True,
        ),
        ActionSpec(
            name="prometheus.query",
            summary="Ask Prometheus for a value now.",
            effect=Effect.READ,
            repeatable=True,
            inputs=QueryInputs,
            output={"value": "The first sample's value.", "series": "All series."},
        ),
        ActionSpec(
            name="prometheus.query_range",
            summary="Ask Prometheus for values over time.",
            effect=Effect.READ,
            repeatable=True,
            inputs=RangeInputs,
            output={"max": "The largest value.", "min": "The smallest value.", "series": "All series."},
        ),
        ActionSpec(name="wait", summary="Wait.", effect=Effect.READ, repeatable=True, inputs=WaitInputs),
        ActionSpec(
            name="queue.pause",
            summary="Pause a queue.",
            effect=Effect.MUTATE,
            repeatable=True,
            inputs=DropInputs,
        ),
        ActionSpec(
            name="pager.page",
            summary="Page somebody.",
            effect=Effect.READ,
            repeatable=True,
            inputs=PageInputs,
        ),
        ActionSpec(
            name="database.drop",
            summary="Drop a database.",
            effect=Effect.DESTROY,
            repeatable=False,
            inputs=DropInputs,
        ),
        ActionSpec(
            name="shell.run",
            summary="Run a command.",
            effect=Effect.MUTATE,
            repeatable=False,
            inputs=ShellInputs,
            read_if_declared=True,
        ),
    )
)
