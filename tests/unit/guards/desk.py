"""Guards with a clock at hand: ask, end, let time pass, and see who was woken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import Part, Severity
from bot.engine.conductor.gate import CallId, Entry, Go, Verdict
from bot.engine.guards import Guards, Notice, Rules

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ROUTER = "https://router.internal:443"
OK = Succeeded()
AWAY = Failed(reason=Reason.TIMEOUT, detail="")


def call(run: str, attempt: int = 1, part: Part = Part.MAIN, step: str = "a") -> CallId:
    """Name a call."""
    return (RunId(run), StepId(step), part, attempt)


class Desk:
    """Guards under test. Runs that are woken ask again at once, unless `sleepy`."""

    def __init__(self, rules: Rules, *, remembered: int = 100) -> None:
        self.guards = Guards(rules, remembered=remembered)
        self.now = START
        self.notices: list[Notice] = []
        self.woken: list[RunId] = []
        self.guards.attach(wake=self.woken.append, notice=self.notices.append)

    def ask(
        self,
        name: CallId,
        *,
        target: str = ROUTER,
        severity: Severity = Severity.SEV2,
        since: datetime | None = None,
        idle: bool = False,
        repeatable: bool = True,
        changes: bool = False,
    ) -> Verdict:
        """Ask whether a call may go."""
        entry = Entry(
            call=name,
            target=target,
            severity=severity,
            now=self.now,
            since=since,
            idle=idle,
            repeatable=repeatable,
            changes=changes,
        )
        return self.guards.ask(entry)

    def goes(self, name: CallId, **rest: object) -> bool:
        """Tell whether a call may go."""
        return isinstance(self.ask(name, **rest), Go)  # type: ignore[arg-type]

    def end(self, name: CallId, outcome: Outcome | None = OK) -> None:
        """End a call."""
        self.guards.done(name, outcome, self.now)

    def do(self, name: CallId, outcome: Outcome = OK, **rest: object) -> None:
        """Make a call that must be let go, and end it."""
        assert self.goes(name, **rest), name
        self.end(name, outcome)

    def wait(self, seconds: float) -> None:
        """Let time pass, and let the guards see it."""
        self.now += timedelta(seconds=seconds)
        self.guards.tick(self.now)

    def take_woken(self) -> list[RunId]:
        """Return who was woken since the last time."""
        woken, self.woken[:] = list(self.woken), []
        return woken
