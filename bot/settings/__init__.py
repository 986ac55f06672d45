"""What an operator can set: the model, where values come from, and the page that documents them.

Nothing here acts on a setting, and importing it reads neither the environment nor a file.
"""

from bot.settings.load import load_settings
from bot.settings.model import Settings

__all__ = ["Settings", "load_settings"]
