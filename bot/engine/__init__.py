"""The engine: a pure conductor that decides what a run does next, and a driver that makes it happen."""
