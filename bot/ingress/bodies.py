"""What Alertmanager writes, read into the domain's words. Where it can't be read, the reason comes with a JSON pointer (RFC 6901).

The format is https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; unknown fields pass, because newer releases add some. Go
writes the zero instant for "not yet", and up to nine fractional digits, of which six are kept.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.domain.clock import from_text
from bot.domain.facts import AlertSeen
from bot.domain.nouns import AlertStatus
from bot.errors import DeliveryUnreadable
from bot.incidents.deliveries import Delivery, key_maker
from bot.ingress.bounds import MOST, bounded, bounded_key, bounded_url

LARGE = 256 * 1024
"""From this many bytes on a body is read in slices, so that no step of it holds the interpreter for long."""
VERSION = "4"
"""The version of the format that this was written for; others are tried all the same."""
_SLICE = 500
_SHOWN = 3
"""How many misfits a refusal tells."""
_ZERO = "0001-01-01T00:00:00"
_LONGEST_INSTANT = 64
_LONGEST_WORD = 1024
"""Characters of what Alertmanager makes itself, or its configuration names."""
_LONGEST_REASON = 300
_EARLIEST = 1970
"""No alert is older; what says so has a clock or a field that was never set."""


class _Alert(BaseModel):
    model_config = ConfigDict(strict=True)

    status: Literal["firing", "resolved"]
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    startsAt: Annotated[str, Field(max_length=_LONGEST_INSTANT)]  # noqa: N815 - Alertmanager's names
    endsAt: Annotated[str, Field(max_length=_LONGEST_INSTANT)] = _ZERO  # noqa: N815
    fingerprint: Annotated[str, Field(min_length=1, max_length=_LONGEST_WORD)]
    generatorURL: str = ""  # noqa: N815


class _Body(BaseModel):
    model_config = ConfigDict(strict=True)

    receiver: Annotated[str, Field(max_length=_LONGEST_WORD)]
    groupKey: str  # noqa: N815
    alerts: list[_Alert] | None
    externalURL: str = ""  # noqa: N815
    version: str = ""
    truncatedAlerts: Annotated[int, Field(ge=0)] = 0  # noqa: N815


_ALERTS = TypeAdapter(list[_Alert])
_STATUS = {each.value: each for each in AlertStatus}


def read(body: bytes) -> tuple[Delivery, str]:
    """Return a delivery and the version that its body names; DeliveryUnreadable with the reason. Pure, and safe on any thread."""
    try:
        checked = _checked_in_slices(body) if len(body) >= LARGE or rb"\u0000" in body else _checked(body)
    except ValidationError as error:
        raise DeliveryUnreadable(_reason(error)) from None
    except RecursionError:
        raise DeliveryUnreadable("the body is nested too deeply") from None
    alerts = checked.alerts or ()
    key = key_maker(checked.receiver, checked.groupKey)
    seen = []
    for at, each in enumerate(alerts):
        starts_at = _placed(each.startsAt, at, "startsAt")
        labels, annotations = _texts(each, at_most=len(body))
        over = each.status == "resolved" and not each.endsAt.startswith(_ZERO)
        seen.append(
            AlertSeen(
                key=key(each.fingerprint, starts_at),
                status=_STATUS[each.status],
                labels=labels,
                annotations=annotations,
                starts_at=starts_at,
                ends_at=_placed(each.endsAt, at, "endsAt") if over else None,
                fingerprint=each.fingerprint,
                generator_url=bounded_url(each.generatorURL),
            )
        )
    delivery = Delivery(
        receiver=checked.receiver,
        group_key=bounded_key(checked.groupKey),
        external_url=bounded_url(checked.externalURL),
        alerts=tuple(seen),
        truncated=checked.truncatedAlerts,
    )
    return delivery, checked.version


def _texts(alert: _Alert, *, at_most: int) -> tuple[Mapping[str, str], Mapping[str, str]]:
    labels, annotations = alert.labels or {}, alert.annotations or {}
    # A small body holds no large alert, and most are small.
    return (labels, annotations) if at_most <= MOST else bounded(labels, annotations)


def _checked(body: bytes) -> _Body:
    return _Body.model_validate_json(body)


def _checked_in_slices(body: bytes) -> _Body:
    """Check a large body, or one with U+0000, which no database's text may hold: it is shown as ␀ (U+2400) instead."""
    try:
        data = pydantic_core.from_json(body)
    except ValueError as error:
        raise DeliveryUnreadable(f"the body is not JSON: {error}") from None
    if rb"\u0000" in body:
        data = _without_nul(data)
    if not isinstance(data, dict) or not isinstance(data.get("alerts"), list):
        return _Body.model_validate(data)
    checked = _Body.model_validate({**data, "alerts": []})
    checked.alerts = list(_alerts(data["alerts"]))
    return checked


def _alerts(raw: Sequence[Any]) -> Iterator[_Alert]:
    for start in range(0, len(raw), _SLICE):
        try:
            yield from _ALERTS.validate_python(raw[start : start + _SLICE])
        except ValidationError as error:
            raise DeliveryUnreadable(_reason(error, ("alerts",), start)) from None


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value.replace("\0", "␀")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    return value


@functools.lru_cache(maxsize=4096)  # alerts of one group began together, and every repeat says so again
def _instant(text: str) -> datetime:
    instant = from_text(text)
    if instant.year < _EARLIEST:
        msg = "no alert is that old"
        raise ValueError(msg)
    return instant


def _placed(text: str, at: int, name: str) -> datetime:
    try:
        return _instant(text)
    except (ValueError, OverflowError):
        pointer = _pointer(("alerts", at, name))
        raise DeliveryUnreadable(
            f"{pointer}: {text[:40]!r} is no instant with a zone, as RFC 3339 writes it"
        ) from None


def _reason(error: ValidationError, prefix: tuple[str | int, ...] = (), offset: int = 0) -> str:
    """Write the first misfits, each with its pointer, and how many more there are."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = []
    for each in problems[:_SHOWN]:
        if each["type"] == "json_invalid":
            return f"the body is not JSON: {each['msg'].removeprefix('Invalid JSON: ')}"
        place = each["loc"]
        if prefix and place and isinstance(place[0], int):
            place = (place[0] + offset, *place[1:])
        told.append(f"{_pointer((*prefix, *place))[:_LONGEST_REASON] or 'the body'}: {each['msg']}")
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(told) + more


def _pointer(place: Sequence[str | int]) -> str:
    """Write a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)
