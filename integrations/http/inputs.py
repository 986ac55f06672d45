"""What `http.request` takes, and what of it is refused before anything is sent."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from bot.actions.contract import Inputs, SecretRef
from bot.actions.fields import HttpUrl

_RANGE = re.compile(r"([1-5])xx|([1-5]\d\d)-([1-5]\d\d)")


def _status_range(value: int | str) -> int | str:
    if isinstance(value, str):
        found = _RANGE.fullmatch(value)
        if found is None:
            raise ValueError("a range of statuses is written 2xx or 200-299")
        low, high = status_bounds(value)
        if low > high:
            raise ValueError(f"{value} is empty: the lower status comes first")
    return value


StatusRange = Annotated[
    Annotated[int, Field(ge=100, le=599)] | str,
    AfterValidator(_status_range),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer"},
                {"type": "string", "pattern": f"^(?:{_RANGE.pattern})$"},
            ]
        }
    ),
]
Scalar = str | int | float | bool


def status_bounds(value: int | str) -> tuple[int, int]:
    """Return the lowest and the highest status that `value` names (204, `2xx`, `200-299`)."""
    if isinstance(value, int):
        return value, value
    if value.endswith("xx"):
        return int(value[0]) * 100, int(value[0]) * 100 + 99
    low, _, high = value.partition("-")
    return int(low), int(high)


class BasicInputs(Inputs):
    """User name and password, RFC 7617."""

    username: str = Field(description="User name.")
    password: SecretRef = Field(description="The password, a secret by name.")


class AuthInputs(Inputs):
    """How the call proves who makes it: one of bearer and basic."""

    bearer: SecretRef | None = Field(default=None, description="A token, sent as `Authorization: Bearer …`.")
    basic: BasicInputs | None = Field(default=None, description="User name and password.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.bearer is None) == (self.basic is None):
            raise ValueError("name one of bearer and basic")
        return self


class HttpInputs(Inputs):
    """The inputs of `http.request`."""

    url: HttpUrl = Field(description="What to call: http or https, without credentials.")
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        default="GET", description="The method."
    )
    params: dict[str, Scalar | list[Scalar]] = Field(
        default_factory=dict,
        description="Added to the URL's query; a list repeats its name.",
    )
    headers: dict[str, str | SecretRef] = Field(
        default_factory=dict,
        description="Headers to send; a value is text or a secret by name.",
    )
    json_: Any = Field(
        default=None,
        alias="json",
        description="Sent as a JSON body; `null` counts, when it is written.",
    )
    body: str | None = Field(default=None, description="Sent as it is, in UTF-8; name its type in `headers`.")
    form: dict[str, Scalar | list[Scalar]] | None = Field(
        default=None,
        description="Sent as a form (`application/x-www-form-urlencoded`).",
    )
    auth: AuthInputs | None = Field(default=None, description="How the call proves who makes it.")
    expect_status: tuple[StatusRange, ...] = Field(
        default=("2xx",),
        min_length=1,
        description="The statuses that mean success: 204, `2xx`, `200-299`.",
    )
    follow_redirects: bool = Field(
        default=False,
        description="Follow up to 5 redirects that stay on the same host; others fail the call.",
    )
    verify_tls: bool = Field(
        default=True,
        description="Check the target's certificate; `false` trusts anybody.",
    )
    ca_file: str = Field(default="", description="Trust the authorities in this PEM file, and no others.")
    max_output: int = Field(
        default=32 * 1024,
        ge=0,
        description="Bytes of the body to keep as output; evidence gets all of it.",
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [name for name in ("json_", "body", "form") if name in self.model_fields_set]
        if len(given) > 1:
            raise ValueError("a request has one body: name one of json, body and form")
        if given and self.method in {"GET", "HEAD"}:
            raise ValueError(f"{self.method} has no body; use params, or another method")
        return self

    def expects(self, status: int) -> bool:
        """Tell whether a status means success."""
        return any(low <= status <= high for low, high in map(status_bounds, self.expect_status))
