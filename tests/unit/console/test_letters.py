"""The page of the dead-letter list, and the word on an incident's page that somebody must act."""

from __future__ import annotations

from bot.domain.dead_letters import Landing, land, let_go
from bot.domain.ids import RunId
from bot.domain.nouns import DeadKind, DeadReason, person
from bot.domain.ports import Transaction
from tests.fakes import tales
from tests.unit.console.test_pages import text

from .conftest import SECRET, Open

INCIDENT = tales.waiting().incident


def write(tx: Transaction) -> None:
    """Let two things land, and one of them go."""
    land(
        tx,
        Landing(
            what=DeadKind.RUN,
            about="42-1",
            reason=DeadReason.BUG,
            title="run 42-1 of checkout-errors",
            detail=f"KeyError: {SECRET}",
            incident=INCIDENT,
            run=RunId("42-1"),
        ),
    )
    land(
        tx,
        Landing(
            what=DeadKind.REQUEST, about="x", reason=DeadReason.BUG, title="a button", detail="oh", tries=4
        ),
    )
    other = tx.dead_letter_of(tx.dead_letters()[1].key)
    assert other is not None
    let_go(tx, other, person("U0ADA"), "done by hand")


async def test_a_calm_page_says_so(console: Open) -> None:
    """Nothing is stuck."""
    assert "Nothing is stuck" in text(await (await console()).page("/dead-letters"))


async def test_what_waits_stands_there_with_what_can_be_done(console: Open) -> None:
    """Its reason without secrets, and below it what became of others; the incident's page asks for somebody."""
    opened = await console(tales.waiting())
    await opened.store.journal.submit(write)
    page = text(await opened.page("/dead-letters"))
    assert "1 dead letter" in page
    assert "run 42-1 of checkout-errors bug: KeyError: [redacted]" in page
    assert "it goes on from where it stood" in page
    assert "the run stays as it ended" in page
    assert "a button bug: oh discarded" in page
    assert "done by hand" in page
    incident = text(await opened.page("/incidents/42"))
    assert "to put dead letter 1 back, or to discard it" in incident
