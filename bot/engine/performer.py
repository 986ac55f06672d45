"""Performing a call: the one place where an action runs, with a timeout around it and its bytes kept as evidence.

Whatever an action does, including raising what it should not, comes out as an `Outcome`. The performer decides nothing about what follows.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from bot.actions.contract import Action, Call, Capture, InvalidInputs, NoCapture, Secrets
from bot.actions.outcome import ActionError, Failed, Outcome, Reason, Succeeded
from bot.crashpoints import CrashPoint, reached
from bot.domain.facts import CallStarted, EvidenceStored, NoteAdded
from bot.domain.ids import Digest, evidence_id, incident_of_run
from bot.domain.nouns import Part
from bot.domain.ports import alone
from bot.engine.conductor import CallEnded, Plan, RunState
from bot.engine.conductor.turn import Turn
from bot.errors import ExpressionError

OUTPUT_LIMIT = 256 * 1024
"""Bytes of JSON that a call's output may take in the log; what is larger belongs into evidence."""
DEEPEST = 64
"""How deep a call's output may be nested."""
CLEAN_UP = 5.0
"""Seconds that an action gets to clean up after it was told to stop; then it is left behind, and the run goes on without it."""

_LOG = structlog.get_logger(__name__)
_FEW, _SHORT = 32, 1024
_NUMBERS = frozenset({int, bool, type(None)})
_NO_CAPTURE = NoCapture()
_JSON = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


class Kept(Protocol):
    """What the bytes of a capture became; `size` is in bytes."""

    @property
    def sha256(self) -> Digest: ...  # noqa: D102 - a field
    @property
    def size(self) -> int: ...  # noqa: D102 - a field
    @property
    def media_type(self) -> str: ...  # noqa: D102 - a field
    @property
    def source(self) -> str: ...  # noqa: D102 - a field
    @property
    def truncated(self) -> bool: ...  # noqa: D102 - a field


class OpenCapture(Capture, Protocol):
    """A capture that is being written."""

    def finish(self) -> Kept:
        """Make the bytes durable and return what they became."""
        ...

    def discard(self) -> None:
        """Drop the bytes."""
        ...


@dataclass(frozen=True, kw_only=True)
class Performer:
    """Runs calls. `captures` opens a capture for a step that keeps evidence; `version` is written into the evidence's `tool`.

    `hide` takes every known secret out of a text: an action clears what comes back of the secrets that it sent, but one service's log may show
    what another was sent, and the log of events never forgets.
    `surely_leading` returns once no other process can lead. It is asked last of all before an action runs, so that a process that slept while
    another took over begins nothing of what it had in hand.
    """

    actions: Mapping[str, Action]
    secrets: Secrets
    captures: Callable[[], OpenCapture]
    version: str
    chance: Callable[[], float]
    hide: Callable[[str], str] = str
    surely_leading: Callable[[], Awaitable[None]] = alone

    async def perform(self, plan: Plan, state: RunState, call: CallStarted) -> CallEnded:
        """Run a call and return how it ended; raises only asyncio.CancelledError."""
        step = plan.step(call.step)
        keeps = call.part is Part.MAIN and step is not None and step.evidence is not None
        capture, evidence = await self._open(call) if keeps else (None, None)
        try:
            await self.surely_leading()
            began = time.monotonic()
            reached(CrashPoint.CALL_BEFORE_EFFECT, call.part)
            outcome = await self._run(plan, call, capture or _NO_CAPTURE)
            reached(CrashPoint.CALL_AFTER_EFFECT, call.part)
            took = time.monotonic() - began
            if capture:
                evidence = await self._keep(plan, state, call, capture)
        except asyncio.CancelledError:
            if capture:
                capture.discard()
            raise
        return CallEnded(
            step=call.step,
            part=call.part,
            attempt=call.attempt,
            outcome=_hidden(_bounded(outcome), self.hide),
            took=round(took, 6),
            chance=self.chance(),
            evidence=evidence,
        )

    async def _run(self, plan: Plan, call: CallStarted, capture: Capture) -> Outcome:
        action = self.actions.get(call.action)
        if action is None:
            return Failed(
                reason=Reason.INVALID, detail=f"there is no action {call.action!r} here", applied=False
            )
        try:
            inputs = plan.checked(call.action, call.inputs)
            order = Call(
                run=call.run,
                step=call.step,
                attempt=call.attempt,
                idempotency_key=call.key,
                timeout=call.timeout,
                secrets=self.secrets,
                capture=capture,
            )
            return await _within(call, action.run(inputs, order))
        except ActionError as error:
            return error.failure
        except InvalidInputs as error:
            return Failed(reason=Reason.INVALID, detail=str(error), applied=False)
        except Exception as error:  # noqa: BLE001 - an action's bug is an outcome, recorded like any other
            _LOG.exception("action raised what it should have returned", action=call.action)
            return Failed(reason=Reason.BUG, detail=f"{call.action} raised {type(error).__name__}")

    async def _open(self, call: CallStarted) -> tuple[OpenCapture | None, EvidenceStored | NoteAdded | None]:
        opening = asyncio.ensure_future(asyncio.to_thread(self.captures))
        try:
            return await asyncio.shield(opening), None
        except OSError as error:
            return None, _lost(call, error)
        except asyncio.CancelledError:
            # It is being made in a thread, which no cancel reaches: what comes of it is nobody's.
            opening.add_done_callback(_discard)
            raise

    async def _keep(
        self, plan: Plan, state: RunState, call: CallStarted, capture: OpenCapture
    ) -> EvidenceStored | NoteAdded:
        step = plan.step(call.step)
        rule = step.evidence if step is not None else None
        assert rule is not None  # noqa: S101 - a capture is opened only for a step that keeps evidence
        try:
            kept = await asyncio.to_thread(capture.finish)
        except OSError as error:
            return _lost(call, error)
        name = _evidence_name(plan, state, call)
        return EvidenceStored(
            incident=incident_of_run(call.run),
            run=call.run,
            step=call.step,
            evidence=evidence_id(call.run, call.step, name),
            name=name,
            evidence_class=rule.evidence_class,
            sha256=kept.sha256,
            size=kept.size,
            media_type=kept.media_type,
            source=kept.source,
            tool=f"{call.action} (fireline {self.version})",
            truncated=kept.truncated,
        )


def _discard(opened: asyncio.Future[OpenCapture]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().discard()


def _lost(call: CallStarted, error: OSError) -> NoteAdded:
    """Tell that evidence could not be kept: a full disk must cost the evidence alone, because the call's outcome is worth more."""
    _LOG.error("evidence could not be kept", run=call.run, step=call.step, problem=str(error))
    text = f"The evidence of step {call.step} could not be kept: {error.strerror or error}."
    return NoteAdded(incident=incident_of_run(call.run), text=text)


def _evidence_name(plan: Plan, state: RunState, call: CallStarted) -> str:
    """Render the name that the runbook gives; a name that can't be rendered must not cost the evidence."""
    step = plan.step(call.step)
    rule = step.evidence if step is not None else None
    assert rule is not None  # noqa: S101 - asked only for a step that keeps evidence
    try:
        return str(rule.name.render(Turn(plan, state, state.started_at).scope(step)))
    except ExpressionError:
        return f"{call.step}.bin"


def _hidden(outcome: Outcome, hide: Callable[[str], str]) -> Outcome:
    output = _hidden_in(outcome.output, hide)
    if isinstance(outcome, Succeeded):
        if output == outcome.output:
            return outcome
        return replace(outcome, output=output)
    return replace(outcome, output=output, detail=hide(outcome.detail))


def _hidden_in(tree: Any, hide: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON data in and out
    if isinstance(tree, str):
        return hide(tree)
    if isinstance(tree, Mapping):
        return {hide(str(key)): _hidden_in(each, hide) for key, each in tree.items()}
    if isinstance(tree, list | tuple):
        return [_hidden_in(each, hide) for each in tree]
    return tree


async def _within(call: CallStarted, running: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Return what an action answers within its time; one that does not stop when it is told to holds up nobody."""
    loop = asyncio.get_running_loop()
    acting = loop.create_task(running)
    # What `asyncio.wait` does, for one task and with less ado.
    over: asyncio.Future[None] = loop.create_future()
    acting.add_done_callback(lambda _: _set(over))
    alarm = loop.call_later(call.timeout, _set, over)
    try:
        await over
        if not acting.done():
            await _stop(call, acting)
    except asyncio.CancelledError:
        await _stop(call, acting)
        raise
    finally:
        alarm.cancel()
    if acting.done() and not acting.cancelled():
        return acting.result()
    if acting.done() and not acting.cancelling():
        raise asyncio.CancelledError
    return Failed(reason=Reason.TIMEOUT, detail=f"no end after {call.timeout:g} s")


def _set(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


async def _stop(call: CallStarted, acting: asyncio.Task[Outcome]) -> None:
    acting.cancel()
    await asyncio.wait({acting}, timeout=CLEAN_UP)
    if not acting.done():
        _LOG.error(
            "an action does not stop and is left behind", action=call.action, run=call.run, step=call.step
        )
    # Whoever waited for it has gone on: what it says later is heard by nobody.
    acting.add_done_callback(lambda done: done.cancelled() or done.exception())


def _bounded(outcome: Outcome) -> Outcome:
    """Keep the log's records small, and JSON: an output that is neither becomes a failure that says so.

    A target can send half of a surrogate pair, which no UTF-8 can hold. It becomes a question mark: else the outcome could not be written, and
    whoever is called could end the run before its undo.
    """
    if isinstance(outcome, Succeeded) and _is_plain(outcome.output):
        return outcome
    if _deeper(outcome.output, DEEPEST):
        # Nor may it be nested as deep as it likes: where the log is written, every level costs.
        outcome = replace(outcome, output={"truncated": True, "why": f"nested more than {DEEPEST} deep"})
    try:
        text = _JSON.encode(outcome.output)
    except (TypeError, ValueError) as error:
        return Failed(reason=Reason.BUG, detail=f"the action's output is not JSON: {error}", applied=True)
    if isinstance(outcome, Succeeded) and text.isascii() and len(text) <= OUTPUT_LIMIT:
        return outcome
    output: Mapping[str, Any] = outcome.output
    written = text.encode(errors="replace")
    if len(written) > OUTPUT_LIMIT:
        output = {"truncated": True, "size": len(written)}
    elif not _is_writable(text):
        output = json.loads(written)
    if isinstance(outcome, Succeeded):
        return replace(outcome, output=output)
    return replace(outcome, output=output, detail=outcome.detail.encode(errors="replace").decode())


def _is_plain(output: Mapping[str, Any]) -> bool:
    """Tell whether an output is a few short words and numbers, as most are: then there is nothing to bound, nor to find out."""
    if output.__class__ is not dict or len(output) > _FEW:
        return False
    for key, value in output.items():
        if key.__class__ is not str or not key.isascii():
            return False
        if value.__class__ not in _NUMBERS and not (
            value.__class__ is str and value.isascii() and len(value) <= _SHORT
        ):
            return False
    return True


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _deeper(value: Any, levels: int) -> bool:  # noqa: ANN401 - whatever an action put out
    """Tell whether a value is nested deeper than so many levels."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [inner for each in layer for inner in _inside(each)]
        if not layer:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:  # noqa: ANN401 - whatever an action put out
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
