"""What the pages tell a newcomer to type exists, and what they point at is there."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
PAGES = tuple(sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))))


def blocks(text: str) -> str:
    """Everything that a page shows as code."""
    return "\n".join(re.findall(r"```.*?```", text, re.DOTALL) + re.findall(r"`[^`\n]+`", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_commands_exist(page: Path) -> None:
    """Each `make something` that a page shows is a target of the Makefile."""
    said = set(re.findall(r"\bmake ([a-z][a-z-]*)\b", blocks(page.read_text(encoding="utf-8"))))
    assert said <= TARGETS, f"{page.name} tells of {said - TARGETS}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link into the tree finds its file."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            path = page.parent / unquote(target.partition("#")[0])
            assert path.exists(), f"{page.name} links to {target}"


def test_the_readme_says_how_to_start() -> None:
    """The first page names the two commands that a newcomer needs."""
    if not README.exists():
        pytest.skip("README.md is not written yet")
    shown = blocks(README.read_text(encoding="utf-8"))
    assert "make demo" in shown
    assert "make test" in shown


def test_every_target_is_explained() -> None:
    """`make help` lists what there is, so each target says what it is for."""
    explained = set(re.findall(r"^([a-z][a-z-]*):.*## \S", MAKEFILE, re.MULTILINE))
    assert explained == TARGETS
