"""Who may decide an approval.

Four eyes: whoever asked for the run never decides on it, whatever groups they are in, and a person counts once. Rights come from the approval's
sources alone; this module knows no chat platform and no directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.nouns import Actor, ActorKind
from bot.errors import NotAllowed

ANYONE = "anyone"
"""A source that every person but the requester satisfies."""


def right_to_decide(
    *, by: Actor, groups: frozenset[str], sources: Sequence[str], requested_by: Actor | None
) -> str:
    """Return the source that gives `by` the right to decide; NotAllowed, with the reason in words, when none does.

    `sources` are `group:NAME`, `user:ID` or `anyone`; `groups` are the names of the groups that `by` is in.
    """
    if by.kind is not ActorKind.PERSON:
        msg = "Only a person can decide an approval."
        raise NotAllowed(msg)
    if by == requested_by:
        msg = "You asked for this run, so somebody else must decide."
        raise NotAllowed(msg, hint=f"Ask {_spoken(sources)}.")
    for source in sources:
        kind, _, name = source.partition(":")
        if source == ANYONE or (kind == "user" and name == by.id) or (kind == "group" and name in groups):
            return source
    msg = f"Only {_spoken(sources)} may decide this, and you are not among them."
    raise NotAllowed(msg, hint="Ask somebody who is.")


def able_to_approve(
    people: Iterable[str], *, requested_by: Actor | None, approved: Iterable[Actor]
) -> frozenset[str]:
    """Return the ids of those whose approval counts or may yet count: a quorum above their number is not met as things stand.

    `people` are the ids of all behind the approval's sources. Who approved counts, though they have left their group since.
    """
    barred = (
        {requested_by.id} if requested_by is not None and requested_by.kind is ActorKind.PERSON else set()
    )
    return (frozenset(people) - barred) | {each.id for each in approved}


def _spoken(sources: Sequence[str]) -> str:
    """Name sources as people do: `the group sre or U0ADA`, and for anyone, `anybody else`."""
    named = []
    for source in sources:
        kind, _, name = source.partition(":")
        named.append("anybody else" if source == ANYONE else f"the group {name}" if kind == "group" else name)
    return " or ".join(named) or "nobody"
