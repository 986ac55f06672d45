"""The Jinja2 environment that expressions run in.

Data and a chosen few filters, no attributes of objects, no files, no environment variables.

`a.b` on a mapping is its key and never a method, so `output.items` is what the action put out. On a text a
few methods are there; on anything else nothing is. What a result may cost is bounded in
`bot.runbook.limits`. Names that are undefined explain themselves and fail when used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import wraps
from types import BuiltinMethodType
from typing import Any, NoReturn

from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from bot.runbook import filters
from bot.runbook.limits import MOST_BITS, MOST_RANGE, TooMuch, fits_items, fits_text

TEXT_METHODS = frozenset(
    {"count", "endswith", "find", "lower", "lstrip", "removeprefix", "removesuffix"}
    | {"rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper"}
)
"""What may be called on a text, `x.startswith("a")`; none can make a text much longer."""

OWN_FILTERS: Mapping[str, Callable[..., Any]] = {
    "bool": filters.to_bool,
    "duration": filters.duration,
    "float": filters.to_float,
    "from_json": filters.from_json,
    "int": filters.to_int,
    "join": filters.join,
    "json": filters.to_json,
    "regex_match": filters.regex_match,
    "regex_search": filters.regex_search,
    "replace": filters.replace,
    "round": filters.rounded,
    "seconds": filters.seconds,
    "split": filters.split,
    "string": filters.to_string,
    "sum": filters.total,
    "tojson": filters.to_json,
    "urlencode": filters.urlencode,
}
JINJA_FILTERS = (
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "first",
    "last",
    "length",
    "lower",
    "max",
    "min",
    "sort",
    "title",
    "trim",
    "upper",
)
JINJA_LISTING_FILTERS = (
    "items",
    "list",
    "map",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "unique",
)
"""Filters of Jinja2 that give values one by one; here they give a list, which can be compared and asked for its length."""
JINJA_TESTS = (
    *(
        "boolean",
        "defined",
        "divisibleby",
        "eq",
        "equalto",
        "even",
        "false",
        "float",
        "ge",
        "greaterthan",
        "gt",
        "in",
        "integer",
    ),
    *(
        "le",
        "lessthan",
        "lower",
        "lt",
        "mapping",
        "ne",
        "none",
        "number",
        "odd",
        "sequence",
        "string",
        "true",
        "undefined",
        "upper",
    ),
)
OWN_TESTS: Mapping[str, Callable[..., bool]] = {
    "regex_match": filters.regex_match,
    "regex_search": filters.regex_search,
}
OPERATOR_TESTS = ("!=", "<", "<=", "==", ">", ">=")
"""Tests that Jinja2 itself writes with signs, as in `select(">", 3)`."""


def _listing(jinja: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter give a list, within the limits, where Jinja2's gives values one by one."""

    @wraps(jinja)
    def listing(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any filter's signature
        values = jinja(*args, **kwargs)
        return values if isinstance(values, str) else filters.bounded(values)

    return listing


def bounded_range(*bounds: int) -> range:
    """Give whole numbers, as Python's `range` does, `MOST_RANGE` at the most."""
    numbers = range(*bounds)
    if len(numbers) > MOST_RANGE:
        raise TooMuch(f"range would give {len(numbers):,} numbers; the most is {MOST_RANGE:,}")
    return numbers


class Missing(StrictUndefined):
    """A name that isn't there: may be asked `is defined` and given a `default`, at any depth.

    Any other use fails.
    """

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> NoReturn:  # noqa: ANN401 - Jinja's signature
        raise NotThere(self._undefined_obj, self._undefined_name)

    __getitem__ = __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __contains__ = (
        _fail_with_undefined_error
    )
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _fail_with_undefined_error
    )
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pos__ = __neg__ = __pow__ = __rpow__ = (
        _fail_with_undefined_error
    )
    __call__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __complex__ = (
        _fail_with_undefined_error
    )
    __hash__ = _fail_with_undefined_error


class NotThere(UndefinedError):
    """Something undefined was used.

    `owner` is what was asked for `key`, or Jinja's marker where a name was missing.
    """

    def __init__(self, owner: object, key: object) -> None:
        super().__init__(f"{key!r} is undefined")
        self.owner = owner
        self.key = key


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of every expression; one for the whole process, made on import, without state."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=Missing, autoescape=False, cache_size=0)
        self.filters = {name: FILTERS[name] for name in JINJA_FILTERS} | dict(OWN_FILTERS)
        self.filters |= {name: _listing(FILTERS[name]) for name in JINJA_LISTING_FILTERS}
        self.tests = {name: TESTS[name] for name in (*JINJA_TESTS, *OPERATOR_TESTS)} | dict(OWN_TESTS)
        self.globals = {"range": bounded_range}

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - Jinja's signature
        """`a.b`: a mapping's key, or one of the methods of a text."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, Missing):
            return obj
        if isinstance(obj, str) and attribute in TEXT_METHODS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 - Jinja's signature
        """`a["b"]`, `a[0]`, `a[1:3]`: a key of a mapping, a place or a slice of a list or text.

        Never an attribute.
        """
        if isinstance(obj, Missing):
            return obj
        if isinstance(obj, Mapping):
            known = isinstance(argument, str | int) and argument in obj
            return obj[argument] if known else self.undefined(obj=obj, name=argument)
        if isinstance(obj, list | tuple | str | range) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401 - Jinja's signature
        """Let `range` and the methods that `getattr` handed out be called, nothing else."""
        return obj is bounded_range or (isinstance(obj, BuiltinMethodType) and isinstance(obj.__self__, str))

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, ARG002 - Jinja's signature
        """Call what may be called; an undefined name says that it is one."""
        if isinstance(obj, Missing):
            obj._fail_with_undefined_error()  # noqa: SLF001 - Jinja's way to have an undefined value speak
        if not self.is_safe_callable(obj):
            raise SecurityError(
                f"a {type(obj).__name__} can't be called; functions are filters here: value | name"
            )
        return obj(*args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - Jinja's signature
        """`*`, `**` and `%`, kept from making something huge out of something small."""
        if operator == "*":
            _bound_product(left, right)
        elif operator == "**":
            _bound_power(left, right)
        elif isinstance(left, str):
            raise TooMuch('texts are not formatted with %; put the expression into the text: "{{ … }}"')
        return super().call_binop(context, operator, left, right)


def _bound_product(left: object, right: object) -> None:
    for several, count in ((left, right), (right, left)):
        if isinstance(count, int) and isinstance(several, str):
            fits_text(len(several) * count)
        elif isinstance(count, int) and isinstance(several, list | tuple):
            fits_items(len(several) * count)
        elif (
            isinstance(count, int)
            and isinstance(several, int)
            and several.bit_length() + count.bit_length() > MOST_BITS
        ):
            raise TooMuch("the product is too large a number")


def _bound_power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > MOST_BITS:
        raise TooMuch("the power is too large a number")


def nearest(word: str, known: list[str]) -> str:
    """Return a question that names the known word nearest to `word`, empty where none is near."""
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else ""


SANDBOX = Sandbox()
