"""Expressions: what they give, what they refuse, and how they say what is missing."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.nouns import Severity
from bot.runbook.data import Data, plain
from bot.runbook.expressions import BadExpression, Expression
from bot.runbook.places import Place

SCOPE: dict[str, Any] = {
    "alert": {"name": "X", "labels": {"service": "checkout", "path": "../a b", "instance": "10.0.0.1:9100"}},
    "alerts": [{"labels": {"service": "a"}}, {"labels": {"service": "b"}}],
    "inputs": {"n": 3, "flag": True, "text": "5", "none": None, "names": ["x", "y"]},
    "steps": {
        "before": {
            "status": "succeeded",
            "output": {"max": 0.5, "items": [3, 1, 2], "values": 7, "json": {"_id": 1}},
        }
    },
    "vars": {},
}


def value(text: str, **more: object) -> Data:
    """Evaluate one expression in the scope above."""
    return Expression.compile(text).evaluate(SCOPE | more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps.before.output.max > 0.05", True),
        ("steps.before.output.items", [3, 1, 2]),
        ("steps.before.output.values", 7),
        ("steps.before.output.json._id", 1),
        ("steps['before']['output']['max']", 0.5),
        ("alert.labels['service']", "checkout"),
        ("alert.labels.service | upper", "CHECKOUT"),
        ("alert.labels.service.startswith('check')", True),
        ("alert.labels.instance.split(':')[0]", "10.0.0.1"),
        ("alert.labels.instance | split(':') | first", "10.0.0.1"),
        ("'abc'[1:]", "bc"),
        ("[1, 2, 3][-1]", 3),
        ("(1, 2)[0]", 1),
        ("range(3)", [0, 1, 2]),
        ("range(5)[1]", 1),
        ("alerts | map(attribute='labels.service') | join(',')", "a,b"),
        ("alerts | map(attribute='labels.service') == ['a', 'b']", True),
        ("alerts | selectattr('labels.service', 'eq', 'b') | length", 1),
        ("steps.before.output.items | sort", [1, 2, 3]),
        ("steps.before.output.items | select('>', 1)", [3, 2]),
        ("[3, 1] | reverse", [1, 3]),
        ("'abc' | reverse", "cba"),
        ("{'a': 1} | items", [["a", 1]]),
        ("inputs.n ~ '/' ~ inputs.flag ~ [1]", "3/true[1]"),
        ("'yes' if inputs.flag else 'no'", "yes"),
        ("alert.labels.nope | default('x')", "x"),
        ("alert.nope.deeper['still'][0].deeper | default('x')", "x"),
        ("alert.nope.deeper is defined", False),
        ("nothing is undefined", True),
        ("inputs.none | default('x', true)", "x"),
        ("'5' | int + 1", 6),
        ("'2.5' | int", 2),
        ("'x' | int(0)", 0),
        ("'2.5' | float", 2.5),
        ("3 | float", 3.0),
        ("'inf' | float(1)", 1),
        ("none | int(7)", 7),
        ("'TRUE' | bool and (true | bool)", True),
        ("2.5 | round", 2),
        ("2.456 | round(2)", 2.46),
        ("5 | string", "5"),
        ("[1, 2.5] | sum", 3.5),
        ("'a-b' | replace('-', '+')", "a+b"),
        ("'a-b-c' | replace('-', '', 1)", "ab-c"),
        ("alert.labels.path | urlencode", "..%2Fa%20b"),
        ("{'é': [1, none]} | json", '{"é": [1, null]}'),
        ("[1] | tojson(indent=2)", "[\n  1\n]"),
        ("'[1, {\"a\": null}]' | from_json", [1, {"a": None}]),
        ("5400 | duration", "1h30m"),
        ("length | duration", "1m"),
        ("'1h30m' | seconds", 5400.0),
        ("length | seconds", 60.0),
        ("'check' | regex_match('c.*')", True),
        ("'xcheck' is regex_match('c.*')", False),
        ("'xcheck' | regex_search('c.*')", True),
        ("['ab', 'b'] | select('regex_search', 'a')", ["ab"]),
        ("'a' * 3", "aaa"),
        ("3 * 'a'", "aaa"),
        ("[0] * 2", [0, 0]),
        ("6 * 7", 42),
        ("0.5 * 2", 1.0),
        ("2 ** 10", 1024),
        ("2.0 ** 0.5 > 1.4", True),
        ("7 % 4", 3),
        ("when", "2026-11-23T07:03:48.024000Z"),
        ("day", "2026-11-23"),
        ("length", "1m"),
        ("severity", "SEV2"),
        ("not inputs.flag", False),
        ("1 < 2 and 2 < 3", True),
        ("'x' in inputs.names", True),
        ("{'a': {'b': 1}}", {"a": {"b": 1}}),
    ],
)
def test_gives(text: str, expected: Data) -> None:
    """Operators, filters, methods of texts; keys before methods; lists, not generators."""
    more = {
        "when": datetime(2026, 11, 23, 7, 3, 48, 24_000, tzinfo=UTC),
        "day": date(2026, 11, 23),
        "length": timedelta(minutes=1),
        "severity": Severity.SEV2,
    }
    found = value(text, **more)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "alrt.x",
            "there is no name 'alrt'",
            "did you mean alert?; in scope: alert, alerts, inputs, steps, vars",
        ),
        (
            "steps.before.output.mx > 1",
            "steps.before.output has no 'mx'",
            "did you mean max?; it has: items, json, max, values",
        ),
        ("steps.before.output.mx.y > 1", "steps.before.output has no 'mx'", "write … | default(…)"),
        ("vars.region == 'x'", "vars has no 'region'", "it is empty"),
        ("inputs.n.real == 1", "inputs.n is a number and has no 'real'", ""),
        ("inputs.none.x == 1", "inputs.none is null and has no 'x'", "default"),
        ("alert.labels.service.format(1)", "alert.labels.service is a text and has no 'format'", ""),
        ("alerts[7].labels", "the value is a list and has no '7'", ""),
        ("alerts.labels == 1", "alerts is a list and has no 'labels'", ""),
        ("{'a': 1}.b == 1", "the mapping has no 'b'", "it has: a"),
        ("alert['labels']['x'] ~ 'a'", "alert.labels has no 'x'", ""),
        ("inputs.names['x'] | length", "inputs.names is a list and has no 'x'", ""),
        ("nope()", "there is no name 'nope'", ""),
        ("nope | int", "there is no name 'nope'", ""),
        ("nope | bool", "there is no name 'nope'", ""),
        ("nope | upper | string", "there is no name 'nope'", ""),
        ("nope | split", "there is no name 'nope'", ""),
        ("[nope] | sum", "there is no name 'nope'", ""),
        ("[nope]", "there is no name 'nope'", ""),
        ("{nope: 1}", "there is no name 'nope'", ""),
        ("[1] | map('default', nope) | first in nope", "there is no name 'nope'", ""),
        ("many.x == 1", "many has no 'x'", "…"),
    ],
)
def test_says_what_is_missing(text: str, message: str, hint: str) -> None:
    """The full name, what there is instead, and what to write where it may be absent."""
    with pytest.raises(BadExpression) as caught:
        value(text, **({"many": {f"k{at:02}": 1 for at in range(20)}} if "many" in text else {}))
    assert message in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("'a' * 10 ** 9", "the text would have 1,000,000,000 characters"),
        ("10 ** 9 * 'a'", "characters"),
        ("[0] * 10 ** 6", "1,000,000 values"),
        ("(0,) * 10 ** 6", "1,000,000 values"),
        ("10 ** 10000", "too large"),
        ("2 ** 2000 * 2 ** 2000 * 2 ** 2000", "too large"),
        ("range(10 ** 9) | list", "range would give"),
        ("[[0] * 1000] * 1000", "values"),
        ("['a' * 900000] * 2", "characters"),
        ("range(10000) | map('string') | join('x' * 100000)", "characters"),
        ("(['ab'] * 1000) | map('replace', 'a', 'x' * 9000) | list | length", "characters"),
        ("'aaaa' | replace('a', 'x' * 900000)", "characters"),
        ("('[' * 50000) | from_json", "no JSON"),
        ("'{' | from_json", "no JSON"),
        ("('[' * 70 ~ ']' * 70) | from_json", "nested"),
        ("'%s' % 1", "not formatted with %"),
        ("'x' | int", "is no number"),
        ("('x' * 60) | int", "… is no number"),
        ("[] | float", "is no number"),
        ("'nan' | float", "is no number"),
        ("'maybe' | bool", "neither true nor false"),
        ("1.5 | round(20)", "0 to 15 digits"),
        ("[true] | sum", "True is none"),
        ("-1 | duration", "no duration"),
        ("'5' | seconds", "has no unit"),
        ("5 | seconds", "takes a text"),
        ("5 | regex_match('a')", "takes a text"),
        ("'a' | regex_match('(?=a)')", "look-around"),
        ("1 | json(indent=99)", "0 to 8"),
        ("none ~ 'x'", "null is no text"),
        ("1 / 0", "division by zero"),
        ("'a' + 1", "can only concatenate"),
        ("'5' > 3", "not supported"),
        ("none > 3", "not supported"),
        ("range", "no data"),
        ("alert.labels.service.upper", "no data"),
        ("self", "no data"),
        ("{1: 2}", "is no text"),
        ("range(3)()", "can't be called"),
        ("inputs.n()", "can't be called"),
        ("1e308 * 10", "no number that JSON can carry"),
        ("10 ** 1000 | string | int", "characters"),
    ],
)
def test_refuses_to_evaluate(text: str, why: str) -> None:
    """Too much, no data, or values that don't fit each other."""
    if "10 ** 1000 |" in text:
        assert value(text) == 10**1000
        return
    with pytest.raises(BadExpression, match=why.replace("(", r"\(")):
        value(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no expression"),
        ("  ", "there is no expression"),
        ("{{ x }}", "expression already"),
        ("a b", "ends too late"),
        ("a and", "end of the expression"),
        ("(a", "unexpected"),
        ("a $ b", "unexpected char"),
        ("1 | nofilter", "no filter named nofilter"),
        ("1 | josn", "no filter named josn"),
        ("1 is nothing", "no test named nothing"),
        ("1 | attr('x')", "no filter named attr"),
        ("'x' | safe", "no filter named safe"),
        ("1 | map('attr', 'x') | format", "no filter named format"),
        ("x | int(default=1, default=2)", "repeated"),
        ("not " * 200 + "x", "nested too deeply"),
        ("(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
        ("a" + ".b" * 200, "nested too deeply"),
        ("1 +" * 4000 + "1", "longer than"),
        ("x.", "expected name"),
    ],
)
def test_refuses_to_compile(text: str, why: str) -> None:
    """What is no expression of the language, with its place."""
    place = Place(file="a.yaml", line=3, column=7)
    with pytest.raises(BadExpression, match=why) as caught:
        Expression.compile(text, place)
    assert caught.value.place == place


@pytest.mark.parametrize(
    "text",
    [
        "''.__class__.__mro__",
        "alert.__class__",
        "alert.labels.service.__init__.__globals__",
        "(1).__class__",
        "range.__globals__",
        "alert.keys()",
        "alert.labels.pop('service')",
        "inputs.names.append(1)",
        "inputs.names.__len__()",
        "''['__class__']",
        "alert['__class__']",
        "cycler",
        "lipsum()",
        "namespace()",
        "self.__init__",
        "alerts | map(attribute='__class__') | first | string",
        "'{0.__class__}'.format(1)",
        "'x'.join(['a'])",
        "'x'.encode()",
    ],
)
def test_the_sandbox_holds(text: str) -> None:
    """No attribute of an object, no method that changes anything, nothing of Jinja2's own."""
    with pytest.raises(BadExpression):
        value(text)
    assert SCOPE["inputs"]["names"] == ["x", "y"]


def test_filters_named_in_arguments_are_the_same_few() -> None:
    """`map('name')` looks the name up at run time, in the same table."""
    with pytest.raises(BadExpression, match="No filter named 'attr'"):
        value("[1] | map('attr', '__class__')")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("inputs.n", True),
        ("[]", False),
        ("none", False),
        ("alerts | selectattr('x', 'defined')", False),
        ("0", False),
    ],
)
def test_truth(text: str, *, expected: bool) -> None:
    """Numbers and lists count as they do in Jinja2."""
    assert Expression.compile(text).is_true(SCOPE) is expected


def test_a_text_is_neither_true_nor_false() -> None:
    """`"false"` would count as true: the author must say what is meant."""
    with pytest.raises(BadExpression, match="neither true nor false"):
        Expression.compile("'false'").is_true(SCOPE)
    with pytest.raises(BadExpression, match="no name 'nope'"):
        Expression.compile("nope").is_true(SCOPE)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("steps.before.output.max > 0.05", {("steps", "before", "output", "max")}),
        ("steps['before'].output[0].x", {("steps", "before", "output")}),
        ("alerts[inputs.n].labels", {("alerts",), ("inputs", "n")}),
        ("alert.labels.service.split(vars.sep)", {("alert", "labels", "service"), ("vars", "sep")}),
        ("range(inputs.n) | list", {("inputs", "n")}),
        ("(a or b).c", {("a",), ("b",)}),
        ("f(x).y + g.h(z)", {("f",), ("x",), ("g", "h"), ("z",)}),
        ("'x' | replace(a.b, c)", {("a", "b"), ("c",)}),
        ("{'k': v.w}", {("v", "w")}),
        ("1", set()),
    ],
)
def test_names(text: str, names: set[tuple[str, ...]]) -> None:
    """The names used, as far as the text tells."""
    assert Expression.compile(text).names == names


def test_guards() -> None:
    """A name is guarded where the expression says what to do without it, or asks first."""
    found = {
        each.path: each.guarded for each in Expression.compile("vars.a | default(vars.b) ~ vars.c").references
    }
    assert found == {("vars", "a"): True, ("vars", "b"): False, ("vars", "c"): False}
    asked = Expression.compile("vars.a.b if vars.a is defined else 0").references
    assert all(each.guarded for each in asked)
    assert not Expression.compile("vars.a ~ vars.b").references[0].guarded


def test_expressions_are_values() -> None:
    """Equal when text and place are; their repr shows both."""
    one, same = Expression.compile("a"), Expression.compile("a")
    assert one == same
    assert hash(one) == hash(same)
    assert one != Expression.compile("b")
    assert one != "a"
    assert repr(one) == "Expression('a', <text>:1:1)"


def test_many_threads_share_one() -> None:
    """Compiled once, evaluated at once by many."""
    expression = Expression.compile("inputs.n * 2 + (steps.before.output.items | sum)")

    def ask(number: int) -> Data:
        return expression.evaluate(SCOPE | {"inputs": {"n": number}})

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(500))) == [number * 2 + 6 for number in range(500)]


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON)
def test_data_passes_unchanged_and_copied(data: Any) -> None:
    """A name gives the value itself, as a copy."""
    found = Expression.compile("x").evaluate({"x": data})
    assert found == data
    assert not isinstance(data, list | dict) or found is not data


@given(
    st.dictionaries(st.sampled_from(["items", "keys", "values", "get", "pop", "update", "copy", "_x"]), _JSON)
)
def test_a_key_is_never_a_method(mapping: dict[str, Any]) -> None:
    """`output.items` is what the action put out, or missing; never a function."""
    for name in ("items", "keys", "values", "get", "pop", "update", "copy", "_x"):
        found = Expression.compile(f"x.{name} | default('absent')").evaluate({"x": mapping})
        assert found == mapping.get(name, "absent")


@given(st.text(alphabet="ab.[]()'\"|+-*~<>= {}1,_", max_size=14))
def test_any_text_is_evaluated_or_refused(text: str) -> None:
    """Nothing but BadExpression ever comes out, whatever is written."""
    with suppress(BadExpression):
        plain(Expression.compile(text).evaluate({"a": {"b": [1, 2]}, "b": "x"}))
