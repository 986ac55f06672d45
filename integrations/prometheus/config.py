"""Which Prometheus is asked when a step names none, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.actions.contract import SecretRef
from integrations.transport import Basic, Bearer, Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusConfig:
    """The default server; `url` may have a path, and when it is empty each step names a server.

    Credentials and headers go to that URL's own scheme, host and port, and nowhere else.
    """

    url: str = ""
    auth: Bearer | Basic | None = None
    headers: Mapping[str, str | SecretRef] = field(default_factory=dict)
    tls: Tls = field(default_factory=Tls)
