"""The code under check: every module of `bot` and `integrations`, read once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "integrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One module: its path below the root, its text and its tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path as findings show it."""
        return str(self.path)

    @property
    def module(self) -> str:
        """The dotted name that imports it."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> list[str]:
        """The text by line; line 1 is at index 0."""
        return self.text.splitlines()


@cache
def sources() -> tuple[Source, ...]:
    """Read every module, sorted by path."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    return tuple(
        Source(path=path.relative_to(ROOT), text=text, tree=ast.parse(text, str(path)))
        for path, text in texts
    )


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """List every function of a module, nested ones and methods included."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
