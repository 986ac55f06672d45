"""`fireline waiting | approve | deny | settle | …`: decisions at the terminal, each bound to what was shown there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.cli.consent import must_agree
from bot.cli.moments import minute
from bot.cli.remote import Answer, Remote, have_done, remote_from
from bot.cli.screen import say, show_json, show_table
from bot.errors import Conflict, NotFound

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
            minute(each["expires_at"]) if each["expires_at"] else "no limit",
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


def approve(config: Path | None, approval: str, why: str, *, yes: bool, as_json: bool) -> None:
    """Show what will run, ask, and approve exactly that."""
    if as_json:
        must_agree("Approve?", yes=yes, as_json=True)
    with remote_from(config) as remote:
        shown = _pending(remote, approval)
        if not as_json:
            _show(shown)
            must_agree("Approve?", yes=yes)
        answer = remote.do("approve", {"approval": shown["id"], "digest": shown["digest"], "why": why})
    _tell(answer, as_json=as_json)


def deny(config: Path | None, approval: str, why: str, *, as_json: bool) -> None:
    """Deny what is asked for now."""
    with remote_from(config) as remote:
        shown = _pending(remote, approval)
        answer = remote.do("deny", {"approval": shown["id"], "digest": shown["digest"], "why": why})
    _tell(answer, as_json=as_json)


def settle(
    config: Path | None, run: str, step: str, settlement: str, why: str, *, yes: bool, as_json: bool
) -> None:
    """Say what became of the call that is in doubt now; NotFound when none of this step is."""
    question = f"Say that {_SPOKEN[settlement]}?"
    if as_json:
        must_agree(question, yes=yes, as_json=True)
    with remote_from(config) as remote:
        asked = _in_doubt(remote, run, step)
        if not as_json:
            told = {"run": run, "step": step, "what": _part(asked), "why": asked["why"]}
            say("Run {run}, step {step}, {what}: {why}", **told)
            must_agree(question, yes=yes)
        call = {name: asked[name] for name in ("run", "step", "part", "attempt")}
        answer = remote.do("settle", {**call, "settlement": settlement, "why": why})
    if as_json:
        show_json(answer)
    else:
        say("Settled: {said}.", said=_SPOKEN[settlement])


def of_run(config: Path | None, verb: str, run: str, done: str, *, as_json: bool, **more: str | bool) -> None:
    """Do something to a run, and say so."""
    have_done(config, verb, {"run": run, **more}, as_json=as_json)
    if not as_json:
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


def _in_doubt(remote: Remote, run: str, step: str) -> Found:
    unknown: Sequence[Found] = remote.ask("waiting")["unknown"]
    for each in unknown:
        if (each["run"], each["step"]) == (run, step):
            return each
    raise NotFound(
        f"No outcome of step {step} in run {run} is unknown.",
        hint="`fireline waiting` lists what waits for a decision.",
    )


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
        say("  until {at} UTC, then it is denied", at=minute(approval["expires_at"]))


def _of(found: Found, *names: str) -> dict[str, object]:
    return {name: found[name] for name in names}


def _tell(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    approval = answer["approval"]
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
