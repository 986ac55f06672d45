"""The page that documents every action, written from the specs and the input models, so that it can't fall behind.

`tests/docs/test_actions.py` holds `docs/actions.md` to it; `make docs` writes the page anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.actions.contract import ActionSpec, Catalogue, Effect
from bot.actions.outcome import Reason

_HEAD = """# Actions

What a step can use (`uses:`), what it takes (`with:`) and what it gives (`steps.<id>.output`). This page is written from the code by `make docs`.

- **Effect**: `read` changes nothing, `mutate` changes something, `destroy` can't be taken back. A runbook may raise it, never lower it.
- **Repeatable**: doing it twice under the same idempotency key is doing it once; it is retried by default, and run again after a crash.
- **Secrets** are given by name, `{secret: router/token}`; the value is looked up as the call is made and masked in all that comes back.
- **Durations** carry units: `30s`, `10m`, `1h30m`, `7d`.
- A failure has one of these reasons: {reasons}.
"""
_SCALARS = "text or whole number or number or true or false"
_EFFECTS = {
    Effect.READ: "Changes nothing (`read`)",
    Effect.MUTATE: "Changes something (`mutate`)",
    Effect.DESTROY: "Can't be taken back (`destroy`)",
}


def reference(catalogue: Catalogue) -> str:
    """Return the page, in Markdown, of every action in the catalogue, by name."""
    sections = ("\n".join(_section(spec)) for spec in catalogue.values())
    reasons = ", ".join(f"`{reason}`" for reason in Reason)
    return "\n".join([_HEAD.replace("{reasons}", reasons), *sections])


def _section(spec: ActionSpec) -> Iterator[str]:
    yield f"## {spec.name}\n\n{spec.summary}\n\n{_nature(spec)}\n"
    schema = spec.inputs.model_json_schema(by_alias=True)
    yield "| input | type | default | |\n|---|---|---|---|"
    yield from _rows(schema, schema, "")
    yield "\n| output | |\n|---|---|"
    for name, text in spec.output.items():
        yield f"| `{name}` | {_cell(text)} |"
    yield f"\n```yaml\n- id: example\n  uses: {spec.name}\n  with:"
    for name, value in spec.example.items():
        # JSON is YAML.
        yield f"    {name}: {json.dumps(value, ensure_ascii=False)}"
    yield "```\n"


def _nature(spec: ActionSpec) -> str:
    if spec.nested:
        return "Does to the world what that runbook does; after a crash it goes on where it stands. Undone by undoing what that run did."
    repeat = "repeatable" if spec.repeatable else "not repeatable"
    if spec.read_if_declared:
        return f"{_EFFECTS[spec.effect]}, {repeat}; with `effect: read` on the step it counts as reading, and as repeatable."
    return f"{_EFFECTS[spec.effect]}, {repeat}."


def _rows(root: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Yield a row for each field, and below it those of a model inside of it."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        default = "required" if name in required else _default(field)
        described = _cell(field.get("description", ""))
        yield f"| `{prefix}{name}` | {_cell(_type(root, field))} | {default} | {described} |"
        for inner in _models(root, field):
            yield from _rows(root, inner, f"{prefix}{name}.")


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, {}, [], "") else f"`{json.dumps(default, ensure_ascii=False)}`"


def _models(root: Mapping[str, Any], field: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the models that a field holds itself; a secret's name needs no row of its own."""
    for each in (field, *field.get("anyOf", ())):
        name = _ref(each)
        if name and name != "SecretRef":
            yield root["$defs"][name]


def _ref(field: Mapping[str, Any]) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def _type(root: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    """Name a field's type as a person would."""
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "anyOf" in field:
        kinds = [_type(root, each) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds)).replace(_SCALARS, "scalar")
    if _ref(field):
        return "`{secret: name}`" if _ref(field) == "SecretRef" else "mapping"
    if field.get("type") == "array":
        return f"list of {_type(root, field.get('items', {}))}"
    if isinstance(field.get("additionalProperties"), Mapping):
        return f"mapping to {_type(root, field['additionalProperties'])}"
    return _plain(field)


def _plain(field: Mapping[str, Any]) -> str:
    if field.get("title") == "duration":
        return "duration"
    formats = {"uri": "URL", "date-time": "instant"}
    kinds = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "mapping",
    }
    return formats.get(field.get("format", "")) or kinds.get(field.get("type", ""), "anything")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
