"""A stage for the conductor: runbooks made by hand, a clock that is moved, arrivals one by one, and every fact that was decided.

Live state and stored facts are compared after each arrival: what `evolve` makes of the facts is what the conductor went on with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.actions.contract import ActionSpec, Catalogue, Effect, Inputs
from bot.actions.nested import RUN_RUNBOOK, SPEC
from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.canonical import digest_of
from bot.domain.events import GENESIS, Event
from bot.domain.facts import EvidenceStored, Fact, RunFinished, RunStarted
from bot.domain.ids import Digest, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, Actor, Part, RunStatus, Settlement, StepStatus, Vote, person
from bot.engine.conductor import (
    Arrival,
    Began,
    CallEnded,
    CancelAsked,
    PauseAsked,
    Perform,
    Plan,
    Recovered,
    RequeueAsked,
    ResumeAsked,
    RetryAsked,
    RunInside,
    RunState,
    SettlementGiven,
    TimeCame,
    VoteCast,
    decide,
    effects,
    next_due,
    replay,
)
from bot.engine.conductor.gate import OPEN_GATE, Gate
from bot.engine.starting import scope_of, start_run
from bot.runbook.expressions import Expression
from bot.runbook.loops import Limit, Loop
from bot.runbook.model import (
    ApprovalRule,
    Autonomy,
    EvidenceRule,
    NoUndo,
    OnExpiry,
    Probe,
    Runbook,
    Step,
    Undo,
    Verify,
)
from bot.runbook.places import Place
from bot.runbook.templates import Template

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NOWHERE = Place(file="test.yaml", line=1, column=1)
RUN = RunId("1-1")
ADA, BEN = person("U0ADA"), person("U0BEN")


class Anything(Inputs):
    """Inputs of the stage's actions: one value, of any JSON form."""

    value: Any = None
    number: int = 0


def _spec(name: str, effect: Effect, *, repeatable: bool) -> ActionSpec:
    return ActionSpec(
        name=name,
        summary="An action of the stage.",
        effect=effect,
        repeatable=repeatable,
        inputs=Anything,
        read_if_declared=name == "push",
        target=lambda inputs: f"target of {inputs.value}",
    )


CATALOGUE = Catalogue(
    (
        _spec("look", Effect.READ, repeatable=True),
        _spec("push", Effect.MUTATE, repeatable=False),
        _spec("put", Effect.MUTATE, repeatable=True),
        SPEC,
    )
)


def probe(expect: str = "output.ok", action: str = "look") -> Probe:
    """Make a settle probe."""
    return Probe(action=action, inputs=Template.compile({}), expect=Expression.compile(expect))


def verify(expect: str = "output.ok", every: float = 1.0, within: float = 5.0) -> Verify:
    """Make a verification; times in seconds."""
    return Verify(
        action="look",
        inputs=Template.compile({}),
        expect=Expression.compile(expect),
        every=timedelta(seconds=every),
        within=timedelta(seconds=within),
    )


def undo(value: object = "back", action: str = "put", timeout: timedelta | None = None) -> Undo:
    """Make an undo."""
    return Undo(action=action, inputs=Template.compile({"value": value}), timeout=timeout)


def approval(
    *sources: str, quorum: int = 1, expires: float | None = None, escalate_to: Iterable[str] = ()
) -> ApprovalRule:
    """Make an approval rule; `expires` in seconds; it escalates where it is said to whom."""
    others = tuple(escalate_to)
    return ApprovalRule(
        sources=sources or ("group:sre",),
        quorum=quorum,
        expires=timedelta(seconds=expires) if expires is not None else None,
        on_expiry=OnExpiry.ESCALATE if others else OnExpiry.DENY,
        escalate_to=others,
    )


def loop(
    items: object,
    *,
    max_parallel: int = 1,
    canary: int = 0,
    max_items: int | None = None,
    of: object = None,
) -> Loop:
    """Make what a step goes through; with `of`, `max_items` is per cent of it."""
    share = None if of is None else Template.compile(of)
    return Loop(
        items=Template.compile(items),
        max_parallel=max_parallel,
        canary=canary,
        limit=None if max_items is None else Limit(most=max_items, of=share),
    )


def step(
    name: str,
    action: str = "look",
    *,
    needs: Iterable[str] = (),
    value: object = None,
    when: str | None = None,
    evidence: str | None = None,
    undo: Undo | NoUndo | None = None,
    **rest: Any,
) -> Step:
    """Make a step; `value` is its input, `when` its condition, `evidence` the name to keep it under."""
    return Step(
        id=StepId(name),
        name=name,
        action=action,
        inputs=Template.compile({"value": value}),
        needs=tuple(StepId(need) for need in needs),
        condition=Expression.compile(when) if when else None,
        evidence=EvidenceRule(name=Template.compile(evidence), evidence_class="logs") if evidence else None,
        undo=undo,
        place=NOWHERE,
        **rest,
    )


def inside(name: str, runbook: object, *, given: object = None, **rest: Any) -> Step:
    """Make a step that runs a runbook, named by a text that may be an expression; `given` are its inputs."""
    made = step(name, RUN_RUNBOOK, **rest)
    called = {"name": runbook} if given is None else {"name": runbook, "inputs": given}
    return replace(made, inputs=Template.compile(called))


def book(
    *steps: Step,
    rescue: Iterable[Step] = (),
    always: Iterable[Step] = (),
    autonomy: Autonomy = Autonomy.AUTO,
    timeout: timedelta | None = None,
) -> Runbook:
    """Make a runbook of these steps."""
    return Runbook(
        name="test-book",
        title="Test",
        owner="team-test",
        severity=Template.compile("SEV2"),
        autonomy=autonomy,
        timeout=timeout,
        steps=steps,
        rescue=tuple(rescue),
        always=tuple(always),
        digest=Digest("d" * 64),
        source="",
        path="test.yaml",
    )


def named(name: str, runbook: Runbook, **more: Any) -> Runbook:
    """Give a runbook a name, a digest of its own, and whatever else the test wants."""
    return replace(runbook, name=name, digest=digest_of([name, str(more)]), **more)


OK = Succeeded(output={"ok": True})
NOT_YET = Succeeded(output={"ok": False})


def failed(reason: Reason = Reason.REJECTED, detail: str = "no", **rest: Any) -> Failed:
    """Make a failure."""
    return Failed(reason=reason, detail=detail, **rest)


class Stage:
    """One run on the stage."""

    def __init__(
        self,
        runbook: Runbook,
        *,
        requested_by: Actor | None = None,
        inputs: Mapping[str, Any] | None = None,
        approval_expiry: timedelta | None = None,
        books: Iterable[Runbook] = (),
        ancestors: tuple[str, ...] = (),
        gate: Gate = OPEN_GATE,
        severity: str = "SEV2",
    ) -> None:
        self.books = {each.name: each for each in books}
        self.plan = Plan(
            runbook=runbook,
            catalogue=CATALOGUE,
            approval_expiry=approval_expiry,
            books=self.books.get,
        )
        self.gate = gate
        self.now = START
        self.events: list[Event] = []
        self._folded: tuple[int, RunState | None] = (0, None)
        incident = {"number": 1, "title": "Test", "severity": severity, "status": "investigating"}
        started = start_run(
            runbook=runbook,
            run=RUN,
            inputs=inputs or {},
            scope=scope_of(incident=incident, variables={}),
            requested_by=requested_by,
            seed="seed",
            now=self.now,
        )
        self._log([(FIRELINE, replace(started, ancestors=ancestors))])
        self.arrive(Began())

    # ---- what arrives

    def arrive(self, arrival: Arrival) -> list[Fact]:
        """Bring an arrival; return the facts that were decided."""
        decisions = decide(self.plan, self.state, arrival, self.now, self.gate)
        self._log(decisions)
        return [fact for _, fact in decisions]

    def end(
        self,
        name: str,
        outcome: Outcome = OK,
        *,
        chance: float = 1.0,
        evidence: EvidenceStored | None = None,
    ) -> list[Fact]:
        """End the call that a step has under way."""
        call = self.step(name).call
        assert call is not None, f"{name} has no call under way"
        ended = CallEnded(
            step=StepId(name),
            part=call.part,
            attempt=call.attempt,
            outcome=outcome,
            took=0.5,
            chance=chance,
            evidence=evidence,
        )
        return self.arrive(ended)

    def wait(self, seconds: float) -> list[Fact]:
        """Move the clock and say that time came."""
        self.now += timedelta(seconds=seconds)
        return self.arrive(TimeCame())

    def vote(
        self,
        name: str,
        vote: Vote = Vote.APPROVE,
        *,
        by: Actor = ADA,
        groups: Iterable[str] = ("sre",),
        digest: Digest | None = None,
        why: str = "",
    ) -> list[Fact]:
        """Decide on what a step asks."""
        asked = self.step(name).approval
        assert asked is not None, f"{name} asks nothing"
        return self.arrive(
            VoteCast(
                approval=asked.asked.approval,
                by=by,
                groups=frozenset(groups),
                vote=vote,
                digest=digest or asked.asked.digest,
                why=why,
            )
        )

    def crash(self) -> list[Fact]:
        """Kill the process and start it again."""
        return self.arrive(Recovered())

    def settle(
        self, name: str, settlement: Settlement, *, attempt: int | None = None, part: Part | None = None
    ) -> list[Fact]:
        """Say what became of an interrupted call; of the one that is unknown now where the test names none."""
        seen = self.step(name)
        part = part or (Part.UNDO if seen.undo_unknown else Part.MAIN)
        attempt = seen.attempt(part) if attempt is None else attempt
        return self.arrive(
            SettlementGiven(step=StepId(name), part=part, attempt=attempt, by=ADA, settlement=settlement)
        )

    def cancel(self, why: str = "enough", *, undo: bool = False) -> list[Fact]:
        """Ask the run to end."""
        return self.arrive(CancelAsked(by=ADA, why=why, undo=undo))

    def pause(self, why: str = "") -> list[Fact]:
        """Hold the run."""
        return self.arrive(PauseAsked(by=ADA, why=why))

    def retry(self, by: Actor = BEN) -> list[Fact]:
        """Have the run tried again."""
        return self.arrive(RetryAsked(by=by, why="mended"))

    def give_up(self) -> None:
        """Have Fireline give the run up, as its driver does."""
        end = RunFinished(run=RUN, status=RunStatus.FAILED, reason=Reason.BUG, detail="a bug", given_up=True)
        self._log([(FIRELINE, end)])

    def requeue(self, after: float = 0.0, by: Actor = BEN) -> list[Fact]:
        """Have the run put back, so many seconds later."""
        self.now += timedelta(seconds=after)
        return self.arrive(RequeueAsked(by=by, why="mended"))

    def resume(self, after: float = 0.0) -> list[Fact]:
        """Let the run go on, so many seconds later."""
        self.now += timedelta(seconds=after)
        return self.arrive(ResumeAsked(by=BEN))

    # ---- what can be seen

    @property
    def state(self) -> RunState:
        """The run, folded anew from everything that was decided."""
        if self._folded[0] != len(self.events):
            self._folded = (len(self.events), replay(self.events))
        state = self._folded[1]
        assert state is not None
        return state

    def step(self, name: str) -> Any:
        """Return a step's state."""
        return self.state.step(StepId(name))

    def statuses(self) -> dict[str, StepStatus]:
        """Return every step's status."""
        known = dict.fromkeys([*self.plan.steps, *self.state.steps])
        return {name: self.step(name).status for name in known}

    def running(self) -> list[tuple[str, Part]]:
        """Return the calls that should be under way now, runs inside this one too."""
        under_way = [each for each in effects(self.state) if isinstance(each, Perform | RunInside)]
        return [(each.call.step, each.call.part) for each in under_way]

    def facts(self, kind: type[Fact]) -> list[Any]:
        """Return every fact of a kind, in order."""
        return [event.fact for event in self.events if isinstance(event.fact, kind)]

    @property
    def due(self) -> float | None:
        """Seconds from now until something happens by itself."""
        due = next_due(self.state)
        return None if due is None else (due - self.now).total_seconds()

    @property
    def ended(self) -> RunStatus | None:
        """How the run ended, None while it has not."""
        return self.state.status if self.state.over else None

    def _log(self, decisions: Iterable[tuple[Actor, Fact]]) -> None:
        for actor, fact in decisions:
            self.events.append(
                Event(
                    seq=len(self.events) + 1,
                    at=self.now,
                    stream=incident_stream(IncidentId(1)),
                    actor=actor,
                    fact=fact,
                    prev=GENESIS,
                    hash=GENESIS,
                )
            )


__all__ = ["RunStarted", "Stage", "approval", "book", "failed", "loop", "probe", "step", "undo", "verify"]
