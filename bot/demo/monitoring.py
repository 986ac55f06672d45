"""The monitoring around the shop: the real Prometheus and Alertmanager where they are installed, and the files that configure them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

ERROR_SHARE = 'sum by (service) (rate(shop_requests_total{code=~"5.."}[5s])) / sum by (service) (rate(shop_requests_total[5s]))'


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """Where the two programs are."""

    prometheus: str
    alertmanager: str


def installed() -> Monitoring | None:
    """Find the real programs; None when either is missing. Debian calls the second one `prometheus-alertmanager`, its makers `alertmanager`."""
    prometheus = shutil.which("prometheus")
    alertmanager = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if prometheus is None or alertmanager is None:
        return None
    return Monitoring(prometheus=prometheus, alertmanager=alertmanager)


def write_prometheus(folder: Path, *, shop: str, alertmanager: str) -> Path:
    """Write Prometheus' configuration and its rule; `shop` and `alertmanager` are `host:port`."""
    rule = {
        "alert": "CheckoutErrors",
        "expr": f"{ERROR_SHARE} > 0.05",
        "for": "2s",
        "labels": {"severity": "critical", "team": "payments"},
        "annotations": {
            "summary": "Checkout is failing: {{ $value | humanizePercentage }} of requests end in an error",
            "description": "Customers can't pay. The error share of {{ $labels.service }} is above 5 %.",
            "dashboard": f"http://{shop}/metrics",
        },
    }
    rules = folder / "rules.yml"
    _write(rules, {"groups": [{"name": "shop", "interval": "1s", "rules": [rule]}]})
    config = folder / "prometheus.yml"
    _write(
        config,
        {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [shop]}]}],
        },
    )
    return config


def write_alertmanager(folder: Path, *, webhook: str, token: str) -> Path:
    """Write Alertmanager's configuration: one route, one receiver, which is Fireline."""
    config = folder / "alertmanager.yml"
    receiver = {
        "url": webhook,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": token}},
    }
    _write(
        config,
        {
            "route": {
                "receiver": "fireline",
                "group_by": ["alertname", "service"],
                "group_wait": "1s",
                "group_interval": "2s",
                "repeat_interval": "1h",
            },
            "receivers": [{"name": "fireline", "webhook_configs": [receiver]}],
        },
    )
    return config


def _write(path: Path, content: object) -> None:
    """Write YAML that is JSON: both programs read it, and nothing needs quoting by hand."""
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
