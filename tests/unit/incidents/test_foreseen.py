"""What a run would do, told before anything runs: what can be known is worked out, and nothing else is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.actions.contract import Effect
from bot.errors import NotFound, Refused
from bot.runbook.inputs import InputsRefused
from tests.fakes.alerts import delivery
from tests.fakes.alerts import seen as firing
from tests.fakes.books import book
from tests.fakes.office import Office

SERVICE: dict[str, Any] = {
    "service": {"type": "string", "pattern": "^[a-z]+$", "default": "{{ alert.labels.service }}"}
}


def step(**more: Any) -> dict[str, Any]:
    """A step that asks for numbers."""
    return {"id": "look", "uses": "prometheus.query", "with": {"query": "up"}, **more}


async def test_people_are_offered_what_they_may_start(office: Office) -> None:
    """By title; where one was proposed in an incident, it comes first although it takes no commands."""
    alone = book("alone", on={"alert": [{"match": ['alertname="A"']}]}, autonomy="propose")
    office.books += [book("b", title="Beta"), book("a", title="alpha"), alone]
    seen = office.foresight()
    assert [each.name for each in seen.offers()] == ["a", "b"]
    await office.intake.receive(delivery(firing("A")))
    await office.dispatcher.drain()
    (incident,) = office.store.records.incidents()
    assert [each.name for each in seen.offers(incident.id)] == ["alone", "a", "b"]
    assert seen.runbook("alone", incident.id) is alone
    with pytest.raises(Refused, match="not started by people"):
        seen.runbook("alone")
    with pytest.raises(NotFound, match="no runbook named gone"):
        seen.runbook("gone")


async def test_defaults_are_worked_out_where_they_can_be(office: Office) -> None:
    """From the incident's first alert, and not at all where there is none."""
    office.books.append(
        book(inputs={**SERVICE, "region": {"type": "string", "default": "{{ vars.region }}"}})
    )
    seen, (runbook,) = office.foresight(), office.books
    assert seen.defaults(runbook, None) == {"region": "eu"}
    await office.intake.receive(delivery(firing(service="checkout")))
    await office.dispatcher.drain()
    (incident,) = office.store.records.incidents()
    assert seen.defaults(runbook, incident.id) == {"region": "eu", "service": "checkout"}


async def test_each_misfit_is_told_by_its_input(office: Office) -> None:
    """What was not given, what does not match; and nothing where all fits."""
    office.books.append(book(inputs={**SERVICE, "count": {"type": "integer"}}))
    seen, (runbook,) = office.foresight(), office.books
    misfits = seen.misfits(runbook, {"service": "NO"}, None)
    assert set(misfits) == {"service", "count"}
    assert "does not match" in misfits["service"]
    assert misfits["count"] == "it was not given"
    assert seen.misfits(runbook, {"service": "yes", "count": "2"}, None) == {}
    with pytest.raises(InputsRefused):
        seen.foresee(runbook, {}, None)


async def test_what_only_the_run_will_know_stands_as_it_is_written(office: Office) -> None:
    """Inputs are rendered, what an earlier step puts out is not, even where a default stands beside it; the rest of the same inputs is."""
    later = '{{ steps.look.output.value | default("nothing") }}'
    steps = [
        step(**{"with": {"query": 'up{service="{{ inputs.service }}"}'}}),
        step(id="then", **{"with": {"query": later}}, **{"if": "steps.look.output.value > 1"}),
        step(id="each", for_each=["a", "b"], **{"with": {"query": "{{ item }} in {{ vars.region }}"}}),
        step(id="odd", **{"with": {"query": "{{ alert.labels.nowhere }}"}}),
    ]
    office.books.append(book(inputs=SERVICE, steps=steps))
    seen, (runbook,) = office.foresight(), office.books
    first, then, each, odd = seen.foresee(runbook, {"service": "checkout"}, None).steps
    assert (first.inputs, first.whole) == ({"query": 'up{service="checkout"}'}, True)
    assert (then.inputs, then.whole) == ({"query": later}, False)
    assert then.condition == "steps.look.output.value > 1"
    assert (each.inputs, each.looped) == ({"query": "{{ item }} in {{ vars.region }}"}, True)
    assert (odd.inputs, odd.whole) == ({"query": "{{ alert.labels.nowhere }}"}, False)


async def test_who_is_asked_and_what_is_left_out(office: Office) -> None:
    """By the step's own rule, by the runbook's autonomy, or nobody."""
    change = {
        "id": "change",
        "uses": "http.request",
        "with": {
            "method": "PUT",
            "url": "https://router.internal/w",
            "json": {"list": ["{{ inputs.service }}", 1]},
        },
        "undo": "none",
        "why": "it is set anew each time",
    }
    asked = {"from": ["group:sre"], "quorum": 2, "expires": "10m"}
    office.books += [
        book("own", inputs=SERVICE, steps=[step(), {**change, "approval": asked}]),
        book("approve", inputs=SERVICE, autonomy="approve", steps=[step(), change]),
        book("observe", inputs=SERVICE, autonomy="observe", steps=[step(), change]),
    ]
    seen = office.foresight()
    own, approve, observe = (seen.foresee(each, {"service": "a"}, None).steps for each in office.books)
    assert (own[0].sources, own[1].sources, own[1].quorum) == ((), ("group:sre",), 2)
    assert (approve[0].sources, approve[1].sources) == ((), ("anyone",))
    assert observe[1].never
    assert not observe[0].never
    assert own[1].effect is Effect.MUTATE
    assert own[1].inputs["json"] == {"list": ["a", 1]}
    assert own[1].undo == "none: it is set anew each time"
    assert own[0].undo == ""


async def test_what_takes_a_step_back_is_named(office: Office) -> None:
    """And how many steps stand ready besides."""
    request = {"method": "PUT", "url": "https://router.internal/w"}
    change = {
        "id": "change",
        "uses": "http.request",
        "with": request,
        "undo": {"uses": "http.request", "with": request},
    }
    office.books.append(book(steps=[change], always=[step(id="after")]))
    found = office.foresight().foresee(office.books[0], {}, None)
    assert found.steps[0].undo == "http.request"
    assert found.spare == 1
