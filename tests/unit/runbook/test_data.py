"""What counts as data, and how it is written."""

from enum import IntEnum
from types import MappingProxyType

import pytest

from bot.runbook.data import NotData, as_json, as_text, plain


class _Text(str):
    __slots__ = ()


class _Number(IntEnum):
    ONE = 1


class _Whole(int):
    pass


def test_kinds_of_plain_values_become_plain() -> None:
    """Subclasses, enums, read-only mappings and iterators are what they hold."""
    found = plain(
        {
            _Text("k"): [
                _Text("v"),
                _Number.ONE,
                _Whole(2),
                MappingProxyType({"a": iter((1, 2))}),
                range(2),
                (3,),
            ]
        }
    )
    assert found == {"k": ["v", 1, 2, {"a": [1, 2]}, [0, 1], [3]]}
    assert isinstance(found, dict)
    inner = found["k"]
    assert isinstance(inner, list)
    assert [type(each) for each in inner[:3]] == [str, int, int]


def test_everything_else_is_no_data() -> None:
    """Sets, bytes and objects have no JSON."""
    for value in ({1}, b"x", object(), float("nan")):
        with pytest.raises(NotData):
            plain(value)


def test_a_secret_from_outside_is_refused_where_it_would_be_taken_for_one() -> None:
    """Alone in its mapping, at any depth."""
    assert plain({"secret": "a"}) == {"secret": "a"}
    assert plain({"secret": "a", "b": 1}, secrets=False) == {"secret": "a", "b": 1}
    with pytest.raises(NotData, match="would be read as the name of a secret"):
        plain([{"x": {"secret": "a"}}], secrets=False)


def test_texts() -> None:
    """As JSON writes it, but a text is itself."""
    assert [as_text(each) for each in ("a", True, 1.5, [1, "é"], {"a": None})] == [
        "a",
        "true",
        "1.5",
        '[1, "é"]',
        '{"a": null}',
    ]
    assert as_json({"a": [1]}, indent=1) == '{\n "a": [\n  1\n ]\n}'


@pytest.mark.parametrize("torn", ["\ud800", "a\udfffb"])
def test_half_a_character_is_no_data(torn: str) -> None:
    """JSON can name half of a surrogate pair, and no file could ever hold it: better a failed step than a run that can't be written down."""
    for write in (plain, as_text, as_json):
        with pytest.raises(NotData, match="surrogate"):
            write(torn)
        with pytest.raises(NotData, match="surrogate"):
            write({torn: 1})
    assert plain("a whole one: \U0001f525 é") == "a whole one: \U0001f525 é"
