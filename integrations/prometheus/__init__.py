"""Prometheus and what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics): `prometheus.query` and `prometheus.query_range`."""

from integrations.prometheus.actions import actions
from integrations.prometheus.config import PrometheusConfig

__all__ = ["PrometheusConfig", "actions"]
