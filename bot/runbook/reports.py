"""Findings as text for people and compilers' readers, as JSON, as GitHub's workflow commands, and as SARIF; no finding is made here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.runbook.findings import RULES, Finding, Level

_SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
_GITHUB_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_REFERENCE = "docs/lint.md"


def as_text(findings: Iterable[Finding]) -> str:
    """Write a line a finding, `file:line:column level code message`, its hint indented below."""
    lines: list[str] = []
    for each in findings:
        lines.append(f"{each.place} {each.level} {each.code} {each.message}")
        if each.hint:
            lines.append(f"    hint: {each.hint}")
    return "".join(f"{line}\n" for line in lines)


def as_json(findings: Iterable[Finding]) -> str:
    """Write a JSON list of objects with file, line, column, level, code, title, message and hint."""
    rows = [
        {
            "file": each.place.file,
            "line": each.place.line,
            "column": each.place.column,
            "level": each.level.value,
            "code": each.code,
            "title": RULES[each.code].title,
            "message": each.message,
            "hint": each.hint,
        }
        for each in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


def as_github(findings: Iterable[Finding]) -> str:
    """Write workflow commands that GitHub shows beside the line.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "".join(_workflow_command(each) for each in findings)


def _workflow_command(each: Finding) -> str:
    place = each.place
    text = f"{each.message} ({each.hint})" if each.hint else each.message
    file, title = _escaped_property(place.file), _escaped_property(f"{each.code} {RULES[each.code].title}")
    return f"::{_GITHUB_LEVELS[each.level]} file={file},line={place.line},col={place.column},title={title}::{_escaped(text)}\n"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(findings: Iterable[Finding]) -> str:
    """Write a SARIF 2.1.0 log with every rule of the linter.

    Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    codes = list(RULES)
    run = {
        "tool": {"driver": {"name": "fireline lint", "rules": [_sarif_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each, codes.index(each.code)) for each in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _sarif_rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.level]},
    }


def _sarif_result(each: Finding, index: int) -> dict[str, Any]:
    uri = each.place.file.replace("\\", "/").replace("%", "%25").replace(" ", "%20")
    region = {"startLine": each.place.line, "startColumn": each.place.column}
    return {
        "ruleId": each.code,
        "ruleIndex": index,
        "level": _SARIF_LEVELS[each.level],
        "message": {"text": f"{each.message}. {each.hint}" if each.hint else each.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
    }


FORMATS: Mapping[str, Callable[[Iterable[Finding]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
"""What `fireline lint --format` takes."""

_PARTS = {
    "FL0": "The file",
    "FL1": "The form",
    "FL2": "The order of steps",
    "FL3": "Names in expressions",
    "FL4": "Actions",
    "FL5": "Safety",
    "FL6": "What starts a runbook",
    "FL9": "Not available yet",
}


def render_reference() -> str:
    """Write `docs/lint.md`, the table of every code; `make docs` puts it there."""
    lines = [
        "# What the linter finds",
        "",
        "<!-- Made from bot/runbook/findings.py by `make docs`; edit it there. -->",
        "",
        "`fireline lint` prints every finding as `file:line:column level code message` with a hint below, or in another form with",
        f"`--format {'|'.join(FORMATS)}`. An error refuses the runbook; a warning or a note does not. A code keeps its meaning for ever.",
    ]
    for prefix, title in _PARTS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| code | level | finding | why, and what to do |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {code} | {rule.level} | {rule.title} | {rule.why} |"
            for code, rule in RULES.items()
            if code.startswith(prefix)
        ]
    return "\n".join(lines) + "\n"
