"""The form of a runbook file.

Which keys there are, what they take, and what a person should know when hovering over them.

This is pydantic at the edge: it checks types and makes the JSON Schema. What the values mean is built in
`bot.runbook.build`; whether they make sense together is asked in `bot.runbook.lint`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from bot.actions.outcome import Reason
from bot.runbook.model import Autonomy, InputType, Jitter, OnFailure

API_VERSION = "fireline/v1"

NAME = r"^[a-z][a-z0-9-]{0,62}$"
STEP_ID = r"^[a-z][a-z0-9_]{0,62}$"
SOURCE = r"^(group|user):[^\s:]+$"
SHARE = r"^(100|[1-9][0-9]?)%$"
DURATION = r"^(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?$"

DURATIONS = frozenset({"timeout", "expires", "interval", "max_interval", "every", "within"})
"""Keys that take a duration."""


Text = Annotated[str, StringConstraints(min_length=1)]
Duration = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "pattern": DURATION, "minLength": 2, "examples": ["30s", "10m", "1h30m"]}
    ),
]
Bare = Annotated[str | bool, WithJsonSchema({"type": ["string", "boolean"]})]
Items = Annotated[str | list[Any], WithJsonSchema({"type": ["string", "array"]})]
MaxItems = Annotated[
    Annotated[int, Field(ge=1)] | Annotated[str, StringConstraints(pattern=SHARE)],
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": SHARE}]}),
]
Tree = dict[str, Any]


class Part(BaseModel):
    """Base of every part of the file: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class Retry(Part):
    """How often a call is tried and how long is waited between: Amazon States Language's terms."""

    attempts: int = Field(
        default=3, ge=1, le=100, description="How many calls at the most, the first one included."
    )
    interval: Duration = Field(default="1s", description="The wait before the second call.")
    backoff: float = Field(
        default=2.0, ge=1, le=10, description="What the wait is multiplied by after each call."
    )
    max_interval: Duration = Field(default="30s", description="The longest wait.")
    jitter: Jitter = Field(
        default=Jitter.FULL,
        description="`full`: wait anything from nothing to the interval; `none`: exactly it.",
    )
    on: list[Reason] | None = Field(
        default=None,
        min_length=1,
        description="The failures that are tried again; without it timeout, throttled and unavailable.",
    )
    until: Bare | None = Field(
        default=None,
        description="An expression over `output`, the call's output: while it is false, the call is made again.",
    )


class Approval(Part):
    """Who must agree before the step starts.

    The approval is for exactly what is shown, and void when that changes.
    """

    sources: list[Annotated[str, StringConstraints(pattern=SOURCE)]] = Field(
        alias="from", min_length=1, description="Who may agree: `group:sre`, `user:U0ADA`."
    )
    quorum: int = Field(
        default=1,
        ge=1,
        le=20,
        description="How many different people must agree; the requester never counts.",
    )
    expires: Duration | None = Field(
        default=None, description="How long is waited for them; without it, for ever."
    )
    on_expiry: Literal["deny", "escalate"] = Field(
        default="deny",
        description="What happens when nobody decided in time: the step is denied, or `escalate_to` is asked besides.",
    )
    escalate_to: list[Annotated[str, StringConstraints(pattern=SOURCE)]] | None = Field(
        default=None,
        min_length=1,
        description="Who may agree too once `expires` is over; they have the same time, then the step is denied.",
    )


class Probe(Part):
    """A call that only reads, and what must be true of its output."""

    uses: Text = Field(description="The action to call; it must only read.")
    with_: Tree = Field(
        default_factory=dict,
        alias="with",
        description="The action's inputs; texts may hold {{ expressions }}.",
    )
    expect: Bare = Field(
        description="An expression over `output`, the call's output: true when the answer is yes."
    )


class Settle(Probe):
    """Whether an interrupted step happened, asked before anything is done twice."""


class Verify(Probe):
    """Whether the step had its effect, asked after it; the step succeeds when it did."""

    every: Duration = Field(default="15s", description="How often it is asked.")
    within: Duration | None = Field(
        default=None, description="How long it may take to become true; without it, it is asked once."
    )


class Undo(Part):
    """The call that takes the step's effect back."""

    uses: Text = Field(description="The action to call.")
    with_: Tree = Field(
        default_factory=dict,
        alias="with",
        description="The action's inputs; texts may hold {{ expressions }}.",
    )
    timeout: Duration | None = Field(default=None, description="How long it may take.")


class Evidence(Part):
    """Keep what the step saw, with its SHA-256."""

    name: Text = Field(
        description="The file's name in the evidence manifest, such as `pods.log`; may hold {{ expressions }}."
    )
    class_: Text = Field(
        default="other", alias="class", description="What sort it is: metrics, logs, config, …"
    )


class Step(Part):
    """One call of one action, with what surrounds it."""

    id: Annotated[str, StringConstraints(pattern=STEP_ID)] = Field(
        description="Names the step in expressions, `steps.<id>.output`: lower case, digits, `_`."
    )
    name: Text | None = Field(default=None, description="What people read; without it the id.")
    needs: list[str] | None = Field(
        default=None,
        description="Ids of the steps that must be over first; `[]` starts at once; without it, the step above.",
    )
    if_: Bare | None = Field(
        default=None, alias="if", description="An expression; where it is false the step is skipped."
    )
    for_each: Items | None = Field(
        default=None,
        description="A list, or an expression that gives one: the step is done for each `item` of it.",
    )
    max_parallel: int | None = Field(
        default=None, ge=1, le=100, description="How many items go side by side; without it one at a time."
    )
    canary: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="How many items go first; the rest follow only if all of these succeed, their `verify` included.",
    )
    max_items: MaxItems | None = Field(
        default=None,
        description="The most items that go without asking: a number, or a share such as 10% of `of`. Over it nothing runs"
        " until a person has agreed to exactly this list.",
    )
    of: Items | int | None = Field(
        default=None,
        description="What `max_items` is a share of: an expression that gives a number or a list.",
    )
    approval: Approval | None = Field(default=None, description="Who must agree before the step starts.")
    uses: Text = Field(description="The action to call, such as `http.request`.")
    with_: Tree = Field(
        default_factory=dict,
        alias="with",
        description="The action's inputs; texts may hold {{ expressions }}.",
    )
    effect: Literal["read", "mutate", "destroy"] | None = Field(
        default=None,
        description="What the call does. May be more than the action declares; `read` only where the action can't know"
        " (http.request, shell.run).",
    )
    timeout: Duration | None = Field(default=None, description="How long one call may take.")
    retry: Retry | None = Field(
        default=None,
        description="How often it is tried; without it three times where that is safe, else once.",
    )
    settle: Settle | None = Field(default=None, description="Finds out whether an interrupted call happened.")
    verify: Verify | None = Field(
        default=None, description="Checks that the step had the effect it was meant to have."
    )
    undo: Undo | Literal["none"] | None = Field(
        default=None, description="Takes the effect back; `none` with a `why` says that nothing can."
    )
    why: Text | None = Field(
        default=None, description="Beside `undo: none`: why there is nothing to undo, or no way to."
    )
    on_failure: OnFailure = Field(
        default=OnFailure.STOP,
        description="`stop` ends the run, `continue` goes on without this step, `undo` takes back what was done, then ends.",
    )
    evidence: Evidence | None = Field(default=None, description="Keep what the step saw.")


class Match(Part):
    """Alerts for which every matcher holds."""

    match: list[Text] = Field(
        min_length=1,
        description='Alertmanager\'s matchers, all of which must hold: `severity=~"critical|page"`.',
    )


class Schedule(Part):
    """Instants at which the runbook starts by itself, as crontab(5) writes them."""

    cron: Text = Field(
        description="Minute, hour, day of the month, month, day of the week: `0 4 * * MON` is Mondays at 4:00."
    )
    timezone: Text = Field(
        default="UTC", description="Whose clock it is, by its name in the IANA database: Europe/Zurich."
    )


class On(Part):
    """What starts the runbook."""

    alert: list[Match] | None = Field(default=None, description="Alerts that start it: any entry will do.")
    schedule: Schedule | None = Field(
        default=None, description="When it starts by itself; every input needs a default then."
    )
    command: bool = Field(
        default=False,
        description="Whether people may start it, with `/incident run <name>` or `fireline run <name>`.",
    )


class Input(Part):
    """A value that the runbook takes when it starts."""

    type: InputType = Field(default=InputType.STRING, description="What it is; a list is a list of texts.")
    pattern: Text | None = Field(
        default=None, description="RE2; the whole text must match, for a list each entry."
    )
    default: Any = Field(
        default=None,
        description="The value where none is given; may hold {{ expressions }} over `alert` and `vars`.",
    )
    required: bool | None = Field(
        default=None, description="Whether a run can't start without it; without a default, it can't."
    )
    enum: list[str | int | float] | None = Field(
        default=None, min_length=1, description="The values it may have."
    )
    description: str = Field(default="", description="What it is for.")


class Concurrency(Part):
    """Keeps runs about the same thing from running at once."""

    group: Text = Field(description="Runs for which this renders to the same text are of one group.")
    when_busy: Literal["attach", "queue", "reject"] = Field(
        default="attach",
        description="What happens while a run of the group is under way. `attach`: the alert joins its incident. `queue`: the run"
        " waits in line, by severity, then in the order of coming. `reject`: it is not started, and the channel is told why.",
    )


class RunbookFile(Part):
    """A runbook of Fireline."""

    api_version: Literal["fireline/v1"] = Field(
        alias="apiVersion", description="The version of the language: fireline/v1."
    )
    name: Annotated[str, StringConstraints(pattern=NAME)] = Field(
        description="Its unique name: lower case, digits, `-`."
    )
    title: Text = Field(description="What is wrong when this runs, in words for the channel.")
    owner: Text = Field(description="Who answers for it.")
    valid_until: date | None = Field(
        default=None, description="After this day it is proposed only, never run by itself."
    )
    severity: Text = Field(
        default="SEV3",
        description="Of the incident it opens, SEV1 (worst) to SEV4; may be {{ an expression }}.",
    )
    autonomy: Autonomy = Field(
        default=Autonomy.PROPOSE,
        description="The most it may do unasked: `observe` runs only steps that read, `propose` waits for a person to start it,"
        " `approve` asks before every step that changes something, `auto` asks only where a step says so.",
    )
    on: On = Field(default_factory=On, description="What starts it.")
    inputs: dict[Annotated[str, StringConstraints(pattern=STEP_ID)], Input] = Field(
        default_factory=dict, description="Values it takes, by name."
    )
    concurrency: Concurrency | None = Field(
        default=None, description="Keeps runs about the same thing from running at once."
    )
    timeout: Duration | None = Field(default=None, description="How long a run may take; then it fails.")
    steps: list[Step] = Field(
        min_length=1,
        description="What it does. A step follows the one above it unless `needs` says otherwise.",
    )
    rescue: list[Step] = Field(default_factory=list, description="Steps for when the run fails.")
    always: list[Step] = Field(default_factory=list, description="Steps that run in any case, after rescue.")
