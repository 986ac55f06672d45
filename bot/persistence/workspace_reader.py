"""The reader of those who serve one chat workspace: what belongs to another is not there for them.

Questions about concurrency groups see all of them: that a target has one run at a time holds across workspaces. So do those about the freeze, the
inbox and the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.ids import ApprovalId, IncidentId, LetterId, RunId, incident_of_run, run_of_approval
from bot.domain.records import ApprovalRecord, DeadLetter, IncidentRecord, OutboxEntry, RunRecord
from bot.domain.response_records import MarkRecord
from bot.persistence import letter_rows, questions, rows
from bot.persistence.database import Database
from bot.persistence.reader import Records


class WorkspaceRecords(Records):
    """Records of one workspace. The `home` workspace has what came before there were several, and dead letters of no incident."""

    def __init__(self, database: Database, workspace: str, *, home: bool) -> None:
        super().__init__(database)
        self._home = home
        self._named = {"workspace": workspace, "or_workspace": "" if home else workspace}

    def incident(self, incident: IncidentId) -> IncidentRecord | None:
        """Return an incident of this workspace."""
        found = super().incident(incident)
        return found if found is not None and found.workspace in self._named.values() else None

    def incidents(
        self, *, only_open: bool = False, quiet: bool = False, private: bool = True, limit: int = 50
    ) -> Sequence[IncidentRecord]:
        """Return this workspace's incidents, newest first."""
        query = questions.INCIDENTS_OF_WORKSPACE[only_open, quiet, private]
        return [rows.incident_of(row) for row in self._rows(query, {"limit": limit, **self._named})]

    def incident_of_channel(self, channel: str) -> IncidentRecord | None:
        """Return the incident that a channel of this workspace belongs to: another's channel may have the same id."""
        asked = {"channel": channel, "limit": 1, **self._named}
        row = self._first(questions.INCIDENT_OF_CHANNEL_THERE, asked) if channel else None
        return rows.incident_of(row) if row else None

    def marked(self, channel: str, ts: str) -> MarkRecord | None:
        """Return the message of this workspace that stands in a timeline."""
        found = super().marked(channel, ts)
        return found if found is not None and self._is_here(found.incident) else None

    def run(self, run: RunId) -> RunRecord | None:
        """Return a run of this workspace's incidents."""
        found = super().run(run)
        return found if found is not None and self._is_here(incident_of_run(run)) else None

    def unfinished_runs(self) -> Sequence[RunRecord]:
        """Return the runs of this workspace's incidents that are under way."""
        return [each for each in super().unfinished_runs() if self._is_here(each.incident)]

    def queued_runs(self, *, limit: int = 500) -> Sequence[RunRecord]:
        """Return those that wait in line."""
        found = self._rows(questions.RUNS_QUEUED_THERE, {"limit": limit, **self._named})
        return [rows.run_of(row) for row in found]

    def approval(self, approval: ApprovalId) -> ApprovalRecord | None:
        """Return an approval of this workspace's incidents."""
        found = super().approval(approval)
        here = found is not None and self._is_here(incident_of_run(run_of_approval(approval)))
        return found if here else None

    def dead_letter(self, letter: LetterId) -> DeadLetter | None:
        """Return a dead letter that is this workspace's matter."""
        found = super().dead_letter(letter)
        return found if found is not None and self._concerns_us(found) else None

    def dead_letters(self, *, waiting: bool = True, limit: int = 200) -> Sequence[DeadLetter]:
        """Return the dead letters that are."""
        there = questions.DEAD_LETTERS_WAITING_THERE if waiting else questions.DEAD_LETTERS_ALL_THERE
        found = self._rows(there[self._home], {"limit": limit, **self._named})
        return [letter_rows.dead_letter_of(row) for row in found]

    def outbox_behind(self, *, limit: int = 500) -> Sequence[OutboxEntry]:
        """Return what this workspace does not show yet."""
        found = self._rows(questions.OUTBOX_BEHIND_THERE, {"limit": limit, **self._named})
        return [rows.outbox_of(row) for row in found]

    def _is_here(self, incident: IncidentId) -> bool:
        return self.incident(incident) is not None

    def _concerns_us(self, letter: DeadLetter) -> bool:
        return self._home if letter.incident is None else self._is_here(letter.incident)
