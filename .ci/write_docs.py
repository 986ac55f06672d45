"""Write the pages that are made from the code; `make docs` runs it, tests/docs fails when a page is behind.

A page is a path below docs/ and a function that renders it whole. Pages that need the wiring are added where their room is.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from bot.actions.reference import reference as render_actions
from bot.cli import reference as cli
from bot.engine.conductor import diagrams
from bot.runbook import reports
from bot.runbook.schema import editor_schema
from bot.settings import Settings, reference
from bot.telemetry import metrics
from bot.wiring.catalogue import whole_catalogue

DOCS = Path(__file__).resolve().parent.parent / "docs"


def runbook_schema() -> str:
    """Render the JSON Schema of runbooks, as `fireline schema` writes it."""
    return json.dumps(editor_schema(whole_catalogue(Settings())), indent=2, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "../schemas/runbook-v1.schema.json": runbook_schema,
    "actions.md": lambda: render_actions(whole_catalogue(Settings())),
    "cli.md": cli.render_reference,
    "lint.md": reports.render_reference,
    "metrics.md": metrics.render_reference,
    "settings.md": reference.render,
    "states.md": diagrams.render_reference,
}


def main() -> int:
    """Write every page that differs, and say which did."""
    for name, render in PAGES.items():
        page = DOCS / name
        text = render()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
