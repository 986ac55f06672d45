"""Files that go up into an incident's channel: evidence that may be shown, free of secrets, and the postmortem's draft, as its canvas or a file.

A file goes up in three calls (https://docs.slack.dev/messaging/working-with-files): an address is asked for, the bytes are sent there, and only the
last call shows it to anybody. So the file's id is durable before that call: after a crash it is looked for under that id, and never goes up twice.
A channel has one canvas at the most, which Slack itself sees to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat.client import Ambiguous, SlackCalls, Throttled, Unreachable
from bot.chat.config import Sharing
from bot.chat.outbox.keys import Key, Subject
from bot.chat.outbox.ledger import Ledger
from bot.chat.pace import Pacer, Priority
from bot.domain.facts import EvidenceStored, PostmortemDrafted
from bot.domain.ids import EvidenceId, IncidentId, incident_stream
from bot.domain.ports import Reader
from bot.domain.records import EvidenceRecord, IncidentRecord, OutboxEntry
from bot.errors import ChatError, NotFound, Refused
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
_NO_FILE = "file_not_found"
_CANVAS = "canvas:"

ShowEvidence = Callable[[IncidentId, int], Awaitable[str]]
"""Returns a piece of evidence as text without secrets once custody has it, by the place of its event; raises NotFound, Refused or ChainBroken."""
ReadDraft = Callable[[PostmortemDrafted], Awaitable[str]]
"""Returns a draft's Markdown as it was drafted; raises NotFound when it is not there, or has been changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """Something to show: the file's name, what people read above it, and its text."""

    name: str
    title: str
    text: str


class FileKeeper:
    """Brings documents into channels, each once."""

    def __init__(
        self,
        *,
        slack: SlackCalls,
        pacer: Pacer,
        ledger: Ledger,
        reader: Reader,
        sharing: Sharing,
        show_evidence: ShowEvidence,
        read_draft: ReadDraft,
    ) -> None:
        self._slack = slack
        self._pacer = pacer
        self._ledger = ledger
        self._reader = reader
        self._sharing = sharing
        self._show_evidence = show_evidence
        self._read_draft = read_draft

    def wants(self, key: Key, incident: IncidentRecord) -> bool:
        """Tell whether a thing goes up at all: the settings allow it, and the incident has a channel or is to have one."""
        if incident.quiet:
            return False
        if key.subject is Subject.POSTMORTEM_FILE:
            return self._sharing.postmortem != "off"
        found = self._evidence(key)
        return (
            found is not None
            and found.evidence_class in self._sharing.evidence
            and found.size <= self._sharing.most
        )

    async def deliver(
        self, entry: OutboxEntry, key: Key, incident: IncidentRecord, priority: Priority
    ) -> None:
        """Bring a document into the incident's channel, unless it is there; raises ChatError."""
        through = entry.wanted
        if not self.wants(key, incident):
            await self._ledger.shown(entry, through=through, digest=entry.digest)
            return
        try:
            if key.subject is Subject.EVIDENCE:
                await self._bring_evidence(entry, key, incident, priority)
            else:
                await self._bring_draft(entry, incident, priority)
        except Refused as refusal:
            _LOG.warning("a document can't be shown", key=entry.key, problem=str(refusal))
            await self._ledger.shown(entry, through=through, digest=entry.digest, error=str(refusal))

    # ---- evidence

    def _evidence(self, key: Key) -> EvidenceRecord | None:
        return self._reader.evidence(EvidenceId(key.evidence))

    async def _bring_evidence(
        self, entry: OutboxEntry, key: Key, incident: IncidentRecord, priority: Priority
    ) -> None:
        async def document() -> _Document:
            stored, place = self._stored(incident.id, key)
            text = await self._show_evidence(incident.id, place)
            title = (
                f"{stored.name} · {stored.evidence_class} · step {stored.step} · SHA-256 {stored.sha256[:12]}"
            )
            return _Document(name=stored.name, title=title, text=text)

        await self._upload(entry, incident, priority, document)

    def _stored(self, incident: IncidentId, key: Key) -> tuple[EvidenceStored, int]:
        for event in self._reader.events(stream=incident_stream(incident)):
            if isinstance(event.fact, EvidenceStored) and event.fact.evidence == key.evidence:
                return event.fact, event.seq
        raise NotFound(f"There is no evidence {key.evidence}.")

    # ---- the draft

    async def _bring_draft(self, entry: OutboxEntry, incident: IncidentRecord, priority: Priority) -> None:
        events = self._reader.events(stream=incident_stream(incident.id))
        drafted = [each.fact for each in events if isinstance(each.fact, PostmortemDrafted)]
        if not drafted:
            raise NotFound("Nothing was drafted.")
        text = await self._read_draft(drafted[-1])

        async def document() -> _Document:
            return _Document(name=f"postmortem-{incident.id}.md", title=_draft_title(incident), text=text)

        # A canvas may have been edited by people since: a later draft stands beside it, as a file.
        first = self._sharing.postmortem == "canvas" and not entry.digest
        if first and await self._canvas(entry, incident, text, priority):
            return
        await self._upload(entry, incident, priority, document)

    async def _canvas(
        self, entry: OutboxEntry, incident: IncidentRecord, text: str, priority: Priority
    ) -> bool:
        """Make the channel's canvas; False where Slack makes none, because of the plan, a scope, or one that is there already."""
        through = entry.wanted
        content = {"type": "markdown", "markdown": text}
        arguments = {
            "channel_id": incident.channel,
            "title": _draft_title(incident),
            "document_content": content,
        }
        unsure = entry.ambiguous
        entry = await self._ledger.about_to(entry)
        try:
            answer = await self._call("conversations.canvases.create", arguments, priority)
        except (Throttled, Unreachable):
            await self._ledger.not_done(entry)
            raise
        except Ambiguous:
            raise
        except ChatError as problem:
            if unsure and problem.code == "channel_canvas_already_exists":
                # The call before, whose answer was lost, made it.
                await self._ledger.shown(entry, through=through, digest=_CANVAS)
                return True
            _LOG.info("no canvas can be made here; a file goes up", code=problem.code)
            await self._ledger.not_done(entry)
            return False
        await self._ledger.shown(entry, through=through, digest=f"{_CANVAS}{answer.get('canvas_id', '')}")
        return True

    # ---- a file

    async def _upload(
        self,
        entry: OutboxEntry,
        incident: IncidentRecord,
        priority: Priority,
        document: Callable[[], Awaitable[_Document]],
    ) -> None:
        through, known = entry.wanted, entry.ts
        if entry.ambiguous and known and await self._stands(known, priority):
            await self._ledger.shown(entry, through=through, digest=known)
            return
        made = await document()
        file = await self._send(made, priority)
        entry = await self._ledger.about_to(entry, file=file)
        arguments = {"files": [{"id": file, "title": made.title}], "channel_id": incident.channel}
        try:
            await self._call("files.completeUploadExternal", arguments, priority)
        except Ambiguous:
            raise
        except ChatError:
            await self._ledger.not_done(entry)
            raise
        await self._ledger.shown(entry, through=through, digest=file)

    async def _send(self, made: _Document, priority: Priority) -> str:
        """Send the bytes to where Slack wants them, and return the file's id; nobody sees it yet."""
        data = made.text.encode() or b"\n"
        asked = {"filename": made.name, "length": len(data)}
        answer = await self._call("files.getUploadURLExternal", asked, priority)
        await self._slack.upload(str(answer["upload_url"]), data)
        return str(answer["file_id"])

    async def _stands(self, file: str, priority: Priority) -> bool:
        """Tell whether a file whose last call had no answer stands in Slack."""
        try:
            await self._call("files.info", {"file": file}, priority)
        except ChatError as problem:
            if problem.code != _NO_FILE:
                raise
            return False
        return True

    async def _call(self, method: str, arguments: Mapping[str, Any], priority: Priority) -> Mapping[str, Any]:
        async with self._pacer.turn(method, priority=priority):
            return await self._slack.call(method, arguments)


def _draft_title(incident: IncidentRecord) -> str:
    return f"Postmortem draft of #{incident.id}"
