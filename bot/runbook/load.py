"""Loading runbooks.

Text to `Runbook` with every finding, folders to a `Library` in which each name stands once.

A runbook with an error is not loaded; a library keeps what is fine, and `Library.keeping` lets the last
good version of what broke stay in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path as FilePath

from bot.actions.contract import Catalogue
from bot.errors import RunbookError
from bot.runbook.build import Builder
from bot.runbook.documents import read_document
from bot.runbook.findings import Finding, Level, finding, in_order
from bot.runbook.form import check_form
from bot.runbook.lint import lint
from bot.runbook.model import Runbook
from bot.runbook.overlaps import check_overlaps
from bot.runbook.places import Place
from bot.runbook.rules.draft import NO_GROUPS, Draft, World, sited_steps
from bot.runbook.rules.library import Shelf, check_library

REHEARSAL = ".rehearsal.yaml"
"""Files that end like this are rehearsals, not runbooks."""
_ENDINGS = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of one file; `runbook` is None when a finding refuses it, `draft` when there is too little to look at."""

    runbook: Runbook | None
    findings: tuple[Finding, ...]
    draft: Draft | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the runbook."""
        return tuple(each for each in self.findings if each.level is Level.ERROR)


class RunbookRefused(RunbookError):
    """A runbook that has errors was asked for; `findings` has all there are."""

    def __init__(self, path: str, findings: tuple[Finding, ...]) -> None:
        first = next(each for each in findings if each.level is Level.ERROR)
        super().__init__(
            f"{first.place}: {first.message}", hint=first.hint or f"fireline lint {path} shows every finding"
        )
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Runbooks by name, and the findings of every file that was read."""

    runbooks: tuple[Runbook, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __iter__(self) -> Iterator[Runbook]:
        return iter(self.runbooks)

    def get(self, name: str) -> Runbook | None:
        """Return the runbook of that name, None where there is none."""
        return next((each for each in self.runbooks if each.name == name), None)

    def matching(self, labels: Mapping[str, str]) -> Runbook | None:
        """Return the runbook that wants an alert with these labels.

        The first by name, as Alertmanager's routes without `continue`.
        """
        return next((each for each in self.runbooks if each.matches(labels)), None)

    def keeping(self, before: Library) -> Library:
        """Return this library with the last good version of each file that has errors now."""
        refused = {each.place.file for each in self.findings if each.level is Level.ERROR}
        loaded = {each.path for each in self.runbooks}
        names = {each.name for each in self.runbooks}
        kept = [each for each in before.runbooks if each.path in refused - loaded and each.name not in names]
        return replace(self, runbooks=_by_name([*self.runbooks, *kept]))


def load_runbook(
    source: str,
    path: str,
    catalogue: Catalogue,
    vars: Collection[str] = (),  # noqa: A002 - the language's word
    *,
    today: date | None = None,
    groups: Mapping[str, Collection[str]] = NO_GROUPS,
) -> Loaded:
    """Load one runbook from its text.

    `vars` are the names in the settings' vars, `groups` the people of those that the settings name; without `today` its date is not judged.
    """
    world = World(catalogue=catalogue, vars=frozenset(vars), today=today, groups=groups)
    return _load(source, path, world)


def _load(source: str, path: str, world: World) -> Loaded:
    document, findings = read_document(source, path)
    if document is None:
        return Loaded(runbook=None, findings=in_order(list(findings)))
    formed = check_form(document)
    found = [*findings, *formed.findings]
    if formed.file is None:
        return Loaded(runbook=None, findings=in_order(found))
    builder = Builder(document=document, findings=found, broken=formed.broken)
    runbook = builder.runbook(formed.file, source, path)
    draft = Draft(
        runbook=runbook,
        document=document,
        world=world,
        broken=frozenset(builder.broken),
        steps=sited_steps(runbook),
    )
    found.extend(lint(draft))
    good = all(each.level is not Level.ERROR for each in found)
    return Loaded(runbook=runbook if good else None, findings=in_order(found), draft=draft)


def load_good(
    source: str,
    path: str,
    catalogue: Catalogue,
    vars: Collection[str] = (),  # noqa: A002 - the language's word
) -> Runbook:
    """Load one runbook that must be fine, such as one that a run has pinned; raises RunbookRefused."""
    loaded = load_runbook(source, path, catalogue, vars)
    if loaded.runbook is None:
        raise RunbookRefused(path, loaded.findings)
    return loaded.runbook


def load_folder(
    paths: Iterable[FilePath],
    catalogue: Catalogue,
    vars: Collection[str] = (),  # noqa: A002 - the language's word
    *,
    today: date | None = None,
    groups: Mapping[str, Collection[str]] = NO_GROUPS,
) -> Library:
    """Load every runbook in these folders and files.

    Rehearsals are passed over, of two of one name the first by path stays.
    """
    findings: list[Finding] = []
    world = World(catalogue=catalogue, vars=frozenset(vars), today=today, groups=groups)
    read = [_load_file(file, world) for file in _files(paths, findings)]
    by_name: dict[str, Runbook] = {}
    drafts: dict[str, Draft] = {}
    for loaded in read:
        findings.extend(loaded.findings)
        if loaded.runbook is None or loaded.draft is None:
            continue
        first = by_name.setdefault(loaded.runbook.name, loaded.runbook)
        if first is not loaded.runbook:
            message = f"the name {first.name} is taken"
            place = Place(file=loaded.runbook.path)
            findings.append(finding("FL009", message, place, f"by {first.path}"))
        else:
            drafts[first.name] = loaded.draft
    findings.extend(_check_together(read, drafts, by_name))
    runbooks = _by_name(by_name.values())
    findings.extend(check_overlaps(runbooks))
    return Library(runbooks=runbooks, findings=in_order(findings))


def _check_together(
    read: Iterable[Loaded], drafts: dict[str, Draft], by_name: dict[str, Runbook]
) -> Iterator[Finding]:
    """Check what runbooks say of one another; those that have an error in it leave `by_name`."""
    for loaded in read:
        # What has errors can still be named by others: that it is there, and what it takes, is known.
        if loaded.draft is not None:
            drafts.setdefault(loaded.draft.runbook.name, loaded.draft)
    shelf = Shelf(drafts=drafts, refused=frozenset(drafts.keys() - by_name.keys()))
    for name, draft in drafts.items():
        found = list(check_library(draft, shelf))
        if any(each.level is Level.ERROR for each in found):
            by_name.pop(name, None)
        yield from found


def _by_name(runbooks: Iterable[Runbook]) -> tuple[Runbook, ...]:
    return tuple(sorted(runbooks, key=lambda each: each.name))


def _files(paths: Iterable[FilePath], findings: list[Finding]) -> list[FilePath]:
    found: set[FilePath] = set()
    for path in paths:
        if path.is_dir():
            inside = (each for each in path.rglob("*") if each.suffix in _ENDINGS and each.is_file())
            found.update(each for each in inside if not each.name.endswith(REHEARSAL))
        elif path.is_file():
            found.add(path)
        else:
            findings.append(finding("FL001", "there is no such file or folder", Place(file=str(path))))
    return sorted(found)


def _load_file(file: FilePath, world: World) -> Loaded:
    start = Place(file=str(file))
    try:
        raw = file.read_bytes()
    except OSError as error:
        return Loaded(
            runbook=None, findings=(finding("FL001", f"it can't be read: {error.strerror}", start),)
        )
    try:
        source = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        place = Place(file=str(file), line=before.count(b"\n") + 1, column=column)
        message = f"the byte 0x{raw[error.start]:02x} is no UTF-8"
        return Loaded(runbook=None, findings=(finding("FL001", message, place, "save the file as UTF-8"),))
    return _load(source, str(file), world)
