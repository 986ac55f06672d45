"""Plain HTTP: `http.request`, for every service that has no integration of its own."""

from integrations.http.actions import actions
from integrations.http.config import HttpConfig

__all__ = ["HttpConfig", "actions"]
