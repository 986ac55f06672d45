"""`python -m bot.localslack`: start a Local Slack as a process of its own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from bot.localslack.config import LocalSlackConfig
from bot.localslack.serve import ServeConfig, serve


def parse(argv: Sequence[str] | None = None) -> ServeConfig:
    """The command line as a config."""
    base = LocalSlackConfig()
    parser = argparse.ArgumentParser(
        prog="python -m bot.localslack", description="A Slack workspace on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8065)
    parser.add_argument("--public-url", default="", help="how others reach it, if not http://HOST:PORT")
    parser.add_argument(
        "--app-url", help="where signed callbacks go, e.g. http://127.0.0.1:8000/slack/events"
    )
    parser.add_argument("--signing-secret", default=base.app.signing_secret)
    parser.add_argument("--bot-token", default=base.app.bot_token)
    parser.add_argument("--app-token", default=base.app.app_token)
    parser.add_argument("--no-rate-limits", action="store_true", help="never answer 429 by itself")
    parser.add_argument("--log-level", default="warning")
    given = parser.parse_args(argv)
    app = replace(
        base.app,
        request_url=given.app_url,
        signing_secret=given.signing_secret,
        bot_token=given.bot_token,
        app_token=given.app_token,
    )
    return ServeConfig(
        host=given.host,
        port=given.port,
        public_url=given.public_url,
        log_level=given.log_level,
        slack=replace(base, app=app, rate_limits=not given.no_rate_limits),
    )


if __name__ == "__main__":
    serve(parse())
