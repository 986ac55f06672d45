"""Patterns mean what they mean in Go, and take time in proportion to the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.regexes import BadPattern, compile_regex


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("critical|page", "page", "pages"),
        ("a.c", "abc", "a\nc"),
        ("(?s)a.c", "a\nc", "ac"),
        ("(?i)abc", "aBC", "abd"),
        ("(?i:a)b", "Ab", "AB"),
        ("(?i)a(?-i)b", "Ab", "AB"),
        ("(?U)a+", "aa", "b"),
        (r"\d+", "12", "٣"),
        (r"\D", "٣", "3"),
        (r"\w+", "a_1", "é"),
        (r"\W", "é", "e"),
        (r"\s", "\t", "\v"),
        (r"a\b-\Bx?", "a-", "ab"),
        (r"\Aab\z", "ab", "abb"),
        (r"\pL\PL", "é1", "11"),
        (r"\p{Greek}", "λ", "l"),
        (r"\p{^Greek}\P{^Greek}", "lλ", "λl"),
        (r"\Qa+b\E+", "a+bb", "aab"),
        (r"\x41\x{e9}", "Aé", "A"),
        (r"\101\07\012", "A\x07\n", "A"),
        (r"\a\f\t\n\r\v", "\a\f\t\n\r\v", ""),
        (r"\.\-\_\<\"", '.-_<"', "a"),
        ("a{2}", "aa", "a"),
        ("a{1,}b{0,2}?", "aabb", "b"),
        ("a{,3}", "a{,3}", "aa"),
        ("a{x", "a{x", "a"),
        ("[ab]+", "ab", "c"),
        ("[^a-c]", "d", "b"),
        ("[]a]+", "]a", "b"),
        ("[^]a]", "b", "]"),
        ("[a&&b]+", "a&b", "c"),
        ("[[a]", "[", "b"),
        ("[a-]+", "a-", "b"),
        ("[a\\-z]+", "-z", "b"),
        ("[\\d-z]+", "1-z", "y"),
        ("[^\\D]", "1", "a"),
        ("[\\pL\\P{L}\\n]", "é", ""),
        ("[[:alpha:]_[:^digit:]]+", "a_b", "1"),
        ("[+--]+", "+,-", "a"),
        ("(?P<n>a)(?<m>b)(c)", "abc", "ab"),
        ("a??b*?c+?", "c", "a"),
        ("^a$", "a", "b"),
        ("", "", "a"),
        ("|a", "a", "b"),
        ("~#@ ", "~#@ ", "~"),
    ],
)
def test_means_what_go_means(pattern: str, matching: str, other: str) -> None:
    """The whole text matches or it does not."""
    regex = compile_regex(pattern)
    assert regex.found_in(matching)
    assert not regex.found_in(other)


@pytest.mark.parametrize(
    ("pattern", "offset", "why"),
    [
        ("a(?=b)", 1, "look-around"),
        ("(?<!a)b", 0, "look-around"),
        (r"(a)\1", 3, "backreferences"),
        (r"\8", 0, "backreferences"),
        ("(?x)a", 0, "no group"),
        ("(?)", 0, "no group"),
        ("(?P=n)", 0, "no group"),
        ("(a", 0, "not closed"),
        ("a)", 1, "not opened"),
        ("[a", 0, "not closed"),
        ("[]", 0, "not closed"),
        ("[z-a]", 1, "backwards"),
        ("[[:nope:]]", 1, "no class"),
        ("*a", 0, "nothing before"),
        ("a|+", 2, "nothing before"),
        ("(?:*)", 3, "nothing before"),
        ("a**", 2, "repeats a repeat"),
        ("a{2}{3}", 4, "repeats a repeat"),
        ("a{1001}", 1, "at most 1000"),
        ("a{3,2}", 1, "the smaller number first"),
        (r"\p{1}", 0, "Unicode class"),
        (r"[\p1]", 1, "Unicode class"),
        (r"\p{Nope}", 0, "can't be compiled"),
        (r"\x{110000}", 0, "no character"),
        (r"\x{d800}", 0, "no character"),
        (r"\C", 0, "no escape"),
        (r"\Z", 0, "no escape"),
        (r"\é", 0, "no escape"),
        ("a\\", 1, "no escape"),
        ("[a\\", 2, "no escape"),
        (r"\Qa", 0, "not closed with"),
        ("(a{1000}){1000}", 0, "can't be compiled"),
        ("a" * 4097, 4096, "longer than"),
    ],
)
def test_refuses_with_the_offset(pattern: str, offset: int, why: str) -> None:
    """What RE2 has not, and what could mean something else here."""
    with pytest.raises(BadPattern, match=why) as caught:
        compile_regex(pattern)
    assert caught.value.offset == offset


def test_unanchored() -> None:
    """A search finds the pattern anywhere."""
    assert compile_regex("b+", anchored=False).found_in("abc")
    assert not compile_regex("^b", anchored=False).found_in("abc")


def test_hostile_patterns_take_no_time() -> None:
    """What makes a backtracking engine run for years ends at once; pytest's timeout is the judge."""
    assert not compile_regex("(a+)+b").found_in("a" * 50_000)
    assert not compile_regex("(.*)*c").found_in("ab" * 20_000)


_PLAIN = st.text(alphabet="ab1_- ", max_size=6)
_ATOMS = st.sampled_from(
    ["a", "b", "1", "_", ".", "[ab]", "[^a]", "(?:ab)", "(a|b)", r"[0-9]", "a*", "b+", "1?", "[a-b]{1,2}"]
)


@given(st.lists(_ATOMS, max_size=5).map("".join), _PLAIN)
def test_agrees_with_python_where_both_mean_the_same(pattern: str, text: str) -> None:
    """On the common ground, Python's engine is the oracle."""
    assert compile_regex(pattern).found_in(text) == bool(re.fullmatch(pattern, text))


@given(st.text(alphabet="ab()[]{}|*+?\\^$.-:QEpdPLx01,&~<>=!i", max_size=8), _PLAIN)
def test_any_pattern_is_compiled_or_refused(pattern: str, text: str) -> None:
    """Nothing but BadPattern ever comes out, and its offset is in the pattern."""
    offset = 0
    try:
        compile_regex(pattern).found_in(text)
    except BadPattern as error:
        offset = error.offset
    assert 0 <= offset <= len(pattern)


@given(st.text(max_size=8))
def test_a_quoted_text_matches_itself(text: str) -> None:
    r"""Between \Q and \E every character is itself."""
    quoted = text.replace("\\", "")
    if quoted.isprintable():
        assert compile_regex(rf"\Q{quoted}\E").found_in(quoted)
