"""Commands on this machine: `shell.run`, an argv list under a warden that leaves nothing running."""

from integrations.shell.actions import actions
from integrations.shell.config import ShellConfig

__all__ = ["ShellConfig", "actions"]
