"""Evidence leaves the store through one door, and the log says who opened it before anything is handed out.

What is shown has its secrets taken out, so it must be text; bytes that are none stay where they are, under their digest, for those who have
the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from bot.domain.facts import EvidenceAccessed, EvidenceStored
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import Actor
from bot.domain.ports import Journal, Reader
from bot.errors import NotFound, Refused

SHOWN_REDACTED = "shown redacted"
MOST_SHOWN = 5 * 1024 * 1024
"""Bytes of one piece of evidence that are shown; the whole is in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Evidence as it may be read; `cut` tells that there is more of it."""

    stored: EvidenceStored
    text: str
    cut: bool


class Custodian:
    """Shows evidence. `open_blob` opens kept bytes by their SHA-256, checked; OSError or ChainBroken when they are not what was stored."""

    def __init__(
        self,
        journal: Journal,
        reader: Reader,
        *,
        open_blob: Callable[[str], BinaryIO],
        redact: Callable[[str], str],
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._open_blob = open_blob
        self._redact = redact

    async def show(self, incident: IncidentId, place: int, by: Actor) -> Shown:
        """Return a piece of evidence as text without secrets, once the log has that `by` saw it; `place` is of the event that it was stored by.

        Raises NotFound when there is none, Refused when it is no text, ChainBroken when its bytes are not those that were stored, and as the
        journal does: what can't be recorded is not shown.
        """
        stored = await asyncio.to_thread(self._stored, incident, place)
        text, cut = await asyncio.to_thread(self._read, stored)
        seen = EvidenceAccessed(
            incident=incident, evidence=stored.evidence, sha256=stored.sha256, how=SHOWN_REDACTED
        )
        await self._journal.append(incident_stream(incident), by, [seen])
        return Shown(stored=stored, text=text, cut=cut)

    def _stored(self, incident: IncidentId, place: int) -> EvidenceStored:
        found = self._reader.events(stream=incident_stream(incident), after=place - 1, limit=1)
        if not found or found[0].seq != place or not isinstance(found[0].fact, EvidenceStored):
            raise NotFound(
                f"There is no evidence at event {place} of incident {incident}.",
                hint="The incident's page lists what there is.",
            )
        return found[0].fact

    def _read(self, stored: EvidenceStored) -> tuple[str, bool]:
        try:
            with self._open_blob(stored.sha256) as blob:
                data = blob.read(MOST_SHOWN + 1)
        except FileNotFoundError:
            raise NotFound(
                "Its bytes are not in the store.",
                hint=f"`fireline verify` tells more; look for {stored.sha256}.",
            ) from None
        cut = len(data) > MOST_SHOWN
        try:
            # A cut may fall into a character; that one is left out.
            text = data[:MOST_SHOWN].decode("utf-8", errors="ignore" if cut else "strict")
        except UnicodeDecodeError:
            raise Refused(
                "It is no text, so its secrets can't be taken out.",
                hint=f"Those who have the machine find it in the evidence store under {stored.sha256}.",
            ) from None
        return self._redact(text), cut
