"""Ids: readable names that lead back to what they belong to."""

from bot.domain.ids import (
    INTAKE,
    IncidentId,
    RunId,
    StepId,
    approval_id,
    evidence_id,
    incident_of_run,
    incident_of_stream,
    incident_stream,
    run_id,
    run_of_approval,
)


def test_a_stream_leads_back_to_its_incident() -> None:
    """The stream of an incident names it; the other streams belong to none."""
    assert incident_of_stream(incident_stream(IncidentId(42))) == 42
    assert incident_of_stream(INTAKE) is None


def test_run_and_approval_ids_lead_back() -> None:
    """From an approval one finds the run, from the run the incident."""
    run = run_id(IncidentId(42), 3)
    assert run == "42-3"
    assert incident_of_run(run) == 42
    assert run_of_approval(approval_id(run, StepId("shift"), 1)) == run


def test_evidence_is_named_by_run_step_and_name() -> None:
    """Two steps may use the same file name without meeting."""
    first = evidence_id(RunId("1-1"), StepId("a"), "x.log")
    second = evidence_id(RunId("1-1"), StepId("b"), "x.log")
    assert first != second
