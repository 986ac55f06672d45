"""Redaction: what looks like a secret or is known to be one is marked, the rest stays, and no text takes long."""

# ruff: noqa: RUF001 - the marks are what it is about

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence.patterns import mark
from bot.evidence.redaction import DEEPEST, Redactor

KNOWN = ["hunter22", "hunter22-long", 'quo"te\\d', "päss wörd"]
REDACTOR = Redactor(KNOWN)
SECRET = "zQ8vX2pL9kRt"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhb"

# Where the secret stands, what is left of the text, `#` for the mark; the kind is that of the mark.
FORMS = [
    ("https://x/y?token={}&page=2", "https://x/y?token=#&page=2", "token"),
    ("https://x/?a=1&api_key={}", "https://x/?a=1&api_key=#", "api-key"),
    ("DB_PASSWORD={} PORT=5", "DB_PASSWORD=# PORT=5", "password"),
    ("export AWS_SECRET_ACCESS_KEY='{}'", "export AWS_SECRET_ACCESS_KEY='#'", "secret-access-key"),
    ('{{"password": "{}", "n": 1}}', '{{"password": "#", "n": 1}}', "password"),
    ('{{"clientSecret":"{}"}}', '{{"clientSecret":"#"}}', "clientsecret"),
    ('{{"log": "{{\\"accessToken\\": \\"{}\\", \\"n\\": 1}}"}}', '{{"log": "{{\\"accessToken\\": \\"#\\", \\"n\\": 1}}"}}', "accesstoken"),
    ("password: {}\nuser: me", "password: #\nuser: me", "password"),
    ('password = "with spaces {}" # why', 'password = "#" # why', "password"),
    ('password="cut off {}', 'password="#', "password"),
    ("X-Api-Key: {}", "X-Api-Key: #", "api-key"),
    ("Authorization: Bearer {}", "Authorization: Bearer #", "authorization"),
    ("-H 'Authorization: token {}' https://x", "-H 'Authorization: token #' https://x", "authorization"),
    ('"Proxy-Authorization": "Basic {}"', '"Proxy-Authorization": "Basic #"', "authorization"),
    ('Authorization: Digest username="me", response="{}"\nnext', "Authorization: Digest #\nnext", "authorization"),
    ("it said: bearer {}.", "it said: bearer #", "bearer"),
    ("postgres://fire:{}@db:5432/x", "postgres://fire:#@db:5432/x", "password"),
    ("redis://:{}@db", "redis://:#@db", "password"),
    ("https://u:p@{}@host/x", "https://u:#@host/x", "password"),
    ("mysql --password {} -h db", "mysql --password # -h db", "argument"),
    ("tool --db-api-key={} -v", "tool --db-api-key=# -v", "api-key"),
    ('["--token", "{}", "x"]', '["--token", "#", "x"]', "token"),
    ("curl -u admin:{} https://x", "curl -u admin:# https://x", "password"),
    ("curl --user=admin:{} https://x", "curl --user=admin:# https://x", "password"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMII{}\n-----END RSA PRIVATE KEY-----\nafter", "#\nafter", "private-key"),
    ("-----BEGIN PRIVATE KEY-----\nMII{} cut off", "#", "private-key"),
    ('{{"key": "-----BEGIN PRIVATE KEY-----\\nMII{}"}}', '{{"key": "#"}}', "private-key"),
    ("https://x/?X-Amz-Signature={}&y", "https://x/?X-Amz-Signature=#&y", "x-amz-signature"),
]  # fmt: skip
BY_THEIR_LOOKS = [
    (JWT, "jwt"), ("AKIAIOSFODNN7EXAMPLE", "aws-key"), ("ASIAIOSFODNN7EXAMPLE", "aws-key"),
    ("xoxb-1234567890-abcdefghijkl", "slack-token"), ("xoxe.xoxp-1-Mi0yLTEyMzQ1Njc", "slack-token"),
    ("xapp-1-A0000000000-1234567890-abcdef", "slack-token"), ("ghp_" + "a1B2" * 9, "github-token"),
    ("github_pat_" + "a1B2_" * 16, "github-token"), ("glpat-" + "a1-B2" * 4, "token"), ("sk_live_" + "a1B2" * 6, "token"),
    ("AIza" + "a1-B2" * 7, "token"), ("npm_" + "a1B2" * 9, "token"), ("hvs." + "a1B2" * 6, "token"),
]  # fmt: skip
INNOCENT = [
    "", "no secret here", "the bearer of bad news", "bearer authentication is required", "token: null", '"password": null,',
    "password=***", "tokens: 5 of 6", "passwordless login", "monkey=7", "the key: value store", "git@github.com:a/b.git",
    "https://example.org:8080/a?page=2", "ssh://git@host/x", "run -u fireline now", "AKIA is a prefix", "eyJ is one too",
    "{secret: router/token}", '{"auth": {"bearer": {"secret": "router/token"}}}', "see hooks.slack.com", "/etc/passwd and /tmp",
    "--token --verbose", "an author's Authorization",
]  # fmt: skip


@pytest.mark.parametrize(("form", "left", "kind"), FORMS)
def test_secrets_are_marked_where_they_stand(form: str, left: str, kind: str) -> None:
    """The value goes, its surroundings stay, and the mark says what it was."""
    text, wanted = (
        form.format(SECRET),
        left.replace("{{", "{").replace("}}", "}").replace("#", f"‹redacted:{kind}›", 1),
    )
    assert SECRET in text
    assert REDACTOR.redact(text) == wanted


@pytest.mark.parametrize("form", [form for form, _, _ in FORMS])
@pytest.mark.parametrize(
    "cut_off", ["-----BEGIN PRIVATE KEY-----\nMIIabc cut off", "-----BEGIN EC PRIVATE KEY-----\nMIIabc=="]
)
def test_a_key_that_was_cut_off_hides_no_name_of_what_follows(cut_off: str, form: str) -> None:
    """Its letters go on into the next line, up to a quotation mark perhaps, behind which a value stands."""
    for between in ("\n", "\n\n", " "):
        redacted = REDACTOR.redact(f"{cut_off}{between}{form.format(SECRET)}")
        assert SECRET not in redacted
        assert "MIIabc" not in redacted


@pytest.mark.parametrize(("token", "kind"), BY_THEIR_LOOKS)
def test_tokens_are_known_by_their_looks(token: str, kind: str) -> None:
    """Well-known tokens are found wherever they stand."""
    for before, after in (("", ""), ("(", ")"), ("a ", " b"), ('"', '"'), ("x=", "&")):
        assert REDACTOR.redact(f"{before}{token}{after}") == f"{before}‹redacted:{kind}›{after}"


def test_slack_webhooks_are_secrets() -> None:
    """Who has the address can post."""
    redacted = REDACTOR.redact("post to https://hooks.slack.com/services/T000/B000/abcdefghijklmnop now")
    assert redacted == "post to https://hooks.slack.com/‹redacted:slack-token› now"


@pytest.mark.parametrize("text", INNOCENT)
def test_the_rest_stays(text: str) -> None:
    """What is no secret is not touched."""
    assert REDACTOR.redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "x hunter22 y",
        "hunter22-long",
        json.dumps('quo"te\\d'),
        json.dumps("päss wörd"),
        "p%C3%A4ss%20w%C3%B6rd",
    ],
)
def test_known_values_go_whatever_they_look_like(text: str) -> None:
    """Also as JSON and URLs write them; the longest goes whole."""
    redacted = REDACTOR.redact(text)
    assert "‹redacted:secret›" in redacted
    assert "long" not in redacted
    assert "rd" not in redacted.replace("redacted", "")


def test_values_too_short_to_hide_are_not_looked_for() -> None:
    """Hiding `a` would hide everything."""
    assert Redactor(["", "a", "ab "]).redact("a ab abc") == "a ab abc"


def test_numbers_in_json_stay_json() -> None:
    """A bare value under a quoted name becomes a text, so that the whole can still be read."""
    for text in ('{"token": 12345, "n": 1}', '{"log": "{\\"pwd\\": 5}"}'):
        shown = json.loads(REDACTOR.redact(text))
        assert "12345" not in str(shown)


@given(
    st.lists(
        st.sampled_from(
            [
                *(form.format(SECRET) for form, _, _ in FORMS if '="cut' not in form),
                *INNOCENT,
                *KNOWN,
                JWT,
                "\n",
                " ",
            ]
        ),
        max_size=6,
    ).map("\n".join)
)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    """What was shown once can be shown again. A quote that is never closed is left out: nobody can say what it ends with."""
    once = REDACTOR.redact(text)
    assert REDACTOR.redact(once) == once
    assert SECRET not in once
    assert not any(known in once for known in KNOWN)


@given(st.text(max_size=300))
def test_any_text_can_be_redacted(text: str) -> None:
    """No text is an error, and redacting again changes nothing."""
    once = REDACTOR.redact(text)
    assert REDACTOR.redact(once) == once


HURTING = [
    "eyJ" + "a" * 20, "eyJaaaaaaaa.", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN " + "A " * 20, "password=", 'password="',
    'password=\\"\\', "\\", "://", "://user:", "authorization:", "authorization: digest ", "bearer ", "bearer " + "a" * 19, "xoxb-",
    "--a-", " -u a", "ghp_", "sk-", "{secret:", " ", "a", "token", "key=\\\\\\\\", "AKIA", "--password ", '"', "hunter2",
]  # fmt: skip


@pytest.mark.parametrize("lead", ["", 'password="', "-----BEGIN PRIVATE KEY-----", "https://"])
@pytest.mark.parametrize("piece", HURTING)
def test_time_is_linear(piece: str, lead: str) -> None:
    """Eight times the text takes nowhere near sixty-four times as long, whatever it is made of."""

    def best(size: int) -> float:
        text = lead + piece * (size // len(piece))
        times = []
        for _ in range(3):
            started = time.process_time()
            REDACTOR.redact(text)
            times.append(time.process_time() - started)
        return min(times)

    assert best(80_000) < 0.004 + 24 * best(10_000)


class TestData:
    """JSON data: the same, and keys say what their values are."""

    def test_values_under_names_of_secrets_go(self) -> None:
        """A key at whose end a secret is named hides its value, whatever that looks like."""
        data = {
            "DB_PASSWORD": "x",
            "user": "me",
            "nested": [{"apiKey": 7, "port": 5}],
            "tokens": 3,
            "token": None,
            "secret": "",
        }
        assert REDACTOR.redact_data(data) == {
            "DB_PASSWORD": "‹redacted:password›", "user": "me", "nested": [{"apiKey": "‹redacted:apikey›", "port": 5}],
            "tokens": 3, "token": None, "secret": "",
        }  # fmt: skip

    def test_names_of_secrets_stay(self) -> None:
        """`{secret: name}` is what an approval has to show."""
        data = {"auth": {"basic": {"username": "u", "password": {"secret": "router/pass"}}}}
        assert REDACTOR.redact_data(data) == data
        assert REDACTOR.redact_data({"secret": "two words"}) == {"secret": "‹redacted:secret›"}
        assert REDACTOR.redact_data({"secret": "a/b", "more": 1}) == {
            "secret": "‹redacted:secret›",
            "more": 1,
        }

    def test_what_follows_a_flag_goes(self) -> None:
        """An argv names its secrets too."""
        argv = ("tool", "--db-password", "x", "--token", 5, "--token", "--verbose", "-p", "token", "y")
        assert REDACTOR.redact_data(argv) == [
            "tool", "--db-password", "‹redacted:password›", "--token", "‹redacted:token›", "--token", "‹redacted:token›",
            "-p", "token", "y",
        ]  # fmt: skip

    def test_texts_and_keys_are_redacted(self) -> None:
        """Texts anywhere, keys among them."""
        assert REDACTOR.redact_data({"a hunter22": ["see hunter22", 1.5, True, None]}) == {
            "a ‹redacted:secret›": ["see ‹redacted:secret›", 1.5, True, None]
        }

    def test_depth_is_bounded(self) -> None:
        """Data too deep to walk is not shown, rather than an error."""
        deep: Any = "hunter22"
        for _ in range(5000):
            deep = [deep]
        shown = REDACTOR.redact_data(deep)
        for _ in range(DEEPEST):
            (shown,) = shown
        assert shown == "‹redacted:too-deep›"


def test_a_value_that_is_learnt_later_is_hidden_from_then_on_and_the_old_one_still() -> None:
    """A secret that is rotated while Fireline runs, and the one before it, which may stand in any log."""
    redactor = Redactor(["first-value"])
    redactor.learn(["second-value", "abc"])
    assert redactor.redact("first-value second-value abc") == f"{mark('secret')} {mark('secret')} abc"


def test_known_values_alone_can_be_hidden() -> None:
    """For what a program reads: what only looks like a secret stays."""
    redactor = Redactor(["first-value"])
    assert redactor.hide_known("token=first-value token=else") == f"token={mark('secret')} token=else"
