"""A step that waits, in two seconds' reading: for what, and until when."""

from datetime import UTC, datetime

from bot.chat.blocks.ink import Ink
from bot.chat.blocks.picture import StepLine
from bot.chat.blocks.words import step_line, waited_for
from bot.domain.ids import StepId
from bot.domain.nouns import StepStatus

AT = datetime(2026, 11, 23, 12, 31, tzinfo=UTC)


def line(status: StepStatus, waits_for: str = "", due_at: datetime | None = None, detail: str = "") -> str:
    """Draw the line of a step."""
    step = StepLine(
        id=StepId("shift"),
        name="Move traffic",
        status=status,
        started_at=AT,
        detail=detail,
        waits_for=waits_for,
        due_at=due_at,
    )
    return step_line(step, Ink(redact=str))


def test_a_target_that_is_away_is_named_with_the_time() -> None:
    """`router.internal is not answering: waiting until 12:31`; why it is known to be away is not for this line."""
    said = line(
        StepStatus.WAITING_RETRY,
        "router.internal is not answering",
        AT,
        detail="5 of the last 5 calls failed",
    )
    assert said.startswith("🔁 *Move traffic* · router.internal is not answering: waiting until <!date^")
    assert "5 of" not in said


def test_a_call_that_waits_its_turn() -> None:
    """No time is named where none is known."""
    assert (
        line(StepStatus.HELD, "router.internal takes 4 calls at a time")
        == "⏳ *Move traffic* · router.internal takes 4 calls at a time: waiting"
    )


def test_a_retry_that_waits_for_nothing_says_why_it_failed() -> None:
    """As before."""
    assert line(StepStatus.WAITING_RETRY, detail="no answer").endswith("no answer")


def test_who_froze_changes_is_named_as_chat_names_people() -> None:
    """The gate knows an id; a reader sees who it is, and a stranger's words stay words."""
    ink = Ink()
    assert waited_for("frozen by U0ADA: deploy <!channel> weekend", ink, 120) == (
        "❄️ frozen by <@U0ADA>: deploy &lt;!channel&gt; weekend"
    )
    assert waited_for("router takes 1 call at a time", ink, 120) == "router takes 1 call at a time"
