"""A draft as Markdown and as a page. The same draft gives the same bytes: no clock, no address of a machine, no order by chance.

The page stands by itself: its style is inside, it asks nothing of any server, it prints, and it holds in light and dark.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from bot.postmortem import markdown, wording
from bot.postmortem.draft import Draft, Ref

SHOWN_REFS = 3
"""References beside a line up to which each is written; more are written as first, last and how many."""
SHOWN_INPUTS = 600
"""Characters of an approval's inputs that a document shows; the digest stands for all of them."""

_TEMPLATES = files("bot.postmortem") / "templates"


def to_markdown(draft: Draft) -> str:
    """Write the draft as Markdown for people to edit."""
    return _text().get_template("postmortem.md.j2").render(draft=draft)


def to_page(draft: Draft) -> str:
    """Write the draft as an HTML page that stands by itself."""
    return _html().get_template("postmortem.html.j2").render(draft=draft, style_source=style_source())


@cache
def stylesheet() -> str:
    """Return the page's style."""
    return (_TEMPLATES / "postmortem.css").read_text(encoding="utf-8")


@cache
def style_source() -> str:
    """Name the page's style for a Content-Security-Policy: `'sha256-…'`."""
    return f"'sha256-{b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()}'"


def references(refs: Sequence[Ref]) -> str:
    """Write references as they stand beside a line of Markdown: `#57 ab12cd34`."""
    if len(refs) <= SHOWN_REFS:
        return " ".join(f"`{each.short}`" for each in refs)
    return f"`{refs[0].short}` … `{refs[-1].short}` ({len(refs):,} events)"


def beside(refs: Sequence[Ref]) -> str:
    """Write references behind a sentence, nothing where it has none."""
    return f" {references(refs)}" if refs else ""


def cut(text: str, limit: int) -> str:
    """Cut text to a limit and say how much is missing."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} characters more)"


@cache
def _text() -> Environment:
    made = _environment(autoescape=False, names=["postmortem.md.j2"])
    made.filters |= {
        "text": markdown.text,
        "code": markdown.code,
        "quote": markdown.quote,
        "refs": references,
        "beside": beside,
    }
    made.globals["link"] = markdown.link
    return made


@cache
def _html() -> Environment:
    return _environment(autoescape=True, names=["postmortem.html.j2", "postmortem.css"])


def _environment(*, autoescape: bool, names: Sequence[str]) -> Environment:
    made = Environment(
        autoescape=autoescape,  # noqa: S701 - Markdown has its own escapes, and each filter above applies them
        loader=DictLoader({name: (_TEMPLATES / name).read_text(encoding="utf-8") for name in names}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "instant": wording.instant,
        "clock": wording.time_of_day,
        "day": wording.day,
        "duration": wording.duration,
        "number": wording.number,
        "size": wording.size,
        "counted": wording.count,
        "cut": cut,
    }
    made.globals |= {"SHOWN_REFS": SHOWN_REFS, "SHOWN_INPUTS": SHOWN_INPUTS}
    return made
