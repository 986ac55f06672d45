"""What `http.request` may do at the most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Bytes of a body that a step may ask to keep as its output; the log holds them for good."""

    most_output: int = 128 * 1024
