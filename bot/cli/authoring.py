"""`fireline lint | schema | slack manifest`: what an author of runbooks and an operator of Slack need."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bot.chat.config import ChatConfig
from bot.chat.manifest import manifest
from bot.cli.opening import settings_from
from bot.cli.screen import say, show_document, write_document
from bot.errors import ConfigurationError
from bot.runbook.findings import Level
from bot.runbook.load import load_folder
from bot.runbook.reports import as_github, as_json, as_sarif, as_text
from bot.runbook.schema import editor_schema
from bot.settings import Settings
from bot.wiring.catalogue import whole_catalogue

_REPORTS = {"text": as_text, "json": as_json, "github": as_github, "sarif": as_sarif}


def lint(config: Path | None, paths: list[Path] | None, form: str) -> bool:
    """Check runbooks and print what is found; True when none has an error."""
    settings = _settings_or_defaults(config, named=bool(paths))
    read = load_folder(
        paths or settings.runbooks,
        whole_catalogue(settings),
        tuple(settings.vars),
        today=datetime.now(UTC).date(),
        groups=settings.groups,
    )
    report = _REPORTS[form](read.findings)
    if report:
        show_document(report)
    if form == "text":
        errors = sum(each.level is Level.ERROR for each in read.findings)
        warnings = sum(each.level is Level.WARNING for each in read.findings)
        say(
            "{fine}, {errors}, {warnings}.",
            fine=_counted(len(read.runbooks), "runbook is fine", "runbooks are fine"),
            errors=_counted(errors, "error", "errors"),
            warnings=_counted(warnings, "warning", "warnings"),
        )
    return all(each.level is not Level.ERROR for each in read.findings)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _settings_or_defaults(config: Path | None, *, named: bool) -> Settings:
    """Read the settings; where files are named and settings are not, checking them must not need a working installation."""
    try:
        return settings_from(config)
    except ConfigurationError:
        if config is not None or not named:
            raise
        return Settings()


def schema(out: Path | None) -> None:
    """Print the JSON Schema of runbooks, or write it to a file."""
    write_document(json.dumps(editor_schema(whole_catalogue(Settings())), indent=2, ensure_ascii=False), out)


def slack_manifest(config: Path | None) -> None:
    """Print the Slack app manifest for these settings, as YAML; the app's tokens come after it."""
    chat = ChatConfig.from_settings(settings_from(config, before_the_app=True))
    show_document(yaml.safe_dump(manifest(chat), sort_keys=False, allow_unicode=True))
