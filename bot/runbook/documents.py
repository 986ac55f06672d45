"""Reading a YAML file strictly, YAML 1.2's core schema, and remembering where everything stands.

`on`, `yes`, `no` and `off` are text; 0644 is a decimal number; a duplicate key, a tag, a merge key, a key
that is no text, a second document and an expansion of aliases beyond the limits are findings. What the keys
mean is not known here.

Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from bot.runbook.data import Data, is_torn
from bot.runbook.findings import Finding, finding
from bot.runbook.places import Place

MOST_SOURCE = 1_000_000
"""Characters of a file."""
MOST_NODES = 20_000
"""Values in a file, with every alias counted as what it stands for."""
DEEPEST = 40

Path = tuple[str | int, ...]

_CORE = (
    (re.compile(r"null|Null|NULL|~|"), lambda _text: None),
    (re.compile(r"true|True|TRUE"), lambda _text: True),
    (re.compile(r"false|False|FALSE"), lambda _text: False),
    (re.compile(r"[-+]?[0-9]{1,300}"), int),
    (re.compile(r"0o[0-7]{1,300}"), lambda text: int(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,300}"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")


class _Unreadable(ValueError):
    """What stops the reading although PyYAML would go on."""

    def __init__(self, message: str, place: Place, hint: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.hint = hint


@dataclass(slots=True)
class _Node:
    """A value and where it begins.

    `entries` are a mapping's key places and values, `items` a sequence's values.
    """

    place: Place
    scalar: Data = None
    entries: dict[str, tuple[Place, _Node]] | None = None
    items: list[_Node] | None = None
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as data, with the place of every key and value."""

    data: Data
    _root: _Node = field(repr=False)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return where the value at a path stands, or its key.

        Where the path leads nowhere, the nearest thing above.
        """
        node, place = self._root, self._root.place
        for part in path:
            if node.entries is not None and part in node.entries:
                key_place, node = node.entries[str(part)]
                place = key_place if key else node.place
            elif node.items is not None and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
                place = node.place
        return place


def read_document(source: str, path: str) -> tuple[Document | None, tuple[Finding, ...]]:
    """Read one file's text.

    The document is None when it can't be read as YAML, and there are findings either way.
    """
    start = Place(file=path)
    if source.startswith("\ufeff"):
        return None, (
            finding("FL001", "the file begins with a byte order mark", start, "save it as UTF-8 without BOM"),
        )
    if len(source) > MOST_SOURCE:
        return None, (finding("FL001", f"the file has more than {MOST_SOURCE:,} characters", start),)
    reader = _Reader(path)
    try:
        root = reader.read(source)
    except _Unreadable as error:
        return None, (*reader.findings, finding("FL002", str(error), error.place, error.hint))
    except yaml.YAMLError as error:
        return None, (*reader.findings, _broken(error, source, path))
    if reader.fatal:
        return None, tuple(reader.findings)
    return Document(data=_data(root), _root=root), tuple(reader.findings)


def _data(node: _Node) -> Data:
    if node.entries is not None:
        return {key: _data(value) for key, (_, value) in node.entries.items()}
    if node.items is not None:
        return [_data(each) for each in node.items]
    return node.scalar


def reach(data: Data, steps: Iterable[str | int]) -> tuple[Path, Data]:
    """Follow a path as far as it leads, past what is not there, such as the names that pydantic gives to a union's branches."""
    path: list[str | int] = []
    for part in steps:
        if isinstance(data, dict) and part in data:
            data = data[str(part)]
            path.append(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
            path.append(part)
    return tuple(path), data


class _Reader:
    """Builds nodes from PyYAML's events; one use each."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.fatal = False
        self.anchors: dict[str, _Node | None] = {}
        self.total = 0

    def read(self, source: str) -> _Node:
        """Return the first document's root; raises yaml.YAMLError or _Unreadable."""
        events = iter(yaml.parse(source, Loader=yaml.SafeLoader))
        root: _Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                self._refuse("FL005", "a second document begins here", event, "one file is one runbook")
                break
            if isinstance(event, yaml.DocumentStartEvent):
                self._check_version(event)
                root = self._node(next(events), events, 0)
        if root is None:
            raise _Unreadable("the file is empty", Place(file=self.path))
        return root

    def _check_version(self, event: yaml.DocumentStartEvent) -> None:
        if event.version not in {None, (1, 2)}:
            self._refuse(
                "FL005", "the file asks for an older YAML", event, "runbooks are YAML 1.2: drop the directive"
            )

    def _refuse(self, code: str, message: str, event: yaml.Event, hint: str = "") -> None:
        self.findings.append(finding(code, message, self._place(event), hint))
        self.fatal = self.fatal or code in {"FL002", "FL006"}

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        assert mark is not None  # noqa: S101 - PyYAML marks every event that it reads from a text
        return Place(file=self.path, line=mark.line + 1, column=mark.column + 1)

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> _Node:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        assert isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent)  # noqa: S101 - the grammar
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if event.tag is not None:
            self._refuse(
                "FL005", f"the tag {event.tag} is not used here", event, "values have YAML's own types"
            )
        if depth > DEEPEST:
            raise _Unreadable(f"nested more than {DEEPEST} deep", place)
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(place, scalar=self._scalar(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(place, events, depth)
        else:
            node = self._mapping(place, events, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, place: Place) -> _Node:
        if event.anchor not in self.anchors:
            raise _Unreadable(f"there is no anchor &{event.anchor} above", place)
        known = self.anchors[event.anchor]
        if known is None:
            self._refuse("FL006", f"*{event.anchor} stands inside what it names", event)
            return _Node(place)
        before, self.total = self.total, self.total + known.size
        if self.total > MOST_NODES:
            if before <= MOST_NODES:
                self._refuse("FL006", f"the aliases expand to more than {MOST_NODES:,} values", event)
            return _Node(place)
        return _Node(place, known.scalar, known.entries, known.items, known.size)

    def _sequence(self, place: Place, events: Iterator[yaml.Event], depth: int) -> _Node:
        items: list[_Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return _Node(place, items=items, size=1 + sum(each.size for each in items))

    def _mapping(self, place: Place, events: Iterator[yaml.Event], depth: int) -> _Node:
        entries: dict[str, tuple[Place, _Node]] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            self._entry(entries, key, value, event)
        return _Node(place, entries=entries, size=1 + sum(each.size for _, each in entries.values()))

    def _entry(
        self, entries: dict[str, tuple[Place, _Node]], key: _Node, value: _Node, event: yaml.Event
    ) -> None:
        name = key.scalar
        if isinstance(event, yaml.MappingStartEvent) and event.flow_style:
            self._refuse(
                "FL002", "braces inside braces are no text", event, 'put an expression in quotes: "{{ … }}"'
            )
        elif not isinstance(name, str):
            shown = event.value if isinstance(event, yaml.ScalarEvent) else "here"
            self._refuse("FL005", f"the key {shown} is no text", event, "keys are text: put it in quotes")
        elif name == "<<":
            self._refuse(
                "FL005", "merge keys are not used here", event, "write the keys out, or alias the whole value"
            )
        elif name in entries:
            first = entries[name][0]
            self._refuse(
                "FL003", f"the key {name} stands here again", event, f"it is at line {first.line} already"
            )
        else:
            entries[name] = (key.place, value)

    def _scalar(self, event: yaml.ScalarEvent) -> Data:
        text: str = event.value
        if is_torn(text):
            self._refuse(
                "FL002", "half of a surrogate pair is no character", event, "write the character itself"
            )
        if not event.implicit[0]:
            return text
        if _LEADING_ZERO.fullmatch(text):
            self._refuse(
                "FL007",
                f"{text} is read as the number {int(text[:300])}",
                event,
                f'write "{text}" for the text',
            )
        for form, make in _CORE:
            if form.fullmatch(text):
                value: Data = make(text)
                return value
        return text


def _broken(error: yaml.YAMLError, source: str, path: str) -> Finding:
    """Say what PyYAML could not read, in place."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = (
            Place(file=path) if mark is None else Place(file=path, line=mark.line + 1, column=mark.column + 1)
        )
        what = error.problem or "it can't be read"
        return finding("FL002", _plainly(what), place, _yaml_hint(what))
    position = getattr(error, "position", 0)
    before = source[:position]
    place = Place(file=path, line=before.count("\n") + 1, column=position - before.rfind("\n"))
    return finding(
        "FL002", "a control character can't stand in YAML", place, "write it as an escape in double quotes"
    )


def _plainly(problem: str) -> str:
    return problem.replace("character '\\t'", "a tab")


def _yaml_hint(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "a colon and a space inside a value need quotes around it"
    if "expected ',' or" in problem:
        return "quote texts that begin with { or ["
    return ""
