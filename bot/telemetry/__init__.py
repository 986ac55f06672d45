"""What the process says of itself: structured logs that carry the ids of what they speak of, and metrics for Prometheus.

Nothing here is the record: what happened to an incident stands in its timeline. Importing it configures and registers nothing.
"""

from bot.telemetry.logs import bind_ids, configure_logging, get_logger
from bot.telemetry.metrics import Metrics

__all__ = ["Metrics", "bind_ids", "configure_logging", "get_logger"]
