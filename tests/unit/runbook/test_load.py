"""From files to runbooks: what a sound one means, and what a folder gives."""

import copy
import hashlib
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.contract import Effect
from bot.actions.outcome import TRANSIENT, Reason
from bot.domain.ids import StepId
from bot.domain.nouns import Phase
from bot.runbook.documents import read_document
from bot.runbook.load import Library, RunbookRefused, load_folder, load_good
from bot.runbook.model import (
    DEFAULT_RETRY,
    NO_RETRY,
    ApprovalRule,
    Autonomy,
    InputType,
    Jitter,
    NoUndo,
    OnFailure,
    Retry,
    Undo,
    effective_effect,
    effective_repeatable,
    effective_retry,
)
from tests.fakes.catalogue import CATALOGUE
from tests.unit.runbook.cases import FOLDER, HEAD, STEP, TODAY, load, load_steps, sound

FULL = (FOLDER / "checkout-errors.yaml").read_text(encoding="utf-8")


def test_a_whole_runbook_means_what_it_says() -> None:
    """The language's own example, part by part."""
    loaded = load(FULL)
    runbook = loaded.runbook
    assert runbook is not None
    assert not loaded.findings
    assert (runbook.name, runbook.owner, runbook.autonomy) == (
        "checkout-errors",
        "team-payments",
        Autonomy.AUTO,
    )
    assert runbook.valid_until == date(2027, 6, 30)
    assert runbook.timeout == timedelta(minutes=45)
    assert runbook.command
    assert runbook.matches({"alertname": "CheckoutErrors", "severity": "page"})
    assert not runbook.matches({"alertname": "CheckoutErrors", "severity": "info"})
    assert runbook.digest == hashlib.sha256(FULL.encode()).hexdigest()
    assert runbook.source == FULL
    assert [each.id for each in runbook.all_steps()] == ["before", "logs", "shift", "tell", "after"]
    assert runbook.severity.render({"alert": {"labels": {"severity": "critical"}}}) == "SEV1"
    assert runbook.concurrency is not None
    assert runbook.concurrency.group.render({"inputs": {"service": "a"}}) == "service/a"


def test_a_whole_step_means_what_it_says() -> None:
    """Every key of a step arrives."""
    shift = sound(FULL).step(StepId("shift"))
    assert shift.name == "Move traffic to the standby"
    assert shift.needs == ("before", "logs")
    assert shift.condition is not None
    assert shift.condition.is_true({"steps": {"before": {"output": {"max": 1}}}})
    assert shift.approval == ApprovalRule(sources=("group:sre",), quorum=1, expires=timedelta(minutes=10))
    assert shift.timeout == timedelta(seconds=30)
    assert shift.retry is not None
    assert (shift.retry.attempts, shift.retry.backoff, shift.retry.jitter) == (4, 2.0, Jitter.FULL)
    assert shift.settle is not None
    assert shift.settle.expect.is_true({"output": {"json": {"standby": 100}}})
    assert shift.verify is not None
    assert (shift.verify.every, shift.verify.within) == (timedelta(seconds=15), timedelta(minutes=5))
    assert isinstance(shift.undo, Undo)
    assert shift.on_failure is OnFailure.UNDO
    assert shift.place.line == 29
    with_ = shift.inputs.render({"inputs": {"service": "a"}})
    assert isinstance(with_, dict)
    assert with_["headers"] == {"authorization": {"secret": "router/token"}}


def test_order() -> None:
    """A step follows the one above it unless `needs` says otherwise."""
    runbook = sound(FULL)
    assert runbook.step(StepId("before")).needs == ()
    assert runbook.step(StepId("logs")).needs == ()
    after = sound((FOLDER / "queue-backlog.yaml").read_text(encoding="utf-8"))
    assert [each.needs for each in after.steps] == [(), ("depth",), ("pause",)]


def test_phases() -> None:
    """Each list is a phase of its own."""
    runbook = sound(FULL)
    assert runbook.phase_of(StepId("tell")) is Phase.RESCUE
    assert runbook.steps_of(Phase.UNDO) == ()
    with pytest.raises(KeyError):
        runbook.phase_of(StepId("nope"))
    with pytest.raises(KeyError):
        runbook.step(StepId("nope"))


def test_defaults() -> None:
    """What a short runbook leaves out."""
    runbook = sound(
        f"{HEAD}inputs: {{a: {{}}, b: {{type: list, required: false, enum: [x]}}}}\nsteps: [{STEP}]\n"
    )
    assert runbook.severity.render({}) == "SEV3"
    assert runbook.autonomy is Autonomy.PROPOSE
    assert runbook.triggers == ()
    first, second = runbook.inputs
    assert (first.type, first.required, first.enum) == (InputType.STRING, True, ())
    assert (second.type, second.required, second.enum) == (InputType.LIST, False, ("x",))
    (step,) = runbook.steps
    assert (step.name, step.retry, step.undo, step.on_failure) == ("one", None, None, OnFailure.STOP)
    assert not runbook.is_past(date(2099, 1, 1))


def test_small_parts() -> None:
    """A retry's own reasons, an undo that there is not, a verify that is asked once, booleans as expressions."""
    runbook = load_steps(
        "  - id: one\n    uses: http.request\n    with: {url: 'http://x'}\n    if: true\n"
        "    retry: {attempts: 1, interval: 40s, on: [conflict, timeout]}\n    undo: none\n    why: it stays\n"
        "    verify: {uses: prometheus.query, with: {query: up}, expect: true}\n    evidence: {name: 'a-{{ run.id }}'}\n"
    ).runbook
    assert runbook is not None
    (step,) = runbook.steps
    assert step.retry == Retry(
        attempts=1,
        interval=timedelta(seconds=40),
        max_interval=timedelta(seconds=40),
        on=frozenset({Reason.CONFLICT, Reason.TIMEOUT}),
    )
    assert step.undo == NoUndo(why="it stays")
    assert step.verify is not None
    assert step.verify.within == timedelta(0)
    assert step.condition is not None
    assert step.condition.is_true({})
    assert step.evidence is not None
    assert (step.evidence.evidence_class, step.evidence.name.render({"run": {"id": "42-1"}})) == (
        "other",
        "a-42-1",
    )


def test_effects_and_retries() -> None:
    """An effect may be raised, and lowered only where the action can't know; retries follow from what is repeatable."""
    lines = [
        "  - {id: asks, uses: http.request, with: {url: 'http://x'}, effect: read}",
        "  - {id: sends, uses: http.request, with: {url: 'http://x'}, undo: none, why: w}",
        "  - {id: worse, uses: http.request, with: {url: 'http://x'}, effect: destroy, approval: {from: [group:a]}, undo: none, why: w}",
        "  - {id: pauses, uses: queue.pause, with: {name: x}, undo: none, why: w}",
    ]
    runbook = load_steps("\n".join(lines)).runbook
    assert runbook is not None
    asks, sends, worse, pauses = runbook.steps
    http, pause = CATALOGUE["http.request"], CATALOGUE["queue.pause"]
    assert [effective_effect(each, http) for each in (asks, sends, worse)] == [
        Effect.READ,
        Effect.MUTATE,
        Effect.DESTROY,
    ]
    assert [effective_repeatable(each, http) for each in (asks, sends, worse)] == [True, False, False]
    assert effective_repeatable(pauses, pause)
    assert effective_retry(asks, True) is DEFAULT_RETRY  # noqa: FBT003 - as the conductor calls it
    assert effective_retry(sends, False) is NO_RETRY  # noqa: FBT003 - likewise
    shift = sound(FULL).step(StepId("shift"))
    assert effective_retry(shift, False) is shift.retry  # noqa: FBT003 - likewise
    assert DEFAULT_RETRY.on == TRANSIENT


def test_a_folder_is_a_library(tmp_path: Path) -> None:
    """Runbooks by name, rehearsals passed over, other files too, a file by itself taken as it is."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "z.yml").write_text(f"{HEAD}steps: [{STEP}]\n".replace("sound", "alpha"))
    (tmp_path / "a.yaml").write_text(f"{HEAD}on2: 1\nsteps: [{STEP}]\n")
    (tmp_path / "c.yaml").write_text(f"{HEAD}steps: [{STEP}]\n".replace("sound", "beta"))
    (tmp_path / "c.rehearsal.yaml").write_text("not: a runbook")
    (tmp_path / "readme.md").write_text("no")
    library = load_folder([tmp_path, tmp_path / "c.yaml"], CATALOGUE, today=TODAY)
    assert [each.name for each in library] == ["alpha", "beta"]
    assert [each.code for each in library.findings] == ["FL004"]
    alpha = library.get("alpha")
    assert alpha is not None
    assert alpha.path == str(tmp_path / "b" / "z.yml")
    assert library.get("sound") is None


def test_the_first_by_name_takes_an_alert() -> None:
    """As with Alertmanager's routes without `continue`."""
    on = HEAD.replace("on: {command: true}", "on: {alert: [{match: ['a=~\".+\"']}]}")
    texts = [f"{on}steps: [{STEP}]\n".replace("sound", name) for name in ("bb", "aa")]
    library = Library(runbooks=tuple(sorted((sound(each) for each in texts), key=lambda each: each.name)))
    match = library.matching({"a": "x"})
    assert match is not None
    assert match.name == "aa"
    assert library.matching({"b": "x"}) is None


def test_a_name_stands_once(tmp_path: Path) -> None:
    """Of two of one name the first by path stays, and the other is told."""
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(f"{HEAD}steps: [{STEP}]\n")
    library = load_folder([tmp_path], CATALOGUE, today=TODAY)
    assert [each.path for each in library] == [str(tmp_path / "one.yaml")]
    assert [(each.code, each.hint) for each in library.findings] == [("FL009", f"by {tmp_path / 'one.yaml'}")]


def test_what_cant_be_read_is_told(tmp_path: Path) -> None:
    """No such folder, no permission, no UTF-8: each a finding with its place."""
    (tmp_path / "latin.yaml").write_bytes("a: b\nc: dé\xe9\n".encode("latin-1"))
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    library = load_folder([tmp_path, tmp_path / "nope", tmp_path / "gone.yaml"], CATALOGUE)
    assert [(each.code, str(each.place).removeprefix(str(tmp_path))) for each in library.findings] == [
        ("FL001", "/gone.yaml:1:1"),
        ("FL001", "/latin.yaml:2:5"),
        ("FL001", "/nope:1:1"),
    ]


def test_a_file_that_fails_while_it_is_read_is_told() -> None:
    """Linux gives every process a file that is there and can't be read from its start: its own memory."""
    (told,) = load_folder([Path("/proc/self/mem")], CATALOGUE).findings
    assert (told.code, told.message) == ("FL001", "it can't be read: Input/output error")


def test_the_last_good_version_stays(tmp_path: Path) -> None:
    """What broke keeps its last good version, what is gone is gone, and a taken name is not given twice."""
    for name in ("aa", "bb", "cc"):
        (tmp_path / f"{name}.yaml").write_text(f"{HEAD}steps: [{STEP}]\n".replace("sound", name))
    before = load_folder([tmp_path], CATALOGUE)
    (tmp_path / "aa.yaml").write_text("broken: true")
    (tmp_path / "bb.yaml").unlink()
    (tmp_path / "cc.yaml").write_text("broken: true")
    (tmp_path / "dd.yaml").write_text(f"{HEAD}steps: [{STEP}]\n".replace("sound", "cc"))
    after = load_folder([tmp_path], CATALOGUE).keeping(before)
    assert [(each.name, Path(each.path).name) for each in after] == [("aa", "aa.yaml"), ("cc", "dd.yaml")]


def test_a_runbook_that_must_be_good() -> None:
    """A pinned runbook is loaded or refused, with every finding."""
    assert load_good(f"{HEAD}steps: [{STEP}]\n", "f.yaml", CATALOGUE).name == "sound"
    with pytest.raises(RunbookRefused, match=r"f.yaml:6:1: foo is no key") as caught:
        load_good(f"{HEAD}foo: 1\nsteps: [{STEP}]\n", "f.yaml", CATALOGUE)
    assert [each.code for each in caught.value.findings] == ["FL004"]
    with pytest.raises(RunbookRefused, match="title is missing") as caught:
        load_good(f"{HEAD}steps: [{STEP}]\n".replace("title: Something is wrong\n", ""), "f.yaml", CATALOGUE)
    assert caught.value.hint == "fireline lint f.yaml shows every finding"


_WORDS = st.sampled_from(
    [
        *(
            "apiVersion: fireline/v1",
            "name: a",
            "on: {}",
            "on: {alert: [{match: [x]}]}",
            "title: ~",
            "a: &a [*a]",
            "- x",
        ),
        *(
            "steps:",
            "  - id: a",
            "    uses: wait",
            "    with: {}",
            "    needs: [a]",
            "    undo: none",
            "    approval: {}",
        ),
        *("    retry: {on: []}", "inputs: {a: {default: '{{'}}", "steps: [1]"),
    ]
)


@given(st.lists(_WORDS, max_size=10))
def test_any_file_is_loaded_or_refused(lines: list[str]) -> None:
    """Nothing but findings ever comes out; a runbook only without errors."""
    loaded = load("\n".join(lines))
    assert (loaded.runbook is None) == bool(loaded.errors)


_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1.5,
        "",
        "{{ x }}",
        "{{",
        "none",
        "30s",
        [],
        {},
        [1],
        ["a"],
        {"a": 1},
        {"secret": "{{ x }}"},
        {"uses": "wait"},
        "x" * 5000,
    ]
)


def _inside(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree, as its holder and its key."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield tree, key
        yield from _inside(tree[key])


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), _VALUES, st.sampled_from(["put", "drop", "add"])),
        min_size=1,
        max_size=4,
    )
)
def test_any_damage_to_a_runbook_is_told(damage: list[tuple[int, Any, str]]) -> None:
    """Whatever is put, dropped or added anywhere in a sound runbook: findings, never a traceback."""
    document, _ = read_document(FULL, "f.yaml")
    assert document is not None
    tree = copy.deepcopy(document.data)
    for number, value, kind in damage:
        places = list(_inside(tree))
        holder, key = places[number % len(places)]
        if kind == "drop":
            del holder[key]
        elif kind == "add" and isinstance(holder, dict):
            holder["with" if number % 2 else "zzz"] = copy.deepcopy(value)
        else:
            holder[key] = copy.deepcopy(value)
    loaded = load(json.dumps(tree))
    assert (loaded.runbook is None) == bool(loaded.errors)
