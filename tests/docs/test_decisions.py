"""Decisions are recorded, in one form, and listed."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
RECORDS = tuple(sorted(FOLDER.glob("[0-9]*.md")))
HEADINGS = ["Context", "Decision", "What it beats", "What it weighs", "Without it"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SHIPPED = (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["postgres"])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_the_form(record: Path) -> None:
    """Number and title, status and date, five short parts, a page at the most."""
    text = record.read_text(encoding="utf-8")
    assert re.match(rf"# {record.stem[:4]}\. \S", text)
    assert re.search(r"^- Status: (accepted|superseded by \d{4})$", text, re.MULTILINE)
    assert re.search(r"^- Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert len(text.splitlines()) <= 60


def test_numbers_run_without_gaps() -> None:
    """A missing number is a lost decision."""
    assert [int(record.stem[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_index_lists_each_by_its_title() -> None:
    """The index says what each file says."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for record in RECORDS:
        number, _, title = (
            record.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(". ")
        )
        assert f"| [{number}]({record.name}) | {title} |" in index
    assert index.count("| [") == len(RECORDS)


@pytest.mark.parametrize("requirement", SHIPPED)
def test_every_dependency_has_its_record(requirement: str) -> None:
    """What is installed with Fireline was chosen once, in writing."""
    name = re.split(r"[\[<>=~!; ]", requirement)[0].lower()
    records = "\n".join(record.read_text(encoding="utf-8").lower() for record in RECORDS)
    assert f"`{name}`" in records, f"no record in docs/decisions names `{name}`"
