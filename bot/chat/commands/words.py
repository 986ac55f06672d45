"""Reading what people type after the slash command, as people type it: any order where it can't be misread, curly quotes, a wrong letter."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bot.domain.ids import IncidentId, LetterId, RunId
from bot.domain.nouns import Severity
from bot.errors import Refused

VERBS = (
    "help",
    "declare",
    "list",
    "status",
    "run",
    "ack",
    "resolve",
    "note",
    "postmortem",
    "runs",
    "cancel",
    "pause",
    "resume",
    "retry",
    "update",
    "assign",
    "severity",
    "silence",
    "merge",
    "reopen",
    "freeze",
    "unsilence",
    "unfreeze",
    "timeline",
    "evidence",
    "oncall",
    "dead-letters",
    "requeue",
    "discard",
)
ALIASES: Mapping[str, str] = {
    "": "help",
    "?": "help",
    "new": "declare",
    "open": "declare",
    "ls": "list",
    "acknowledge": "ack",
    "close": "resolve",
    "stop": "cancel",
    "hold": "pause",
    "continue": "resume",
    "again": "retry",
    "letters": "dead-letters",
    "deadletters": "dead-letters",
    "comment": "note",
    "start": "run",
    "sev": "severity",
    "role": "assign",
    "lead": "ack",
    "tell": "update",
    "mute": "silence",
    "unmute": "unsilence",
    "thaw": "unfreeze",
    "history": "timeline",
    "log": "timeline",
    "files": "evidence",
    "who": "oncall",
    "on-call": "oncall",
    "duplicate": "merge",
    "unresolve": "reopen",
    "fixed": "resolve",
}
NEAR = 0.6
"""How alike two words must be (0 to 1) for the one to be meant by the other: a wrong guess is worse than none."""
_SEVERITY = re.compile(r"(?<!\S)sev[- ]?([1-4])(?!\S)", re.IGNORECASE)
_NUMBER = re.compile(r"#?(\d{1,9})")
_RUN = re.compile(r"\d{1,9}-\d{1,9}")
_CURLY = str.maketrans(dict.fromkeys("“”„«»", '"') | dict.fromkeys("\u2018\u2019", "'"))
"""What keyboards make of quotes."""
_DASHES = str.maketrans({"\u2014": "--", "\u2013": "-"})
"""What keyboards make of two dashes, and of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it was meant; `rest` is what follows the verb, with Slack's entities turned back into characters."""

    verb: str
    rest: str


def read(text: str) -> Command:
    """Read the verb; Refused, with the nearest right one, when there is no such verb."""
    plain = html.unescape(text).strip()
    word, _, rest = plain.partition(" ")
    verb = ALIASES.get(word.lower(), word.lower())
    if verb in VERBS:
        return Command(verb=verb, rest=rest.strip())
    close = get_close_matches(verb, [*VERBS, *ALIASES], n=1, cutoff=NEAR)
    nearest = ALIASES.get(close[0], close[0]) if close else ""
    raise Refused(
        f"There is no “{word[:40]}”.",
        hint=f"Did you mean “{nearest}”? “help” lists everything." if nearest else "“help” lists everything.",
    )


def declaration(rest: str) -> tuple[Severity, str]:
    """Read a severity and a title, in either order, with or without quotes; Refused when one is missing."""
    plain = rest.translate(_CURLY)
    found = _SEVERITY.search(plain)
    if found is None:
        raise Refused(
            "How bad is it? Say SEV1, SEV2, SEV3 or SEV4.", hint="Like this: declare SEV2 checkout is failing"
        )
    outside = (rest[: found.start()].strip() + " " + rest[found.end() :].strip()).strip()
    title = _unquoted(outside)
    if not title:
        raise Refused(
            "What is wrong? Say it in a sentence.",
            hint=f"Like this: declare SEV{found[1]} checkout is failing",
        )
    return Severity(f"SEV{found[1]}"), title


def _unquoted(text: str) -> str:
    plain = text.translate(_CURLY)
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        return text[1:-1].strip()
    return text


def numbered(
    rest: str, here: IncidentId | None, *, words_follow: bool = False
) -> tuple[IncidentId | None, str]:
    """Read the incident's number off the front, `here` where there is none, and return what follows.

    Inside an incident's channel, a bare number before other words is one of them (`note 3 pods crash`): there the number wants a `#`, unless it
    is the channel's own.
    """
    word, _, tail = rest.partition(" ")
    found = _NUMBER.fullmatch(word)
    if found is None:
        return here, rest
    number = IncidentId(int(found[1]))
    bare = not word.startswith("#")
    if bare and words_follow and tail and here is not None and number != here:
        return here, rest
    return number, tail.strip()


def mentioned(text: str) -> list[IncidentId]:
    """Return the incidents that a command names: by their number after a `#` or after the verb, or by the name of a run."""
    words = [each.strip("`") for each in html.unescape(text).split()]
    found = [
        re.match(r"\d{1,9}", each.removeprefix("#"))
        for place, each in enumerate(words)
        if each.startswith("#") or place == 1 or _RUN.fullmatch(each)
    ]
    return [IncidentId(int(each[0])) for each in found if each is not None]


def running(rest: str) -> RunId | None:
    """Read the name of a run; None when there is none; Refused when it is something else."""
    word = rest.strip().strip("`")
    if not word:
        return None
    if not _RUN.fullmatch(word):
        raise Refused(f"“{word[:40]}” is no run.", hint="A run is named like 42-1; `status` shows them.")
    return RunId(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A run to end, hold or let go on, with the person's reason; `run` is None where they named none."""

    run: RunId | None
    why: str
    undo: bool = False


def holding(rest: str) -> Hold:
    """Read `[run] [--undo] [why …]`; Refused when what stands first looks like a run's name and is none."""
    words = rest.split()
    undo = [each for each in words if each.translate(_DASHES).lower() in {"--undo", "-undo"}]
    words = [each for each in words if each not in undo]
    if words and words[0].strip("`")[:1].isdigit():
        return Hold(run=running(words[0]), why=" ".join(words[1:]), undo=bool(undo))
    return Hold(run=None, why=" ".join(words), undo=bool(undo))


def lettered(rest: str) -> tuple[LetterId, str]:
    """Read a dead letter's number off the front, and return what follows; Refused when there is none."""
    word, _, tail = rest.partition(" ")
    found = _NUMBER.fullmatch(word)
    if found is None:
        raise Refused("Which dead letter?", hint="Say its number, like 7; `dead-letters` lists them.")
    return LetterId(int(found[1])), tail.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWanted:
    """A runbook to start, with inputs as typed."""

    runbook: str
    inputs: Mapping[str, str]
    incident: IncidentId | None


def run_wanted(rest: str, here: IncidentId | None) -> RunWanted:
    """Read `<runbook> [#n] [key=value …]`; values may be quoted. Refused when it can't be read."""
    try:
        words = shlex.split(rest.translate(_CURLY))
    except ValueError:
        raise Refused("A quote is open.", hint='Close it, like this: run restart reason="too slow"') from None
    incident, inputs, names = here, {}, []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key:
            inputs[key] = value
        elif word.startswith("#") and (found := _NUMBER.fullmatch(word)):
            incident = IncidentId(int(found[1]))
        else:
            names.append(word)
    if not names:
        raise Refused("Which runbook?", hint="Like this: run restart-service service=checkout")
    if len(names) > 1:
        raise Refused(
            f"“{names[1][:40]}” is no input.",
            hint=f"Inputs are key=value: run {names[0]} key={names[1][:40]}",
        )
    return RunWanted(runbook=names[0], inputs=inputs, incident=incident)
