"""The chat surface, joined to the rooms behind it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.chat.behind import Behind
from bot.chat.config import ChatConfig
from bot.chat.gallery import Outline
from bot.chat.joining.stores import stores_over
from bot.chat.surface import ChatSurface
from bot.domain.facts import PostmortemDrafted
from bot.domain.ids import IncidentId
from bot.domain.nouns import FIRELINE
from bot.domain.records import RunRecord
from bot.errors import RunbookError
from bot.incidents.custodian import Custodian
from bot.postmortem.describe import describe
from bot.postmortem.write import read_written
from bot.wiring.fireline import Fireline
from bot.wiring.patience import patience_of


def build_chat(fireline: Fireline) -> ChatSurface:
    """Make the chat surface of a Fireline; with `slack.mode: off` it does nothing."""
    behind, config = _behind(fireline), ChatConfig.from_settings(fireline.settings)

    def within(workspace: str) -> Behind:
        if not workspace:
            return behind
        reader = fireline.store.records_of(workspace, home=workspace == config.workspaces[0])
        return replace(
            behind,
            reader=reader,
            desk=lambda journal: fireline.desk(journal, workspace),
            foresight=fireline.foresight(reader),
        )

    return ChatSurface(
        config,
        behind,
        clock=fireline.clock,
        metrics=fireline.metrics,
        within=within,
        stores=stores_over(fireline.store.database.writing, config.oauth.client_id) if config.oauth else None,
    )


def _behind(fireline: Fireline) -> Behind:
    def outline(run: RunRecord) -> Outline | None:
        try:
            book = fireline.shelf.plan_of(run.digest).runbook
        except RunbookError:
            return None
        return Outline(
            title=book.title,
            steps=[(step.id, step.name) for step in book.steps],
            spare=[(step.id, step.name) for step in (*book.rescue, *book.always)],
        )

    def title(name: str) -> str:
        book = fireline.shelf.get(name)
        return book.title if book is not None else name

    custodian = custodian_of(fireline)

    async def show_evidence(incident: IncidentId, place: int) -> str:
        return (await custodian.show(incident, place, FIRELINE)).text

    async def read_draft(drafted: PostmortemDrafted) -> str:
        return await asyncio.to_thread(read_written, drafted)

    return Behind(
        journal=fireline.store.journal,
        reader=fireline.store.records,
        desk=fireline.desk,
        runs=fireline.driver,
        draft=fireline.draft,
        outline=outline,
        describe=describe,
        title=title,
        redact=fireline.redactor.redact,
        show_evidence=show_evidence,
        read_draft=read_draft,
        foresight=fireline.foresight(),
        surely_leading=fireline.store.surely_leading,
        patience=patience_of(fireline.settings),
        learn=fireline.redactor.learn,
    )


def custodian_of(fireline: Fireline) -> Custodian:
    """Make the one door through which evidence leaves the store of a Fireline that leads."""
    return Custodian(
        fireline.store.journal,
        fireline.store.records,
        open_blob=lambda digest: fireline.evidence.open(digest, verify=True),
        redact=fireline.redactor.redact,
    )
