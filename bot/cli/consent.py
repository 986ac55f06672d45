"""Asking the person at the terminal before something is done that they were shown. Nobody there, or no yes, and it is not done."""

from __future__ import annotations

import sys

from bot.errors import Refused


def must_agree(question: str, *, yes: bool, as_json: bool = False) -> None:
    """Ask at the terminal; Refused where there is nobody to ask, or where they don't agree.

    `yes` says that they have; with `as_json` a program reads what is printed, and a question would stand in its way.
    """
    if yes:
        return
    if as_json:
        raise Refused("With `--json` nobody is asked.", hint="`--yes` says that you mean it.")
    if not sys.stdin.isatty():
        raise Refused("Nobody is at the terminal to ask.", hint="`--yes` says that you mean it.")
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refused("Not done.")
