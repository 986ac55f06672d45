"""What the port `Reader` answers about leading a response, over every database: roles, severity, updates, merging, silences, marks, the freeze."""

from datetime import timedelta

from bot.domain import facts
from bot.domain.facts import Fact
from bot.domain.ids import SYSTEM, IncidentId, SilenceKey, incident_stream
from bot.domain.nouns import (
    COMMANDER,
    FIRELINE,
    Actor,
    IncidentStatus,
    Severity,
    SilenceStatus,
    person,
)
from bot.domain.records import IncidentRecord
from bot.domain.silences import Matcher
from bot.persistence.store import Store
from tests.fakes.store import START, MovedClock

ONE, TWO, THREE = IncidentId(1), IncidentId(2), IncidentId(3)
ADA = person("U0ADA")
LATER = START + timedelta(hours=1)
KEY = SilenceKey("fireline/1/abc")


async def tell(store: Store, *told: Fact, by: Actor = FIRELINE, incident: IncidentId = ONE) -> None:
    """Append facts about an incident."""
    await store.journal.append(incident_stream(incident), by, told)


async def opened(store: Store, incident: IncidentId, group: str = "", **more: object) -> None:
    """Open an incident."""
    fact = facts.IncidentOpened(
        incident=incident,
        title="Checkout fails",
        severity=Severity.SEV2,
        group=group,
        **more,  # type: ignore[arg-type]
    )
    await tell(store, fact, incident=incident)


def found(store: Store, incident: IncidentId = ONE) -> IncidentRecord:
    """What is on record of an incident."""
    record = store.records.incident(incident)
    assert record is not None
    return record


async def test_who_leads_and_how_it_stands(store: Store) -> None:
    """Each fact changes what it tells of, within one commit and over several."""
    await opened(store, ONE, service="checkout", private=True)
    record = found(store)
    assert (record.service, record.private, record.roles, record.merged_into) == ("checkout", True, {}, None)
    await tell(
        store,
        facts.IncidentAcknowledged(incident=ONE, commander="U1"),
        facts.RoleAssigned(incident=ONE, role="scribe", person="U2", roles={COMMANDER: "U1", "scribe": "U2"}),
    )
    assert found(store).roles == {COMMANDER: "U1", "scribe": "U2"}
    await tell(store, facts.RoleAssigned(incident=ONE, role=COMMANDER, person="", roles={"scribe": "U2"}))
    assert (found(store).commander, found(store).roles) == ("", {"scribe": "U2"})
    await tell(
        store,
        facts.SeverityChanged(incident=ONE, severity=Severity.SEV1, before=Severity.SEV2),
        facts.UpdateGiven(incident=ONE, message="news", status=IncidentStatus.IDENTIFIED, next_due=LATER),
    )
    record = found(store)
    assert (record.severity, record.last_update, record.last_update_at, record.next_update_due) == (
        Severity.SEV1,
        "news",
        START,
        LATER,
    )


async def test_an_end_that_does_not_hold(store: Store) -> None:
    """What customers felt is said at the end, and taken back with it."""
    await opened(store, ONE)
    await tell(
        store,
        facts.UpdateGiven(incident=ONE, message="m", status=IncidentStatus.IDENTIFIED, next_due=LATER),
        facts.IncidentResolved(incident=ONE, impact_from=START, impact_to=LATER, impact="no checkout"),
    )
    record = found(store)
    assert (record.impact_from, record.impact_to, record.impact, record.next_update_due) == (
        START,
        LATER,
        "no checkout",
        None,
    )
    await tell(store, facts.IncidentReopened(incident=ONE, why="again"))
    record = found(store)
    assert (record.open, record.resolved_at, record.impact_from, record.impact) == (True, None, None, "")


async def test_a_group_goes_along_with_a_merge(store: Store) -> None:
    """The target is open for the groups of all that came into it, until it is over."""
    for incident, group in ((ONE, "a"), (TWO, "b"), (THREE, "c")):
        await opened(store, incident, group)
    await tell(store, facts.IncidentMerged(incident=ONE, into=TWO))
    await tell(store, facts.IncidentMerged(incident=TWO, into=THREE, absorbed=(ONE,)), incident=TWO)
    assert [each.id for each in store.records.open_incidents_of_group("a")] == [THREE]
    target = store.records.open_incident_of_group("b")
    assert target is not None
    assert (target.id, target.group) == (THREE, "c")
    assert store.records.merged_into(THREE) == [ONE, TWO]
    assert found(store).resolution == "merged into incident 2"
    assert (found(store).merged_into, found(store).open) == (3, False)
    await tell(store, facts.IncidentResolved(incident=THREE), incident=THREE)
    assert store.records.open_incident_of_group("a") is None


async def test_private_ones_can_be_left_out(store: Store) -> None:
    """Of all, and of those that are open."""
    await opened(store, ONE, private=True)
    await opened(store, TWO)
    assert [each.id for each in store.records.incidents()] == [TWO, ONE]
    for only_open in (False, True):
        assert [each.id for each in store.records.incidents(only_open=only_open, private=False)] == [TWO]


async def test_nobody_hears_of_a_private_one(store: Store) -> None:
    """The central channel's line is not wanted when it opens."""
    await opened(store, ONE, private=True)
    assert store.records.outbox_entry("incident/1/channel") is not None
    assert store.records.outbox_entry("incident/1/announce") is None


async def test_a_silence_as_it_stands(store: Store) -> None:
    """What is not settled is found at the start; one that could not be ended stands on, and says why."""
    matchers = (Matcher(name="alertname", value="X"), Matcher(name="instance", value="a|b", regex=True))
    await tell(
        store, facts.SilenceAsked(incident=ONE, silence=KEY, matchers=matchers, until=LATER, why="w"), by=ADA
    )
    (record,) = store.records.unsettled_silences()
    assert (record.status, record.matchers, record.by, record.why, record.until, record.asked_at) == (
        SilenceStatus.ASKED,
        matchers,
        ADA,
        "w",
        LATER,
        START,
    )
    seen = [store.records.silences_of(ONE)[0].status]
    for fact in (
        facts.SilenceStands(incident=ONE, silence=KEY, ident="id-1", until=LATER),
        facts.SilenceEndAsked(incident=ONE, silence=KEY),
        facts.SilenceFailed(incident=ONE, silence=KEY, detail="403", ending=True),
        facts.SilenceEndAsked(incident=ONE, silence=KEY),
        facts.SilenceEnded(incident=ONE, silence=KEY),
    ):
        await tell(store, fact)
        seen.append(store.records.silences_of(ONE)[0].status)
    assert [each.value for each in seen] == ["asked", "standing", "ending", "standing", "ending", "ended"]
    (record,) = store.records.silences_of(ONE)
    assert (record.ident, record.detail) == ("id-1", "403")
    assert store.records.unsettled_silences() == []
    await tell(store, facts.SilenceFailed(incident=ONE, silence=KEY, detail="400"))
    assert store.records.silences_of(ONE)[0].status is SilenceStatus.FAILED


async def test_a_message_of_the_timeline(store: Store) -> None:
    """By its names in chat, as it was last seen there; the same in a unit of work."""
    await tell(
        store,
        facts.MessageMarked(
            incident=ONE, channel="C1", ts="1.2", author="U1", text="a", permalink="https://x.test"
        ),
        by=ADA,
    )
    await tell(
        store, facts.MarkedMessageEdited(incident=ONE, channel="C1", ts="1.2", text="b", edited_at=LATER)
    )
    await tell(store, facts.MarkedMessageDeleted(incident=ONE, channel="C1", ts="1.2"))
    mark = store.records.marked("C1", "1.2")
    assert mark is not None
    assert (mark.incident, mark.text, mark.author, mark.permalink, mark.marked_by) == (
        ONE,
        "b",
        "U1",
        "https://x.test",
        ADA,
    )
    assert (mark.marked_at, mark.edited_at, mark.deleted_at) == (START, LATER, START)
    assert await store.journal.submit(lambda tx: tx.marked("C1", "1.2")) == mark
    assert store.records.marked("C2", "1.2") is None


async def test_the_freeze(store: Store, clock: MovedClock) -> None:
    """None until somebody says so, and after somebody ends it; a later one is another."""
    assert store.records.freeze() is None
    for why, until in (("deploy weekend", LATER), ("migration", None)):
        clock.move(minutes=1)
        frozen = facts.ChangesFrozen(why=why, until=until)
        await store.journal.append(SYSTEM, ADA, [frozen])
        record = store.records.freeze()
        assert record is not None
        assert (record.by, record.why, record.until, record.since) == (ADA, why, until, clock.now())
        await store.journal.append(SYSTEM, ADA, [facts.ChangesUnfrozen()])
        assert store.records.freeze() is None
