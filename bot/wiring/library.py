"""The runbooks in force, and those that runs have pinned: a runbook edited while a run waits changes nothing for that run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import structlog

from bot.actions.contract import Catalogue
from bot.domain.facts import RunbooksLoaded
from bot.domain.ids import Digest
from bot.domain.ports import Reader
from bot.engine.conductor import Plan
from bot.errors import RunbookError
from bot.runbook.findings import Level
from bot.runbook.load import Library, load_folder, load_good
from bot.runbook.model import Runbook
from bot.runbook.rules.draft import NO_GROUPS
from bot.settings.model import EngineSettings
from bot.settings.protection import ProtectionSettings

_LOG = structlog.get_logger(__name__)


class Shelf:
    """Runbooks by name and by digest.

    `variables` are the names that the settings' vars give, `groups` the people of the groups that they name; `engine` and `protection` are the
    settings that hold where a runbook says nothing.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        catalogue: Catalogue,
        variables: Sequence[str],
        reader: Reader,
        engine: EngineSettings,
        protection: ProtectionSettings,
        groups: Mapping[str, Collection[str]] = NO_GROUPS,
    ) -> None:
        self._paths = paths
        self.catalogue = catalogue
        self._variables = variables
        self._groups = groups
        self._reader = reader
        self._engine = engine
        self._protection = protection
        self._library = Library()
        self._pinned: dict[Digest, Plan] = {}

    def load(self, today: date) -> RunbooksLoaded:
        """Read the files anew and return the fact that tells of it; a file that broke keeps its last good version, loudly."""
        read = load_folder(self._paths, self.catalogue, self._variables, today=today, groups=self._groups)
        refused = sorted({each.place.file for each in read.findings if each.level is Level.ERROR})
        for each in read.findings:
            if each.level is Level.ERROR:
                _LOG.error(
                    "runbook refused",
                    place=str(each.place),
                    code=each.code,
                    problem=each.message,
                    hint=each.hint,
                )
        self._library = replace(read, runbooks=tuple(map(self._bounded, read.runbooks))).keeping(
            self._library
        )
        self._pinned = {book.digest: self._plan(book) for book in self._library} | self._pinned
        return RunbooksLoaded(
            digests={book.name: book.digest for book in self._library}, refused=len(refused)
        )

    def runbooks(self) -> Sequence[Runbook]:
        """Return the runbooks in force, in name order."""
        return self._library.runbooks

    def get(self, name: str) -> Runbook | None:
        """Return the runbook in force under a name."""
        return self._library.get(name)

    def plan_of(self, digest: Digest) -> Plan:
        """Return the plan of a runbook that is or was in force; RunbookError when its text is gone or refused by this version."""
        plan = self._pinned.get(digest)
        if plan is None:
            source = self._reader.runbook_source(digest)
            if source is None:
                raise RunbookError(f"the runbook {digest[:12]} is not in the store")
            book = load_good(source, f"pinned/{digest[:12]}.yaml", self.catalogue, self._variables)
            plan = self._pinned[digest] = self._plan(self._bounded(book))
        return plan

    def _bounded(self, book: Runbook) -> Runbook:
        return replace(book, timeout=book.timeout or self._engine.default_run_timeout)

    def _plan(self, book: Runbook) -> Plan:
        return Plan(
            runbook=book,
            catalogue=self.catalogue,
            call_timeout=self._engine.default_step_timeout,
            approval_expiry=self._engine.default_approval_expiry,
            patience=self._protection.patience,
            undo_patience=self._protection.undo_patience,
            books=self.get,
        )
