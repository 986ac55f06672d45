"""`fireline verify`: the proof that the record is whole, by a verifier that shares no code with the writer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.cli.opening import records_of, settings_from
from bot.cli.screen import say, show_json
from bot.domain.ports import Reader
from bot.errors import ConfigurationError
from bot.evidence.verify import Report, verify_evidence, verify_log
from bot.persistence.evidence_files import EvidenceFiles

_DIGITS = 64
PAGE = 5000
"""Rows of the log that are held in memory at once."""


def verify(config: Path | None, *, head: str, as_json: bool) -> bool:
    """Walk the log, compare every kept byte with it, print what was found; True when all is well.

    `head` is what an earlier verification printed, `PLACE:HASH`, empty for none: a log that ends before it was cut.
    """
    kept = _head(head) if head else None
    settings = settings_from(config)
    files = EvidenceFiles(settings.evidence_dir)
    with records_of(settings) as records:
        log = verify_log(_rows(records), head=kept)
        evidence = verify_evidence(_rows(records), files.open)
    if as_json:
        show_json({"log": asdict(log), "evidence": asdict(evidence)})
    else:
        _say("events", "the chain of hashes is whole", log)
        _say("pieces of evidence", "their bytes are those that were stored", evidence)
        if log.ok:
            place, digest = log.last
            say("Head: {place}:{digest}", place=place, digest=digest)
            say(
                "[dim]Keep the head elsewhere: with --head, it shows later whether the log's end was cut or made anew.[/dim]"
            )
    return log.ok and evidence.ok


def _head(text: str) -> tuple[int, str]:
    place, _, digest = text.partition(":")
    if not place.isdecimal() or len(digest) != _DIGITS or set(digest) - set("0123456789abcdef"):
        raise ConfigurationError(
            f"{text!r} is no head of a log.",
            hint="Pass what an earlier `fireline verify` printed after `Head:`, like 48:924b…",
        )
    return int(place), digest


def _rows(records: Reader) -> Iterator[Mapping[str, Any]]:
    after = 0
    while rows := records.raw_events(after=after, limit=PAGE):
        yield from rows
        after = rows[-1]["seq"]


def _say(what: str, well: str, report: Report) -> None:
    if report.ok:
        say("[green]ok[/green]    {count} {what}: {well}", count=report.count, what=what, well=well)
        return
    say(
        "[red]NOT WHOLE[/red]  {count} {what}, first problem at event {first}:",
        count=report.count,
        what=what,
        first=report.first_bad,
    )
    for each in report.problems:
        say("  event {seq}: {kind}: {detail}", seq=each.seq, kind=each.kind.value, detail=each.detail)
