"""Redaction: secrets out of what others will see (chat, drafts, pages, the process's own log), each marked with its kind.

Known values go first, then what looks like a secret (`bot.evidence.patterns`). Stored evidence is never changed: redaction makes the copy that
is shown. It may hide too much, and what isn't known and looks like nothing gets through: a secret's home is a secret store.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from bot.domain.disguises import disguises
from bot.evidence.patterns import RULES, SENSITIVE_NAME, mark

SHORTEST = 4
"""Known values that are shorter are not looked for: they would blot out ordinary text."""
DEEPEST = 100
"""Levels of JSON data; what lies deeper is not shown at all."""


class Redactor:
    """Takes secrets out of texts and of JSON data; `known` are values that must not be seen whatever they look like."""

    def __init__(self, known: Iterable[str]) -> None:
        self._learning = threading.Lock()
        self._values: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.learn(known)

    def learn(self, values: Iterable[str]) -> None:
        """Hide these values too from now on, and those from before still; a secret that was replaced stays one. Any thread may call it."""
        fresh = {value for value in values if len(value.strip()) >= SHORTEST} - self._values
        if fresh:
            with self._learning:
                self._values |= fresh
                forms = {form for value in self._values for form in disguises(value)}
                longest_first = sorted(forms, key=lambda form: (-len(form), form))
                self._known = re.compile("|".join(map(re.escape, longest_first)))

    def hide_known(self, text: str) -> str:
        """Return the text with the known values marked, and nothing that only looks like a secret."""
        return text if self._known is None else self._known.sub(mark("secret"), text)

    def redact(self, text: str) -> str:
        """Return the text with every secret marked; a text without any comes back as it is, and so does one that was redacted."""
        text = self.hide_known(text)
        lowered = text.lower()
        for rule in RULES:
            if any(hint in lowered for hint in rule.hints):
                text = rule.pattern.sub(rule.replacement, text)
        return text

    def redact_data(self, tree: Any) -> Any:  # noqa: ANN401 - JSON data in and out
        """Return JSON data with every secret marked: in texts, and under keys that name one; tuples become lists."""
        return self._data(tree, DEEPEST)

    def _data(self, tree: Any, levels: int) -> Any:  # noqa: ANN401 - JSON data in and out
        if isinstance(tree, str):
            return self.redact(tree)
        if not isinstance(tree, Mapping | list | tuple):
            return tree
        if levels == 0:
            return mark("too-deep")
        if isinstance(tree, Mapping):
            return self._mapping(tree, levels - 1)
        return self._items(tree, levels - 1)

    def _mapping(self, tree: Mapping[Any, Any], levels: int) -> Any:  # noqa: ANN401 - JSON data in and out
        if _is_reference(tree):
            return dict(tree)
        shown: dict[str, Any] = {}
        for key, value in tree.items():
            name = str(key)
            found = SENSITIVE_NAME.search(name)
            hidden = found is not None and _is_value(value)
            shown[self.redact(name)] = mark(_kind(found)) if hidden and found else self._data(value, levels)
        return shown

    def _items(self, tree: list[Any] | tuple[Any, ...], levels: int) -> list[Any]:
        shown: list[Any] = []
        flag: re.Match[str] | None = None
        for item in tree:
            # An argv: what follows `--password` is one.
            shown.append(mark(_kind(flag)) if flag and _is_value(item) else self._data(item, levels))
            is_flag = isinstance(item, str) and item.startswith("-")
            flag = SENSITIVE_NAME.search(item) if is_flag else None
        return shown


def _is_reference(tree: Mapping[Any, Any]) -> bool:
    """Tell whether this is `{secret: name}`, how a runbook names a secret."""
    return len(tree) == 1 and isinstance(tree.get("secret"), str) and bool(_NAME.fullmatch(tree["secret"]))


_NAME = re.compile(r"[A-Za-z0-9_./-]{1,100}")


def _is_value(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _kind(found: re.Match[str]) -> str:
    return re.sub(r"[ _]", "-", found[0].lower())
