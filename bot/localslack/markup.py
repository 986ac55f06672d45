"""Slack's mrkdwn and the `markdown` block as HTML that is safe to show.

Text in Slack is escaped already (`&amp;`, `&lt;`, `&gt;`); what stands in angle brackets means something. Whatever this module does not know
stays text: nothing reaches the page without being escaped first. Source: https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from bot.localslack import emoji
from bot.localslack.world import World

_INLINE = re.compile(
    r"""
    (?P<fence>```(?P<fenced>.+?)```)
  | (?P<code>`(?P<coded>[^`\n]+)`)
  | (?P<angle><(?P<inner>[^<>\n]+)>)
  | (?P<emoji>:(?P<emoji_name>[a-z0-9_+\-']+):)
  | (?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])
  | (?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])
  | (?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])
    """,
    re.VERBOSE | re.DOTALL,
)
_STYLES = (("bold", "strong"), ("italic", "em"), ("strike", "s"))
_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_DATE_TOKEN = re.compile(r"\{(\w+)\}")
_MOST_NESTED = 6


def _plain(text: str) -> Markup:
    """Slack's escaped text as HTML, line breaks kept."""
    raw = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return Markup("<br>").join(escape(line) for line in raw.split("\n"))


def link(url: str, label: Markup | str) -> Markup:
    """A link that opens beside the page; text where the URL is not one to follow."""
    if not _SAFE_LINK.match(url):
        return escape(label)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(url, label)


@dataclass(frozen=True, slots=True)
class Writer:
    """Turns text into HTML, with the names of one workspace."""

    world: World
    me: str = ""

    def mrkdwn(self, text: str) -> Markup:
        """A text in mrkdwn: quotes and fences, then what stands inside lines."""
        parts: list[Markup] = []
        for n, piece in enumerate(re.split(r"```(.+?)```", text, flags=re.DOTALL)):
            if n % 2:
                parts.append(Markup("<pre><code>{}</code></pre>").format(_plain_block(piece)))
            else:
                parts.append(self._quotes(piece.strip("\n") if parts else piece.rstrip("\n")))
        return Markup("").join(parts)

    def _quotes(self, text: str) -> Markup:
        parts: list[Markup] = []
        lines: list[str] = []
        quoted = False
        for line in [*text.split("\n"), None]:
            is_quote = line is not None and bool(re.match(r"(&gt;|>)", line))
            if line is None or is_quote != quoted:
                if lines:
                    inner = self.inline("\n".join(lines))
                    parts.append(Markup("<blockquote>{}</blockquote>").format(inner) if quoted else inner)
                lines, quoted = [], is_quote
            if line is not None:
                lines.append(re.sub(r"^(&gt;|>)+ ?", "", line) if is_quote else line)
        return Markup("").join(parts)

    def inline(self, text: str, depth: int = 0) -> Markup:
        """Code, links, mentions, emoji, bold, italics and strike inside a text."""
        if depth > _MOST_NESTED:
            return _plain(text)
        parts: list[Markup] = []
        at = 0
        for match in _INLINE.finditer(text):
            parts += [_plain(text[at : match.start()]), self._token(match, depth)]
            at = match.end()
        return Markup("").join([*parts, _plain(text[at:])])

    def shortcodes(self, text: str) -> Markup:
        """A plain text whose `:names:` become emoji; nothing else in it means anything."""
        parts: list[Markup] = []
        for n, piece in enumerate(re.split(r":([a-z0-9_+\-']+):", text)):
            parts.append(self.emoji(piece) if n % 2 else _plain(piece))
        return Markup("").join(parts)

    def lines(self, text: str) -> Markup:
        """A text that is not escaped, line breaks kept."""
        return Markup("<br>").join(escape(line) for line in text.split("\n"))

    def link(self, url: str, label: str) -> Markup:
        """A link."""
        return link(url, label)

    def _token(self, match: re.Match[str], depth: int) -> Markup:
        if match["fence"]:
            return Markup("<code>{}</code>").format(_plain(match["fenced"]))
        if match["code"]:
            return Markup("<code>{}</code>").format(_plain(match["coded"]))
        if match["angle"]:
            return self._angle(match["inner"], depth)
        if match["emoji"]:
            return self.emoji(match["emoji_name"])
        for group, tag in _STYLES:
            if match[group] is not None:
                return Markup(f"<{tag}>{{}}</{tag}>").format(self.inline(match[group], depth + 1))  # noqa: S704  tags of ours
        return escape(match[0])

    def emoji(self, name: str) -> Markup:
        """An emoji, read out by its name."""
        shown = emoji.show(name)
        if shown.startswith(":"):
            return escape(shown)
        return Markup('<span class="emoji" role="img" aria-label="{}">{}</span>').format(
            name.replace("_", " "), shown
        )

    def _angle(self, inner: str, depth: int) -> Markup:
        target, _, label = inner.partition("|")
        makers: dict[str, Callable[[str, str], Markup]] = {
            "@": lambda rest, _label: self.user(rest),
            "#": self._channel,
            "!": self._special,
        }
        maker = makers.get(target[:1])
        if maker is not None:
            return maker(target[1:], label)
        url = target.replace("&amp;", "&")
        if _SAFE_LINK.match(url):
            return link(url, self.inline(label, depth + 1) if label else url)
        return _plain(f"<{inner}>")

    def user(self, user_id: str) -> Markup:
        """A mention of a person."""
        person = self.world.people.get(user_id)
        if person is None:
            return _plain(f"@{user_id}")
        own = " mine" if user_id == self.me else ""
        return Markup('<span class="mention{}">@{}</span>').format(own, person.real_name)

    def group(self, group_id: str, label: str = "") -> Markup:
        """A mention of a user group."""
        group = self.world.groups.get(group_id)
        name = f"@{group.handle}" if group is not None else label or f"@{group_id}"
        mine = " mine" if group is not None and self.me in group.members else ""
        return Markup('<span class="mention{}">{}</span>').format(mine, name)

    def _channel(self, channel_id: str, label: str = "") -> Markup:
        channel = self.world.channels.get(channel_id)
        if channel is None or (channel.kind != "public" and self.me not in channel.members):
            return _plain(f"#{label or 'private-channel'}")
        query = f"?channel={channel.id}&user={self.me}"
        return Markup('<a class="mention" href="/{}">#{}</a>').format(query, channel.name)

    def channel(self, channel_id: str) -> Markup:
        """A mention of a channel."""
        return self._channel(channel_id)

    def _special(self, target: str, label: str) -> Markup:
        kind, *rest = target.split("^")
        if kind in {"here", "channel", "everyone"}:
            return Markup('<span class="mention mine">@{}</span>').format(kind)
        if kind == "subteam" and rest:
            return self.group(rest[0], label)
        if kind == "date" and len(rest) > 1:
            return self.date(rest[0], rest[1], label, *rest[2:3])
        return _plain(label or f"<!{target}>")

    def date(self, stamp: str, form: str, fallback: str, url: str = "") -> Markup:
        """A moment, in UTC: the times of an incident are read out by people in several zones."""
        try:
            moment = datetime.fromtimestamp(int(float(stamp)), UTC)
        except (ValueError, OverflowError, OSError):
            return _plain(fallback or stamp)
        shown = _DATE_TOKEN.sub(lambda m: _date_part(m[1], moment), form)
        html = Markup('<time datetime="{}" title="{}">{}</time>').format(
            moment.isoformat(), f"{moment:%Y-%m-%d %H:%M:%S} UTC", shown
        )
        return link(url, html) if url else html


def _plain_block(text: str) -> Markup:
    raw = text.strip("\n").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return escape(raw)


def _date_part(name: str, moment: datetime) -> str:
    forms = {
        "date": "%B %-d, %Y",
        "date_num": "%Y-%m-%d",
        "date_slash": "%d/%m/%Y",
        "date_long": "%A, %B %-d, %Y",
        "date_long_full": "%A, %B %-d, %Y",
        "date_pretty": "%B %-d, %Y",
        "date_short": "%b %-d, %Y",
        "date_short_pretty": "%b %-d, %Y",
        "date_long_pretty": "%A, %B %-d, %Y",
        "time": "%H:%M UTC",
        "time_secs": "%H:%M:%S UTC",
        "ago": "%Y-%m-%d %H:%M UTC",
    }
    return moment.strftime(forms[name]) if name in forms else f"{{{name}}}"


def markdown(text: str) -> Markup:
    """The text of a `markdown` block; HTML in it stays text, images become links."""
    reader = (
        MarkdownIt("commonmark", {"html": False, "breaks": True})
        .enable(["table", "strikethrough"])
        .disable("image")
    )
    reader.add_render_rule("link_open", _open_link)
    return Markup(reader.render(text))  # noqa: S704  markdown-it escapes what it does not make


def _open_link(self: Any, tokens: Any, idx: int, options: Any, env: Any) -> str:
    tokens[idx].attrSet("target", "_blank")
    tokens[idx].attrSet("rel", "noopener noreferrer")
    rendered: str = self.renderToken(tokens, idx, options, env)
    return rendered
