"""The action contract, held against every action there is, and against the fake that other tests use.

To hold a new action to it, add its integration's actions to `everything` and a way to make it work, hang and fail to `SCENES`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bot.actions.contract import Action, Catalogue, Effect, Inputs, InvalidInputs
from bot.actions.outcome import Failed, Reason, Succeeded
from integrations import http, prometheus, shell, wait
from integrations.transport import Transport
from tests.fakes.actions import (
    FakeSecrets,
    MemoryCapture,
    ScriptedAction,
    a_call,
    failing,
    outcome_of,
)
from tests.fakes.target import Answer, Received, Target, json_answer

SECRET = 'Tr0ub4dor&3 "quoted"\\/+='
SECRETS = {"the/secret": SECRET}
REF = {"secret": "the/secret"}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Inputs that make an action work, hang and fail, for a target at `{url}`; `secret` has it tell a secret to a target that echoes it."""

    works: Mapping[str, Any]
    hangs: Mapping[str, Any]
    fails: Mapping[str, Any]
    secret: Mapping[str, Any] | None = None


SCENES = {
    "http.request": Scene(
        works={"url": "{url}/ok"},
        hangs={"url": "{url}/silent", "method": "POST", "body": "x"},
        fails={"url": "{url}/busy"},
        secret={
            "url": "{url}/echo",
            "headers": {"X-Key": REF},
            "auth": {"bearer": REF},
            "expect_status": [418],
        },
    ),
    "prometheus.query": Scene(
        works={"query": "up", "url": "{url}/ok"},
        hangs={"query": "up", "url": "{url}/silent"},
        fails={"query": "up", "url": "{url}/busy"},
    ),
    "prometheus.query_range": Scene(
        works={"query": "up", "url": "{url}/range", "last": "5m"},
        hangs={"query": "up", "url": "{url}/silent", "last": "5m"},
        fails={"query": "up", "url": "{url}/busy", "last": "5m"},
    ),
    "shell.run": Scene(
        works={"argv": ["echo", "fine"]},
        hangs={"argv": [sys.executable, "-c", "import time; time.sleep(60)"]},
        fails={"argv": ["sh", "-c", "echo one >&2; echo two >&2; false"]},
        secret={
            "argv": ["sh", "-c", 'echo "$T"; echo "$T" >&2; exit 3'],
            "env": {"T": REF},
        },
    ),
    "wait": Scene(works={"for": "1ms"}, hangs={"for": "30s"}, fails={"for": "2h"}),
    "fake.do": Scene(works={"value": 1}, hangs={"value": "hang"}, fails={"value": "fail"}),
}


class HangingFake(ScriptedAction):
    """The fake, told by its input what to do."""

    async def run(self, inputs: Any, call: Any) -> Any:
        """Hang, fail or work."""
        if inputs.value == "hang":
            self.hold()
        if inputs.value == "fail":
            return failing(Reason.REJECTED)
        return await super().run(inputs, call)


def everything(transport: Transport) -> tuple[Action, ...]:
    """Make every action there is."""
    return (
        *http.actions(http.HttpConfig(), transport),
        *prometheus.actions(prometheus.PrometheusConfig(), transport),
        *shell.actions(shell.ShellConfig(allowed={"echo", "sh", sys.executable}, grace=0.5), transport),
        *wait.actions(wait.WaitConfig(), transport),
        HangingFake(outcomes=[Succeeded(output={"value": 1})]),
    )


SPECS = {action.spec.name: action.spec for action in everything(Transport())}


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """A service that works, hangs, is busy, or tells back what it was told."""

    def echo(received: Received) -> Answer:
        told = json.dumps({**received.headers, "path": received.path}, ensure_ascii=False)
        return Answer(
            status=500,
            body=told.encode(),
            headers={"Content-Type": "application/json", "X-Echo": "1"},
        )

    def prometheus_result(kind: str) -> Answer:
        return json_answer({"status": "success", "data": {"resultType": kind, "result": []}})

    routes = {
        "/ok": json_answer({"fine": True}), "/silent": Answer(silent=True), "/busy": Answer(status=503), "/echo": echo,
        "/ok/api/v1/query": prometheus_result("vector"), "/range/api/v1/query_range": prometheus_result("matrix"),
        "/silent/api/v1/query": Answer(silent=True), "/silent/api/v1/query_range": Answer(silent=True),
        "": Answer(status=503),
    }  # fmt: skip
    async with Target(routes) as made:
        yield made


@pytest.fixture(params=sorted(SPECS))
async def action(request: pytest.FixtureRequest) -> AsyncIterator[Action]:
    """Each action in turn."""
    async with Transport() as transport:
        (found,) = [each for each in everything(transport) if each.spec.name == request.param]
        yield found


def at(target: Target, values: Any) -> Any:
    """Fill the target's address into inputs."""
    if isinstance(values, Mapping):
        return {name: at(target, value) for name, value in values.items()}
    return values.replace("{url}", target.url) if isinstance(values, str) else values


def models_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and every model in its fields."""
    yield model
    for field in model.model_fields.values():
        for each in _classes_in(field.annotation):
            yield from models_of(each)


def _classes_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _classes_in(argument)


def test_every_action_has_a_scene() -> None:
    """A new action can't slip past this suite, and no name is given twice."""
    specs = [action.spec for action in everything(Transport())]
    assert set(SCENES) == {spec.name for spec in specs}
    assert len(Catalogue(tuple(specs))) == len(specs)


class TestSpec:
    """What is true of every call is said in full."""

    def test_is_complete(self, action: Action) -> None:
        """A name `vendor.verb`, a summary that is a sentence, described outputs, a target, a valid example."""
        spec = action.spec
        assert re.fullmatch(r"[a-z]+(\.[a-z][a-z_]*)?", spec.name)
        assert spec.summary.endswith(".")
        assert spec.summary[0].isupper()
        assert isinstance(spec.effect, Effect)
        assert spec.output
        assert all(text.endswith(".") for text in spec.output.values())
        assert spec.example
        inputs = spec.check(spec.example)
        assert isinstance(spec.target(inputs), str)

    def test_reads_are_repeatable(self, action: Action) -> None:
        """What changes nothing may be repeated; what an action can't know isn't declared by it."""
        spec = action.spec
        if spec.effect is Effect.READ:
            assert spec.repeatable
            assert not spec.read_if_declared

    def test_inputs_are_frozen_closed_and_described(self, action: Action) -> None:
        """Every field of every nested model says what it is; unknown keys are refused; nothing changes after the check."""
        for model in models_of(action.spec.inputs):
            assert model.model_config.get("frozen") is True
            assert model.model_config.get("extra") == "forbid"
            for name, field in model.model_fields.items():
                assert (field.description or "").strip().endswith("."), f"{model.__name__}.{name}"
        assert issubclass(action.spec.inputs, Inputs)
        inputs = action.spec.check(action.spec.example)
        with pytest.raises(ValidationError):
            setattr(inputs, next(iter(action.spec.inputs.model_fields)), None)
        with pytest.raises(InvalidInputs, match="no_such_key"):
            action.spec.check({**action.spec.example, "no_such_key": 1})

    def test_inputs_have_a_schema_and_survive_the_log(self, action: Action) -> None:
        """The model has a JSON Schema for editors, and what is written to the log makes the same inputs again."""
        json.dumps(action.spec.inputs.model_json_schema(by_alias=True))
        inputs = action.spec.check(action.spec.example)
        written = json.loads(json.dumps(inputs.model_dump(mode="json", by_alias=True, exclude_unset=True)))
        assert action.spec.check(written) == inputs


class TestRun:
    """What comes of a call."""

    async def test_success_is_json_with_the_declared_fields(self, action: Action, target: Target) -> None:
        """The output is JSON data, and has the fields that the spec describes and no others."""
        outcome = await outcome_of(
            action,
            at(target, SCENES[action.spec.name].works),
            a_call(capture=MemoryCapture()),
        )
        assert isinstance(outcome, Succeeded), outcome
        assert json.loads(json.dumps(outcome.output, allow_nan=False)) == outcome.output
        assert set(outcome.output) == set(action.spec.output)

    async def test_failure_has_a_closed_reason_and_a_sentence(self, action: Action, target: Target) -> None:
        """A failure is a reason of the closed set and one line for a person; what was learned is JSON too."""
        outcome = await outcome_of(action, at(target, SCENES[action.spec.name].fails), a_call())
        assert isinstance(outcome, Failed), outcome
        assert isinstance(outcome.reason, Reason)
        assert outcome.reason is not Reason.BUG
        assert outcome.detail
        assert "\n" not in outcome.detail
        assert outcome.retry_after is None or outcome.retry_after >= 0
        json.dumps(outcome.output, allow_nan=False)

    async def test_cancellation_is_prompt(self, action: Action, target: Target) -> None:
        """A cancelled call is over within a second where nothing resists."""
        running = asyncio.ensure_future(
            outcome_of(action, at(target, SCENES[action.spec.name].hangs), a_call(timeout=60))
        )
        if "{url}" in str(SCENES[action.spec.name].hangs):
            await asyncio.wait_for(target.arrived.wait(), 10)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        started = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - started < 1

    async def test_time_is_kept(self, action: Action, target: Target) -> None:
        """A call that hangs ends about when its time is over, by its own account or by the engine's hand."""
        started = time.monotonic()
        values = at(target, SCENES[action.spec.name].hangs)
        try:
            async with asyncio.timeout(0.4):
                outcome = await outcome_of(action, values, a_call(timeout=0.4))
        except TimeoutError:
            outcome = failing(Reason.TIMEOUT)
        assert time.monotonic() - started < 2
        assert isinstance(outcome, Failed)
        assert outcome.reason in {Reason.TIMEOUT, Reason.INVALID}

    async def test_calls_share_no_state(self, action: Action, target: Target) -> None:
        """Many calls at once end as one does alone."""
        values = at(target, SCENES[action.spec.name].works)
        outcomes = await asyncio.gather(*(outcome_of(action, values, a_call()) for _ in range(10)))
        assert [each for each in outcomes if not isinstance(each, Succeeded)] == []

    async def test_secrets_stay_at_the_wire(
        self, action: Action, target: Target, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A secret that the other side says back is nowhere: not in outcome, evidence, its description or the logs."""
        values = SCENES[action.spec.name].secret
        if values is None:
            assert not _takes_secrets(action.spec.inputs)
            return
        secrets, capture = FakeSecrets(SECRETS), MemoryCapture()
        with caplog.at_level(logging.INFO):
            outcome = await outcome_of(action, at(target, values), a_call(secrets=secrets, capture=capture))
        assert secrets.asked
        assert isinstance(outcome, Failed)
        told = " ".join((repr(outcome), capture.data.decode(), capture.source, caplog.text))
        assert "***" in told
        for form in (SECRET, json.dumps(SECRET)[1:-1]):
            assert form not in told

    async def test_secrets_are_resolved_at_each_attempt(self, action: Action, target: Target) -> None:
        """A secret is asked for anew each time, so that a rotated one is seen; one that is missing fails the call."""
        values = SCENES[action.spec.name].secret
        if values is None:
            return
        secrets = FakeSecrets(SECRETS)
        for _ in range(2):
            await outcome_of(action, at(target, values), a_call(secrets=secrets))
        assert len(secrets.asked) >= 2
        outcome = await outcome_of(action, at(target, values), a_call(secrets=FakeSecrets()))
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.may_have_applied) == (Reason.INVALID, False)


def _takes_secrets(model: type[BaseModel]) -> bool:
    return any(each.__name__ == "SecretRef" for each in models_of(model))


async def test_the_fake_counts_holds_and_raises() -> None:
    """What other tests rely on: calls in order, the last answer for ever, holding, counting by key."""
    fake = ScriptedAction(
        outcomes=[
            failing(Reason.TIMEOUT),
            ValueError("a bug"),
            Succeeded(output={"n": 3}),
        ]
    )
    assert await outcome_of(fake, {"value": 1}, a_call(key="a")) == failing(Reason.TIMEOUT)
    with pytest.raises(ValueError, match="a bug"):
        await outcome_of(fake, {}, a_call(key="b"))
    fake.hold()
    held = asyncio.ensure_future(outcome_of(fake, {}, a_call(key="a")))
    await fake.started.wait()
    fake.release()
    assert await held == Succeeded(output={"n": 3})
    fake.then(lambda inputs, _call: Succeeded(output={"saw": inputs.value}))
    await outcome_of(fake, {}, a_call())
    assert await outcome_of(fake, {"value": 9}, a_call()) == Succeeded(output={"saw": 9})
    assert fake.effects == {"a": 2, "b": 1, "key-1": 2}
    assert [made.inputs.value for made in fake.calls] == [1, None, None, None, 9]
