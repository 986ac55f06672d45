"""The one way out over HTTP: `Transport` sends a `Request` once, and answers with a `Response` or an `ActionError`.

    client      the connection pools, time limits, size limits, redirects, and secrets put on the wire
    failures    statuses and exceptions as closed reasons, written down once
    scrub       known secrets taken out of what comes back

It refuses to retry, to remember cookies, to read proxies or credentials from the environment, and to follow a redirect to another target.
"""

from integrations.transport.client import (
    Basic,
    Bearer,
    Request,
    Response,
    Tls,
    Transport,
    TransportConfig,
)
from integrations.transport.failures import failure_of_status, reason_of_status
from integrations.transport.scrub import Scrubber

__all__ = [
    "Basic",
    "Bearer",
    "Request",
    "Response",
    "Scrubber",
    "Tls",
    "Transport",
    "TransportConfig",
    "failure_of_status",
    "reason_of_status",
]
