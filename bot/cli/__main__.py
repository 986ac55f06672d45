"""`python -m bot.cli`: the same as the command `fireline`."""

from bot.cli.app import main

main()
