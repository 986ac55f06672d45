"""Which Alertmanager is asked, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.transport import Basic, Bearer, Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerConfig:
    """Its address, with the route prefix where it has one; `timeout` is in seconds, for each call."""

    url: str
    auth: Bearer | Basic | None = None
    tls: Tls = field(default_factory=Tls)
    timeout: float = 10.0
