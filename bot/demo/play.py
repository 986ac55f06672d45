"""`fireline demo`: the story from the alert to the postmortem, for a person who clicks, or told by itself to the end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from bot.demo import monitoring
from bot.demo.loopback import web
from bot.demo.people import Member
from bot.demo.process import ENDING, DemoFailed, wait_for
from bot.demo.record import Record
from bot.demo.stack import ADA, BEN, Ports, Stack
from bot.domain.ids import IncidentId

console = Console(highlight=False)

RUNBOOKS = (Path(__file__).parent / "runbooks").resolve()
"""A link to those beside the code; a wheel has them here."""
QUIET_BEFORE = 6.0
"""Seconds of a healthy shop before it fails: the evidence then shows the change."""
PATIENCE = 60.0
INCIDENT = IncidentId(1)
STORY = (
    "Open Slack: a channel [cyan]#inc-1-…[/cyan] appears, with one pinned message that always tells the state.",
    "Fireline gathers evidence, then asks before it moves traffic: Ada or Ben may click [bold]Approve[/bold] or [bold]Deny[/bold], Cleo may not.",
    "Watch the error rate fall. When the alert is over, type [cyan]/incident resolve fixed it[/cyan] in the channel.",
    "Type [cyan]/incident postmortem[/cyan]: the draft is made from what was recorded.",
)


INTERRUPTED = 130
"""Exit status of a story that was broken off, as shells have it for Ctrl-C."""


AGAIN = 0.5
"""Seconds after which a signal that nothing heeded is raised again."""


class _Ended(BaseException):
    """Somebody ends the demo. Not KeyboardInterrupt: Python remembers one that passed through `exec`, and dies of SIGINT though it was caught."""


def play(*, headless: bool, first_port: int, folder: Path | None) -> int:
    """Play the demo; return the exit status. Its processes end with it, however it ends."""
    chosen = _folder(folder)
    if chosen is None:
        return 1
    stack = _stack(chosen, first_port)
    with _signals_end_it():
        try:
            return _played(stack, headless=headless)
        except _Ended:
            return INTERRUPTED  # asked a second time, while its parts were being stopped: they were ended at once


def _played(stack: Stack, *, headless: bool) -> int:
    with contextlib.ExitStack() as ending:
        ending.callback(stack.stop)
        try:
            console.print("Starting the shop, the monitoring, a local Slack and Fireline …")
            stack.start()
            _say_what_runs(stack)
            _break_the_shop(stack, after=QUIET_BEFORE)
            if headless:
                _tell(stack)
            else:
                _let_people(stack)
        except (KeyboardInterrupt, _Ended):
            _heeded()
            console.print(f"\nEnded. Everything that was recorded is in {stack.folder}", soft_wrap=True)
            console.print(f"Read it again: {sys.argv[0]} show 1 --config {stack.config}", soft_wrap=True)
            return INTERRUPTED if headless else 0
        except Exception as problem:  # noqa: BLE001 - whatever stops the demo is told in a sentence; the traceback is kept beside the logs
            return _say_what_stopped_it(stack, problem)
    return 0


def _folder(wanted: Path | None) -> Path | None:
    """Return the demo's folder; None, having said why, when an earlier demo's record is in it: its incident 1 is another story."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="fireline-demo-"))
    if (wanted / "data").exists():
        console.print(
            f"[red]{escape(str(wanted))} holds an earlier demo:[/red] name a fresh folder.", soft_wrap=True
        )
        return None
    return wanted.absolute()


def _stack(folder: Path, first_port: int) -> Stack:
    ports = Ports.choose(first_port)
    return Stack(folder=folder, ports=ports, runbooks=RUNBOOKS, real=monitoring.installed())


def _say_what_stopped_it(stack: Stack, problem: Exception) -> int:
    what = str(problem) if isinstance(problem, DemoFailed) else f"{type(problem).__name__}: {problem}"
    console.print("[red]The demo stopped:[/red]", escape(_gone(stack) or what), soft_wrap=True)
    if stack.folder.is_dir():
        (stack.folder / "demo.log").write_text("".join(traceback.format_exception(problem)), encoding="utf-8")
        console.print(f"Logs: {stack.folder}", soft_wrap=True)
    return 1


def _gone(stack: Stack) -> str:
    """Say which part of the stack ended by itself, and what it said last; nothing while all are there."""
    return next(
        (
            f"{process.name} ended by itself. The end of its log:\n{process.log_tail()}"
            for process in stack.processes.values()
            if process.gone
        ),
        "",
    )


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let SIGTERM, and the end of the terminal unless `nohup` asked for more, end the demo as Ctrl-C does: its children are stopped in any case.

    Python drops an exception that is raised while it runs a destructor or a weak reference's callback, imports among them. So the signal is
    raised again until it was heeded.
    """

    def interrupt(_number: int, _frame: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        raise _Ended

    obeyed = [each for each in ENDING if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in (*obeyed, signal.SIGALRM)}
    try:
        yield
    finally:
        _heeded()
        for number, handler in before.items():
            signal.signal(number, handler)


def _heeded() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def _say_what_runs(stack: Stack) -> None:
    """Tell where to look and what to do; each part is a column of its own, so that a narrow terminal folds words and no address."""
    watched = (
        "watched by the real Prometheus and Alertmanager"
        if stack.real
        else "watched by a stand-in that plays recorded deliveries; install prometheus and prometheus-alertmanager for the real ones"
    )
    places = _columns("bold", "cyan", "")
    places.add_row("Slack", stack.slack, "you are Ada, on call; become Ben or Cleo at the bottom left")
    places.add_row("Console", stack.fireline, "what Fireline has on record")
    places.add_row("Shop", f"{stack.shop}/metrics", watched)
    story = _columns("bold", "")
    for number, text in enumerate(STORY, start=1):
        story.add_row(str(number), text)
    parts = (places, "", "In a few seconds the shop's checkout breaks. Then:", story)
    console.print(Panel(Group(*parts), title="Fireline demo", expand=False))
    console.print(f"Files: {stack.folder}   End with Ctrl-C.", soft_wrap=True)


def _columns(*styles: str) -> Table:
    """Make a table without lines; the last column folds, the others keep what they hold whole."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for style in styles[:-1]:
        table.add_column(style=style, no_wrap=True)
    table.add_column(style=styles[-1])
    return table


def _break_the_shop(stack: Stack, *, after: float) -> None:
    time.sleep(after)
    console.print(f"[red]The shop's primary backend breaks now[/red] ({time.strftime('%H:%M:%S')}).")
    web().post(f"{stack.shop}/admin/faults/primary", json={"failing": True}).raise_for_status()


def _let_people(stack: Stack) -> None:
    """Leave the rest to people; notice when a part of the stack ends by itself."""
    while not _gone(stack):
        time.sleep(1.0)
    raise DemoFailed(_gone(stack))


# ---- told by itself


def _tell(stack: Stack) -> None:
    """Play every part, through the local Slack's wire, and show what was recorded."""
    ada, ben = Member(slack=stack.slack, user=ADA), Member(slack=stack.slack, user=BEN)
    began = time.monotonic()

    def step(text: str) -> None:
        console.print(f"  {time.monotonic() - began:5.1f} s  {text}")

    channel = wait_for("the incident's channel", lambda: ada.channel("inc-"), within=PATIENCE)
    step("the alert came in, the incident is open, its channel is there")
    record = Record(stack.database)
    ack = wait_for("the button Acknowledge", lambda: ada.button(channel, "ack"), within=PATIENCE)
    ada.click(ack)
    step("Ada acknowledged")
    approve = wait_for("the approval", lambda: ben.button(channel, "approve"), within=PATIENCE)
    step("evidence is gathered; Fireline asks before it moves traffic")
    ben.click(approve)
    step("Ben approved")
    wait_for("traffic on the standby", lambda: _standby_serves(stack), within=PATIENCE)
    step("traffic is on the standby")
    wait_for("the run's end", lambda: record.run_ended(INCIDENT), within=PATIENCE)
    step("the error rate fell, the step is verified, the run has succeeded")
    wait_for("the alert's end", lambda: record.alerts_over(INCIDENT), within=PATIENCE)
    step("Alertmanager says that it is over")
    ada.command(channel, "resolve traffic moved to the standby")
    wait_for("the resolution", lambda: record.resolved(INCIDENT), within=PATIENCE)
    step("Ada resolved the incident")
    ada.command(channel, "postmortem")
    draft = wait_for("the postmortem draft", lambda: record.draft(INCIDENT), within=PATIENCE)
    wait_for("the draft in the channel", lambda: "ostmortem" in ada.texts(channel), within=PATIENCE)
    step("the postmortem draft is posted")
    _show_record(stack, draft)


def _standby_serves(stack: Stack) -> bool:
    weights = web().get(f"{stack.shop}/admin/weights/checkout").json()
    return bool(weights["standby"] == 100)  # noqa: PLR2004 - percent


def _show_record(stack: Stack, draft: Path) -> None:
    """Show the timeline and prove the record, with the commands that a person would use."""
    for words in (["show", "1"], ["verify"]):
        console.print(f"\n[bold]$ fireline {' '.join(words)}[/bold]")
        status = subprocess.call([sys.executable, "-m", "bot.cli", *words, "--config", str(stack.config)])  # noqa: S603 - ourselves
        if status != 0:
            raise DemoFailed(f"fireline {' '.join(words)} ended with status {status}.")
    console.print(f"\nPostmortem draft: {draft}", soft_wrap=True)
