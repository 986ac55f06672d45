"""Alertmanager's API, version 2: silences, and the alerts that one would cover. No action of runbooks: people ask for it, by the desk."""

from integrations.alertmanager.client import AlertmanagerClient
from integrations.alertmanager.config import AlertmanagerConfig

__all__ = ["AlertmanagerClient", "AlertmanagerConfig"]
