"""What is wrong with a runbook: findings with a stable code, a level, a sentence, a hint and a place.

    code      who finds it
    FL0xx     the file: encoding, YAML, keys
    FL1xx     the form: types, durations, matchers, expressions that can't be read
    FL2xx     the order of steps
    FL3xx     names in expressions
    FL4xx     actions and what they take
    FL5xx     safety: approvals, undo, retries, evidence
    FL6xx     what starts a runbook

A code keeps its meaning for ever; a rule that goes leaves its number empty. `docs/lint.md` is made from the
table below. How findings are printed is in `bot.runbook.reports`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.runbook.places import Place


class Level(StrEnum):
    """How much a finding weighs: an error refuses the runbook."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a code means; `why` tells an author what to do about it."""

    level: Level
    title: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, and where."""

    code: str
    level: Level
    message: str
    hint: str = ""
    place: Place


def finding(code: str, message: str, place: Place, hint: str = "") -> Finding:
    """Make a finding at the level that its rule has."""
    return Finding(code=code, level=RULES[code].level, message=message, hint=hint, place=place)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings as a reader meets them, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: (each.place, each.code, each.message)))


def _error(title: str, why: str) -> Rule:
    return Rule(level=Level.ERROR, title=title, why=why)


def _warning(title: str, why: str) -> Rule:
    return Rule(level=Level.WARNING, title=title, why=why)


def _note(title: str, why: str) -> Rule:
    return Rule(level=Level.NOTE, title=title, why=why)


RULES: dict[str, Rule] = {
    "FL001": _error(
        "the file can't be read",
        "It is missing, may not be read, is too large or is not UTF-8 without a byte order mark.",
    ),
    "FL002": _error("this is not YAML", "The text breaks YAML's rules; tabs can't indent."),
    "FL003": _error(
        "duplicate key",
        "YAML readers keep one of the two and drop the other without a word; keep one yourself.",
    ),
    "FL004": _error(
        "unknown key",
        "A key that nothing reads is most often a slip of the pen; the hint names the nearest one.",
    ),
    "FL005": _error(
        "YAML that runbooks don't use",
        "Tags, merge keys, several documents, keys that are no text: say it plainly.",
    ),
    "FL006": _error(
        "too many aliases or too deep", "Aliases are fine within limits; what they expand to must stay small."
    ),
    "FL007": _warning(
        "a number with a leading zero",
        "YAML 1.2 reads 0644 as six hundred and forty-four; quote it, or write 0o644.",
    ),
    "FL008": _error("another version of the language", "This release reads apiVersion fireline/v1."),
    "FL009": _error(
        "two runbooks of one name",
        "A name is how people and the log refer to a runbook; give one of them another.",
    ),
    "FL101": _error("a key is missing", "The language needs it; see the reference."),
    "FL102": _error(
        "a value of the wrong form", "The value has another type, or is outside what the key takes."
    ),
    "FL103": _error("a duration can't be read", "Durations carry their unit: 30s, 10m, 1h30m, 7d."),
    "FL104": _error(
        "a matcher can't be read",
        'Matchers are Alertmanager\'s: label="value", with =, !=, =~ or !~, and RE2 patterns.',
    ),
    "FL105": _error(
        "an expression can't be read",
        "It is no expression of the language, or uses a filter or test that there is not.",
    ),
    "FL106": _error(
        "a pattern can't be read", "Patterns are RE2, as in Alertmanager: no look-around, no backreferences."
    ),
    "FL107": _error("settings that contradict each other", "Two keys of one part can't both hold."),
    "FL108": _error(
        "a loop over what is no list",
        "`for_each` takes a list, or one expression that gives a list; a text around it makes a text of it, and a number is none.",
    ),
    "FL201": _error("two steps of one id", "An id names a step in expressions, in approvals and in the log."),
    "FL202": _error("needs a step that there is not", "`needs` names steps of the same list by id."),
    "FL203": _error(
        "steps that wait for each other", "The needs go in a circle, so none of these steps could start."
    ),
    "FL204": _warning(
        "a step that never runs",
        "Its condition can't come true, or waits for the end of a step that never runs; drop the step, or say what was meant.",
    ),
    "FL301": _error(
        "a name that can't exist", "Nothing of that name is in scope here; a run would fail on it."
    ),
    "FL302": _error(
        "a step that has not run by then",
        "An expression may use what a step put out only if it is needed, directly or through others.",
    ),
    "FL303": _error(
        "an output that the action has not", "The action says what it puts out; this is not in it."
    ),
    "FL304": _warning(
        "a value that never comes",
        "What is compared has a closed set of values, and this is none of them.",
    ),
    "FL401": _error(
        "unknown action",
        "No integration offers an action of that name; `fireline lint` lists those it knows.",
    ),
    "FL402": _error(
        "inputs that the action does not take",
        "A key of `with` is missing or unknown, or a value does not fit.",
    ),
    "FL403": _error(
        "an effect can't be lowered",
        "A runbook may say that a step does more harm than its action declares, never less.",
    ),
    "FL404": _error(
        "a probe that changes something",
        "`settle` and `verify` are asked again and again: they must only read.",
    ),
    "FL405": _error(
        "a value of a type that can't fit",
        "What the expression gives is known by its type, and the action takes another.",
    ),
    "FL411": _error(
        "a runbook that there is not",
        "`runbook.run` names a runbook of the library; the hint names the nearest one.",
    ),
    "FL412": _error(
        "inputs that the runbook does not take",
        "An input is missing or unknown, or its value does not fit what the other runbook declares.",
    ),
    "FL413": _error(
        "runbooks in a circle, or too deep",
        "No runbook runs inside itself, also not through others, and five runs may stand one inside another.",
    ),
    "FL414": _warning(
        "runs a runbook that is refused",
        "Until the other file is put right, its last good version is run; where there is none, the step fails.",
    ),
    "FL501": _error(
        "destroys without approval",
        "What can't be taken back needs a person's word: give the step an `approval`.",
    ),
    "FL502": _warning(
        "changes something and can't tell or take it back",
        "Give the step `undo` or `verify`, or say `undo: none` and `why`.",
    ),
    "FL503": _warning(
        "retried although it is not repeatable",
        "A retry could do it twice. `settle` finds out what happened first.",
    ),
    "FL504": _error(
        "an approval that nobody can give", "The quorum is more than the people who are asked, or nobody is."
    ),
    "FL505": _warning(
        "undo with nothing to undo",
        "The step's failure undoes the run, and no step that can have run has an `undo`.",
    ),
    "FL506": _warning(
        "two pieces of evidence of one name",
        "A reader of the postmortem can't tell them apart; name them by what they show.",
    ),
    "FL507": _warning(
        "past its date",
        "After `valid_until` the runbook is proposed only; have its owner look at it and move the date.",
    ),
    "FL508": _warning(
        "this looks like a secret",
        "Secrets are named, {secret: pagerduty/token}, and resolved as the call is made.",
    ),
    "FL509": _warning(
        "nothing starts this runbook", "It has no alert to wait for, no schedule, and no `command: true`."
    ),
    "FL510": _note("undo: none beside an effect of read", "A step that only reads has nothing to undo."),
    "FL511": _warning(
        "a value from outside in a URL",
        "A label may hold `../`, `?` or a host: write `| urlencode`, or give the input a pattern that can't match such a thing.",
    ),
    "FL512": _warning(
        "a value from outside that could be an option",
        "A label may be `--all`: put `--` before it where the command takes that, or give the input a pattern.",
    ),
    "FL521": _warning(
        "a loop that changes things has no bound",
        "The list could hold the whole fleet one day: say `max_items`, and a person is asked before more than that is touched.",
    ),
    "FL522": _warning(
        "a canary that nothing checks",
        "That a call was answered says little: give the step a `verify`, which must agree before the rest follows.",
    ),
    "FL523": _warning(
        "a canary that is the whole list",
        "Nothing is left to follow it: `canary` should be less than the items that there can be.",
    ),
    "FL524": _error(
        "repeated until something is true, although it is not repeatable",
        "`retry.until` makes a call again that has succeeded: for an action that is not repeatable, that would do it twice."
        " Do it once, and wait with `verify`.",
    ),
    "FL513": _warning(
        "a group that the settings don't have",
        "The settings have one of nearly this name; if it is the chat platform's own, all is well.",
    ),
    "FL601": _error(
        "a schedule that can't be read",
        "Five fields as in crontab(5): minute, hour, day of the month, month, day of the week.",
    ),
    "FL602": _error(
        "unknown time zone",
        "Write a name of the IANA database, such as UTC or Europe/Zurich, that the machine knows.",
    ),
    "FL603": _error(
        "an input without a value on schedule",
        "Nobody is there to give it: an input of a runbook with `on.schedule` needs a default that needs no alert.",
    ),
    "FL604": _error(
        "there is no alert on schedule",
        "A scheduled run has no alert, so this could not be rendered; say what holds then, with `| default(…)`.",
    ),
    "FL605": _warning(
        "a step that needs an alert",
        "A run that no alert started has none: the step fails in a scheduled run, unless the expression says `| default(…)`.",
    ),
    "FL606": _warning(
        "a schedule that only proposes",
        "With `autonomy: propose` nothing starts by itself: each time a person is asked to. Say `approve` or `auto`.",
    ),
    "FL607": _warning(
        "another runbook takes these alerts first",
        "Of several runbooks that match, the first by name takes the alert; a general one is best named after the special ones.",
    ),
    "FL608": _warning(
        "a trigger that no alert satisfies",
        "Matchers of one entry must all hold; what any of them will do belongs into entries of their own.",
    ),
}
