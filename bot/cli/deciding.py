"""`fireline waiting | approve | deny | settle | …`: decisions at the terminal, each bound to what was shown there."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.cli.remote import Remote, remote_from
from bot.cli.screen import say, show_json, show_table
from bot.errors import Conflict, NotFound, Refused

Found = Mapping[str, Any]
_SPOKEN = {
    "happened": "it happened",
    "did_not": "it did not happen, so it is done now",
    "stop": "nobody knows, so the step fails",
}


def show_waiting(config: Path | None, *, as_json: bool) -> None:
    """List what waits for people."""
    with remote_from(config) as remote:
        found = remote.ask("waiting")
    if as_json:
        show_json(found)
        return
    if not found["approvals"] and not found["unknown"]:
        say("Nothing waits for a decision.")
        return
    rows = [
        (
            each["id"],
            f"{each['action']} ({each['effect']}) {each['target']}",
            " or ".join(each["sources"]),
            f"{sum(vote['vote'] == 'approve' for vote in each['votes'])} of {each['quorum']}",
            _minute(each["expires_at"]),
        )
        for each in found["approvals"]
    ]
    if rows:
        show_table(("approval", "what will run", "who may decide", "approved", "until (UTC)"), rows)
        say("[cyan]fireline approve APPROVAL[/cyan] shows it whole before it asks you.")
    for each in found["unknown"]:
        say(
            "Unknown: {run} {step}, {what}. {why}",
            run=each["run"],
            step=each["step"],
            what=_part(each),
            why=each["why"],
        )
        say(
            "  [cyan]fireline settle {run} {step} happened|did-not|stop[/cyan]",
            run=each["run"],
            step=each["step"],
        )


def approve(config: Path | None, approval: str, why: str, *, yes: bool) -> None:
    """Show what will run, ask, and approve exactly that."""
    with remote_from(config) as remote:
        shown = _pending(remote, approval)
        _show(shown)
        _must_agree("Approve?", yes=yes)
        answer = remote.do("approve", {"approval": shown["id"], "digest": shown["digest"], "why": why})
    _tell(answer["approval"])


def deny(config: Path | None, approval: str, why: str) -> None:
    """Deny what is asked for now."""
    with remote_from(config) as remote:
        shown = _pending(remote, approval)
        answer = remote.do("deny", {"approval": shown["id"], "digest": shown["digest"], "why": why})
    _tell(answer["approval"])


def settle(config: Path | None, run: str, step: str, settlement: str, why: str, *, yes: bool) -> None:
    """Say what became of the call that is in doubt now; NotFound when none of this step is."""
    with remote_from(config) as remote:
        found = [
            each for each in remote.ask("waiting")["unknown"] if (each["run"], each["step"]) == (run, step)
        ]
        if not found:
            raise NotFound(
                f"No outcome of step {step} in run {run} is unknown.",
                hint="`fireline waiting` lists what waits for a decision.",
            )
        asked = found[0]
        say("Run {run}, step {step}, {what}: {why}", run=run, step=step, what=_part(asked), why=asked["why"])
        _must_agree(f"Say that {_SPOKEN[settlement]}?", yes=yes)
        call = {name: asked[name] for name in ("run", "step", "part", "attempt")}
        remote.do("settle", {**call, "settlement": settlement, "why": why})
    say("Settled: {said}.", said=_SPOKEN[settlement])


def of_run(config: Path | None, verb: str, run: str, done: str, **more: str | bool) -> None:
    """Do something to a run, and say so."""
    with remote_from(config) as remote:
        remote.do(verb, {"run": run, **more})
    say(done, run=run)


# ---- parts


def _pending(remote: Remote, approval: str) -> Found:
    shown: Found = remote.ask(f"approvals/{quote(approval)}")["approval"]
    if shown["status"] != "pending":
        raise Conflict(
            f"Approval {approval} is {shown['status']}{_because(shown['why'])}.",
            hint="`fireline waiting` lists what waits for a decision.",
        )
    return shown


def _show(approval: Found) -> None:
    say("[bold]{action}[/bold] ({effect}) {target}", **_of(approval, "action", "effect", "target"))
    say("  step {step} of run {run} in incident #{incident}", **_of(approval, "step", "run", "incident"))
    if approval["items"]:
        say("  {items} calls, one for each item {over}", **_of(approval, "items", "over"))
    for line in json.dumps(approval["inputs"], indent=2, ensure_ascii=False, sort_keys=True).splitlines():
        say("  {line}", line=line)
    say("  undone by: {undo}", undo=approval["undo"] or "nothing")
    asked = approval["requested_by"]
    say(
        "  who may decide: {who}{asked}; {quorum} needed",
        who=" or ".join(approval["sources"]),
        asked=f", but not {asked}, who asked for it" if asked else "",
        quorum=approval["quorum"],
    )
    for vote in approval["votes"]:
        say("  {by} said {vote}", **_of(vote, "by", "vote"))
    if approval["expires_at"]:
        say("  until {at} UTC, then it is denied", at=_minute(approval["expires_at"]))


def _of(found: Found, *names: str) -> dict[str, object]:
    return {name: found[name] for name in names}


def _must_agree(question: str, *, yes: bool) -> None:
    """Ask at the terminal; Refused where there is nobody to ask, or where they don't agree."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("Nobody is at the terminal to ask.", hint="`--yes` says that you mean it.")
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refused("Not done.")


def _tell(approval: Found) -> None:
    got = sum(vote["vote"] == "approve" for vote in approval["votes"])
    if approval["status"] == "pending":
        say("Counted: {got} of {quorum} have approved.", got=got, quorum=approval["quorum"])
    else:
        say(
            "Approval {id} is {status}{why}.",
            id=approval["id"],
            status=approval["status"],
            why=_because(approval["why"]),
        )


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _part(unknown: Found) -> str:
    return "its undo" if unknown["part"] == "undo" else f"attempt {unknown['attempt']}"


def _minute(instant: str | None) -> str:
    return instant[:16].replace("T", " ") if instant else "no limit"
