"""The page of actions says all that the specs and the models say."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from bot.actions.contract import ActionSpec, Catalogue, Effect, Inputs, SecretRef
from bot.actions.fields import Duration, HttpUrl
from bot.actions.reference import reference


class Inner(Inputs):
    """A model inside of another."""

    token: SecretRef = Field(description="Its token.")


class Outer(Inputs):
    """One field of each sort."""

    name: str = Field(description="A | name.")
    count: int = Field(default=3, description="How many.")
    share: float | None = Field(default=None, description="What share.")
    sure: bool = Field(default=True, description="Whether.")
    kind: Literal["a", "b"] = Field(default="a", description="Which.")
    at: datetime | None = Field(default=None, description="When.")
    every: Duration | None = Field(default=None, description="How often.")
    url: HttpUrl = Field(description="Where.")
    names: tuple[str, ...] = Field(default=(), description="More names.")
    env: dict[str, str | SecretRef] = Field(default_factory=dict, description="Variables.")
    bare: dict[str, Any] = Field(default_factory=dict, description="Whatever is there.")
    any_: Any = Field(default=None, alias="any", description="Anything.")
    inner: Inner | None = Field(default=None, description="The inner.")


def spec(name: str, effect: Effect, **more: Any) -> ActionSpec:
    """Make a spec."""
    return ActionSpec(
        name=name, summary="Does it.", effect=effect, repeatable=effect is Effect.READ, inputs=Outer,
        output={"value": "What it | gave."}, example={"name": "ü", "url": "http://x", "env": {"A": {"secret": "s"}}}, **more,
    )  # fmt: skip


def test_every_sort_of_field_is_told() -> None:
    """Names, types, defaults, descriptions; models inside of models; pipes don't break the table."""
    page = reference(
        Catalogue((spec("b.two", Effect.READ), spec("a.one", Effect.MUTATE, read_if_declared=True)))
    )
    for row in (
        "| `name` | text | required | A \\| name. |",
        "| `count` | whole number | `3` | How many. |",
        "| `share` | number |  | What share. |",
        "| `sure` | true or false | `true` | Whether. |",
        '| `kind` | `a`, `b` | `"a"` | Which. |',
        "| `at` | instant |  | When. |",
        "| `every` | duration |  | How often. |",
        "| `url` | URL | required | Where. |",
        "| `names` | list of text |  | More names. |",
        "| `env` | mapping to text or `{secret: name}` |  | Variables. |",
        "| `bare` | mapping |  | Whatever is there. |",
        "| `any` | anything |  | Anything. |",
        "| `inner` | mapping |  | The inner. |",
        "| `inner.token` | `{secret: name}` | required | Its token. |",
        "| `value` | What it \\| gave. |",
        '    env: {"A": {"secret": "s"}}',
    ):
        assert row in page.splitlines(), row
    assert page.index("## a.one") < page.index("## b.two")


def test_what_a_call_does_is_told() -> None:
    """Effect and repeatability, in words."""
    page = reference(
        Catalogue(
            (
                spec("a", Effect.MUTATE, read_if_declared=True),
                spec("b", Effect.READ),
                spec("c", Effect.DESTROY),
            )
        )
    )
    assert "Changes something (`mutate`), not repeatable; with `effect: read` on the step" in page
    assert "Changes nothing (`read`), repeatable." in page
    assert "Can't be taken back (`destroy`), not repeatable." in page
