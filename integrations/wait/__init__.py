"""Waiting: `wait`, between one step and the next."""

from integrations.wait.actions import actions
from integrations.wait.config import WaitConfig

__all__ = ["WaitConfig", "actions"]
