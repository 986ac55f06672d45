"""How much an expression may make.

Enough for any runbook, too little to stall or fill the process. Nothing here evaluates.
"""

from __future__ import annotations

MOST_TEXT = 1_000_000
"""Characters of one text, and of all texts in one result together."""
MOST_ITEMS = 100_000
"""Values in one result, nested ones included."""
MOST_RANGE = 10_000
"""Numbers that `range` gives."""
MOST_BITS = 4_096
"""Size of an integer that a power makes."""
MOST_SOURCE = 10_000
"""Characters of one expression."""
DEEPEST = 60
"""Nesting of a result, and of the brackets in an expression."""


class TooMuch(ValueError):
    """An expression asked for more than the limits allow."""


def fits_text(length: int) -> None:
    """Raise TooMuch for a text of that many characters."""
    if length > MOST_TEXT:
        raise TooMuch(f"the text would have {length:,} characters; the most is {MOST_TEXT:,}")


def fits_items(count: int) -> None:
    """Raise TooMuch for that many values."""
    if count > MOST_ITEMS:
        raise TooMuch(f"the result would have {count:,} values; the most is {MOST_ITEMS:,}")
