"""What a postmortem's message tells of an incident."""

from __future__ import annotations

import pytest

from bot.chat.milestones import is_milestone
from bot.domain.facts import (
    Fact,
    IncidentReopened,
    MessagePosted,
    SeverityChanged,
    StepFailed,
    StepSucceeded,
    UpdateGiven,
)
from bot.domain.ids import IncidentId, RunId, StepId
from bot.domain.nouns import IncidentStatus, Severity
from tests.fakes.timeline import Timeline

ONE, RUN = IncidentId(1), RunId("1-1")


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (UpdateGiven(incident=ONE, message="m", status=IncidentStatus.IDENTIFIED), True),
        (SeverityChanged(incident=ONE, severity=Severity.SEV1, before=Severity.SEV2), True),
        (IncidentReopened(incident=ONE, why="w"), True),
        (MessagePosted(incident=ONE, key="k", channel="C", ts="1"), False),
        (StepSucceeded(run=RUN, step=StepId("s")), True),
        (StepSucceeded(run=RUN, step=StepId("s[3]")), False),
        (StepFailed(run=RUN, step=StepId("s[3]"), reason="timeout", detail=""), True),
    ],
)
def test_what_people_did_and_what_runs_came_to_is_told(fact: Fact, *, told: bool) -> None:
    """What was said to stakeholders, how bad it was, and that it was not over after all; of a loop's items those alone that failed."""
    (event,) = Timeline().add(fact).events
    assert is_milestone(event) is told
