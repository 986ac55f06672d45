"""The tools that hold the house to its rules stay as strict as they are."""

import re
import tomllib
from itertools import pairwise
from typing import Any

import pytest

from tests.architecture.sources import ROOT

TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
TOOLS: dict[str, Any] = tomllib.loads(TEXT)["tool"]
PROJECT: dict[str, Any] = tomllib.loads(TEXT)["project"]
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_types_are_strict_everywhere_that_matters() -> None:
    """Mypy is strict on both packages and on the fakes, and no module of ours is let off."""
    assert TOOLS["mypy"]["strict"] is True
    assert {"bot", "integrations", "tests/fakes"} <= set(TOOLS["mypy"]["files"])
    for override in TOOLS["mypy"]["overrides"]:
        names = [override["module"]] if isinstance(override["module"], str) else override["module"]
        assert not [name for name in names if name.startswith(("bot", "integrations"))]


def test_every_lint_exception_has_its_reason() -> None:
    """Ruff starts from ALL; each exception in pyproject.toml has a comment on its line."""
    assert TOOLS["ruff"]["lint"]["select"] == ["ALL"]
    start = TEXT.index("[tool.ruff.lint]")
    end = TEXT.index("[tool.ruff.lint.flake8-pytest-style]")
    bare = [
        line
        for line in TEXT[start:end].splitlines()
        if re.match(r'\s+"[A-Z]+[0-9]+",', line) and "#" not in line
    ]
    assert not bare, "\n".join(bare)


def test_warnings_are_errors() -> None:
    """The first filter makes every warning an error; those after it are exceptions, each with a reason above it."""
    assert TOOLS["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    block = TEXT[TEXT.index("filterwarnings = [") :]
    lines = block[: block.index("\n]")].splitlines()[1:]
    for above, line in pairwise(lines):
        if '"ignore' in line or '"default' in line:
            assert "#" in above or "#" in line, f"no reason for {line.strip()}"


def test_layers_are_exhaustive() -> None:
    """A room that no layer names fails by itself."""
    layers = next(each for each in TOOLS["importlinter"]["contracts"] if each["type"] == "layers")
    assert layers["exhaustive"] is True


def test_the_lock_is_pins_alone() -> None:
    """No address of an index, no path, no range: it means the same on every machine."""
    lines = [line for line in LOCK.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 50
    for line in lines:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][^\s;@/]*", line), line


def requirements() -> list[str]:
    """Every requirement that pyproject.toml declares, whichever extra it is in."""
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(each for extra in extras for each in extra)]


@pytest.mark.parametrize("requirement", requirements())
def test_every_dependency_is_bounded_and_locked(requirement: str) -> None:
    """A range with a floor, and a pin; and a ceiling, save for what is named by the calendar."""
    name = re.split(r"[\[<>=~!; ]", requirement)[0]
    assert ">=" in requirement
    assert "<" in requirement or name == "structlog"
    normal = re.sub(r"[-_.]+", "-", name).lower()
    assert f"\n{normal}==" in LOCK, f"{name} is not in constraints.txt: run `make lock`"
