"""When whoever stands by may take the lead: every rule to the second, without a database."""

from dataclasses import replace

from bot.persistence.lease import LEASE, SURE
from bot.persistence.terms import Leader
from bot.persistence.vigil import UNLOCKED, Verdict, Vigil

LEADER = Leader(term=3, host="a", pid=7, session=70, since="then", beats=5, released=False)


def test_a_lead_that_nobody_ever_had_is_free() -> None:
    """No row and no lock: take it."""
    assert Vigil().see(None, None, 0.0) is Verdict.TAKE


def test_a_lead_that_was_given_up_is_free_at_once() -> None:
    """The row says that it was released, and nobody holds the lock."""
    assert Vigil().see(replace(LEADER, released=True), None, 0.0) is Verdict.TAKE


def test_an_unlocked_lead_is_left_to_its_leader_for_a_while() -> None:
    """After a restart of the server the leader should find its lead where it left it; a dead one never comes."""
    vigil = Vigil()
    assert vigil.see(LEADER, None, 10.0) is Verdict.WAIT
    assert vigil.see(LEADER, None, 10.0 + UNLOCKED - 0.1) is Verdict.WAIT
    assert vigil.see(LEADER, None, 10.0 + UNLOCKED) is Verdict.TAKE


def test_a_sign_of_life_begins_the_wait_anew() -> None:
    """Whatever changes in the row shows that somebody lives."""
    vigil = Vigil()
    vigil.see(LEADER, None, 0.0)
    assert vigil.see(replace(LEADER, beats=6), None, UNLOCKED) is Verdict.WAIT
    assert vigil.see(replace(LEADER, beats=6), None, 2 * UNLOCKED) is Verdict.TAKE


def test_a_leader_that_sleeps_is_put_out_after_its_lease() -> None:
    """It holds the lock and gives no sign of life."""
    vigil = Vigil()
    assert vigil.see(LEADER, 70, 0.0) is Verdict.WAIT
    assert vigil.see(LEADER, 70, LEASE - 0.1) is Verdict.WAIT
    assert vigil.see(LEADER, 70, LEASE) is Verdict.EVICT


def test_a_leader_that_lives_is_never_put_out() -> None:
    """A beat each second, for an hour."""
    vigil = Vigil()
    seen = {vigil.see(replace(LEADER, beats=second), 70, float(second)) for second in range(3600)}
    assert seen == {Verdict.WAIT}


def test_whoever_is_about_to_lead_is_left_alone() -> None:
    """A session that holds the lock and is not the row's may be changing tables, for as long as that takes."""
    vigil = Vigil()
    vigil.see(LEADER, 71, 0.0)
    assert vigil.see(LEADER, 71, 100 * LEASE) is Verdict.WAIT
    assert vigil.see(None, 71, 100 * LEASE) is Verdict.WAIT


def test_what_went_on_while_the_database_was_out_of_sight_does_not_count() -> None:
    """The leader could not give signs of life either."""
    vigil = Vigil()
    vigil.see(LEADER, 70, 0.0)
    vigil.blink()
    assert vigil.see(LEADER, 70, LEASE) is Verdict.WAIT
    assert vigil.see(LEADER, 70, 2 * LEASE) is Verdict.EVICT


def test_a_leader_stops_being_sure_before_anybody_may_take_over() -> None:
    """The one that leads doubts a second before the other acts."""
    assert SURE <= LEASE - 1.0
