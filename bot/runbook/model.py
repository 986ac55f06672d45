"""What a runbook means: frozen values that the linter, the conductor and the surfaces read.

No YAML, no pydantic, no rule of the engine.

    Runbook ─┬─ Trigger ── Matcher
             ├─ InputDecl, Concurrency
             └─ Step ─┬─ Template (`with`), Expression (`if`)
                      ├─ Loop (`for_each`)
                      ├─ ApprovalRule, Retry, EvidenceRule
                      └─ Probe (`settle`), Verify, Undo | NoUndo

Every value here has passed the linter: needs are resolved, names in expressions exist, durations are
durations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.actions.contract import ActionSpec, Effect
from bot.actions.outcome import TRANSIENT, Reason
from bot.domain.ids import Digest, StepId
from bot.domain.nouns import Phase
from bot.runbook.cron import Cron
from bot.runbook.expressions import Expression
from bot.runbook.loops import Loop
from bot.runbook.matchers import Matcher
from bot.runbook.places import NOWHERE
from bot.runbook.places import Place as Place  # noqa: PLC0414 - part of the model, defined apart so that expressions can use it
from bot.runbook.templates import Template


class Autonomy(StrEnum):
    """The most that a runbook may do unasked, least first."""

    OBSERVE = "observe"
    """Only steps that read run."""
    PROPOSE = "propose"
    """It is offered in the channel; a person starts it."""
    APPROVE = "approve"
    """It starts by itself; every step that changes something asks first."""
    AUTO = "auto"
    """It starts by itself and asks only where a step says `approval`."""


class OnFailure(StrEnum):
    """What a failed step does to its run."""

    STOP = "stop"
    CONTINUE = "continue"
    UNDO = "undo"


class WhenBusy(StrEnum):
    """What happens when a run of the same concurrency group is under way."""

    ATTACH = "attach"
    QUEUE = "queue"
    REJECT = "reject"


class OnExpiry(StrEnum):
    """What an approval does when nobody decided in time; whom `escalate` asks besides has the same time, then it is denied."""

    DENY = "deny"
    ESCALATE = "escalate"


class Jitter(StrEnum):
    """How a retry's wait is spread: `full` is anything from zero to the wait."""

    FULL = "full"
    NONE = "none"


class InputType(StrEnum):
    """What an input of a runbook may be; a list is a list of strings."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a call is made and how long is waited between; `attempts` counts the first call too.

    `until` is asked of the `output` of a call that succeeded: while it is false, the call counts as one to be made again.
    """

    attempts: int = 3
    interval: timedelta = timedelta(seconds=1)
    backoff: float = 2.0
    max_interval: timedelta = timedelta(seconds=30)
    jitter: Jitter = Jitter.FULL
    on: frozenset[Reason] = TRANSIENT
    until: Expression | None = None


NO_RETRY = Retry(attempts=1)
"""What a call that is not repeatable gets unless its step says otherwise."""
DEFAULT_RETRY = Retry()
"""What a repeatable call gets unless its step says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Who must agree before a step starts.

    `sources` are `group:sre` or `user:U0ADA`, `expires` None waits for ever, `escalate_to` is who is asked besides once that time is over.
    """

    sources: tuple[str, ...]
    quorum: int = 1
    expires: timedelta | None = None
    on_expiry: OnExpiry = OnExpiry.DENY
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A call that only reads, and what must be true of its `output`.

    Tells whether an interrupted call happened.
    """

    action: str
    inputs: Template
    expect: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """A probe that is asked after the step, each `every`, until it is true or `within` is over.

    `within` of zero asks once.
    """

    action: str
    inputs: Template
    expect: Expression
    every: timedelta = timedelta(seconds=15)
    within: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The call that takes a step's effect back."""

    action: str
    inputs: Template
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoUndo:
    """The author says that the step can't or need not be undone, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRule:
    """What the step saw is kept under this name; `name` renders to text."""

    name: Template
    evidence_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; `inputs` renders the whole `with` tree, `needs` is resolved (never "the one above")."""

    id: StepId
    name: str
    action: str
    inputs: Template
    needs: tuple[StepId, ...]
    condition: Expression | None = None
    timeout: timedelta | None = None
    retry: Retry | None = None
    """None is the action's default; see `effective_retry`."""
    approval: ApprovalRule | None = None
    settle: Probe | None = None
    verify: Verify | None = None
    undo: Undo | NoUndo | None = None
    on_failure: OnFailure = OnFailure.STOP
    evidence: EvidenceRule | None = None
    effect: Effect | None = None
    """What the runbook declares, None where it leaves that to the action; see `effective_effect`."""
    loop: Loop | None = None
    """None for a step that is done once."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDecl:
    """An input that a runbook takes.

    `pattern` is anchored at both ends, `enum` is empty where any value may come.
    """

    name: str
    type: InputType = InputType.STRING
    pattern: str | None = None
    default: Template | None = None
    required: bool = True
    enum: tuple[str | int | float, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Alerts that start a runbook: all matchers must match."""

    matchers: tuple[Matcher, ...]
    place: Place = NOWHERE

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert with these labels is meant."""
        for matcher in self.matchers:  # noqa: SIM110 - asked for every alert and trigger, where a generator doubles the cost
            if not matcher.matches(labels):
                return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """Runs whose `group` renders to the same text don't run at once."""

    group: Template
    when_busy: WhenBusy = WhenBusy.ATTACH


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A runbook that passed the linter.

    `digest` is the SHA-256 of `source` in UTF-8, and is what a run pins.
    """

    name: str
    title: str
    owner: str
    valid_until: date | None = None
    severity: Template
    """Renders to SEV1 … SEV4."""
    autonomy: Autonomy = Autonomy.PROPOSE
    triggers: tuple[Trigger, ...] = ()
    command: bool = False
    schedule: Cron | None = None
    inputs: tuple[InputDecl, ...] = ()
    concurrency: Concurrency | None = None
    timeout: timedelta | None = None
    steps: tuple[Step, ...]
    rescue: tuple[Step, ...] = ()
    always: tuple[Step, ...] = ()
    digest: Digest
    source: str
    path: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert with these labels starts this runbook: any trigger will do."""
        for trigger in self.triggers:  # noqa: SIM110 - as above
            if trigger.matches(labels):
                return True
        return False

    def all_steps(self) -> Iterator[Step]:
        """Every step, in the order of the file: steps, rescue, always."""
        yield from self.steps
        yield from self.rescue
        yield from self.always

    def step(self, step_id: StepId) -> Step:
        """Return the step of that id, whatever list it is in; KeyError when there is none."""
        for each in self.all_steps():
            if each.id == step_id:
                return each
        raise KeyError(step_id)

    def phase_of(self, step_id: StepId) -> Phase:
        """Tell which list a step is in; KeyError when there is no such step."""
        for phase in (Phase.STEPS, Phase.RESCUE, Phase.ALWAYS):
            if any(each.id == step_id for each in self.steps_of(phase)):
                return phase
        raise KeyError(step_id)

    def steps_of(self, phase: Phase) -> tuple[Step, ...]:
        """Return the list of steps that a phase runs; undoing has none of its own."""
        if phase is Phase.STEPS:
            return self.steps
        if phase is Phase.RESCUE:
            return self.rescue
        return self.always if phase is Phase.ALWAYS else ()

    def is_past(self, today: date) -> bool:
        """Tell whether the runbook is past its date, and may only be proposed.

        The date itself is still good.
        """
        return self.valid_until is not None and today > self.valid_until


def effective_effect(step: Step, spec: ActionSpec) -> Effect:
    """Tell what a step does to the world.

    A runbook may raise an effect, and lower it only where the action can't know.
    """
    if step.effect is None:
        return spec.effect
    if step.effect is Effect.READ and spec.read_if_declared:
        return Effect.READ
    return max(step.effect, spec.effect, key=lambda effect: effect.rank)


def effective_repeatable(step: Step, spec: ActionSpec) -> bool:
    """Tell whether a step's call may be made again with its idempotency key; what only reads may."""
    return spec.repeatable or effective_effect(step, spec) is Effect.READ


def effective_retry(step: Step, repeatable: bool) -> Retry:  # noqa: FBT001 - the answer of effective_repeatable, passed on
    """Tell how a step's call is retried.

    As it says, else three attempts for what is repeatable and one for what is not.
    """
    if step.retry is not None:
        return step.retry
    return DEFAULT_RETRY if repeatable else NO_RETRY
