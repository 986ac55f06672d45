"""What people did beside the runbook stands in the draft: roles, severity, updates, what customers felt, merges, messages of chat."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import facts
from bot.domain.ids import IncidentId
from bot.domain.nouns import COMMANDER, IncidentStatus, Severity
from bot.postmortem.assemble import assemble
from bot.postmortem.draft import Draft
from bot.postmortem.render import to_markdown, to_page
from tests.fakes.tales import ADA, NAMES
from tests.fakes.timeline import DAWN, Timeline

ONE = IncidentId(42)
GRACE = "UGRACE"


def drafted(tale: Timeline) -> Draft:
    """Draft it, nothing redacted."""
    return assemble(tale.events, {**NAMES, GRACE: "Grace Chen"}, str)


def opened() -> Timeline:
    """Declare an incident."""
    return Timeline().add(
        facts.IncidentOpened(incident=ONE, title="Checkout is down", severity=Severity.SEV3), by=ADA
    )


def test_who_led_and_who_helped() -> None:
    """Everybody who led it, whether they took it or were named; the other roles each with who had it."""
    tale = opened().add(
        facts.IncidentAcknowledged(incident=ONE, commander=ADA.id),
        facts.RoleAssigned(incident=ONE, role=COMMANDER, person=GRACE),
        facts.RoleAssigned(incident=ONE, role="customer_liaison", person=ADA.id),
        facts.RoleAssigned(incident=ONE, role="customer_liaison", person=GRACE),
        facts.RoleAssigned(incident=ONE, role="customer_liaison", person=""),
        by=ADA,
    )
    draft = drafted(tale)
    assert draft.led_by == ("Ada Okafor", "Grace Chen")
    assert draft.roles == (("customer liaison", "Ada Okafor and Grace Chen"),)
    assert "Customer liaison: Ada Okafor and Grace Chen." in to_markdown(draft)
    assert "<dt>Customer liaison</dt><dd>Ada Okafor and Grace Chen</dd>" in to_page(draft)


def test_how_bad_it_was_and_what_was_told() -> None:
    """The draft has the severity that it had in the end; the updates stand as they were told."""
    tale = opened()
    tale.add(facts.SeverityChanged(incident=ONE, severity=Severity.SEV1, before=Severity.SEV3), by=ADA).later(
        60
    )
    tale.add(
        facts.SeverityChanged(incident=ONE, severity=Severity.SEV2, before=Severity.SEV1, why="only eu"),
        by=ADA,
    )
    for words in ("We look.", "We roll back\nnow."):
        tale.later(60).add(
            facts.UpdateGiven(incident=ONE, message=words, status=IncidentStatus.INVESTIGATING), by=ADA
        )
    draft = drafted(tale)
    assert draft.severity is Severity.SEV2
    told = [each.text for each in draft.summary]
    assert "Its severity went from SEV3 to SEV1 to SEV2: only eu." in told
    assert "Stakeholders were told 2 times, first at 07:05:48, the last at 07:06:48." in told
    assert [each.text for each in draft.updates] == ["We look.", "We roll back\nnow."]
    for document in (to_markdown(draft), to_page(draft)):
        assert "Updates to stakeholders" in document


def test_what_customers_felt() -> None:
    """From when to when, and how long; it stands although the incident was opened again since."""
    felt = {"impact_from": DAWN - timedelta(minutes=30), "impact_to": DAWN, "impact": "No checkout in eu"}
    tale = opened().add(facts.IncidentResolved(incident=ONE, **felt), by=ADA)  # type: ignore[arg-type]
    tale.later(60).add(facts.IncidentReopened(incident=ONE, why="it fails again"), by=ADA)
    draft = drafted(tale)
    assert draft.status is IncidentStatus.INVESTIGATING
    spans = {each.label: each.seconds for each in draft.impact.spans}
    assert spans["Customer impact"] == 1800
    assert draft.impact.customers is not None
    assert draft.impact.customers.text == "No checkout in eu."
    for document in (to_markdown(draft), to_page(draft)):
        assert "What customers felt: No checkout in eu." in document
        assert "How many noticed" in document


def test_an_impact_without_an_end() -> None:
    """What nobody said is unknown."""
    resolved = facts.IncidentResolved(incident=ONE, impact_from=DAWN)
    draft = drafted(opened().add(resolved, by=ADA))
    moments = {each.label: (each.at, each.note) for each in draft.impact.moments}
    assert moments["Customers began to feel it"] == (DAWN, "as Ada Okafor said")
    assert moments["Customers felt it no more"] == (None, "nobody said when that ended")
    assert draft.impact.customers is None
    assert "Customers began to feel it" not in str(drafted(opened()).impact.moments)


def test_two_that_are_one() -> None:
    """The draft of each names the other."""
    absorbed = facts.IncidentAbsorbed(incident=ONE, other=IncidentId(50), title="Cart is slow", alerts=0)
    draft = drafted(opened().add(absorbed, by=ADA))
    assert "Incident 50 was merged into this one: Cart is slow." in [each.text for each in draft.summary]
    merged = facts.IncidentMerged(incident=ONE, into=IncidentId(10))
    gone = drafted(opened().add(merged, by=ADA))
    assert gone.status is IncidentStatus.RESOLVED
    assert "This incident was merged into incident 10, where it goes on." in [
        each.text for each in gone.summary
    ]


def test_a_message_of_the_timeline_is_linked() -> None:
    """Where chat told its address, and it is one."""
    marks = [
        facts.MessageMarked(
            incident=ONE, channel="C1", ts=str(number), author=ADA.id, text="look", permalink=address
        )
        for number, address in enumerate(("https://x.slack.test/p1", "", "javascript:alert(1)"))
    ]
    lines = [each for each in drafted(opened().add(*marks, by=ADA)).timeline if "timeline: look" in each.text]
    assert [each.links for each in lines] == [(("message", "https://x.slack.test/p1"),), (), ()]
