"""Targets: what a call touches, as actions name it, and as a person says it."""

from __future__ import annotations

_USUAL = {"http": ":80", "https": ":443"}


def spoken(target: str) -> str:
    """Say a target the short way: `https://router.internal:443` is `router.internal`."""
    scheme, between, rest = target.partition("://")
    if not between:
        return target
    return rest.removesuffix(_USUAL.get(scheme, ""))
