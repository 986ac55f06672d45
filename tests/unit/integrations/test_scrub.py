"""The scrubber: no known secret gets through, however the stream is cut."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from integrations.transport import Scrubber

SECRETS = ["hunter22", "hunter22-and-more", 'quo"te\\back', "päss wörd"]


def streamed(scrubber: Scrubber, data: bytes, cuts: list[int]) -> bytes:
    """Feed data in pieces."""
    stream = scrubber.stream()
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [stream.feed(data[start:end]) for start, end in pairwise(places)]
    return b"".join([*pieces, stream.end()])


@given(
    st.lists(
        st.sampled_from([*SECRETS, "h", "hunter", "22", "-and-", "x", "\n"]),
        max_size=12,
    ),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_stream_masks_like_text_wherever_it_is_cut(parts: list[str], cuts: list[int]) -> None:
    """The same bytes come out whether they came in one piece or many, and no secret is among them."""
    scrubber = Scrubber(SECRETS)
    text = "".join(parts)
    clean = streamed(scrubber, text.encode(), cuts)
    assert clean == scrubber.text(text).encode()
    assert not any(secret.encode() in clean for secret in SECRETS)


def test_forms_of_json_and_urls_are_masked() -> None:
    """A secret is found as JSON and URLs write it."""
    scrubber = Scrubber(SECRETS)
    for secret in SECRETS:
        for form in (
            secret,
            json.dumps(secret),
            quote(secret, safe=""),
            quote_plus(secret),
        ):
            assert "***" in scrubber.text(f"<{form}>"), form


def test_longest_secret_is_masked_whole() -> None:
    """Where one secret begins another, nothing of the longer is left."""
    assert Scrubber(SECRETS).text("a hunter22-and-more b hunter22 c") == "a *** b *** c"


def test_short_values_and_no_values_change_nothing() -> None:
    """Without anything worth hiding, bytes pass as they are."""
    for scrubber in (Scrubber([]), Scrubber(["ab", ""])):
        assert scrubber.text("ab\udcff") == "ab\udcff"
        assert streamed(scrubber, b"ab\xff\x00", [1, 2]) == b"ab\xff\x00"


def test_a_secret_is_masked_in_every_disguise() -> None:
    """A debug page that dumps the request shows the header as it was sent: base64 of user and password together."""
    sent = base64.b64encode(b"admin:hunter22-and-more").decode()
    scrubber = Scrubber(["hunter22-and-more"])
    for shown in (sent, b"hunter22-and-more".hex()):
        clean = scrubber.text(f"Authorization: Basic {shown}")
        assert "***" in clean
        assert streamed(scrubber, shown.encode(), [3, 9, 17]) == scrubber.text(shown).encode()
