"""What the chat surface stands on: the rooms behind it as ports and functions, passed in by the wiring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from bot.chat.blocks.ink import Redact
from bot.chat.desks import DeskOver, DraftPostmortem
from bot.chat.gallery import NO_PATIENCE, Describe, OutlineOf, TitleOf
from bot.chat.outbox.files import ReadDraft, ShowEvidence
from bot.domain.ports import Journal, Reader, alone
from bot.engine.control import RunControl
from bot.incidents.foreseen import Foresight
from bot.incidents.reminding import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The rooms behind the surface, and what it needs to know of the others, as functions.

    `desk` makes a desk over a journal (the real one is cheap to make: one a command). `outline` gives a run's title and steps by its runbook,
    `title` a runbook's title by its name, `describe` a sentence on an event with people's names by id (empty: not worth a line), `draft` drafts
    a postmortem, `redact` takes secrets out of a text, `show_evidence` and `read_draft` give what goes up as files, `foresight` tells what runbooks
    would do, `surely_leading` returns once no other process can lead, `patience` says when people are reminded of what, `learn` makes values known
    as secrets.
    """

    journal: Journal
    reader: Reader
    desk: DeskOver
    runs: RunControl
    draft: DraftPostmortem
    outline: OutlineOf
    describe: Describe
    title: TitleOf
    redact: Redact
    show_evidence: ShowEvidence
    read_draft: ReadDraft
    foresight: Foresight
    surely_leading: Callable[[], Awaitable[None]] = alone
    patience: Patience = NO_PATIENCE
    learn: Callable[[Iterable[str]], None] = lambda _values: None
