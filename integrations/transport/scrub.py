"""Taking known secrets out of text and of streams: servers echo headers, tools print their environment.

It knows only the values that one call resolved; guessing at what looks like a secret is `bot.evidence.redaction`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.domain.disguises import disguises

MASK = "***"
SHORTEST = 4
"""Shorter values are not looked for: they would blot out ordinary text and hide nothing."""


class Scrubber:
    """Masks secret values, also in the forms that `bot.domain.disguises` knows."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value.strip()) >= SHORTEST for form in disguises(value)}
        longest_first = sorted((form.encode() for form in forms), key=len, reverse=True)
        self._longest = len(longest_first[0]) if longest_first else 0
        self._pattern = re.compile(b"|".join(re.escape(form) for form in longest_first)) if forms else None

    def text(self, text: str) -> str:
        """Return the text with every known secret masked."""
        if self._pattern is None:
            return text
        return self._pattern.sub(MASK.encode(), text.encode(errors="surrogateescape")).decode(
            errors="surrogateescape"
        )

    def stream(self) -> ScrubbedStream:
        """Start on a stream of bytes that comes in pieces."""
        return ScrubbedStream(self._pattern, self._longest)


class ScrubbedStream:
    """Masks secrets in bytes that come in pieces, also where a secret lies across two of them."""

    def __init__(self, pattern: re.Pattern[bytes] | None, longest: int) -> None:
        self._pattern = pattern
        self._longest = longest
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain to be clean; the end is held back while it could be the beginning of a secret."""
        if self._pattern is None:
            return chunk
        held = self._held + chunk
        # A match that begins before `safe` had the longest secret's length to show itself, so the longest that fits was found.
        safe = max(0, len(held) - self._longest + 1)
        clean: list[bytes] = []
        place = 0
        for match in self._pattern.finditer(held):
            if match.start() >= safe:
                break
            clean += (held[place : match.start()], MASK.encode())
            place = match.end()
        if place < safe:
            clean.append(held[place:safe])
            place = safe
        self._held = held[place:]
        return b"".join(clean)

    def end(self) -> bytes:
        """Return what was held back, once nothing more comes."""
        held, self._held = self._held, b""
        return held if self._pattern is None else self._pattern.sub(MASK.encode(), held)
