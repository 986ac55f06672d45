"""Approvals: exactly what will run, who may decide, and every way in which a question ends."""

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import ApprovalClosed, ApprovalRequested, ApprovalVoted
from bot.domain.ids import ApprovalId, Digest
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, StepStatus, Vote, person
from bot.engine.conductor import VoteCast, evolve
from bot.errors import Conflict, NotAllowed
from bot.runbook.model import Autonomy, NoUndo
from tests.fakes.stage import ADA, BEN, Stage, approval, book, failed, step, undo


def asking(**more: object) -> Stage:
    """Make a run whose only step asks the SRE group."""
    return Stage(book(step("a", "push", value="now", approval=approval(), undo=undo("then"))), **more)  # type: ignore[arg-type]


def closed(stage: Stage) -> list[ApprovalStatus]:
    """Return how the run's questions ended."""
    return [fact.status for fact in stage.facts(ApprovalClosed)]


def test_a_request_shows_exactly_what_will_run() -> None:
    """Rendered inputs, effect, target, undo, and the digest that binds them."""
    stage = asking()
    (asked,) = stage.facts(ApprovalRequested)
    assert asked.inputs == {"value": "now"}
    assert (asked.action, asked.effect, asked.target) == ("push", "mutate", "target of now")
    assert asked.undo == 'put {"value":"then"}'
    assert asked.approval == "1-1/a/1"
    assert len(asked.digest) == 64
    assert stage.running() == []


def test_the_digest_binds_inputs_and_runbook() -> None:
    """Other inputs, or another runbook, is another question."""
    digests = set()
    for value, name in (("x", "a"), ("y", "a"), ("x", "b")):
        (asked,) = Stage(book(step(name, "push", value=value, approval=approval()))).facts(ApprovalRequested)
        digests.add(asked.digest)
    assert len(digests) == 3


def test_approve_starts_the_step() -> None:
    """One right word of a quorum of one is enough."""
    stage = asking()
    stage.vote("a")
    assert stage.running() == [("a", Part.MAIN)]
    assert closed(stage) == [ApprovalStatus.APPROVED]
    (voted,) = stage.facts(ApprovalVoted)
    assert voted.as_member_of == "group:sre"
    stage.end("a")
    assert stage.ended is RunStatus.SUCCEEDED


def test_deny_ends_it_and_the_step_fails() -> None:
    """One Deny is enough, whatever the quorum, and nothing ran."""
    stage = asking()
    stage.vote("a", Vote.DENY, why="not during the sale")
    assert stage.step("a").reason == Reason.REJECTED
    assert stage.step("a").detail == "its approval was denied: not during the sale"
    assert stage.step("a").applied is False
    assert stage.ended is RunStatus.FAILED


def test_a_denial_needs_no_reason() -> None:
    """A person may just say no."""
    stage = asking()
    stage.vote("a", Vote.DENY)
    assert stage.step("a").detail == "its approval was denied"


def test_quorum_counts_distinct_people() -> None:
    """The same person twice is one person."""
    stage = Stage(book(step("a", "push", approval=approval(quorum=2))))
    stage.vote("a")
    assert stage.running() == []
    with pytest.raises(Conflict, match="already"):
        stage.vote("a")
    stage.vote("a", by=BEN)
    assert stage.running() == [("a", Part.MAIN)]


def test_who_approved_may_still_deny() -> None:
    """Second thoughts count while the question is open."""
    stage = Stage(book(step("a", "push", approval=approval(quorum=2))))
    stage.vote("a")
    stage.vote("a", Vote.DENY)
    assert closed(stage) == [ApprovalStatus.DENIED]


def test_the_requester_never_counts() -> None:
    """Four eyes: whoever asked for the run can't decide on it."""
    stage = asking(requested_by=ADA)
    with pytest.raises(NotAllowed, match="somebody else"):
        stage.vote("a")
    stage.vote("a", by=BEN)
    assert stage.running() == [("a", Part.MAIN)]


def test_only_the_named_may_decide() -> None:
    """No right, no vote, and nothing is written."""
    stage = asking()
    before = len(stage.events)
    with pytest.raises(NotAllowed, match="not among them"):
        stage.vote("a", by=person("U0EVE"), groups=["support"])
    assert len(stage.events) == before


def test_expiry_fails_closed() -> None:
    """Nobody decided: it does not run."""
    stage = Stage(book(step("a", "push", approval=approval(expires=600))))
    assert stage.due == 600
    assert stage.wait(599) == []
    stage.wait(1)
    assert closed(stage) == [ApprovalStatus.EXPIRED]
    assert stage.ended is RunStatus.FAILED


def test_settings_give_an_expiry_that_the_runbook_lacks() -> None:
    """A question that nobody limits is limited by the settings."""
    stage = asking(approval_expiry=timedelta(seconds=900))
    assert stage.due == 900


def test_a_question_without_expiry_waits() -> None:
    """No limit anywhere: nothing is due, and time changes nothing."""
    stage = asking()
    assert stage.due is None
    assert stage.wait(10_000_000) == []


def test_a_vote_on_what_is_no_longer_shown_is_refused() -> None:
    """A click on an old message decides nothing."""
    stage = asking()
    with pytest.raises(Conflict, match="not what would run"):
        stage.vote("a", digest=Digest("0" * 64))


def test_a_second_click_after_the_decision_is_refused() -> None:
    """The first decision stands."""
    stage = Stage(book(step("a", "push", approval=approval()), step("b")))
    asked = stage.step("a").approval.asked
    stage.vote("a")
    late = VoteCast(
        approval=asked.approval, by=BEN, groups=frozenset({"sre"}), vote=Vote.DENY, digest=asked.digest
    )
    with pytest.raises(Conflict, match="decided already"):
        stage.arrive(late)


def test_a_vote_on_an_unknown_question_is_refused() -> None:
    """There must be a question to answer."""
    stage = asking()
    with pytest.raises(Conflict, match="no longer asked"):
        stage.arrive(
            VoteCast(
                approval=ApprovalId("1-1/a/9"),
                by=ADA,
                groups=frozenset(),
                vote=Vote.APPROVE,
                digest=Digest("0" * 64),
            )
        )


def test_what_changed_after_it_was_shown_is_asked_anew() -> None:
    """An approval is for exactly what will run: other inputs make it void."""
    changing = step("a", "push", value="{{ steps.b.status }}", approval=approval())
    stage = Stage(book(changing, step("b")))
    stage.end("b")
    stage.vote("a")
    assert closed(stage) == [ApprovalStatus.APPROVED, ApprovalStatus.VOID]
    assert [fact.inputs["value"] for fact in stage.facts(ApprovalRequested)] == ["pending", "succeeded"]
    assert stage.step("a").status is StepStatus.WAITING_APPROVAL
    stage.vote("a", by=BEN)
    assert stage.running() == [("a", Part.MAIN)]


def test_what_can_no_longer_be_rendered_fails_after_approval() -> None:
    """An approval does not make an impossible step possible."""
    fading = step(
        "a",
        "push",
        value="{{ steps.b.output.x if steps.b.status == 'succeeded' else 1 }}",
        approval=approval(),
    )
    stage = Stage(book(fading, step("b")))
    stage.end("b")
    stage.vote("a")
    assert stage.step("a").reason == Reason.INVALID


def test_a_question_that_can_not_be_put_fails_the_step() -> None:
    """Nobody is asked to approve what can't be shown."""
    stage = Stage(book(step("a", "push", value="{{ inputs.x }}", approval=approval())))
    assert stage.step("a").reason == Reason.INVALID
    assert stage.facts(ApprovalRequested) == []


def test_a_question_is_withdrawn_when_the_run_stops() -> None:
    """A moot question is closed, and a click on it is told so."""
    stage = Stage(book(step("a", "push", approval=approval()), step("b")))
    stage.end("b", failed())
    assert closed(stage) == [ApprovalStatus.VOID]
    assert stage.statuses()["a"] is StepStatus.CANCELLED
    with pytest.raises(Conflict):
        stage.arrive(
            VoteCast(
                approval=ApprovalId("1-1/a/1"), by=ADA, groups=frozenset(), vote=Vote.DENY, digest=Digest("")
            )
        )


def test_autonomy_approve_asks_for_every_effect() -> None:
    """A step that names no approval waits for anybody but the requester; reads go on."""
    stage = Stage(book(step("a"), step("b", "push"), autonomy=Autonomy.APPROVE), requested_by=ADA)
    assert stage.running() == [("a", Part.MAIN)]
    (asked,) = stage.facts(ApprovalRequested)
    assert asked.sources == ("anyone",)
    stage.vote("b", by=BEN, groups=())
    assert ("b", Part.MAIN) in stage.running()


def test_what_has_no_undo_says_so() -> None:
    """The one who decides sees whether it can be taken back."""
    stage = Stage(book(step("a", "push", approval=approval(), undo=NoUndo(why="mail is sent"))))
    assert stage.facts(ApprovalRequested)[0].undo == "none: mail is sent"
    stage = Stage(book(step("a", "push", approval=approval())))
    assert stage.facts(ApprovalRequested)[0].undo == ""


def test_an_approval_survives_a_crash() -> None:
    """What was asked stays asked, once."""
    stage = asking()
    assert stage.crash() == []
    stage.vote("a")
    assert len(stage.facts(ApprovalRequested)) == 1
    assert stage.running() == [("a", Part.MAIN)]


def test_words_about_another_question_leave_the_step_as_it_is() -> None:
    """Old facts about a question that is no longer open change nothing."""
    stage = asking()
    asked = stage.step("a").approval.asked
    old = {"run": asked.run, "step": asked.step, "approval": ApprovalId("1-1/a/0")}
    voted = ApprovalVoted(**old, vote=Vote.DENY, as_member_of="group:sre")
    ended = ApprovalClosed(**old, status=ApprovalStatus.DENIED)
    assert evolve(stage.state, voted, stage.now, ADA) == stage.state
    assert evolve(stage.state, ended, stage.now) == stage.state


def test_who_asked_does_not_decide_by_another_way() -> None:
    """Four eyes hold across surfaces: who asked in chat and votes by the API is one person, and counts once."""
    stage = asking(requested_by=ADA)
    with pytest.raises(NotAllowed, match="You asked for this run"):
        stage.vote("a", by=person(ADA.id, via="api/ada"))
    two = Stage(book(step("a", "push", value="now", approval=approval(quorum=2), undo=undo("then"))))
    two.vote("a", by=BEN)
    with pytest.raises(Conflict):
        two.vote("a", by=person(BEN.id, via="api/ben"))
    two.vote("a", by=person(ADA.id, via="api/ada"))
    assert closed(two) == [ApprovalStatus.APPROVED]
