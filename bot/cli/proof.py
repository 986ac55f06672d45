"""`fireline verify`: the proof that the record is whole, by a verifier that shares no code with the writer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.cli.opening import console, records_of, settings_from
from bot.domain.ports import Reader
from bot.evidence.verify import Report, verify_evidence, verify_log
from bot.persistence.evidence_files import EvidenceFiles

PAGE = 5000
"""Rows of the log that are held in memory at once."""


def verify(config: Path | None, *, as_json: bool) -> bool:
    """Walk the log, compare every kept byte with it, print what was found; True when all is well."""
    settings = settings_from(config)
    files = EvidenceFiles(settings.evidence_dir)
    with records_of(settings) as records:
        log = verify_log(_rows(records))
        evidence = verify_evidence(_rows(records), files.open)
    if as_json:
        print(json.dumps({"log": asdict(log), "evidence": asdict(evidence)}, indent=2))  # noqa: T201 - for a program
    else:
        _say("events", "the chain of hashes is whole", log)
        _say("pieces of evidence", "their bytes are those that were stored", evidence)
        if log.ok:
            place, head = log.last
            console.print(f"Head: {place} {head}", soft_wrap=True)
            console.print("[dim]Keep the head elsewhere: it shows later whether the log's end was cut.[/dim]")
    return log.ok and evidence.ok


def _rows(records: Reader) -> Iterator[Mapping[str, Any]]:
    after = 0
    while rows := records.raw_events(after=after, limit=PAGE):
        yield from rows
        after = rows[-1]["seq"]


def _say(what: str, well: str, report: Report) -> None:
    if report.ok:
        console.print(f"[green]ok[/green]    {report.count} {what}: {well}")
        return
    console.print(f"[red]NOT WHOLE[/red]  {report.count} {what}, first problem at event {report.first_bad}:")
    for problem in report.problems:
        console.print(
            f"  event {problem.seq}: {problem.kind.value}: {problem.detail}", soft_wrap=True, markup=False
        )
