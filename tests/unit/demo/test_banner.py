"""What `make demo` says first, on the narrow terminal of whoever tries it."""

from pathlib import Path

import pytest

from bot.demo.monitoring import Monitoring
from bot.demo.play import _say_what_runs
from bot.demo.stack import Ports, Stack

REAL = Monitoring(prometheus="/bin/prometheus", alertmanager="/bin/alertmanager")
PORTS = Ports(slack=58900, fireline=58901, shop=58902, prometheus=58903, alertmanager=58904)


@pytest.mark.parametrize("real", [REAL, None], ids=["real", "stand-in"])
def test_at_80_columns_every_address_is_whole(
    real: Monitoring | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words fold, addresses and the folder do not: a person copies them."""
    folder = Path("/tmp/pytest-a-folder-with-a-name-that-is-much-too-long-for-eighty-columns/demo")  # noqa: S108 - a name alone
    stack = Stack(folder=folder, ports=PORTS, runbooks=folder, real=real)
    _say_what_runs(stack)
    lines = capsys.readouterr().out.splitlines()
    for address in (stack.slack, stack.fireline, f"{stack.shop}/metrics", str(folder)):
        assert sum(address in line for line in lines) == 1, address
    assert all(len(line) <= 80 for line in lines if str(folder) not in line)
    assert ("stand-in" in " ".join(lines)) is (real is None)
