"""How much of one alert is taken in: enough for any that a person would write, too little to make every page and message that shows it slow.

What customers type can end in a label or an annotation, and nothing between them and here bounds it but the size of a delivery. A larger alert is
not refused, because then nobody would hear of it: what is bulky in it is cut or left out, and an annotation says so. What names it is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

MOST = 32 * 1024
"""Characters of an alert's labels and annotations together, names included; one that has no more is taken in as it is."""
LONGEST = 4096
"""Characters of one value of an alert that has more."""
LONGEST_NAME = 256
"""Characters of a label's name in such an alert."""
LONGEST_URL = 8192
"""Characters of a URL; a longer one leads nowhere, and is left out."""
LEFT_OUT = "fireline_left_out"
"""The annotation that says how much is missing."""
_NAME = "alertname"
_CUT = "…"

Texts = Mapping[str, str]


def bounded(labels: Texts, annotations: Texts) -> tuple[Texts, Texts]:
    """Return an alert's labels and annotations, cut where they are too much; the same for the same ones."""
    size = _size(labels) + _size(annotations)
    if size <= MOST:
        return labels, annotations
    kept = _fitted(labels, MOST)
    told = _fitted(annotations, MOST - _size(kept))
    left = size - _size(kept) - _size(told)
    return kept, {**told, LEFT_OUT: f"{left:,} characters of this alert were too much to keep"}


def bounded_url(url: str) -> str:
    """Return a URL, empty when it is too long to be one."""
    return url if len(url) <= LONGEST_URL else ""


def bounded_key(key: str) -> str:
    """Return a group's key, one that is too long as its beginning and its SHA-256: still the same for the same group alone."""
    return (
        key if len(key) <= LONGEST_URL else f"{key[:LONGEST]}{_CUT}{hashlib.sha256(key.encode()).hexdigest()}"
    )


def _size(texts: Texts) -> int:
    return sum(map(len, texts)) + sum(map(len, texts.values()))


def _fitted(texts: Texts, room: int) -> dict[str, str]:
    """Keep what fits: the alert's name, then the short before the long, because what rules and people look for is short."""
    short_first = sorted(
        texts.items(), key=lambda pair: (pair[0] != _NAME, len(pair[0]) + len(pair[1]), pair)
    )
    kept: dict[str, str] = {}
    for name, value in short_first:
        text = value if len(value) <= LONGEST else value[: LONGEST - 1] + _CUT
        room -= len(name) + len(text)
        if room < 0:
            break
        if len(name) <= LONGEST_NAME:
            kept[name] = text
    return kept
