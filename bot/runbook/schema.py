"""The JSON Schema for editors: the file's form, and for each step what its action takes.

Wherever an action wants a value, a text with an expression may stand in its place, because only the run knows what it
gives. The schema is a help while typing; the linter is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.actions.contract import ActionSpec, Catalogue
from bot.runbook.surface import RunbookFile

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "https://fireline.invalid/schemas/runbook-v1.json"
"""Names the schema; nothing is ever fetched from there."""

_CALLS = ("Step", "Settle", "Verify", "Undo")
_EXPRESSION: Schema = {
    "type": "string",
    "pattern": r"\{\{[\s\S]*\}\}",
    "description": "A text with {{ an expression }}.",
}


def editor_schema(catalogue: Catalogue) -> Schema:
    """Return the schema, JSON Schema 2020-12, of a runbook that may use these actions."""
    schema = RunbookFile.model_json_schema(by_alias=True)
    for each in _objects(schema):
        _forget_null(each)
    definitions: Schema = schema["$defs"]
    definitions["Expression"] = dict(_EXPRESSION)
    branches = [_add_action(definitions, spec) for spec in catalogue.values()]
    for name in _CALLS:
        if branches:
            definitions[name]["properties"]["uses"] = _uses(
                definitions[name]["properties"]["uses"], catalogue
            )
            definitions[name]["allOf"] = branches
    return {"$schema": DIALECT, "$id": IDENTITY, **schema, "title": "Fireline runbook"}


def _uses(schema: Schema, catalogue: Catalogue) -> Schema:
    choices = [{"const": spec.name, "description": spec.summary} for spec in catalogue.values()]
    return {**schema, "oneOf": choices}


def _add_action(definitions: Schema, spec: ActionSpec) -> Schema:
    """Add the inputs of an action, and return the branch that applies them where the step uses it."""
    inputs = spec.inputs.model_json_schema(by_alias=True, ref_template=f"#/$defs/{spec.name}.{{model}}")
    for name, nested in inputs.pop("$defs", {}).items():
        definitions[f"{spec.name}.{name}"] = _open_properties(nested) if name != "SecretRef" else nested
    definitions[spec.name] = _open_properties(inputs) | {"title": spec.name, "description": spec.summary}
    then: Schema = {"properties": {"with": {"$ref": f"#/$defs/{spec.name}"}}}
    if inputs.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"uses": {"const": spec.name}}, "required": ["uses"]}, "then": then}


def _open_properties(schema: Schema) -> Schema:
    """Let an expression stand for each value of an object."""
    opened = dict(schema)
    if "properties" in schema:
        opened["properties"] = {name: _open(each) for name, each in schema["properties"].items()}
    return opened


def _open(schema: Schema) -> Schema:
    kept: Schema = {key: schema[key] for key in ("description", "title", "default") if key in schema}
    value = {key: each for key, each in schema.items() if key not in kept}
    for key in ("items", "additionalProperties"):
        if isinstance(value.get(key), dict):
            value[key] = _open(value[key])
    return kept | {"anyOf": [value, {"$ref": "#/$defs/Expression"}]} if value else kept


def _objects(schema: Any) -> Iterator[Schema]:  # noqa: ANN401 - a schema is any JSON
    if isinstance(schema, dict):
        yield schema
        for each in schema.values():
            yield from _objects(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _objects(each)


def _forget_null(schema: Schema) -> None:
    """Drop null, which pydantic allows for what may be absent, and the language refuses."""
    if isinstance(schema.get("anyOf"), list):
        options = [each for each in schema["anyOf"] if each != {"type": "null"}]
        if len(options) < len(schema["anyOf"]):
            del schema["anyOf"]
            schema.update(options[0] if len(options) == 1 else {"anyOf": options})
            schema.pop("default", None)
