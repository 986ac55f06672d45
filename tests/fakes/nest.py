"""A run and the runs inside it, without a driver: what `bot.engine.nested` does between them, done at once or when the test says.

Nothing is kept but the facts of each run; which run a call is, the start of the run inside tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from bot.actions.nested import TAKE_BACK
from bot.actions.outcome import Reason
from bot.domain.canonical import digest_of
from bot.domain.facts import CallStarted, Fact, RunFinished, RunStarted
from bot.domain.ids import RunId
from bot.domain.nouns import FIRELINE, Actor, RunStatus
from bot.engine.conductor import (
    Arrival,
    Began,
    CallEnded,
    CancelAsked,
    CancelInside,
    Plan,
    RunInside,
    RunState,
    UndoAsked,
    decide,
    effects,
    evolve,
)
from bot.engine.conductor.evolve import begin
from bot.engine.conductor.nested import outcome
from bot.engine.starting import scope_of, start_run
from bot.runbook.model import Runbook
from tests.fakes.stage import ADA, CATALOGUE, START

AnyFact = TypeVar("AnyFact", bound=Fact)


@dataclass(slots=True, kw_only=True)
class Conducted:
    """A run of the nest: its start, what was decided since, with its instants, and the state that it is in."""

    plan: Plan
    started: RunStarted
    state: RunState
    began: datetime
    facts: list[tuple[datetime, Actor, Fact]] = field(default_factory=list)

    def of(self, kind: type[AnyFact]) -> list[AnyFact]:
        """Return its facts of a kind."""
        return [fact for _, _, fact in self.facts if isinstance(fact, kind)]

    def replayed(self) -> RunState:
        """Return what its facts make."""
        state = begin(self.started, self.began)
        for at, actor, fact in self.facts:
            state = evolve(state, fact, at, actor)
        return state


class Nest:
    """Conducts a run and all that run inside it; `slow` leaves what passes between them until `catch_up`.

    `watch` sees each fact with its run as it was before.
    """

    def __init__(
        self, outer: Runbook, books: Iterable[Runbook], watch: Callable[[Conducted, Fact], None]
    ) -> None:
        self.watch = watch
        self.books = {each.name: each for each in books}
        self.by_digest = {each.digest: each for each in (*self.books.values(), outer)}
        self.now = START
        self.runs: dict[RunId, Conducted] = {}
        self.top = RunId("1-1")
        self._start(outer, self.top, None)
        self.bring(self.top, Began())

    @property
    def outer(self) -> Conducted:
        """The run around all others."""
        return self.runs[self.top]

    def bring(self, run: RunId, arrival: Arrival, *, slow: bool = False) -> list[Fact]:
        """Bring an arrival to a run; return what was decided for it."""
        conducted = self.runs[run]
        decisions = decide(conducted.plan, conducted.state, arrival, self.now)
        for actor, fact in decisions:
            self._add(conducted, actor, fact)
        if not slow:
            self.catch_up()
        return [fact for _, fact in decisions]

    def _add(self, conducted: Conducted, actor: Actor, fact: Fact) -> None:
        self.watch(conducted, fact)
        conducted.facts.append((self.now, actor, fact))
        conducted.state = evolve(conducted.state, fact, self.now, actor)

    def catch_up(self) -> None:
        """Do all that the runs want of each other, until they want no more."""
        while any(self._see_to(name) for name in list(self.runs)):
            pass

    def calls(self) -> list[CallStarted]:
        """Return the calls under way that no run inside is."""
        return [
            step.call
            for conducted in self.runs.values()
            for step in conducted.state.steps.values()
            if step.call is not None and step.call not in self._inside(conducted) and not conducted.state.over
        ]

    def run_of(self, call: CallStarted) -> RunId | None:
        """Return the run that a call is."""
        for name, each in self.runs.items():
            said = each.started
            if (said.parent, said.parent_step, said.parent_part, said.parent_attempt) == (
                call.run,
                call.step,
                call.part,
                call.attempt,
            ):
                return name
        return None

    def give_up(self, run: RunId) -> None:
        """End a run that can't be conducted any more, as the driver does: what runs inside it is asked to end."""
        conducted = self.runs[run]
        left = [self.run_of(call) for call in self._inside(conducted)]
        end = RunFinished(run=run, status=RunStatus.FAILED, reason=Reason.BUG, detail="broken", given_up=True)
        self._add(conducted, FIRELINE, end)
        for inside in left:
            if inside is not None and not (self.runs[inside].state.over or self.runs[inside].state.stopping):
                asked = CancelAsked(by=FIRELINE, why="the run around it is over")
                self.bring(inside, asked, slow=True)
        self.catch_up()

    # ---- between runs

    @staticmethod
    def _inside(conducted: Conducted) -> list[CallStarted]:
        return [each.call for each in effects(conducted.state) if isinstance(each, RunInside)]

    def _see_to(self, name: RunId) -> bool:
        conducted = self.runs[name]
        wanted = effects(conducted.state)
        ending = [each.call for each in wanted if isinstance(each, CancelInside)]
        return any(self._go_on(conducted, call, ending=call in ending) for call in self._inside(conducted))

    def _go_on(self, around: Conducted, call: CallStarted, *, ending: bool) -> bool:
        back = call.action == TAKE_BACK
        inside = RunId(call.inputs["run"]) if back else self.run_of(call)
        if inside is None:
            inside = RunId(f"1-{len(self.runs) + 1}")
            self._start(self.by_digest[call.inputs["digest"]], inside, call)
            self.bring(inside, Began(), slow=True)
            return True
        state = self.runs[inside].state
        if back and not state.taking_back:
            self.bring(inside, UndoAsked(), slow=True)
            return True
        if state.over:
            ended = outcome(self.runs[inside].plan, state, call.action)
            told = CallEnded(
                step=call.step, part=call.part, attempt=call.attempt, outcome=ended, took=1.0, chance=0.5
            )
            self.bring(call.run, told, slow=True)
            return True
        if ending and not back and not state.stopping:
            asked = CancelAsked(by=around.state.cancelled_by or FIRELINE, why="the run around it is ending")
            self.bring(inside, asked, slow=True)
            return True
        return False

    def _start(self, runbook: Runbook, run: RunId, call: CallStarted | None) -> None:
        started = start_run(
            runbook=runbook,
            run=run,
            inputs={},
            scope=scope_of(incident={"number": 1}, variables={}),
            requested_by=ADA,
            seed=digest_of([run]),
            now=self.now,
        )
        if call is not None:
            around = self.runs[call.run].state
            started = replace(
                started,
                parent=call.run,
                parent_step=call.step,
                parent_part=call.part,
                parent_attempt=call.attempt,
                ancestors=(*around.ancestors, around.runbook),
            )
        plan = Plan(runbook=runbook, catalogue=CATALOGUE, books=self.books.get)
        self.runs[run] = Conducted(plan=plan, started=started, state=begin(started, self.now), began=self.now)

    def under(self, run: RunId) -> Iterator[RunId]:
        """Return the runs inside a run, those inside them too."""
        for name, each in self.runs.items():
            if each.started.parent == run:
                yield name
                yield from self.under(name)
