"""What chat owes people, as tests wait for it."""

from collections.abc import Sequence

from bot.domain.ports import Reader
from bot.domain.records import OutboxEntry


def owed(reader: Reader) -> Sequence[OutboxEntry]:
    """Return what chat does not show yet, but for the replies of runs that stand and rest: they may be some seconds behind."""
    return [each for each in reader.outbox_behind() if not (each.key.startswith("run/") and each.ts)]
