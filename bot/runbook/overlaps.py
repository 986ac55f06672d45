"""Triggers side by side: which alerts two runbooks both want, and triggers that no alert can satisfy.

Nothing is claimed without proof: an overlap is told with labels that both triggers really match, and none is told where no such labels are found. So
two opaque patterns may overlap without a word. Of two runbooks the first by name takes the alert, so a general runbook that comes after special
ones is in order, and is not told of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product

from bot.runbook.findings import Finding, finding
from bot.runbook.matchers import Matcher, Operator
from bot.runbook.model import Runbook, Trigger

_LITERALS = re.compile(r"[\w :/@,%-]*(?:\|[\w :/@,%-]*)*", re.ASCII)
"""A pattern that is a list of plain texts."""
_GROUP = re.compile(r"\((?:\?:)?([^()]*)\)")
_FLAGS = re.compile(r"\(\?[imsU]+\)|[\^$]")
_ATOM = re.compile(r"(\\.|\[[^\]]*\]|.)(?:([*?])|\+|\{([0-9]{1,2})[^}]*\})?\??")
_CLASSES = {"d": "0", "w": "a", "s": " "}
_GUESSES = 64
_NAMED = 3


def check_overlaps(runbooks: Sequence[Runbook]) -> Iterator[Finding]:
    """Look at the triggers of a library, its runbooks in name order; a finding a trigger at the most."""
    earlier: list[Runbook] = []
    for runbook in runbooks:
        for trigger in runbook.triggers:
            if is_contradiction(trigger):
                message = "no alert can match all of these at once"
                yield finding(
                    "FL608",
                    message,
                    trigger.place,
                    "entries of on.alert are alternatives; matchers of one are not",
                )
                continue
            taken = {
                each.name: labels for each in earlier if (labels := _taken_by(each, trigger)) is not None
            }
            if taken:
                names = [*taken][:_NAMED] + ([f"{len(taken) - _NAMED} more"] if len(taken) > _NAMED else [])
                example = ", ".join(f'{name}="{value}"' for name, value in next(iter(taken.values())).items())
                message = f"an alert with {{{example}}} goes to {' and '.join(names)} before {runbook.name}"
                yield finding(
                    "FL607",
                    message,
                    trigger.place,
                    "the first by name takes it; tell them apart with a matcher",
                )
        earlier.append(runbook)


def _taken_by(earlier: Runbook, trigger: Trigger) -> Mapping[str, str] | None:
    """Return labels of an alert that a runbook takes before this trigger, where it is not merely the special case of it."""
    for each in earlier.triggers:
        if not _is_special_case(each, trigger):
            found = labels_for(chain(each.matchers, trigger.matchers))
            if found is not None:
                return found
    return None


def labels_for(matchers: Iterable[Matcher]) -> Mapping[str, str] | None:
    """Return labels that all matchers match, without those that are missing; None where none were found."""
    by_name: dict[str, list[Matcher]] = {}
    for each in matchers:
        by_name.setdefault(each.name, []).append(each)
    labels: dict[str, str] = {}
    for name, several in by_name.items():
        value = next((value for value in _candidates(several) if _all_match(several, name, value)), None)
        if value is None:
            return None
        if value:
            labels[name] = value
    return labels


def is_contradiction(trigger: Trigger) -> bool:
    """Tell whether matchers of one trigger certainly exclude each other: where one names its values, and the others take none of them."""
    for each in trigger.matchers:
        named = _named_values(each)
        several = [other for other in trigger.matchers if other.name == each.name]
        if named is not None and not any(_all_match(several, each.name, value) for value in named):
            return True
    return False


def _is_special_case(special: Trigger, general: Trigger) -> bool:
    """Tell whether the general trigger certainly matches all that the special one does."""
    return all(_is_implied(each, special.matchers) for each in general.matchers)


def _is_implied(wanted: Matcher, given: Sequence[Matcher]) -> bool:
    for each in given:
        if each.name != wanted.name:
            continue
        named = _named_values(each)
        if each == wanted or (
            named is not None and all(_all_match([wanted], wanted.name, value) for value in named)
        ):
            return True
    return (
        _all_match([wanted], wanted.name, "any")
        and wanted.operator is Operator.MATCHES
        and wanted.value in {".*", ".+"}
    )


def _all_match(matchers: Iterable[Matcher], name: str, value: str) -> bool:
    return all(each.matches({name: value}) for each in matchers)


def _named_values(matcher: Matcher) -> Sequence[str] | None:
    """Return all values that a matcher takes, where it names them."""
    if matcher.operator is Operator.EQUAL:
        return [matcher.value]
    if matcher.operator is Operator.MATCHES and _LITERALS.fullmatch(matcher.value):
        return matcher.value.split("|")
    return None


def _candidates(matchers: Sequence[Matcher]) -> Iterator[str]:
    """Return values to try: those that are named, texts that patterns may match, two of them joined, something else, and none at all."""
    texts = list(dict.fromkeys(text for each in matchers for text in _texts(each)))[:_GUESSES]
    yield from texts
    yield "other"
    yield from (f"{first}{second}" for first, second in product(texts[:8], repeat=2))
    yield ""


def _texts(matcher: Matcher) -> Iterator[str]:
    if matcher.operator in {Operator.EQUAL, Operator.NOT_EQUAL}:
        yield matcher.value
        return
    patterns = [matcher.value]
    while patterns and (group := _GROUP.search(patterns[0])) is not None:
        before, after = patterns[0][: group.start()], patterns[0][group.end() :]
        inside = [f"{before}{part}{after}" for part in group[1].split("|")]
        patterns = (patterns[1:] + inside)[:_GUESSES] if len(patterns) > 1 else inside[:_GUESSES]
    for pattern in (part for each in patterns for part in each.split("|")):
        yield _ATOM.sub(_guess, _FLAGS.sub("", pattern))


def _guess(atom: re.Match[str]) -> str:
    """Make a text of a part of a pattern; a guess, which is tried before it is believed."""
    text, optional, times = atom.groups()
    if optional:
        return ""
    if text.startswith("\\"):
        text = _CLASSES.get(text[1], text[1])
    elif text.startswith("["):
        text = text[1:2].replace("^", "_")
    elif text == ".":
        text = "a"
    return text * int(times or 1)
