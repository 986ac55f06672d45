"""Strangers' text in Markdown, judged by a renderer that we did not write."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.postmortem import markdown, wording

RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LIST_TAGS = ("<ul>", "<li>", "</li>", "</ul>")
NASTY = "\\`*_{}[]()<>#+-.!|~&$@:/ =1a\u00fc"
PLAIN = st.text(st.sampled_from(NASTY) | st.characters(codec="utf-8"), max_size=60).map(wording.plain)


def shown(document: str) -> str:
    """Return what a reader sees of rendered Markdown."""
    return html.unescape(re.sub(r"<[^>]*>", "", RENDER.render(document))).strip()


@given(PLAIN)
def test_text_reads_as_it_was_written(words: str) -> None:
    """Whatever a stranger writes, as a list item it renders to just these letters and nothing else."""
    rendered = RENDER.render(f"- {markdown.text(words)}\n")
    assert rendered.count("<") == rendered.count(">") == len(LIST_TAGS)
    assert shown(f"- {markdown.text(words)}\n") == words


@given(PLAIN)
def test_text_stays_in_its_cell(words: str) -> None:
    """A bar in a stranger's text ends no cell, a tick opens no code."""
    table = f"| a | b |\n|---|---|\n| {markdown.text(words)} | {markdown.code(words)} |\n"
    cells = re.findall(r"<td>(.*?)</td>", RENDER.render(table), flags=re.DOTALL)
    assert html.unescape(cells[0]) == words
    assert html.unescape(re.sub(r"^<code>|</code>$", "", cells[1])) == words


@pytest.mark.parametrize("words", ["http://evil.example", "www.evil.example", "HTTPS://evil|x"])
def test_a_bare_address_becomes_no_link(words: str) -> None:
    """GitHub links bare addresses; an escaped colon or dot stops it, and the letters stay."""
    assert re.search(r"(?i)(https?|www)\\", markdown.text(words))
    assert shown(markdown.text(words)) == words


def test_a_note_keeps_its_lines() -> None:
    """A note is quoted line by line, empty lines too."""
    assert markdown.quote("# one\n two\n\nthree") == "> \\# one\\\n> two\n>\n> three"


def test_a_link_without_an_address_is_text() -> None:
    """What `safe_url` refused is not linked."""
    assert markdown.link("a*b", "") == "a\\*b"
    assert markdown.link("a]b", "http://vm/") == "[a\\]b](<http://vm/>)"
