"""Slack's mark-up as safe HTML."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localslack import LocalClock, LocalSlackConfig
from bot.localslack.markup import Writer, markdown
from bot.localslack.world import World

WORLD = World(LocalSlackConfig(), LocalClock(start=datetime(2026, 1, 2, tzinfo=UTC), stopped=True))
WRITER = Writer(WORLD, "U0ADAOKAFOR")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ ~no~", "<strong>bold</strong> <em>it</em> <s>no</s>"),
        ("*a _b_ c*", "<strong>a <em>b</em> c</strong>"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("`<@U0ADAOKAFOR> *x*`", "<code>&lt;@U0ADAOKAFOR&gt; *x*</code>"),
        ("```a\n<b>```", "<pre><code>a\n&lt;b&gt;</code></pre>"),
        ("one\ntwo", "one<br>two"),
        ("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"),
        ("a &amp;amp; b &lt;c&gt;", "a &amp;amp; b &lt;c&gt;"),
        ("<@U0ADAOKAFOR>", '<span class="mention mine">@Ada Okafor</span>'),
        ("<@U0BENRUIZ00>", '<span class="mention">@Ben Ruiz</span>'),
        ("<!subteam^S0SRE000000>", '<span class="mention mine">@sre</span>'),
        ("<!here>", '<span class="mention mine">@here</span>'),
        (":fire: :nosuch:", '<span class="emoji" role="img" aria-label="fire">🔥</span> :nosuch:'),
        ("<script>", "&lt;script&gt;"),
        ("<javascript:x|click>", "&lt;javascript:x|click&gt;"),
        (
            "<https://e.com/?a=1&amp;b=2|*see*>",
            '<a href="https://e.com/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"><strong>see</strong></a>',
        ),
        (
            "<!date^1767323045^{date_short} {time}|then>",
            '<time datetime="2026-01-02T03:04:05+00:00" title="2026-01-02 03:04:05 UTC">Jan 2, 2026 03:04 UTC</time>',
        ),
        ("<!date^soon^{time}|then>", "then"),
    ],
)
def test_mrkdwn(text: str, html: str) -> None:
    """The forms that Slack documents, and the ones that stay text."""
    assert WRITER.mrkdwn(text) == html


@given(st.text(alphabet="<>&\"'`*_~|:!@#^ \nabcjs()[]", max_size=60))
def test_no_text_becomes_a_tag_of_its_own(text: str) -> None:
    """Whatever is typed, only the tags that this module makes come out."""
    allowed = ("strong", "em", "s", "code", "pre", "br", "blockquote", "span", "a", "time")
    html = str(WRITER.mrkdwn(text))
    for piece in html.split("<")[1:]:
        name = piece.removeprefix("/").split(">")[0].split(" ")[0]
        assert name in allowed


def test_markdown_keeps_html_as_text_and_links_safe() -> None:
    """HTML, images and scripts in links don't survive."""
    html = str(markdown("<b>x</b> [y](javascript:alert(1)) ![z](http://e.com/z.png)\n\n|a|\n|-|\n|1|"))
    assert "<b>" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert "<table>" in html
