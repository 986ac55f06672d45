"""The Local Slack: a Slack workspace on this machine, for the demo, for tests and for CI.

A server that speaks Slack's wire protocol (Web API, signed callbacks, Socket Mode, response URLs) with Slack's errors, limits and clocks, so that
the bot's Slack code runs against it unchanged; and a page on which people see channels and click. It holds everything in memory, trusts whoever
can reach it, and is never a part of a production install.
"""

from bot.localslack.app import LocalSlack
from bot.localslack.clock import Clock, LocalClock
from bot.localslack.config import Command, Group, InstalledApp, LocalSlackConfig, Person, SeedChannel
from bot.localslack.serve import ServeConfig, serve, serving

__all__ = [
    "Clock",
    "Command",
    "Group",
    "InstalledApp",
    "LocalClock",
    "LocalSlack",
    "LocalSlackConfig",
    "Person",
    "SeedChannel",
    "ServeConfig",
    "serve",
    "serving",
]
