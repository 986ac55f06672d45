"""Approvals: those who are asked can give them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.runbook.documents import Path
from bot.runbook.findings import Finding, finding
from bot.runbook.rules.draft import Draft
from bot.runbook.sandbox import nearest


def check_approvals(draft: Draft) -> Iterator[Finding]:
    """Check who is asked by each step, and how many of them must agree."""
    for sited in draft.steps:
        rule, path = sited.step.approval, (*sited.path, "approval")
        if rule is None or not draft.whole(path):
            continue
        for key, sources in (("from", rule.sources), ("escalate_to", rule.escalate_to)):
            yield from _check_groups(draft, sources, (*path, key))
        people = _people(draft, (*rule.sources, *rule.escalate_to))
        if people is not None and len(people) < rule.quorum:
            message = f"{rule.quorum} must agree, and {len(people)} may"
            where = (*path, "quorum") if rule.quorum > 1 else (*path, "from")
            yield finding("FL504", message, draft.place(*where), "the requester never counts either")


def _people(draft: Draft, sources: tuple[str, ...]) -> frozenset[str] | None:
    """Return everybody behind these sources; None where only the chat platform knows."""
    people: set[str] = set()
    for source in sources:
        kind, _, name = source.partition(":")
        if kind == "user":
            people.add(name)
        elif name in draft.world.groups:
            people.update(draft.world.groups[name])
        else:
            return None
    return frozenset(people)


def _check_groups(draft: Draft, sources: tuple[str, ...], path: Path) -> Iterator[Finding]:
    """Tell of a group that is nearly one of the settings': a slip of the pen would wait for an answer that nobody can give."""
    known = sorted(draft.world.groups)
    for at, source in enumerate(sources):
        kind, _, name = source.partition(":")
        hint = nearest(name, known) if kind == "group" and name not in draft.world.groups else ""
        if hint:
            yield finding("FL513", f"the settings have no group {name}", draft.place(*path, at), hint)
