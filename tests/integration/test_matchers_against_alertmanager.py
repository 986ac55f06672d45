"""Our matchers beside the real Alertmanager's: `amtool` routes a label set with the same texts."""

import json
import subprocess
from pathlib import Path

import pytest

from bot.runbook.matchers import parse_matchers
from tests import parts

TEXTS = [
    'v="a"', 'v!="a"', 'v=~"a|b"', 'v!~"a|b"', 'v=~"a"', 'v=~"a.*"', 'v=~".+"', 'v=~""', "v=a", "v=~[ab]", '{v="a",w!="x"}',
    'v=~"(?i)A"', r'v=~"\\d+"', r'v=~"\d+"', r'v=~"\\w"', r'v=~"\\W"', r'v=~"\\s"', r'v=~"[[:alpha:]]+"', r'v=~"\\pL"', r'v=~"\\x61"',
    'v=~"[a&&b]"', 'v=~"[]a]"', 'v=~"[^]a]"', 'v=~"a{,3}"', 'v=~"a{1,2}"', 'v=~"."', 'v=~"(?s)."', r'v=~"\\Q+\\E"', 'v="a,b"',
    r'v="\""', r"v=\\", r'v="\t"', "v='", "v=`", "v={", "v=a b", "v= a ", 'v="" , ', r'v=~"\\101"', r'v=~"a\\b"', 'v=~"a??"', "v==", "v=~~",
    'v=~"(?P<n>a)"', 'v=~"[+--]"', r'v=~"[\\d-z]"', 'v=~"|a"', 'v=~"^a$"', "v=\x1c",
]  # fmt: skip
VALUES = [
    "", "a", "b", "A", "ab", "aa", "1", "٣", "é", "_", "-", "+", "]", "&", "a{,3}", "\n", "\\", '"', "'", "`", "{", "a b", "a,b",
    "\\t", "=", "~", "[", "\x1c", ",",
]  # fmt: skip


@pytest.mark.needs("amtool")
def test_every_text_matches_what_it_matches_there(tmp_path: Path) -> None:
    """Each text is the matcher of a route; which receivers an alert reaches says what matched."""
    routes = [{"receiver": f"r{at}", "continue": True, "matchers": [text]} for at, text in enumerate(TEXTS)]
    names = ["none", *(f"r{at}" for at in range(len(TEXTS)))]
    config = tmp_path / "alertmanager.yml"
    config.write_text(
        json.dumps(
            {"route": {"receiver": "none", "routes": routes}, "receivers": [{"name": name} for name in names]}
        ),
        encoding="utf-8",
    )
    command = [parts.where("amtool"), "config", "routes", "test", f"--config.file={config}"]
    for value in VALUES:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        labels = {"v": value} if value else {"other": "x"}
        arguments = [f'v="{escaped}"'] if value else ["other=x"]
        said = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout
        reached = set(said.strip().split(","))
        for at, text in enumerate(TEXTS):
            ours = all(each.matches(labels) for each in parse_matchers(text))
            assert ours == (f"r{at}" in reached), f"{text!r} on {value!r}"
