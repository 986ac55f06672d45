"""The order of steps: ids are unique, needs exist and don't go in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.ids import StepId
from bot.runbook.findings import Finding, finding
from bot.runbook.rules.draft import PHASES, Draft, Sited
from bot.runbook.sandbox import nearest


def check_order(draft: Draft) -> Iterator[Finding]:
    """Check ids and needs of all three lists."""
    yield from _check_ids(draft)
    for phase in PHASES:
        for sited in draft.of_phase(phase):
            yield from _check_needs(draft, sited)
        yield from _check_circles(draft, phase)


def before_each(steps: tuple[Sited, ...]) -> dict[tuple[str, StepId], frozenset[StepId]]:
    """For every step, find the steps of its list that are over before it starts.

    Unknown needs lead nowhere.
    """
    needs = {(each.phase, each.step.id): each.step.needs for each in steps}
    return {key: _behind(key[0], of, needs) for key, of in needs.items()}


def _behind(
    phase: str, of: tuple[StepId, ...], needs: dict[tuple[str, StepId], tuple[StepId, ...]]
) -> frozenset[StepId]:
    seen: set[StepId] = set()
    open_ = list(of)
    while open_:
        each = open_.pop()
        if each not in seen and (phase, each) in needs:
            seen.add(each)
            open_.extend(needs[phase, each])
    return frozenset(seen)


def _check_ids(draft: Draft) -> Iterator[Finding]:
    seen: dict[StepId, Sited] = {}
    for sited in draft.steps:
        first = seen.setdefault(sited.step.id, sited)
        if first is not sited:
            line = draft.place(*first.path).line
            message = f"the id {sited.step.id} is taken"
            yield finding("FL201", message, draft.place(*sited.path, "id"), f"by the step at line {line}")


def _check_needs(draft: Draft, sited: Sited) -> Iterator[Finding]:
    path = (*sited.path, "needs")
    if not draft.whole(path) or "needs" not in _keys(draft, sited):
        return
    known = [each.step.id for each in draft.of_phase(sited.phase)]
    elsewhere = [each.step.id for each in draft.steps]
    for at, need in enumerate(sited.step.needs):
        if need in known:
            continue
        hint = nearest(need, [str(each) for each in known])
        if need in elsewhere:
            hint = f"it is in another list; {sited.phase} begins when the lists before it are over"
        yield finding("FL202", f"there is no step {need} in {sited.phase}", draft.place(*path, at), hint)


def _keys(draft: Draft, sited: Sited) -> frozenset[str]:
    """Return the keys that a step really has in the file."""
    data = draft.document.data
    for part in sited.path:
        data = data[part]  # type: ignore[index]  # the path leads through the data
    return frozenset(data) if isinstance(data, dict) else frozenset()


def _check_circles(draft: Draft, phase: str) -> Iterator[Finding]:
    """Tell of each circle once, at its first step in the file."""
    told: set[StepId] = set()
    ids = [sited.step.id for sited in draft.steps]
    doubled = {each for each in ids if ids.count(each) > 1}
    for sited in draft.of_phase(phase):
        step = sited.step
        if step.id in told or step.id not in draft.needed[phase, step.id] or step.id in doubled:
            continue
        circle = [
            each.step.id
            for each in draft.of_phase(phase)
            if each.step.id in draft.needed[phase, step.id] and step.id in draft.needed[phase, each.step.id]
        ]
        told.update(circle)
        message = (
            f"{step.id} needs itself"
            if len(circle) == 1
            else f"these wait for each other: {', '.join(circle)}"
        )
        yield finding("FL203", message, draft.place(*sited.path, "needs"))
