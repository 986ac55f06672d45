"""What secrets look like. Each rule has literal hints, so that a text without any costs next to nothing.

Every pattern takes time linear in the text: repeats are bounded or possessive, and a rule begins at a literal or at the beginning of a word, so that
no character is looked at more than a fixed number of times. `tests/unit/evidence/test_redaction.py` measures it on texts made to hurt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

OPEN, CLOSE = "‹redacted:", "›"  # noqa: RUF001 - quotation marks that no log or markup uses


def mark(kind: str) -> str:
    """Write what stands where a secret was."""
    return f"{OPEN}{kind}{CLOSE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Replaces what a pattern finds; skipped unless one of the `hints` (lower-case) is in the text."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: Callable[[re.Match[str]], str]


def _whole(kind: str) -> Callable[[re.Match[str]], str]:
    return lambda _match: mark(kind)


def _after_first_group(kind: str) -> Callable[[re.Match[str]], str]:
    return lambda match: f"{match[1]}{mark(kind)}"


_NAMES = (
    r"passw(?:or)?d|passphrase|pwd|secret|"
    r"(?:api|access|secret|private|signing|encryption|master|auth|account)[ _-]?key|secret[_-]?access[_-]?key|"
    r"(?:(?:access|refresh|auth|session|security|bearer|id|csrf|bot|app)[_-]?)?token|client[_-]?secret|credentials?|"
    r"x-amz-(?:signature|credential)|signature"
)
"""Names of fields whose values are secrets, as the end of a name."""

NAME_HINTS = ("pass", "pwd", "secret", "key", "token", "credential", "signature")
SENSITIVE_NAME = re.compile(rf"(?i)(?:{_NAMES})\Z")
"""Whether a key of JSON data names a secret: `search` finds it at the key's end."""

_NOT_A_VALUE = rf"(?!{OPEN}|(?:null|none|nil|true|false|undefined)(?:[\s\"',;&)}}\]]|\Z)|\*\*\*)"
_PAIR = re.compile(
    r"(?i)"
    # `{secret: name}` is how a runbook names a secret: left as it is.
    r"(?P<reference>\{\s{0,2}[\"']?secret[\"']?\s{0,2}:\s{0,2}[\"']?[a-z0-9_./-]{1,100}+[\"']?\s{0,2}\})"
    rf"|(?P<name>{_NAMES})"
    r"(?P<between>\\{0,4}[\"']?\s{0,3}[:=]\s{0,3}|[\"']\s{0,2},\s{0,2}(?=[\"']))"
    r"(?P<quote>\\{0,4}[\"'])?" + _NOT_A_VALUE + r"(?P<value>"
    r"(?(quote)(?:[^\"'\\\r\n]++|(?!(?P=quote))[\"']|\\(?![\"'])|(?!(?P=quote))\\[\"'])++|[^\s\"',;&<>()\[\]{}\\]++))"
)
_QUOTE_IN = re.compile(r"\\{0,4}[\"']")


def _pair(match: re.Match[str]) -> str:
    if match["reference"] is not None:
        return match[0]
    between, quote = match["between"], match["quote"] or ""
    kind = re.sub(r"[ _]", "-", match["name"].lower())
    if not quote and ":" in between:
        # A bare value under a quoted name, a number in JSON: quoted, so that it stays JSON.
        named = _QUOTE_IN.match(between)
        bare = named[0] if named else ""
        return f"{match['name']}{between}{bare}{mark(kind)}{bare}"
    return f"{match['name']}{between}{quote}{mark(kind)}"


_NAME_BEFORE_A_VALUE = re.compile(
    rf"(?i)\s{{0,2}}(?:authorization\s{{0,3}}[:=][^\r\n]{{0,100}}|(?:{_NAMES})\s{{0,3}}[:=]\s{{0,3}})\Z"
)
_ADDRESS_BEFORE_A_HOST = re.compile(r"(?i)\s{0,2}[a-z][a-z0-9+.-]{0,20}://\S{0,100}\Z")
_LONGEST_NAME = 160


def _private_key(match: re.Match[str]) -> str:
    """Mark a key. One that was cut off reaches into what follows it: what a value is found by afterwards stays, its name or its address."""
    left = None
    if match["end"] is None:
        before = (
            _ADDRESS_BEFORE_A_HOST
            if match.string[match.end() : match.end() + 1] == "@"
            else _NAME_BEFORE_A_VALUE
        )
        left = before.search(match[0], max(0, len(match[0]) - _LONGEST_NAME))
    return mark("private-key") + (left[0] if left else "")


_WORD = r"(?<![A-Za-z0-9_-])"
RULES: tuple[Rule, ...] = (
    Rule(
        hints=("private key-----",),
        pattern=re.compile(
            # One that was cut off goes as far as its letters do.
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s\\:,-]*?"
            r"(?:(?P<end>-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)|(?=[^A-Za-z0-9+/=\s\\:,-])|\Z)"
        ),
        replacement=_private_key,
    ),
    Rule(
        hints=("authorization",),
        pattern=re.compile(
            r"(?i)(authorization\\{0,4}[\"']?\s{0,3}[:=,]\s{0,3}\\{0,4}[\"']?(?:(?:basic|bearer|token|negotiate|apikey|aws4-hmac-sha256|digest)\s{1,3})?+)"
            rf"(?!{OPEN}|\*\*\*)(?:(?<=digest )[^\r\n]++|(?<=aws4-hmac-sha256 )[^\r\n]++|[^\s\"',;\\]++)"
        ),
        replacement=_after_first_group("authorization"),
    ),
    Rule(
        hints=("bearer",),
        pattern=re.compile(
            r"(?i)\b(bearer\s{1,3})(?=[a-z]{0,19}(?:[0-9]|[._~+/=-][a-z0-9])|[a-z]{20})[a-z0-9._~+/=-]{8,}+"
        ),
        replacement=_after_first_group("bearer"),
    ),
    Rule(
        hints=("eyj",),
        pattern=re.compile(_WORD + r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{4,}+(?:\.[A-Za-z0-9_-]*+)?"),
        replacement=_whole("jwt"),
    ),
    Rule(
        hints=("akia", "asia", "aroa", "aida", "agpa", "anpa"),
        pattern=re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        replacement=_whole("aws-key"),
    ),
    Rule(
        hints=("xox", "xapp-", "hooks.slack.com"),
        pattern=re.compile(
            _WORD + r"(?:xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}+|xapp-[A-Za-z0-9-]{10,}+)"
            r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[A-Za-z0-9/_-]{8,}+"
        ),
        replacement=_whole("slack-token"),
    ),
    Rule(
        hints=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        pattern=re.compile(_WORD + r"(?:gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+)"),
        replacement=_whole("github-token"),
    ),
    Rule(
        hints=("glpat-", "sk_live_", "rk_live_", "aiza", "npm_", "pypi-", "sk-", "hvs.", "dop_v1_"),
        pattern=re.compile(
            _WORD
            + r"(?:glpat-[A-Za-z0-9_-]{20,}+|[rs]k_live_[A-Za-z0-9]{16,}+|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}|"
            r"pypi-[A-Za-z0-9_-]{50,}+|sk-[A-Za-z0-9_-]{32,}+|hvs\.[A-Za-z0-9_-]{20,}+|dop_v1_[a-f0-9]{64})"
        ),
        replacement=_whole("token"),
    ),
    Rule(
        hints=("://",),
        pattern=re.compile(rf"((?<=://)[^\s/@:?#\"'<>]{{0,256}}+:)(?!{OPEN})[^\s/\"'<>]{{1,1024}}(?=@)"),
        replacement=_after_first_group("password"),
    ),
    Rule(
        hints=("-u", "--user"),
        pattern=re.compile(
            rf"((?:^|(?<=[\s\"']))(?:-u|--user)(?:[ =]|[\"'],\s{{0,2}}[\"'])[^\s:\"']{{1,100}}+:)(?!{OPEN})[^\s\"']++"
        ),
        replacement=_after_first_group("password"),
    ),
    Rule(
        hints=("--",),
        pattern=re.compile(
            rf"(?i)(--(?:[a-z0-9]{{1,20}}-){{0,3}}(?:{_NAMES})\s{{1,3}})(?!-|{OPEN})[^\s\"']++"
        ),
        replacement=_after_first_group("argument"),
    ),
    Rule(hints=NAME_HINTS, pattern=_PAIR, replacement=_pair),
)
"""In the order in which they are tried: what says most about itself first, pairs of a name and a value last."""
