"""The hand-written pages keep step with the code: rooms, states, keys, metrics, and the links between them."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from bot.settings.reference import every_key
from bot.telemetry import Metrics

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_find_their_heading(page: Path) -> None:
    """A link to a part of a page finds the part."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if anchor and not re.match(r"[a-z]+:", target):
            there = page.parent / unquote(path) if path else page
            assert anchor in anchors(there), f"{page.name} links to {target}"


def test_the_index_lists_every_page() -> None:
    """A page that nobody can find is not there."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index


def test_every_room_is_told() -> None:
    """The table of rooms is the folders, no more and no less; the first page names the same."""
    folders = {f"bot/{path.parent.name}" for path in (ROOT / "bot").glob("*/__init__.py")}
    told = set(re.findall(r"^\| \d+ \| `(bot/\w+)` \|", ARCHITECTURE, re.MULTILINE))
    assert told == folders
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(bot/\w+)/`", readme)) == folders


def test_floors_are_the_contracts() -> None:
    """The floors are those that import-linter holds, from the top."""
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r"^layers = \[\n(.*?)^\]", contracts, re.DOTALL | re.MULTILINE)
    assert layers
    held = [set(re.findall(r"\w+", line)) for line in layers[1].splitlines()]
    told = re.findall(r"^\| (\d+) \| `bot/(\w+)", ARCHITECTURE, re.MULTILINE)
    assert [
        {room for floor, room in told if int(floor) == number} for number in range(1, len(held) + 1)
    ] == held


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_exist(page: Path) -> None:
    """Each `group.key` and each variable that a page names is a setting."""
    keys = {key.name for key in every_key()}
    groups = {name.partition(".")[0] for name in keys if "." in name and "<" not in name}
    keys |= {name.partition(".<")[0] for name in keys}
    text = page.read_text(encoding="utf-8")
    named = {each for each in re.findall(r"`([a-z_]+\.[a-z_]+)`", text) if each.partition(".")[0] in groups}
    if page.name not in {"actions.md", "runbooks.md"}:
        actions = {"prometheus.query", "prometheus.query_range", "shell.run", "http.request"}
        assert named - actions <= keys, f"{page.name} names {named - actions - keys}"
    variables = {f"FIRELINE_{name.upper().replace('.', '__')}" for name in keys} | {"FIRELINE_CONFIG"}
    for said in re.findall(r"\bFIRELINE_[A-Z_]+\b", text):
        assert said in variables or any(each in said for each in ("SECRETS", "TARGETS", "TOKENS")), f"{page.name} names {said}"


def test_the_rules_use_metrics_that_exist() -> None:
    """The alerts on Fireline itself are about what it counts."""
    block = re.search(r"```yaml\n# fireline-rules.yml\n(.*?)```", OPERATIONS, re.DOTALL)
    assert block
    described = {each.name: set(each.labels) for each in Metrics(version="0", process=False).described}
    rules = [rule for group in yaml.safe_load(block[1])["groups"] for rule in group["rules"]]
    assert rules
    for rule in rules:
        for name, labels in re.findall(r"(fireline_\w+)(?:\{([^}]*)\})?", rule["expr"]):
            assert name in described, rule["alert"]
            assert set(re.findall(r"(\w+)[=!~]+\"", labels)) <= described[name], rule["alert"]
