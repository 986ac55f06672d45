"""Decisions at the terminal and over the API of a real process, with no Slack anywhere: asked, shown, voted on, done, on record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.cli.app import main
from bot.demo.loopback import web
from bot.demo.process import hold_port, wait_for
from bot.domain.facts import ApprovalClosed, ApprovalVoted, RunPaused, RunStarted
from bot.domain.ids import IncidentId
from bot.domain.nouns import ApprovalStatus, RunStatus
from tests.fakes.pair import Calls
from tests.fakes.served import ServedHome

pytestmark = pytest.mark.slow  # a process is started, once for all of it
TOKENS = {name: f"{name}-token-0123456789abcdef" for name in ("ada", "ben", "cleo", "deploy")}
ALL = ["decide", "respond", "declare", "run", "steer", "note", "silence", "freeze"]


class Terminal:
    """A person's terminal: commands with their token, and what they print."""

    def __init__(self, home: ServedHome, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._folder = folder
        self._capsys = capsys

    def run(self, who: str, *words: str) -> tuple[int, str]:
        """Run a command as somebody; return its status and all that it printed."""
        config = self._folder / f"{who}.yaml"
        database = {"data_dir": str(self.home.folder / "data")}
        config.write_text(json.dumps({**database, "api": {"token": TOKENS[who], "urls": [self.home.url]}}))
        self._capsys.readouterr()
        status = 0
        try:
            main([*words, "--config", str(config)])
        except SystemExit as end:
            status = int(end.code or 0)
        printed = self._capsys.readouterr()
        return status, printed.out + printed.err

    def post(self, who: str, verb: str, **body: Any) -> httpx.Response:
        """Ask the API itself."""
        headers = {"authorization": f"Bearer {TOKENS[who]}"}
        return web().post(f"{self.home.url}/api/v1/{verb}", json=body, headers=headers)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServedHome, Calls]]:
    """A process whose runbook asks two of the SREs before it calls its target."""
    calls, hold = Calls(), hold_port()
    made = ServedHome(tmp_path_factory.mktemp("home"), calls.url, port=hold.number)
    made.configure(
        groups={"sre": ["ada", "ben"]},
        api={
            "tokens": {
                **{
                    name: {"token": TOKENS[name], "person": name, "may": ALL}
                    for name in ("ada", "ben", "cleo")
                },
                "deploy": {"token": TOKENS["deploy"], "service": "deploy", "may": ["steer"]},
            }
        },
    )
    step = {
        "id": "call",
        "uses": "http.request",
        "approval": {"from": ["group:sre"], "quorum": 2},
        "with": {
            "method": "GET",
            "url": "{{ vars.target }}/seen?service={{ alert.labels.service | urlencode }}",
        },
        "effect": "mutate",
        "undo": "none",
        "why": "the call only counts",
    }
    made.write_book(steps=[step])
    by_hand = {"url": "{{ vars.target }}/seen?service={{ inputs.service }}"}
    made.write_book(
        "by-hand",
        inputs={"service": {"type": "string", "pattern": "^[a-z]+$"}},
        concurrency={"group": "by-hand/{{ inputs.service }}", "when_busy": "attach"},
        steps=[{"id": "call", "uses": "http.request", "effect": "read", "with": by_hand}],
    )
    process = made.process()
    process.start()
    try:
        yield made, calls
    finally:
        process.stop()
        calls.close()
        hold.release()


@pytest.fixture
def terminal(home: tuple[ServedHome, Calls], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Give a terminal."""
    return Terminal(home[0], tmp_path, capsys)


def asked(terminal: Terminal, service: str) -> tuple[IncidentId, str]:
    """Send an alert, and wait until its run asks."""
    terminal.home.alert(service)
    record = terminal.home.record()

    def look() -> tuple[IncidentId, str] | None:
        for each in record.reader.incidents(only_open=True):
            approvals = record.reader.approvals_of(each.id)
            if each.group.endswith(service) and approvals:
                return each.id, str(approvals[0].id)
        return None

    try:
        return wait_for(f"the question about {service}", look, within=20)
    finally:
        record.close()


def test_two_approve_at_their_terminals(terminal: Terminal, home: tuple[ServedHome, Calls]) -> None:
    """They see what will run, each counts once, then exactly that runs; the log says who, and by which way."""
    incident, approval = asked(terminal, "checkout")
    status, said = terminal.run("ada", "waiting")
    assert (status, approval in said, "group:sre" in said) == (0, True, True)
    status, said = terminal.run("ada", "approve", approval)
    assert (status, "--yes" in said) == (1, True), "nobody is at the terminal to ask"
    status, said = terminal.run("ada", "approve", approval, "--yes", "--why", "looks right")
    assert (status, "Counted: 1 of 2" in said, "service=checkout" in said) == (0, True, True)
    status, said = terminal.run("ada", "approve", approval, "--yes")
    assert (status, "already" in said) == (1, True)
    status, said = terminal.run("cleo", "approve", approval, "--yes")
    assert (status, "Only the group sre may decide" in said) == (1, True)
    assert home[1].seen["checkout"] == 0
    assert terminal.run("ben", "approve", approval, "--yes")[0] == 0
    record = terminal.home.record()
    try:
        wait_for("the run's end", lambda: record.run_ended(incident) is RunStatus.SUCCEEDED, within=20)
        voted = [each for each in record.events(incident) if isinstance(each.fact, ApprovalVoted)]
        assert [str(each.actor) for each in voted] == ["person:ada via api/ada", "person:ben via api/ben"]
    finally:
        record.close()
    assert home[1].seen["checkout"] == 1
    status, said = terminal.run("ada", "approve", approval, "--yes")
    assert (status, "is approved" in said) == (1, True)
    status, said = terminal.run("ada", "show", str(incident))
    assert "ada (by the API) approved" in said
    assert terminal.run("ada", "ack", str(incident))[0] == 0
    assert terminal.run("ada", "note", str(incident), "the pool was full")[0] == 0
    status, said = terminal.run("ada", "resolve", str(incident), "--summary", "more connections")
    assert (status, "1 alert still fires" in said) == (0, True)


def test_a_denial_and_what_was_shown(terminal: Terminal, home: tuple[ServedHome, Calls]) -> None:
    """A vote for another digest than what is asked counts nothing; a denial with its reason ends the question."""
    incident, approval = asked(terminal, "search")
    stale = terminal.post("ada", "approve", approval=approval, digest="0" * 64)
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "conflict")
    assert terminal.post("deploy", "approve", approval=approval, digest="0" * 64).status_code == 403
    status, said = terminal.run("ben", "deny", approval, "--why", "the standby is cold")
    assert (status, "is denied" in said) == (0, True), said
    record = terminal.home.record()
    try:
        wait_for("the run's end", lambda: record.run_ended(incident), within=20)
        (closed,) = record.facts(incident, ApprovalClosed)
        assert closed.status is ApprovalStatus.DENIED
        (voted,) = record.facts(incident, ApprovalVoted)
        assert voted.why == "the standby is cold"
    finally:
        record.close()
    assert home[1].seen["search"] == 0


def test_a_program_steers_and_decides_nothing(terminal: Terminal) -> None:
    """A deployment pauses a run, lets it go on, and ends it; the log has it as a service."""
    incident, _ = asked(terminal, "basket")
    run = f"{incident}-1"
    assert terminal.run("deploy", "pause", run, "--why", "a release")[0] == 0
    assert terminal.run("deploy", "pause", run)[0] == 1
    assert terminal.run("deploy", "resume", run)[0] == 0
    status, said = terminal.run("deploy", "note", str(incident), "x")
    assert (status, "api.tokens.deploy.may" in said) == (1, True)
    assert terminal.run("deploy", "cancel", run, "--undo", "--why", "rolled back")[0] == 0
    record = terminal.home.record()
    try:
        wait_for("the run's end", lambda: record.run_ended(incident) is RunStatus.CANCELLED, within=20)
        (paused,) = [each for each in record.events(incident) if isinstance(each.fact, RunPaused)]
        assert str(paused.actor) == "service:deploy via api/deploy"
    finally:
        record.close()
    status, said = terminal.run("ada", "settle", run, "call", "happened", "--yes")
    assert (status, "No outcome of step call" in said) == (1, True)


def test_a_response_is_led_from_the_terminal(terminal: Terminal) -> None:
    """From its opening to its end and back; a private one is not there for others, and a frozen house thaws."""
    status, said = terminal.run("ada", "declare", "SEV3", "Keys on a wiki page", "--private", "--json")
    assert status == 0, said
    number = str(json.loads(said)["incident"]["id"])
    for words in (
        ("severity", number, "SEV1", "--why", "it is public"),
        ("assign", number, "commander"),
        ("update", number, "keys are rotated", "--status", "monitoring", "--next", "1h"),
        ("resolve", number),
        ("reopen", number, "one key still works"),
    ):
        status, said = terminal.run("ada", *words)
        assert status == 0, said
    assert "There is no incident" in terminal.run("ben", "note", number, "x")[1]
    assert terminal.run("ada", "assign", number, "scribe", "ben")[0] == 0
    assert terminal.run("ben", "note", number, "it is off the page")[0] == 0
    status, said = terminal.run("ada", "silence", number, "2h")
    assert (status, "alertmanager.url" in said) == (1, True)
    assert terminal.run("ada", "freeze", "a release", "--for", "2h")[0] == 0
    assert terminal.run("ben", "freeze", "another")[0] == 1
    assert terminal.run("ben", "unfreeze")[0] == 0
    status, said = terminal.run("deploy", "freeze", "a release")
    assert (status, "api.tokens.deploy.may" in said) == (1, True)
    status, said = terminal.run("cleo", "declare", "SEV3", "The same keys", "--private", "--json")
    other = str(json.loads(said)["incident"]["id"])
    assert "There is no incident" in terminal.run("cleo", "merge", other, number)[1]
    assert terminal.run("cleo", "assign", other, "scribe", "ada")[0] == 0
    assert terminal.run("ada", "merge", other, number)[0] == 0


def test_a_runbook_is_started_at_the_terminal(terminal: Terminal, home: tuple[ServedHome, Calls]) -> None:
    """After a look at what it would do, under the name of who asked; then its incident ends with what customers felt."""
    words = ("run", "by-hand", "service=basin")
    status, said = terminal.run("ada", *words, "--dry-run")
    assert (status, "/seen?service=basin" in said, "Nothing was started" in said) == (0, True, True)
    assert "does not match" in terminal.run("ada", "run", "by-hand", "service=NO", "--yes")[1]
    status, said = terminal.run("deploy", *words, "--yes")
    assert (status, "api.tokens.deploy.may" in said) == (1, True)
    assert home[1].seen["basin"] == 0
    status, said = terminal.run("ada", *words, "--yes", "--json")
    assert status == 0, said
    incident = IncidentId(json.loads(said)["run"]["incident"])
    record = terminal.home.record()
    try:
        wait_for("the run's end", lambda: record.run_ended(incident) is RunStatus.SUCCEEDED, within=20)
        (started,) = record.facts(incident, RunStarted)
        assert str(started.requested_by) == "person:ada via api/ada"
        assert home[1].seen["basin"] == 1
        felt = (
            "--impact",
            "no basin",
            "--impact-from",
            "2026-01-01 02:10",
            "--impact-to",
            "2026-01-01 03:00",
        )
        assert terminal.run("ada", "resolve", str(incident), *felt)[0] == 0
        assert "customers felt it from 2026-01-01 02:10" in terminal.run("ada", "show", str(incident))[1]
    finally:
        record.close()


def test_an_incident_is_declared_with_its_runbook(terminal: Terminal) -> None:
    """A private one's runs are its own people's: others hear that there is none."""
    words = (
        "declare",
        "SEV3",
        "The sink is full",
        "--private",
        "--runbook",
        "by-hand",
        "--input",
        "service=sink",
    )
    status, said = terminal.run("ada", *words, "--yes")
    assert (status, "by-hand runs as" in said) == (0, True), said
    number = said.partition("#")[2].partition(" ")[0]
    assert (
        "There is no incident"
        in terminal.run("ben", "run", "by-hand", "service=tap", "--incident", number, "--yes")[1]
    )
