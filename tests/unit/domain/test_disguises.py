"""The forms in which a secret comes back are known, as the programs that write them really do."""

import base64
import html
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.disguises import disguises

SECRET = "s3cr3t/Val+ue=='<&>\"\\pä ss"


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        f"  {SECRET}\n",
        json.dumps({"token": SECRET}),
        json.dumps({"token": SECRET}, ensure_ascii=False),
        json.dumps(json.dumps({"token": SECRET}, ensure_ascii=False), ensure_ascii=False),
        json.dumps(SECRET).replace("/", "\\/"),  # PHP's json_encode
        json.dumps(SECRET, ensure_ascii=False)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026"),  # Go
        f"https://host/path/{quote(SECRET)}",
        f"https://host/?{urlencode({'token': SECRET})}",
        quote(SECRET, safe="").lower().replace(SECRET, ""),
        quote_plus(SECRET),
        f"<pre>{html.escape(SECRET)}</pre>",
        html.escape(SECRET, quote=False),
        html.escape(SECRET).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),  # Go's html/template
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_a_secret_is_known_as_programs_write_it(shown: str) -> None:
    """JSON in three dialects, JSON inside JSON, URLs, HTML, hex and base64."""
    quoted_low = {form.lower() for form in disguises(SECRET)}
    assert any(form in shown for form in disguises(SECRET)) or any(form in shown for form in quoted_low)


@given(st.binary(max_size=8), st.text("abcXYZ019+/-_:", min_size=6, max_size=40), st.binary(max_size=8))
def test_base64_of_something_with_the_secret_in_it_is_known(before: bytes, secret: str, after: bytes) -> None:
    """`user:password` is encoded as one: where the secret begins decides how it looks."""
    whole = before + secret.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert any(form in encode(whole).decode() for form in disguises(secret))


def test_a_short_secret_blots_out_nothing_by_chance() -> None:
    """What four letters give in base64 or hex stands in any page."""
    assert disguises("abcd") == {"abcd"}


def test_white_space_around_it_is_no_part_of_it() -> None:
    """A file's second newline is sent, and comes back without it."""
    assert {"two words", " two words\n"} <= disguises(" two words\n")
    assert disguises("") == disguises("  ") - {"  ", "%20%20", "++"} == frozenset()
