"""Templates: trees of data with expressions in their texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.expressions import BadExpression
from bot.runbook.places import Place
from bot.runbook.templates import Template

SCOPE: dict[str, Any] = {
    "n": 3,
    "b": True,
    "t": "x",
    "l": [1],
    "none": None,
    "evil": "{{ n }}",
    "m": {"secret": "a/b"},
    "big": "x" * 600_000,
}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("{{ n }}", 3),
        ("{{ b }}", True),
        ("{{ l }}", [1]),
        ("{{ none }}", None),
        (" {{ n }}", " 3"),
        ("{{ n }}\n", "3\n"),
        ("{{ n }}/{{ b }}/{{ l }}", "3/true/[1]"),
        ("a\r\n{{ t }}\r\n", "a\r\nx\r\n"),
        ("{{ '}}' }}", "}}"),
        ('{{ "{{" }}.Names{{ "}}" }}', "{{.Names}}"),
        ("{{ {'a': {'b': n}} }}", {"a": {"b": 3}}),
        ("{{ {'a':{'b':n}}}}", {"a": {"b": 3}}),
        ("{{ [n, (n)][0] }}", 3),
        ("{{ 'it\\'s' }}!", "it's!"),
        ("{{ '{% %}' }}", "{% %}"),
        ("%{http_code} } { {}", "%{http_code} } { {}"),
        ("", ""),
        ({"{{ n }}": "{{ n }}"}, {"{{ n }}": 3}),
        ({"a": [{"b": "v{{ n }}"}, 1, None, False, 1.5]}, {"a": [{"b": "v3"}, 1, None, False, 1.5]}),
        ("{{ evil }}", "{{ n }}"),
        ("<{{ evil }}>", "<{{ n }}>"),
        ({"token": {"secret": "router/token"}}, {"token": {"secret": "router/token"}}),
        ({"secret": 5}, {"secret": 5}),
        ({"secret": "{{ t }}", "more": 1}, {"secret": "x", "more": 1}),
    ],
)
def test_renders(tree: Any, expected: Any) -> None:
    """One expression keeps its type, everything else is text; keys and secrets pass untouched; nothing is rendered twice."""
    found = Template.compile(tree).render(SCOPE)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ("{{ n", "is not closed"),
        ("{{ 'a }}", "is not closed"),
        ("{{ (n }}", "is not closed"),
        ("{% if n %}", r"statements \({%\)"),
        ("a {# b #}", r"comments \({#\)"),
        ("{{- n }}", "not part of the language"),
        ("{{ n n }}", "ends too late"),
        ("{{ }}", "there is no expression"),
        ({"a": {"secret": "{{ t }}"}}, "the name of a secret can't be an expression"),
        ({1: "a"}, "is no text"),
        ({"a": object()}, "is no data"),
        (["x" * 2_000_000], "characters"),
    ],
)
def test_refuses_to_compile(tree: Any, why: str) -> None:
    """Braces that don't add up, Jinja2's statements, and what is no data."""
    with pytest.raises(BadExpression, match=why):
        Template.compile(tree)


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ("a{{ none }}", "null is no text"),
        ("{{ nope }}", "no name 'nope'"),
        ("a{{ nope }}", "no name 'nope'"),
        ("{{ m }}", "would be read as the name of a secret"),
        ({"json": "{{ [m] }}"}, "would be read as the name of a secret"),
        ("{{ big }}{{ big }}", "the text would have"),
    ],
)
def test_refuses_to_render(tree: Any, why: str) -> None:
    """An empty gap, a missing name, a secret's name from outside, too much text."""
    with pytest.raises(BadExpression, match=why):
        Template.compile(tree).render(SCOPE)


def test_every_problem_has_its_place() -> None:
    """All texts are read, and each problem stands where its text does."""
    tree = {"a": "{{ 1 +", "b": ["ok", "{{ x y }}"]}
    template, problems = Template.read(tree, locate=lambda path: Place(file="f", line=len(path), column=1))
    assert template is None
    assert [each.place.line for each in problems] == [1, 2]


def test_names_and_places_of_references() -> None:
    """The names of the whole tree; each reference knows its text's place."""
    template = Template.compile(
        {"a": "{{ x.y }} {{ z }}", "b": ["{{ w }}"]},
        locate=lambda path: Place(file="f", line=len(path), column=1),
    )
    assert template.names == {("x", "y"), ("z",), ("w",)}
    assert {each.path: each.place.line for each in template.references} == {
        ("x", "y"): 1,
        ("z",): 1,
        ("w",): 2,
    }


def test_literal() -> None:
    """A tree without expressions renders to itself."""
    assert Template.compile({"a": ["b", 1], "c": {"secret": "x"}}).literal
    assert not Template.compile({"a": ["b", "{{ n }}"]}).literal
    assert not Template.compile("a {{ n }}").literal


def test_each_rendering_is_new() -> None:
    """What one caller does to its tree, another does not see."""
    template = Template.compile({"a": [1]})
    first = template.render({})
    assert isinstance(first, dict)
    first["a"] = "changed"
    assert template.render({}) == {"a": [1]}
    assert template.tree == {"a": [1]}


def test_templates_are_values() -> None:
    """Equal when tree and place are."""
    one, same = Template.compile({"a": "{{ n }}"}), Template.compile({"a": "{{ n }}"})
    assert one == same
    assert hash(one) == hash(same)
    assert one != Template.compile({"a": 1})
    assert one != {"a": "{{ n }}"}
    assert repr(one) == "Template({'a': '{{ n }}'}, <text>:1:1)"


@given(st.text())
def test_what_came_from_outside_is_data(text: str) -> None:
    """Whatever an alert says, it is put in as it is, once."""
    assert Template.compile("{{ x }}").render({"x": text}) == text
    assert Template.compile("<{{ x }}>").render({"x": text}) == f"<{text}>"


@given(st.text(alphabet="{}%# nx'\"\\|", max_size=16))
def test_any_text_is_rendered_or_refused(text: str) -> None:
    """Nothing but BadExpression ever comes out; a text without braces is itself."""
    try:
        found = Template.compile(text).render({"n": 1, "x": "y"})
    except BadExpression:
        assert "{" in text
    else:
        assert found == text or "{{" in text
