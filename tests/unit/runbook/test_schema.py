"""The schema for editors: it takes what the linter takes, and says where the form is broken."""

import json
from typing import Any

import jsonschema
import pytest

from bot.actions.contract import Catalogue
from bot.runbook.documents import read_document
from bot.runbook.schema import editor_schema
from bot.runbook.surface import RunbookFile
from tests.fakes.catalogue import CATALOGUE
from tests.unit.runbook.cases import FOLDER, HEAD, STEP

SCHEMA = editor_schema(CATALOGUE)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def _errors(text: str) -> list[str]:
    document, _ = read_document(text, "f.yaml")
    assert document is not None
    return [each.json_path for each in VALIDATOR.iter_errors(document.data)]


def test_it_is_a_schema() -> None:
    """Valid by its own dialect, and JSON."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_sound_runbooks_pass(file: Any) -> None:
    """What the linter takes, an editor does not underline."""
    assert not _errors(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ("[{id: one, uses: wait}]", "$.steps[0]"),
        ("[{id: one, uses: nope, with: {}}]", "$.steps[0].uses"),
        ("[{id: one, uses: prometheus.query, with: {query: up, limit: 5000}}]", "$.steps[0].with.limit"),
        ("[{id: one, uses: prometheus.query, with: {quer: up}}]", "$.steps[0].with"),
        ("[{id: one, uses: wait, with: {for: 1m}, timeout: 5}]", "$.steps[0].timeout"),
        ("[{id: one, uses: wait, with: {for: 1m}, timeout: ~}]", "$.steps[0].timeout"),
        ("[{id: one, uses: wait, with: {for: 1m}, undo: nope}]", "$.steps[0].undo"),
        ("[{id: one, uses: wait, with: {for: 1m}, undo: {uses: prometheus.query}}]", "$.steps[0].undo"),
        ("[{id: one, uses: wait, with: {for: 1m}, for_each: 5}]", "$.steps[0].for_each"),
        ("[{id: one, uses: wait, with: {for: 1m}, for_each: x, max_items: 0%}]", "$.steps[0].max_items"),
        ("[{id: one, uses: wait, with: {for: 1m}, until: x}]", "$.steps[0]"),
        (
            "[{id: one, uses: wait, with: {for: 1m}, approval: {from: [group:a], on_expiry: shrug}}]",
            "$.steps[0].approval.on_expiry",
        ),
        ("[]", "$.steps"),
    ],
)
def test_broken_form_is_underlined(steps: str, path: str) -> None:
    """Missing and unknown keys, wrong values, what is not available yet."""
    assert path in _errors(f"{HEAD}steps: {steps}\n")


@pytest.mark.parametrize(
    "with_",
    ["{query: up, limit: '{{ inputs.n }}'}", "{query: '{{ vars.q }}'}"],
)
def test_an_expression_may_stand_for_any_value(with_: str) -> None:
    """Only the run knows what it gives."""
    assert not _errors(f"{HEAD}steps: [{{id: one, uses: prometheus.query, with: {with_}}}]\n")


def test_every_key_is_described() -> None:
    """Hovering over a key says what it is for."""
    for definition in [SCHEMA, *SCHEMA["$defs"].values()]:
        for name, each in definition.get("properties", {}).items():
            assert each.get("description"), f"{definition.get('title')}.{name}"


def test_without_actions_any_name_will_do() -> None:
    """The form alone, for a tool that knows no catalogue."""
    bare = editor_schema(Catalogue(()))
    document, _ = read_document(f"{HEAD}steps: [{STEP}]\n", "f.yaml")
    assert document is not None
    assert not list(jsonschema.Draft202012Validator(bare).iter_errors(document.data))
    assert "oneOf" not in bare["$defs"]["Step"]["properties"]["uses"]


def test_the_keys_are_those_of_the_language() -> None:
    """In the file's own spelling."""
    assert list(SCHEMA["properties"])[:2] == ["apiVersion", "name"]
    assert {"if", "with", "uses"} <= set(SCHEMA["$defs"]["Step"]["properties"])
    assert len(SCHEMA["properties"]) == len(RunbookFile.model_fields)
