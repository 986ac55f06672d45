"""Every modal and home tab that the surface can produce is one that Slack takes, whatever text stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.views import View

from bot.actions.contract import Effect
from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import as_it_is
from bot.chat.blocks.kit import Json, section
from bot.chat.blocks.picture import Picture
from bot.chat.views import deciding, forms, running
from bot.chat.views.home import Outlook, Waits, home_view
from bot.chat.views.kit import (
    carried,
    choice,
    field,
    fits,
    loading,
    modal,
    option,
    outcome,
    text_box,
    view_to_fit,
    written,
)
from bot.chat.views.letting_go import letting_go_form
from bot.chat.views.more import more_view
from bot.domain.nouns import DeadKind, IncidentStatus, RunStatus, person
from bot.domain.response_records import FreezeRecord
from bot.incidents.foreseen import Foreseen, ForeseenStep
from bot.localslack.blocks import check_view
from bot.runbook.model import InputDecl, InputType, Runbook
from tests import schemas
from tests.fakes.books import book
from tests.unit.chat.pictures import AT, LONG, TEXT, approvals, incidents, pictures, runs, silences
from tests.unit.chat.test_letters import LETTER
from tests.unit.chat.test_messages import check_text

MANY = settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None)
FEW = settings(MANY, max_examples=2)
ABOUT = {"incident": 1, "channel": "C0001"}
BOOK = book()


def check(view: Json) -> None:
    """Hold a view to Slack's published types, its limits, its size, unique ids, and to no mark-up but ours."""
    view = json.loads(json.dumps(view))
    kind = view["type"]
    assert schemas.problems(kind, view) == []
    assert check_view(view) == []
    assert len(json.dumps(view).encode()) <= 250_000
    View(**view).validate_json()
    names = list(_named(view["blocks"]))
    assert len(names) == len(set(names))
    check_text(_without_initials(view["blocks"]))
    if kind == "modal":
        assert isinstance(json.loads(view["private_metadata"]), dict)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "action_id" in value:
            yield value["action_id"]
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def _without_initials(value: Any) -> Any:
    """A view without the texts that fields begin with: Slack shows those letter by letter."""
    if isinstance(value, dict):
        return {key: _without_initials(each) for key, each in value.items() if key != "initial_value"}
    return [_without_initials(each) for each in value] if isinstance(value, list) else value


@st.composite
def books(draw: st.DrawFn) -> Runbook:
    """Any runbook as a list shows it."""
    return replace(BOOK, name=f"r{draw(st.integers(0, 10**6))}", title=draw(LONG))


@st.composite
def declarations(draw: st.DrawFn) -> InputDecl:
    """Any input."""
    kind = draw(st.sampled_from(InputType))
    return InputDecl(
        name=f"i{draw(st.integers(0, 10**6))}",
        type=kind,
        pattern=draw(st.sampled_from([None, "^<!channel>$", "x" * 300])),
        required=draw(st.booleans()),
        enum=tuple(draw(st.lists(TEXT.filter(bool), max_size=3, unique=True))),
        description=draw(LONG),
    )


@MANY
@given(incidents(), LONG, st.lists(books(), max_size=3))
def test_the_forms_of_an_incident(incident: Any, text: str, some: list[Runbook]) -> None:
    """Each, whatever the incident, the people and the runbooks are called."""
    offered = [(each.name, each.title) for each in some]
    check(forms.declare_form(offered, {"channel": "C1"}, title=text, redact=as_it_is))
    for form in (
        forms.note_form,
        forms.resolve_form,
        forms.reopen_form,
        forms.severity_form,
        forms.update_form,
        forms.silence_form,
    ):
        check(form(incident, ABOUT, redact=as_it_is))  # type: ignore[operator]
    roles = [("commander", text, "U0ADA"), ("scribe", "Scribe", text)]
    check(forms.assign_form(incident, roles, ABOUT, redact=as_it_is))
    others = [replace(incident, id=incident.id + each) for each in range(3)]
    check(forms.merge_form(incident, others, ABOUT, redact=as_it_is))
    check(forms.merge_form(incident, [], ABOUT, redact=as_it_is))
    check(forms.freeze_form(ABOUT))


@MANY
@given(LONG, st.sampled_from(DeadKind))
def test_the_form_that_lets_a_dead_letter_go(text: str, what: DeadKind) -> None:
    """Whatever it is called, and whatever became of it."""
    letter = replace(LETTER, what=what, title=text, detail=text)
    check(letting_go_form(letter, ABOUT, redact=as_it_is))


@MANY
@given(incidents(), approvals(), LONG, st.integers(-1, 50))
def test_what_belongs_to_an_approval(incident: Any, approval: Any, name: str, page: int) -> None:
    """The form of a Deny, and any page of what will run."""
    check(deciding.deny_form(incident, approval, name, ABOUT, redact=as_it_is))
    check(deciding.details(incident, approval, name, ABOUT, page=page, redact=as_it_is))


@MANY
@given(pictures(), silences())
def test_everything_that_can_be_done(picture: Any, silence: Any) -> None:
    """Of any incident, with any runs under way, its alerts silenced or not."""
    check(more_view(picture, ABOUT, redact=as_it_is))
    check(more_view(replace(picture, silences=[silence]), ABOUT, redact=as_it_is))
    check(more_view(replace(picture, silences=[]), ABOUT, redact=as_it_is))


@FEW
@given(incidents(), silences())
def test_alerts_are_silenced_or_heard_again(incident: Any, silence: Any) -> None:
    """Whichever there is something to do about: one of both."""
    silent, heard = '"open/silence"', '"unsilence"'
    still_open = replace(incident, status=IncidentStatus.MONITORING, resolved_at=None, alerts=1)
    for standing, offered, kept in ([], silent, heard), ([silence], heard, silent):
        view = more_view(Picture(incident=still_open, silences=standing), ABOUT, redact=as_it_is)
        assert offered in json.dumps(view)
        assert kept not in json.dumps(view)


@FEW
@given(incidents(), runs(1))
def test_every_run_under_way_has_buttons_of_its_own(incident: Any, run: Any) -> None:
    """Several runs: each id once, each with its own run."""
    alive = [
        replace(run, run=replace(run.run, id=f"1-{at}", status=RunStatus.RUNNING, paused_at=None))
        for at in range(1, 4)
    ]
    still_open = replace(incident, status=IncidentStatus.MONITORING, resolved_at=None)
    view = more_view(Picture(incident=still_open, runs=alive), ABOUT, redact=as_it_is)
    check(view)
    assert all(f"run_pause/1-{at}" in str(view) for at in range(1, 4))


@MANY
@given(
    st.lists(books(), max_size=4),
    st.lists(declarations(), max_size=6, unique_by=lambda each: each.name),
    TEXT,
)
def test_the_forms_of_a_run(some: list[Runbook], inputs: list[InputDecl], text: str) -> None:
    """The choice, and inputs of every type, with what was typed before."""
    check(running.pick_form(some, ABOUT, redact=as_it_is))
    asked = replace(BOOK, inputs=tuple(inputs), title=text)
    known = {each.name: text for each in inputs[:3]}
    given_before = {each.name: text for each in inputs[3:]}
    check(running.inputs_form(asked, known, ABOUT, given=given_before, redact=as_it_is))


@FEW
@given(
    long=LONG,
    text=TEXT,
    count=st.sampled_from([1, 60]),
    inputs=st.dictionaries(TEXT, LONG, max_size=4),
    effect=st.sampled_from(Effect),
    whole=st.booleans(),
)
def test_a_preview(
    long: str, text: str, count: int, inputs: dict[str, str], effect: Effect, *, whole: bool
) -> None:
    """Any number of steps, with any inputs."""
    step = ForeseenStep(
        name=long,
        action=text,
        effect=effect,
        inputs=inputs,
        whole=whole,
        sources=("group:sre", "anyone"),
        quorum=2,
        condition=long,
        looped=True,
        undo=long,
        never=text,
    )
    seen = Foreseen(runbook=replace(BOOK, title=long), inputs=inputs, steps=[step] * count, spare=count)
    check(running.preview(seen, {"group:sre": "<!subteam^S1>"}, "in incident #1", ABOUT, redact=as_it_is))


@MANY
@given(
    some=st.lists(incidents(), max_size=8, unique_by=lambda each: each.id),
    asked=st.lists(approvals(), max_size=2),
    runbooks=st.lists(books(), max_size=8, unique_by=lambda each: each.name),
    text=LONG,
    may_act=st.booleans(),
)
def test_a_home_tab(
    some: list[Any], asked: list[Any], runbooks: list[Runbook], text: str, *, may_act: bool
) -> None:
    """Whatever is open and waits, for one who may act and one who may not."""
    unique = [replace(each, id=f"1-1/s/{at}") for at, each in enumerate(asked)]
    mine = [
        Waits(incident=some[0], what=text, where="https://slack.test/p1", approval=each)
        for each in unique
        if some
    ]
    mine += [Waits(incident=each, what=text, lead=True) for each in some]
    outlook = Outlook(incidents=some, waiting={1: 3}, mine=mine, runbooks=runbooks, may_act=may_act)
    frozen = FreezeRecord(since=AT, by=person("U0ADA"), why=text)
    check(home_view(replace(outlook, freeze=frozen), redact=as_it_is))
    check(home_view(outlook, redact=as_it_is))


@FEW
@given(incidents())
def test_a_home_tab_of_a_large_place(incident: Any) -> None:
    """Forty services on fire and two hundred runbooks: the worst come first, the rest is counted."""
    some = [replace(incident, id=each, title=f"service-{each} is down") for each in range(1, 41)]
    runbooks = [replace(BOOK, name=f"runbook-{each}") for each in range(200)]
    mine = [Waits(incident=each, what="Decide", approval=None) for each in some]
    view = home_view(Outlook(incidents=some, mine=mine, runbooks=runbooks), redact=as_it_is)
    check(view)
    shown = str(view)
    assert "25 more open ones" in shown
    assert "185 more" in shown
    check(running.pick_form(runbooks, ABOUT, redact=as_it_is))
    check(forms.declare_form([(each.name, each.title) for each in runbooks], ABOUT, redact=as_it_is))
    (chosen,) = [
        each
        for each in running.pick_form(runbooks, ABOUT, redact=as_it_is)["blocks"]
        if each["type"] == "input"
    ]
    assert [len(each["options"]) for each in chosen["element"]["option_groups"]] == [100, 100]


def test_a_form_carries_what_it_is_about_or_says_that_it_can_t() -> None:
    """Slack cuts nothing: it refuses the view."""
    assert not carried({"inputs": "x" * 3000})
    with pytest.raises(ValueError, match="private_metadata"):
        written({"inputs": "x" * 3000})


def test_a_text_that_would_not_come_back_as_it_is_is_left_out() -> None:
    """A field begins with a value letter by letter, or empty."""
    assert text_box(initial="two\nlines")["initial_value"] == "two\nlines"
    assert "initial_value" not in text_box(initial="a\u202eb")
    assert "initial_value" not in text_box(initial="x" * 3001)
    assert "initial_option" not in choice([option("A", "a")], initial="b")


def test_a_view_is_as_large_as_it_is_sent() -> None:
    """An accented letter is six bytes on its way, two as text."""
    view = modal("Large", "large", [section("é" * 3000)] * 20)
    assert len(json.dumps(view, ensure_ascii=False).encode()) < 200_000
    assert not fits(view)


def test_a_view_that_is_too_large_is_written_smaller() -> None:
    """And in the end cut to the blocks that Slack takes."""
    big = view_to_fit(
        lambda ink: modal(
            "T",
            "t",
            [field(f"f{each}", ink.line("x" * 3000, 3000), text_box()) for each in range(120)],
            submit="S",
        ),
        as_it_is,
    )
    check(big)
    check(loading())
    check(outcome(said("Done.", "More.")))
    check(outcome(said("Done.").plain))
