"""The performer: whatever an action does comes out as an outcome, and bytes that nobody will ask for are dropped."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions.contract import Catalogue
from bot.actions.outcome import ActionError, Failed, Outcome, Reason, Succeeded
from bot.domain.facts import CallStarted, RunStarted
from bot.domain.ids import StepId
from bot.domain.nouns import Part
from bot.engine.conductor import CallEnded, Plan, RunState, replay
from bot.engine.performer import OUTPUT_LIMIT, Performer
from bot.engine.starting import alert_scope, scope_of, start_run
from bot.persistence.evidence_files import EvidenceFiles
from tests.fakes.actions import AnyInputs, FakeSecrets, Scripted, ScriptedAction
from tests.fakes.alerts import seen
from tests.fakes.stage import RUN, START, book, step
from tests.fakes.timeline import Timeline


class Stand:
    """A performer with one action, and a run whose one step keeps evidence."""

    def __init__(self, folder: Path, *script: Scripted) -> None:
        self.action = ScriptedAction("look", script or (Succeeded(),))
        self.evidence = EvidenceFiles(folder)
        self.folder = folder
        runbook = book(step("a", evidence="a.log"), step("b"))
        self.plan = Plan(runbook=runbook, catalogue=Catalogue((self.action.spec,)))
        began: RunStarted = start_run(
            runbook=runbook,
            run=RUN,
            inputs={},
            scope=scope_of(incident={}, alerts=(alert_scope(seen()),), variables={}),
            requested_by=None,
            seed="s",
            now=START,
        )
        state = replay(Timeline(1).add(began).events)
        assert state is not None
        self.state: RunState = state
        self.performer = Performer(
            actions={"look": self.action},
            secrets=FakeSecrets(),
            captures=self.evidence.capture,
            version="1",
            chance=lambda: 0.5,
        )

    async def perform(self, name: str = "b", *, action: str = "look", **inputs: object) -> CallEnded:
        """Perform a call of a step."""
        call = CallStarted(
            run=RUN,
            step=StepId(name),
            part=Part.MAIN,
            attempt=1,
            action=action,
            inputs=inputs,
            key="k",
            timeout=5.0,
        )
        return await self.performer.perform(self.plan, self.state, call)

    @property
    def files(self) -> list[Path]:
        """What lies in the evidence folder, finished or not."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def stand(tmp_path: Path) -> Callable[..., Stand]:
    """Call it with a script of outcomes."""
    return lambda *script, **more: Stand(tmp_path / "evidence", *script, **more)


async def outcome(stand: Stand, **inputs: object) -> Outcome:
    """Return how a call ended."""
    return (await stand.perform(**inputs)).outcome


async def test_an_action_that_is_not_here(stand: Callable[..., Stand]) -> None:
    """A runbook from before an integration was taken away fails with its name, and nothing was applied."""
    ended = await stand().perform(action="pagerduty.page")
    assert ended.outcome == Failed(
        reason=Reason.INVALID, detail="there is no action 'pagerduty.page' here", applied=False
    )


async def test_inputs_that_do_not_fit(stand: Callable[..., Stand]) -> None:
    """They are checked once more before the action sees them."""
    made = stand()
    failed = await outcome(made, nonsense=1)
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.applied) == (Reason.INVALID, False)
    assert made.action.calls == []


async def test_a_failure_that_is_raised(stand: Callable[..., Stand]) -> None:
    """Raised or returned, a failure is the same."""
    failure = Failed(reason=Reason.UNAVAILABLE, detail="503", retry_after=7.0)
    assert await outcome(stand(ActionError(failure))) == failure


async def test_a_failure_with_too_much_to_say(stand: Callable[..., Stand]) -> None:
    """Its output is cut, and everything that the conductor decides by is kept."""
    failure = Failed(
        reason=Reason.REJECTED, detail="no", retry_after=3.0, applied=False, output={"x": "y" * OUTPUT_LIMIT}
    )
    cut = await outcome(stand(failure))
    assert cut == Failed(
        reason=Reason.REJECTED,
        detail="no",
        retry_after=3.0,
        applied=False,
        output={"truncated": True, "size": OUTPUT_LIMIT + 9},
    )


@pytest.mark.parametrize("held", [True, False], ids=["while it runs", "while it waits for its turn"])
async def test_a_call_that_is_cancelled_leaves_nothing_behind(
    held: bool,  # noqa: FBT001 - a table's column
    stand: Callable[..., Stand],
) -> None:
    """The bytes that it had captured so far are dropped, and its turn is free again."""
    made = stand()
    made.action.hold()
    running = asyncio.create_task(made.perform("a" if held else "b"))
    await made.action.started.wait()
    waiting = asyncio.create_task(made.perform("a"))
    async with asyncio.timeout(5):
        while len(made.files) < (2 if held else 1):
            await asyncio.sleep(0.001)
    (running if held else waiting).cancel()
    with pytest.raises(asyncio.CancelledError):
        await (running if held else waiting)
    made.action.release()
    await (waiting if held else running)
    async with asyncio.timeout(5):  # what a thread was making when it was cancelled, it drops once it is made
        while len(made.files) != (1 if held else 0):
            await asyncio.sleep(0.001)
    assert (await made.perform()).outcome == Succeeded()


async def test_what_a_call_is_told(stand: Callable[..., Stand]) -> None:
    """It gets its key, its attempt, its timeout and the secrets; how it ended says how long it took and where a retry falls."""
    made = stand()
    ended = await made.perform(value=1)
    (call,) = made.action.calls
    assert call.inputs == AnyInputs(value=1)
    assert (call.call.idempotency_key, call.call.attempt, call.call.timeout) == ("k", 1, 5.0)
    assert call.call.secrets is made.performer.secrets
    assert 0 <= ended.took < 5
    assert (ended.chance, ended.evidence) == (0.5, None)


async def test_the_scope_has_the_alert(stand: Callable[..., Stand]) -> None:
    """What started the run is there for expressions, the first of the alerts under `alert` too."""
    scope = stand().state.scope
    assert scope["alert"] == scope["alerts"][0]
    assert scope["alert"]["labels"]["alertname"] == "CheckoutErrors"
    assert scope["alert"]["status"] == "firing"


async def test_nothing_runs_before_it_is_sure_who_leads(stand: Callable[..., Stand]) -> None:
    """A process that slept, and does not know yet whether another took over, begins nothing of what it had in hand."""
    made = stand()
    sure = asyncio.Event()

    async def surely_leading() -> None:
        await sure.wait()

    made.performer = replace(made.performer, surely_leading=surely_leading)
    performing = asyncio.create_task(made.perform())
    for _ in range(10):
        await asyncio.sleep(0)
    assert made.action.calls == []
    sure.set()
    assert isinstance((await performing).outcome, Succeeded)
    assert len(made.action.calls) == 1
