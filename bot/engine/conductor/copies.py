"""Copies of a state with a few fields changed. The conductor makes a dozen a turn, so they must cost next to nothing.

`dataclasses.replace` asks every field whether it may be replaced and runs the constructor; a state has no field that is not its constructor's, and
nothing happens there. A state keeps its fields in a `__dict__` (no slots): copying one mapping is the quickest that there is. What has
slots, such as a fact inside a state, is copied the usual way.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["replace"]

if TYPE_CHECKING:
    # For the type checker this is the real thing: it knows the fields, and refuses a name that is none.
    from dataclasses import replace
else:
    Copied = TypeVar("Copied")
    _new, _set = object.__new__, object.__setattr__

    def replace(whole: Copied, /, **changes: Any) -> Copied:  # noqa: ANN401 - any field's value
        """Return a copy of a frozen dataclass with these fields changed."""
        try:
            fields = whole.__dict__
        except AttributeError:
            return dataclasses.replace(whole, **changes)
        made = _new(whole.__class__)
        copied = fields.copy()
        copied.update(changes)
        _set(made, "__dict__", copied)
        return made
