"""Which commands may run, where, and with what."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellConfig:
    """The limits of `shell.run`.

    `allowed` names the commands that may run, exactly as a runbook writes them first in its argv; none are allowed unless named. `path` is where bare
    names are looked for, and the command's own PATH. `environment` is all that a command inherits. `grace` is in seconds: the time between
    asking to end (SIGTERM) and ending (SIGKILL).
    """

    allowed: Container[str] = frozenset()
    directory: str = "/"
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: float = 2.0

    def allows(self, command: str) -> bool:
        """Tell whether a command may run."""
        return command in self.allowed
