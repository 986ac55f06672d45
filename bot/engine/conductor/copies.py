"""Copies of a state with a few fields changed. The conductor makes a dozen a turn, so they must cost next to nothing.

`dataclasses.replace` asks every field whether it may be replaced and runs the constructor; a state has no field that is not its constructor's, and
nothing happens there. What is copied must keep its fields in a `__dict__` (no slots): copying one mapping is the quickest that there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["replace"]

if TYPE_CHECKING:
    # For the type checker this is the real thing: it knows the fields, and refuses a name that is none.
    from dataclasses import replace
else:
    State = TypeVar("State")

    def replace(state: State, /, **changes: Any) -> State:  # noqa: ANN401 - any field's value
        """Return a copy of a state with these fields changed."""
        made = object.__new__(type(state))
        fields = made.__dict__
        fields.update(state.__dict__)
        fields.update(changes)
        return made
