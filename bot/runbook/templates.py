"""Templates: trees of data whose texts may hold `{{ expression }}`, such as a step's `with`.

A text that is one expression and nothing else keeps the value's type, any other text stays text. A rendered
value is never rendered again, the keys of mappings are not templates, and `{secret: name}` passes
untouched: no expression can make one, because such names never come from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.runbook.data import Data, as_text, plain
from bot.runbook.expressions import BadExpression, Expression, Scope
from bot.runbook.limits import fits_text
from bot.runbook.places import NOWHERE, Place
from bot.runbook.references import Path, Reference
from bot.runbook.segments import UnreadableText, segments

Locate = Callable[[tuple[str | int, ...]], Place]


class _Piece(Protocol):
    """A compiled part of a tree."""

    @property
    def dynamic(self) -> bool: ...

    def render(self, scope: Scope) -> Data: ...


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Data
    dynamic: bool = False

    def render(self, _scope: Scope) -> Data:
        return self.value


@dataclass(frozen=True, slots=True)
class _Native:
    expression: Expression
    dynamic: bool = True

    def render(self, scope: Scope) -> Data:
        return self.expression.apply(scope, _from_outside)


@dataclass(frozen=True, slots=True)
class _Text:
    parts: tuple[str | Expression, ...]
    dynamic: bool = True

    def render(self, scope: Scope) -> str:
        out: list[str] = []
        length = 0
        for part in self.parts:
            text = part if isinstance(part, str) else part.apply(scope, as_text)
            length += len(text)
            out.append(text)
        try:
            fits_text(length)
        except ValueError as error:
            raise BadExpression(str(error), place=self.place) from None
        return "".join(out)

    @property
    def place(self) -> Place:
        return next(part.place for part in self.parts if isinstance(part, Expression))


@dataclass(frozen=True, slots=True)
class _List:
    items: tuple[_Piece, ...]

    @property
    def dynamic(self) -> bool:
        return any(item.dynamic for item in self.items)

    def render(self, scope: Scope) -> Data:
        return [item.render(scope) for item in self.items]


@dataclass(frozen=True, slots=True)
class _Mapping:
    items: tuple[tuple[str, _Piece], ...]

    @property
    def dynamic(self) -> bool:
        return any(item.dynamic for _, item in self.items)

    def render(self, scope: Scope) -> Data:
        return {key: item.render(scope) for key, item in self.items}


_from_outside = partial(plain, secrets=False)


class _TreeCompiler:
    """Compiles a tree, keeping every problem; one use each."""

    def __init__(self, locate: Locate) -> None:
        self.locate = locate
        self.problems: list[BadExpression] = []
        self.references: list[Reference] = []

    def piece(self, tree: Data, path: tuple[str | int, ...]) -> _Piece:
        if isinstance(tree, str):
            return self._text(tree, path)
        if isinstance(tree, list):
            return _List(tuple(self.piece(each, (*path, at)) for at, each in enumerate(tree)))
        if isinstance(tree, dict):
            if set(tree) == {"secret"}:
                return self._secret(tree["secret"], path)
            return _Mapping(tuple((key, self.piece(each, (*path, key))) for key, each in tree.items()))
        return _Constant(tree)

    def _secret(self, name: Data, path: tuple[str | int, ...]) -> _Piece:
        if isinstance(name, str) and "{{" in name:
            place = self.locate((*path, "secret"))
            hint = "write the name out: what an alert says must not choose a secret"
            self.problems.append(
                BadExpression("the name of a secret can't be an expression", place=place, hint=hint)
            )
        return _Mapping((("secret", _Constant(name)),))

    def _text(self, text: str, path: tuple[str | int, ...]) -> _Piece:
        place = self.locate(path)
        try:
            found = segments(text)
        except UnreadableText as error:
            self.problems.append(BadExpression(str(error), place=place, hint=error.hint))
            return _Constant(text)
        parts: list[str | Expression] = []
        for segment in found:
            if not segment.is_expression:
                parts.append(segment.source)
                continue
            try:
                expression = Expression.compile(segment.source, place)
            except BadExpression as error:
                self.problems.append(error)
                continue
            self.references.extend(expression.references)
            parts.append(expression)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return _Native(parts[0])
        if any(isinstance(part, Expression) for part in parts):
            return _Text(tuple(parts))
        return _Constant(text)


class Template:
    """A compiled tree of data, such as a step's `with`."""

    __slots__ = ("_root", "literal", "place", "references", "tree")

    def __init__(self, tree: Data, place: Place, root: _Piece, used: tuple[Reference, ...]) -> None:
        self.tree = tree
        self.place = place
        self.references = used
        self._root = root
        self.literal = not root.dynamic
        """Whether the tree holds no expression, so that it renders to itself."""

    @classmethod
    def compile(cls, tree: object, place: Place = NOWHERE, locate: Locate | None = None) -> Template:
        """Compile a tree; `locate` gives the place of a path in it.

        Raises BadExpression for the first misfit.
        """
        template, problems = cls.read(tree, place, locate)
        if template is None:
            raise problems[0]
        return template

    @classmethod
    def read(
        cls, tree: object, place: Place = NOWHERE, locate: Locate | None = None
    ) -> tuple[Template | None, tuple[BadExpression, ...]]:
        """Compile a tree and return every misfit; the template is None when there are any."""
        compiler = _TreeCompiler(locate or (lambda _path: place))
        try:
            data = plain(tree)
        except (TypeError, ValueError) as error:
            return None, (BadExpression(str(error), place=place),)
        root = compiler.piece(data, ())
        if compiler.problems:
            return None, tuple(compiler.problems)
        return cls(data, place, root, tuple(compiler.references)), ()

    @property
    def names(self) -> frozenset[Path]:
        """The names used anywhere in the tree, as far as the text tells."""
        return frozenset(each.path for each in self.references)

    def render(self, scope: Scope) -> Data:
        """Return the tree with every expression replaced by its value.

        Raises BadExpression with the place of the text.
        """
        return self._root.render(scope)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and (self.tree, self.place) == (other.tree, other.place)

    def __hash__(self) -> int:
        return hash((repr(self.tree), self.place))

    def __repr__(self) -> str:
        return f"Template({self.tree!r}, {self.place})"
