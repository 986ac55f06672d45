"""Matchers read as Alertmanager reads them, in both forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.matchers import BadMatcher, Operator, matcher, parse_matchers


def _shown(text: str) -> list[tuple[str, str, str]]:
    return [(each.name, each.operator.value, each.value) for each in parse_matchers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{}", []),
        ("{", []),
        ('alertname="X"', [("alertname", "=", "X")]),
        ('severity=~"a|b"', [("severity", "=~", "a|b")]),
        ('{a="b",c!~"d"}', [("a", "=", "b"), ("c", "!~", "d")]),
        ('a != "b" , c =~ "d" , ', [("a", "!=", "b"), ("c", "=~", "d")]),
        ("foo=bar,dings!=bums", [("foo", "=", "bar"), ("dings", "!=", "bums")]),
        ("{foo=~[a-z]+}", [("foo", "=~", "[a-z]+")]),
        ('{foo="a,b", x="{y}"}', [("foo", "=", "a,b"), ("x", "=", "{y}")]),
        (r'q="She said: \"Hi, ladies!\""', [("q", "=", 'She said: "Hi, ladies!"')]),
        ("foo=🙂bar", [("foo", "=", "🙂bar")]),
    ],
)
def test_reads_what_both_forms_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Alone, in a list, with and without braces."""
    assert _shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"foo"="bar"', [("foo", "=", "bar")]),
        ('{"a b 🙂"=bar,}', [("a b 🙂", "=", "bar")]),
        ("service.name=x", [("service.name", "=", "x")]),
        (r'"foo"="\xf0\x9f\x99\x82"', [("foo", "=", "🙂")]),
        (r'"foo"="\U0001f642\u00e9\101"', [("foo", "=", "🙂éA")]),
        (r'"foo"="\a\b\f\n\r\t\v\\\""', [("foo", "=", '\a\b\f\n\r\t\v\\"')]),
        ('"foo"=~"\\\\d+"', [("foo", "=~", r"\d+")]),
        ('"\u2003a"\u2003=\u2003"b"', [("\u2003a", "=", "b")]),
    ],
)
def test_reads_what_only_the_utf8_form_reads(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Quoted and non-ASCII names, Go's escapes."""
    assert _shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo=", [("foo", "=", "")]),
        ("{foo='}", [("foo", "=", "'")]),
        (r"{foo=bar\t}", [("foo", "=", r"bar\t")]),
        (r"{foo=bar\n}", [("foo", "=", "bar\n")]),
        ("{foo=bar\\}", [("foo", "=", "bar\\")]),
        (r"foo=bar\\x", [("foo", "=", r"bar\x")]),
        ("{foo=bar}}", [("foo", "=", "bar}")]),
        ("{foo=,bar=}}", [("foo", "=", ""), ("bar", "=", "}")]),
        ("tricky=~~~", [("tricky", "=~", "~~")]),
        (r"trickier==\\=\=\"", [("trickier", "=", r'=\=\="')]),
        ("foo=a b", [("foo", "=", "a b")]),
        ('foo=~"\\d+"', [("foo", "=~", r"\d+")]),
        ("\u2003foo={x\u2003", [("foo", "=", "{x")]),
        ('x=~"a\nb"', [("x", "=~", "a\nb")]),
    ],
)
def test_reads_what_only_the_classic_form_reads(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Tolerant of bare values, spurious escapes and lone braces."""
    assert _shown(text) == expected


def test_where_the_forms_differ_the_classic_one_counts() -> None:
    r"""`"\t"` is a tab in one form and two characters in the other; Alertmanager keeps the old meaning."""
    assert _shown(r'a="\t"') == [("a", "=", r"\t")]


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        (",", 1, "a label's name should stand here before ,"),
        ("{,}", 2, "a label's name should stand here"),
        ("foo", 4, "an operator"),
        ('{"a"="b"', 9, "the brace is not closed"),
        ('"a"="b"}', 8, "there is no opening brace"),
        ('{"a"="b"} x', 11, "nothing should follow"),
        ('"a"=', 5, "a value should stand here"),
        ('"a" "b"', 5, "an operator"),
        ('"a"="b" "c"="d"', 9, "a comma or the end"),
        ('job="value', 5, "the quote is not closed"),
        ('foo=x"y"z', 6, "a comma or the end"),
        ("!a", 1, "! can't stand here"),
        ("`a`=b", 1, "can't stand here"),
        (r'"a"="\w"', 6, r"\\w can't stand in quotes"),
        ('"a"="x\ny"', 7, "a line break can't stand in quotes"),
        (r'"a"="\xf0\x9f"', 5, "not UTF-8"),
        (r'"a"="\ud800"', 6, "no character"),
        ('a=~"(?=x)"', 4, "look-around"),
        ('"é"=~"["', 6, "not closed"),
    ],
)
def test_refuses_with_the_column(text: str, column: int, why: str) -> None:
    """What neither form can read; the UTF-8 form's reason is told, because that is where the field goes."""
    with pytest.raises(BadMatcher, match=why) as caught:
        parse_matchers(text)
    assert caught.value.column == column


def test_a_missing_label_is_the_empty_text() -> None:
    """As in Alertmanager, absent and empty are the same."""
    assert matcher("x", Operator.EQUAL, "").matches({})
    assert matcher("x", Operator.NOT_EQUAL, "a").matches({})
    assert matcher("x", Operator.MATCHES, "a*").matches({})
    assert matcher("x", Operator.NOT_MATCHES, "a+").matches({})
    assert not matcher("x", Operator.MATCHES, ".+").matches({})


def test_patterns_are_anchored() -> None:
    """A pattern is for the whole value."""
    (found,) = parse_matchers('severity=~"critical|page"')
    assert found.matches({"severity": "page"})
    assert not found.matches({"severity": "pager"})
    assert not found.matches({"severity": "a page"})


_NAMES = st.text(min_size=1, max_size=8).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
_VALUES = st.text(max_size=10).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
_CLASSIC_NAMES = st.from_regex(r"\A[a-zA-Z_:][a-zA-Z0-9_:]{0,6}\Z")


@given(st.lists(st.tuples(_CLASSIC_NAMES, st.sampled_from(["=", "!="]), _VALUES), min_size=1, max_size=3))
def test_what_is_written_is_read_back(parts: list[tuple[str, str, str]]) -> None:
    """A matcher writes itself so that both forms read it, whatever the value."""
    written = [matcher(name, Operator(sign), value) for name, sign, value in parts]
    assert parse_matchers("{" + ",".join(str(each) for each in written) + "}") == tuple(written)


@given(_NAMES, _VALUES)
def test_any_name_is_read_back(name: str, value: str) -> None:
    """A name that the classic form has no words for stands in quotes."""
    written = matcher(name, Operator.EQUAL, value)
    assert parse_matchers(str(written)) == (written,)


@given(_VALUES, st.dictionaries(st.sampled_from(["a", "b"]), _VALUES))
def test_a_matcher_and_its_opposite_never_agree(value: str, labels: dict[str, str]) -> None:
    """= and != split all label sets in two."""
    same, other = matcher("a", Operator.EQUAL, value), matcher("a", Operator.NOT_EQUAL, value)
    assert same.matches(labels) != other.matches(labels)
    assert same.matches(labels) == (labels.get("a", "") == value)


@given(st.text(alphabet="ab=!~{},\"\\ n\n'`é", max_size=10))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but BadMatcher ever comes out, and its column is in the text or just behind it."""
    try:
        column = len(parse_matchers(text)) and 1
    except BadMatcher as error:
        column = error.column
    assert 0 <= column <= len(text) + 1
