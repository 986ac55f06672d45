"""How a secret may look in what comes back: servers echo headers, dump requests as JSON, percent-encode, or show base64 and hex.

The one list of such forms, for whoever takes secrets out of bytes and texts. It can't be complete: a target that means to can always write a
secret so that nobody finds it.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST_ENCODED = 6
"""Characters from which on a secret is looked for in base64 and hex: what a shorter one gives is found in ordinary data by chance."""
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_IN_LAST_GROUP = (0, 1, 2)
"""By how many bytes its last group of three has: the characters of it that these bytes alone decide."""


def disguises(secret: str) -> frozenset[str]:
    """Return every form in which a secret is looked for, itself included, with and without the white space around it."""
    return frozenset(form for each in {secret, secret.strip()} if each for form in _forms(each))


def _forms(text: str) -> Iterator[str]:
    yield text
    for once in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        # As PHP writes JSON, as Go does, and as JSON inside of JSON.
        yield from (once, once.replace("/", r"\/"), _as_go(once), json.dumps(once, ensure_ascii=False)[1:-1])
    for once in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield from (once, _PERCENT.sub(lambda found: found[0].lower(), once))
    for once in (html.escape(text, quote=False), html.escape(text)):
        yield from (once, once.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"))
    data = text.encode(errors="surrogatepass")
    if len(data) >= SHORTEST_ENCODED:
        yield from (data.hex(), data.hex().upper())
        yield from _in_base64(data)


def _as_go(text: str) -> str:
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _in_base64(data: bytes) -> Iterator[str]:
    """Write bytes as they stand in base64 at each of the three places where they can begin, less the characters that their neighbours decide."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode()
        groups, rest = divmod(before + len(data), 3)
        certain = whole[before + (before > 0) : 4 * groups + _IN_LAST_GROUP[rest]]
        yield from (certain, certain.replace("+", "-").replace("/", "_"))
    yield from (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode())
