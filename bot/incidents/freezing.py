"""Rules of the freeze: one at a time, with a reason that people see at every call that waits for its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.clock import to_text
from bot.domain.facts import ChangesFrozen, ChangesUnfrozen, Fact
from bot.domain.response_records import FreezeRecord
from bot.errors import Conflict, Refused
from bot.incidents.rules import spoken


def freeze(known: FreezeRecord | None, why: str, until: datetime | None, now: datetime) -> Sequence[Fact]:
    """Hold every call that changes something; Conflict while a freeze holds."""
    words = reason(why)
    if until is not None and until <= now:
        raise Refused("A freeze ends later than now.")
    if known is not None and known.holds(now):
        raise Conflict(
            f"Changes are frozen already, by {known.by.id} since {to_text(known.since)[:16]}Z: {known.why}.",
            hint="`unfreeze` ends that; then freeze anew.",
        )
    return [ChangesFrozen(why=words, until=until)]


def reason(why: str) -> str:
    """Return a freeze's reason; Refused when there is none."""
    words = " ".join(spoken(why).split())
    if not words:
        raise Refused("Say why nothing may be changed.", hint="Like this: freeze deploy weekend")
    return words


def unfreeze(known: FreezeRecord | None, why: str) -> Sequence[Fact]:
    """Let what waits go on; Conflict when nothing is frozen."""
    if known is None:
        raise Conflict("Nothing is frozen.")
    return [ChangesUnfrozen(why=spoken(why))]
