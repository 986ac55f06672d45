"""docs/local-slack.md names what there is: every route, fault, option and exported default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.localslack import LocalSlack
from bot.localslack.__main__ import parse
from bot.localslack.faults import CALL_FAULTS, DELIVERY_FAULTS

TEXT = (Path(__file__).parents[3] / "docs" / "local-slack.md").read_text()


@pytest.mark.parametrize("kind", [*CALL_FAULTS, *DELIVERY_FAULTS])
def test_every_fault_is_documented(kind: str) -> None:
    """Each has a row."""
    assert f"| `{kind}` |" in TEXT


def test_every_local_route_is_documented() -> None:
    """No way to steer it is hidden."""
    room = Path(__file__).parents[3] / "bot" / "localslack"
    source = "".join((room / name).read_text() for name in ("control.py", "acting.py"))
    routes = set(re.findall(r'^            "(/[a-z/-]+)": self\.', source, flags=re.MULTILINE))
    assert len(routes) > 30
    assert {route for route in routes if route not in TEXT} == set()


def test_every_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """What `--help` lists stands in the table."""
    with pytest.raises(SystemExit):
        parse(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert {option for option in options if f"`{option}`" not in TEXT} == set()


def test_the_command_line_becomes_a_config() -> None:
    """Tokens, the request URL and the limits reach the app that is installed."""
    config = parse(
        ["--port", "0", "--app-url", "http://127.0.0.1:1/x", "--bot-token", "xoxb-1", "--no-rate-limits"]
    )
    assert config.port == 0
    assert config.slack.app.request_url == "http://127.0.0.1:1/x"
    assert config.slack.app.bot_token == "xoxb-1"
    assert not config.slack.rate_limits


def test_making_one_starts_nothing() -> None:
    """A Local Slack can be made outside an event loop; only serving it opens a socket."""
    assert LocalSlack().base_url == "http://127.0.0.1"
