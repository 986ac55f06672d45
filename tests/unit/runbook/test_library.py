"""What runbooks say of one another: names, inputs, circles, depth, and what is read of a step inside."""

from itertools import pairwise
from pathlib import Path

import pytest

from bot.actions.nested import DEEPEST
from bot.runbook.load import Library, load_folder
from tests.fakes.catalogue import CATALOGUE

HEAD = "apiVersion: fireline/v1\ntitle: t\nowner: o\non: {command: true}\n"
INNER = (
    "inputs: {zone: {pattern: '[a-z]+', description: where}, hosts: {type: integer, default: 3}}\n"
    "steps: [{id: look, uses: wait, with: {for: 1m}}]\n"
)


def read(folder: Path, **files: str) -> Library:
    """Load these runbooks, each named as its file."""
    for name, body in files.items():
        (folder / f"{name}.yaml").write_text(f"{HEAD}name: {name}\n{body}", encoding="utf-8")
    return load_folder([folder], CATALOGUE)


def running(with_: str, more: str = "", rest: str = "") -> str:
    """Write a runbook whose one step runs another."""
    return f"steps:\n  - {{id: sub, uses: runbook.run, with: {with_}{more}}}\n{rest}"


def test_a_sound_one(tmp_path: Path) -> None:
    """A runbook that runs another as it declares is taken without a word, undo and retry included."""
    rest = (
        '  - {id: two, if: steps.sub.output.steps.look.status == "succeeded", uses: wait, with: {for: 1m}, on_failure: undo,'
        ' evidence: {name: "{{ steps.sub.output.run }}", class: logs}}\n'
    )
    outer = running("{name: inner, inputs: {zone: a, hosts: '{{ 1 + 1 }}'}}", ", retry: {attempts: 2}", rest)
    library = read(tmp_path, outer=outer, inner=INNER)
    assert library.findings == ()
    assert [each.name for each in library] == ["inner", "outer"]


@pytest.mark.parametrize(
    ("with_", "code", "message", "hint"),
    [
        ("{name: iner}", "FL411", "there is no runbook iner", "did you mean inner?"),
        ("{name: inner}", "FL412", "inner needs the input zone", "where"),
        ("{name: inner, inputs: {}}", "FL412", "inner needs the input zone", "where"),
        (
            "{name: inner, inputs: {zone: a, host: 1}}",
            "FL412",
            "inner takes no input host",
            "did you mean hosts?",
        ),
        ("{name: inner, inputs: {zone: A}}", "FL412", "inner: zone: ", ""),
        ("{name: inner, inputs: {zone: a, hosts: many}}", "FL412", "should be a whole number", ""),
        ("{name: inner, inputs: {zone: a, hosts: [1]}}", "FL412", "should be a whole number", ""),
        ("{name: bare, inputs: {zone: a}}", "FL412", "bare takes no input zone", "it takes no inputs"),
        (
            "{name: inner, inputs: {zone: a, unheard: 1}}",
            "FL412",
            "takes no input unheard",
            "it takes: zone, hosts",
        ),
        ("{name: outer}", "FL413", "outer runs inside itself: outer → outer", ""),
        ("{name: back}", "FL413", "outer runs inside itself: outer → back → outer", ""),
    ],
)
def test_what_is_refused(tmp_path: Path, with_: str, code: str, message: str, hint: str) -> None:
    """Each misfit is told at its place, and refuses the runbook."""
    library = read(
        tmp_path,
        outer=running(with_),
        inner=INNER,
        bare="steps: [{id: a, uses: wait, with: {for: 1m}}]\n",
        back=running("{name: outer}"),
    )
    (told,) = [
        each for each in library.findings if each.code == code and each.place.file.endswith("outer.yaml")
    ]
    assert message in told.message
    assert hint in told.hint
    assert library.get("outer") is None
    assert library.get("inner") is not None


def test_what_an_expression_gives_is_judged_by_the_run(tmp_path: Path) -> None:
    """Names and inputs that only a run knows are let pass."""
    library = read(
        tmp_path,
        any=running("{name: '{{ alert.labels.book }}'}"),
        given=running("{name: inner, inputs: {zone: '{{ run.id }}'}}"),
        outer=running("{name: any}"),
        whole=running("{name: inner, inputs: '{{ alert.labels }}'}"),
        inner=INNER,
    )
    assert not [each for each in library.findings if each.code.startswith("FL41")]


def test_the_depth(tmp_path: Path) -> None:
    """So many may stand one inside another; the one that makes it too many is refused, and those inside are not."""
    last = "steps: [{id: a, uses: wait, with: {for: 1m}}]\n"
    names = [f"b{number}" for number in range(DEEPEST + 1)]
    files = {name: running(f"{{name: {after}}}") for name, after in pairwise(names)}
    library = read(tmp_path, **files, **{names[-1]: last})
    (told,) = [each for each in library.findings if each.code == "FL413"]
    assert told.message.startswith(f"{DEEPEST + 1} runs would stand one inside another: b0 → b1")
    assert [each.name for each in library] == names[1:]


def test_a_runbook_that_has_errors_is_still_known(tmp_path: Path) -> None:
    """Whoever runs it is warned, and stays in force; what it takes is not judged where that can't be read."""
    library = read(
        tmp_path,
        outer=running("{name: broken}"),
        broken="inputs: {a: {pattern: '('}}\nsteps: [{id: a, uses: nothing.such}]\n",
    )
    (warned,) = [each for each in library.findings if each.code == "FL414"]
    assert warned.message == "broken is refused"
    assert [each.name for each in library] == ["outer"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("steps.sub.output.steps.lok.status == 'x'", "inner has no step lok"),
        ("steps.sub.output.steps.look.detail == 'x'", "of a step inside, detail is not shown"),
    ],
)
def test_what_is_read_of_a_step_inside(tmp_path: Path, expression: str, message: str) -> None:
    """A step that the other runbook has not, and a field that is not shown, are told wherever they are named."""
    rest = (
        f'  - {{id: two, if: "{expression}", uses: database.drop, with: {{name: x}}, approval: {{from: [group:a]}},'
        f' settle: {{uses: wait, with: {{for: 1s}}, expect: "{expression}"}}, verify: {{uses: wait, with: {{for: 1s}}, expect: true}},'
        " undo: {uses: database.drop, with: {name: y}}}\n"
    )
    library = read(tmp_path, outer=running("{name: inner, inputs: {zone: a}}", "", rest), inner=INNER)
    told = [each for each in library.findings if each.code == "FL303"]
    assert {each.message for each in told} == {message}
    assert len(told) == 2


def test_steps_inside_a_runbook_that_is_not_named(tmp_path: Path) -> None:
    """What an expression names can have any steps; a guard lets a name be missing."""
    rest = "  - {id: two, if: steps.sub.output.steps.any.status == 'x', uses: wait, with: {for: 1m}}\n"
    assert (
        read(tmp_path, outer=running("{name: '{{ alert.labels.book }}'}", "", rest)).get("outer") is not None
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (", settle: {uses: wait, with: {for: 1s}, expect: true}", "settle has nothing to find out"),
        (", evidence: {name: a, class: logs}", "a run keeps no evidence of its own"),
    ],
)
def test_what_says_nothing_of_a_run(tmp_path: Path, more: str, message: str) -> None:
    """How a run ended is in the log, and its steps keep their own evidence."""
    library = read(tmp_path, outer=running("{name: inner, inputs: {zone: a}}", more), inner=INNER)
    (told,) = library.findings
    assert (told.code, told.message.startswith(message)) == ("FL107", True)


def test_an_undo_may_run_a_runbook(tmp_path: Path) -> None:
    """What a step's undo runs is held to the same."""
    undo = ", undo: {uses: runbook.run, with: {name: gone}}"
    library = read(tmp_path, outer=running("{name: inner, inputs: {zone: a}}", undo), inner=INNER)
    assert [each.code for each in library.findings] == ["FL411"]
