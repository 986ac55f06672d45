"""YAML read strictly, with the place of everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.documents import MOST_SOURCE, Document, read_document


def _read(source: str) -> Document:
    document, findings = read_document(source, "f.yaml")
    assert document is not None, findings
    assert not findings
    return document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("true", True), ("False", False), ("TRUE", True),
        ("null", None), ("~", None), ("", None), ("Null", None),
        ("12", 12), ("-3", -3), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11"), ("1_000", "1_000"),
        ("12:30:00", "12:30:00"), ("190:20", "190:20"), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("-2.5e-1", -0.25),
        (".inf", ".inf"), (".nan", ".nan"), ("2026-11-23", "2026-11-23"), ("=", "="), ("'12'", "12"), ('"true"', "true"), ("''", ""),
        ("|\n  a\n  b", "a\nb\n"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema(text: str, expected: object) -> None:
    """Nothing of YAML 1.1's magic: no `yes`, no octal by a zero, no sexagesimal, no dates."""
    document = _read(f"a: {text}\n")
    assert document.data == {"a": expected}
    assert isinstance(document.data, dict)
    assert type(document.data["a"]) is type(expected)


def test_on_is_a_key() -> None:
    """The most famous of YAML's traps."""
    assert _read("on: {off: no}").data == {"on": {"off": "no"}}


def test_a_leading_zero_is_pointed_out() -> None:
    """0644 is six hundred and forty-four."""
    document, findings = read_document("mode: 0644", "f.yaml")
    assert document is not None
    assert document.data == {"mode": 644}
    assert [(each.code, str(each.place)) for each in findings] == [("FL007", "f.yaml:1:7")]


def test_places() -> None:
    """Lines and columns from 1, of keys and of values, in block and flow."""
    document = _read("a: 1\nb:\n  - x\n  - {c: d}\n")
    assert document.place(("a",)).column == 4
    assert document.place(("a",), key=True).column == 1
    assert str(document.place(("b", 0))) == "f.yaml:3:5"
    assert str(document.place(("b", 1, "c"))) == "f.yaml:4:9"
    assert str(document.place(("b", 1, "c"), key=True)) == "f.yaml:4:6"


def test_what_is_not_there_stands_where_its_parent_does() -> None:
    """A finding about something missing points to what it is missing from."""
    document = _read("a: 1\nb: [x]\n")
    assert document.place(("b", "nope", 3)) == document.place(("b",))
    assert document.place(("b", 7)) == document.place(("b",))
    assert document.place(("nope",)) == document.place(())


def test_aliases_stand_for_what_they_name() -> None:
    """An alias is data of its own place."""
    document = _read("a: &x {k: [1, 2]}\nb: *x\nc: &y 5\nd: *y\n")
    assert document.data == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}, "c": 5, "d": 5}
    assert document.place(("b",)).line == 2
    assert document.place(("b", "k", 0)).line == 1


@pytest.mark.parametrize(
    ("source", "code", "place", "why"),
    [
        ("\ufeffa: 1", "FL001", "1:1", "byte order mark"),
        ("a" * (MOST_SOURCE + 1), "FL001", "1:1", "characters"),
        ("", "FL002", "1:1", "empty"),
        ("# only this\n", "FL002", "1:1", "empty"),
        ("a:\n\t- b", "FL002", "2:1", "a tab"),
        ("a: b: c", "FL002", "1:5", "mapping values"),
        ("a: [1", "FL002", "1:6", "expected"),
        ("a: [1 2: 3}", "FL002", "1:11", "expected"),
        ("a: 'x", "FL002", "1:6", "end of stream"),
        ("ab: \x01", "FL002", "1:5", "control character"),
        ("a: 1\nb: \x01", "FL002", "2:4", "control character"),
        ("a: *b", "FL002", "1:4", "no anchor"),
        ("[" * 60, "FL002", "1:42", "nested more than"),
        ("a: {{ x }}", "FL002", "1:5", "braces inside braces"),
        ("%YAML 2.0\n---\na: 1", "FL002", "1:1", "incompatible"),
        ("a: 1\nb: 2\na: 3", "FL003", "3:1", "stands here again"),
        ("a: {b: 1, b: 2}", "FL003", "1:11", "stands here again"),
        ("a: !!str 1", "FL005", "1:4", "tag"),
        ("a: !x {}", "FL005", "1:4", "tag"),
        ("<<: {a: 1}", "FL005", "1:1", "merge keys"),
        ("1: x", "FL005", "1:1", "the key 1 is no text"),
        ("null: x", "FL005", "1:1", "the key null is no text"),
        ("? [a]\n: b", "FL005", "1:3", "the key here is no text"),
        ("a: 1\n---\nb: 2", "FL005", "2:1", "second document"),
        ("%YAML 1.1\n---\na: 1", "FL005", "1:1", "older YAML"),
        ("x: &x [*x]", "FL006", "1:8", "inside what it names"),
    ],
)
def test_refuses(source: str, code: str, place: str, why: str) -> None:
    """Each with its code, its place and a sentence."""
    _, findings = read_document(source, "f.yaml")
    assert [(each.code, str(each.place)) for each in findings] == [(code, f"f.yaml:{place}")]
    assert why in findings[0].message


def test_aliases_that_explode_are_refused_once() -> None:
    """A billion laughs are one finding, in no time."""
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"{chr(98 + at)}: &{chr(98 + at)} [{','.join(['*' + chr(97 + at)] * 10)}]" for at in range(12)]
    document, findings = read_document("\n".join(lines), "f.yaml")
    assert document is None
    assert [each.code for each in findings] == ["FL006"]


def test_a_version_directive_of_today_is_fine() -> None:
    """`%YAML 1.2` says what is so anyway."""
    assert _read("%YAML 1.2\n---\na: on\n").data == {"a": "on"}


def test_several_findings_at_once() -> None:
    """What can be read on is read on."""
    _, findings = read_document("a: 1\na: 2\n2: x\nb: !t y\n", "f.yaml")
    assert [each.code for each in findings] == ["FL003", "FL005", "FL005"]


@given(st.text(alphabet="ab:-{}[]*&!|>'\"# \n\t0.%@", max_size=20))
def test_any_text_is_read_or_refused(source: str) -> None:
    """Nothing but findings ever comes out, and their places are in the text."""
    document, findings = read_document(source, "f.yaml")
    assert document is not None or findings
    assert all(1 <= each.place.line <= source.count("\n") + 2 for each in findings)


def test_half_a_character_is_refused_where_it_stands() -> None:
    """YAML's escapes can name one; nothing could keep the runbook."""
    document, findings = read_document('a: x\nb: "\\ud800"\n', "f.yaml")
    assert document is None
    assert [(each.code, str(each.place)) for each in findings] == [("FL002", "f.yaml:2:4")]
