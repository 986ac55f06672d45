"""Expressions, as they stand in `if` and `expect`.

Compiled once with their place, evaluated often, by many threads at once.

`Template`, a tree of data whose texts hold expressions, is in `bot.runbook.templates`. Statements and
comments of Jinja2 are not part of the language; what a name may be is the linter's to say; what a value may
cost is said in `bot.runbook.limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from jinja2 import TemplateSyntaxError, nodes
from jinja2.environment import Template as JinjaTemplate
from jinja2.exceptions import TemplateError, TemplateRuntimeError
from jinja2.parser import Parser
from jinja2.utils import consume
from jinja2.visitor import NodeTransformer

from bot.errors import ExpressionError
from bot.runbook.data import Data, NotData, plain
from bot.runbook.limits import DEEPEST, MOST_SOURCE
from bot.runbook.missing import explain
from bot.runbook.places import NOWHERE, Place
from bot.runbook.references import Path, Reference, references
from bot.runbook.sandbox import SANDBOX, NotThere, nearest

T = TypeVar("T")
Scope = Mapping[str, Any]

_AT_WORK = (
    TemplateRuntimeError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What evaluating may raise on values that don't fit; anything else is a bug of ours and stays one."""


class BadExpression(ExpressionError):
    """An expression that can't be compiled, or that has no value in this scope.

    `place` is where it stands.
    """

    def __init__(self, message: str, *, place: Place, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.place = place


class Expression:
    """One compiled expression."""

    __slots__ = ("_run", "place", "references", "text")

    def __init__(
        self, text: str, place: Place, run: Callable[[Scope], object], used: tuple[Reference, ...]
    ) -> None:
        self.text = text
        self.place = place
        self.references = used
        self._run = run

    @classmethod
    def compile(cls, text: str, place: Place = NOWHERE) -> Expression:
        """Compile a bare expression, `steps.before.output.max > 0.05`; raises BadExpression."""
        if text.strip().startswith("{{"):
            raise BadExpression(
                "this is an expression already", place=place, hint="write it bare, without {{ }}"
            )
        tree = parse_expression(text, place)
        return cls(text, place, _runner(tree, text, place), references(tree, place))

    @property
    def names(self) -> frozenset[Path]:
        """The names used, as far as the text tells: `("steps", "before", "output", "max")`."""
        return frozenset(each.path for each in self.references)

    def evaluate(self, scope: Scope) -> Data:
        """Return the value as plain data; raises BadExpression."""
        return self.apply(scope, plain)

    def is_true(self, scope: Scope) -> bool:
        """Tell whether the value counts as true; raises BadExpression, also for a text, which is neither."""
        return self.apply(scope, _truth)

    def apply(self, scope: Scope, finish: Callable[[object], T]) -> T:
        """Evaluate, and let `finish` make of the value what the caller needs.

        Raises BadExpression for both.
        """
        try:
            return finish(self._run(scope))
        except NotThere as error:
            message, hint = explain(error, scope, self.names)
            raise BadExpression(message, place=self.place, hint=hint) from None
        except _AT_WORK as error:
            raise BadExpression(
                f"{self.text.strip()}: {_sentence(error)}", place=self.place, hint=_advice(error)
            ) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and (self.text, self.place) == (other.text, other.place)

    def __hash__(self) -> int:
        return hash((self.text, self.place))

    def __repr__(self) -> str:
        return f"Expression({self.text!r}, {self.place})"


def _truth(value: object) -> bool:
    if isinstance(value, str):
        raise NotData("a text is neither true nor false; compare it, or make it a boolean with | bool")
    return value if isinstance(value, bool) else bool(plain(value))


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__


def _advice(error: Exception) -> str:
    if isinstance(error, TypeError) and "NoneType" in str(error):
        return "a value is null: | default(…, true) replaces null too"
    if isinstance(error, TypeError) and "'str'" in str(error):
        return "a text is no number: | float makes one of it"
    return ""


def parse_expression(text: str, place: Place = NOWHERE) -> nodes.Expr:
    """Return the syntax tree of a bare expression; raises BadExpression."""
    if len(text) > MOST_SOURCE:
        raise BadExpression(f"the expression is longer than {MOST_SOURCE:,} characters", place=place)
    if not text.strip():
        raise BadExpression("there is no expression", place=place)
    try:
        parser = Parser(SANDBOX, text, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise BadExpression(
                f"{text.strip()}: this ends too late", place=place, hint="is an operator missing?"
            )
    except TemplateSyntaxError as error:
        raise BadExpression(f"{text.strip()}: {_syntax(error)}", place=place) from None
    except RecursionError:
        raise BadExpression("the expression is nested too deeply", place=place) from None
    _refuse_unknown(tree, place)
    return tree


def _syntax(error: TemplateSyntaxError) -> str:
    return (error.message or "it can't be read").replace("end of template", "end of the expression")


def _refuse_unknown(tree: nodes.Node, place: Place) -> None:
    """Refuse filters and tests that there are not, and nesting that would exhaust the compiler."""
    level: list[nodes.Node] = [tree]
    for _ in range(DEEPEST):
        for node in level:
            if isinstance(node, nodes.Filter) and node.name not in SANDBOX.filters:
                _refuse_word("filter", node.name, list(SANDBOX.filters), place)
            if isinstance(node, nodes.Test) and node.name not in SANDBOX.tests:
                _refuse_word("test", node.name, list(SANDBOX.tests), place)
        level = [child for node in level for child in node.iter_child_nodes()]
    if level:
        raise BadExpression("the expression is nested too deeply", place=place)


def _refuse_word(kind: str, word: str, known: list[str], place: Place) -> None:
    words = ", ".join(sorted(name for name in known if name[0].isalpha()))
    hint = nearest(word, known) or f"there are: {words}"
    raise BadExpression(f"there is no {kind} named {word}", place=place, hint=hint)


def _runner(tree: nodes.Expr, text: str, place: Place) -> Callable[[Scope], object]:
    """Compile a syntax tree to a function of the scope, as Jinja2's `compile_expression` does."""
    body = nodes.Assign(nodes.Name("result", "store"), _Joins().visit(tree), lineno=1)
    whole = nodes.Template([body], lineno=1).set_environment(SANDBOX)
    try:
        code = SANDBOX.compile(cast("nodes.Template", whole))
        compiled = JinjaTemplate.from_code(SANDBOX, code, dict(SANDBOX.globals))
    except (TemplateError, SyntaxError) as error:
        raise BadExpression(f"{text.strip()}: {error}", place=place) from None
    root, new_context = compiled.root_render_func, compiled.new_context

    def run(scope: Scope) -> object:
        context = new_context(dict(scope))
        consume(root(context))
        return context.vars["result"]

    return run


class _Joins(NodeTransformer):
    """Lets `a ~ b` write values as texts do everywhere else (`true`, not `True`.

    Null refused): by the filter `join`.
    """

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - named by the node
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.nodes), "join", [], [], None, None)
