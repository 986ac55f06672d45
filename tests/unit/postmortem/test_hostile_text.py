"""Strangers' words in a draft: they are read, never run; and what is secret is not there to read."""

from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from bot.domain import facts
from bot.domain.ids import StepId
from bot.domain.nouns import ApprovalStatus, Severity, Vote
from bot.postmortem.assemble import assemble
from bot.postmortem.draft import Draft
from bot.postmortem.render import stylesheet, to_markdown, to_page
from tests.fakes import tales
from tests.fakes.tales import ADA, GRACE, NAMES, RUN
from tests.fakes.timeline import Timeline


def drafted(tale: Timeline) -> Draft:
    """Make the draft of a tale."""
    return assemble(tale.events, NAMES, str)


def hostile() -> Timeline:
    """Tell of an incident in which every stranger's word tries to be more than text."""
    tale = Timeline()
    first = tales.hostile(tale)
    evil = "</style><img src=x onerror=alert(1)> <!channel> | `a` [click](javascript:alert(1)) http://evil.example\n# head"
    tale.add(facts.IncidentOpened(incident=tale.incident, title=evil, severity=Severity.SEV2, runbook=evil))
    tale.add(
        facts.AlertsAttached(incident=tale.incident, keys=(first.key,), first=first, total=1),
        replace(tales.run_started(), runbook=evil),
    )
    tale.add(
        replace(tales.asked(tale), inputs={evil: evil}, target=evil, undo=evil, action=evil, sources=(evil,))
    )
    tale.add(replace(tales.voted(Vote.DENY, evil), as_member_of=evil), by=GRACE)
    tale.add(
        tales.closed(ApprovalStatus.DENIED, evil),
        tales.call("before", evil, query=evil),
        tales.answer("before", value=1),
    )
    tale.add(
        tales.kept("before", evil, evil, 3, truncated=True, source=evil), tales.failed("before", evil, evil)
    )
    tale.add(facts.StepUndoFailed(run=RUN, step=StepId("before"), reason=evil, detail=evil))
    return tale.add(
        facts.NoteAdded(incident=tale.incident, text=evil),
        facts.IncidentResolved(incident=tale.incident, summary=evil),
        by=ADA,
    )


def test_hostile_text_stays_text_on_the_page() -> None:
    """No element, attribute or address of a stranger's making; the one link kept is the alert's web address, made harmless."""
    page = to_page(drafted(hostile()))
    body = page.replace(stylesheet(), "")
    assert not re.search(r"<(script|img|iframe|!channel)", body)
    assert not re.search(r"<[^>]*\son\w+=", body)
    assert "&lt;script&gt;" in body
    assert {
        address for address in re.findall(r'href="([^"]*)"', body) if not address.startswith("#event-")
    } == {"http://vm:9090/graph?a=%22%29%7C%3Cb%3E"}


def test_hostile_text_stays_text_in_markdown() -> None:
    """A renderer that allows raw HTML and tables finds nothing in it but what our template put there."""
    rendered = (
        MarkdownIt("commonmark", {"html": True}).enable(["table"]).render(to_markdown(drafted(hostile())))
    )
    assert not re.search(r"<(script|img|style|iframe|!channel)", rendered)
    assert set(re.findall(r'href="([^"]*)"', rendered)) == {"http://vm:9090/graph?a=%22%29%7C%3Cb%3E"}
    assert rendered.count("<h1>") == 1
    for row in re.findall(r"<tr>.*?</tr>", rendered, flags=re.DOTALL):
        assert row.count("<td") + row.count("<th") in {2, 3, 4, 5, 8}


def test_secrets_are_gone_before_anything_is_cut() -> None:
    """Redaction sees whole texts: a secret across the cut of long inputs leaves no half behind."""
    tale = tales.opened(Timeline())
    secret = "hunter2-" * 4
    tale.add(replace(tales.asked(tale), inputs={"a": "x" * 580 + secret, "b": "y" * 900}))
    draft = assemble(tale.events, {}, lambda text: text.replace(secret, "[redacted]"))
    for document in (to_markdown(draft), to_page(draft)):
        assert "hunter2" not in document
        assert "characters more)" in document
