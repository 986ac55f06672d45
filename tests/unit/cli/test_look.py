"""What is on record, for a person and for a program; and nothing that somebody wrote into an alert acts on the terminal."""

import asyncio
import json
import sqlite3
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import facts
from bot.domain.clock import SystemClock
from bot.domain.ids import SYSTEM, SilenceKey
from bot.domain.nouns import IncidentStatus, Severity, person
from bot.persistence.store import open_store
from tests.fakes import looped
from tests.fakes.timeline import Timeline
from tests.unit.cli.conftest import HOSTILE, Home, Ran, make_home

Fireline = Callable[..., Ran]


def test_incidents_are_listed_newest_first(told: Home, fireline: Fireline) -> None:
    """A line an incident: number, severity, status, title, commander."""
    ran = fireline("incidents", "-c", told.config)
    head, newest, oldest = ran.out.splitlines()
    assert ran.status == 0
    assert head.split()[:3] == ["severity", "status", "title"]
    assert newest.startswith("#43")
    assert oldest.split()[:3] == ["#42", "SEV2", "resolved"]
    assert "Checkout is failing for customers" in oldest


def test_only_the_open_ones(told: Home, fireline: Fireline) -> None:
    """--open leaves out what is resolved, --limit what is older."""
    assert [line[:3] for line in fireline("incidents", "--open", "-c", told.config).out.splitlines()[1:]] == [
        "#43"
    ]
    assert [
        line[:3] for line in fireline("incidents", "--limit", "1", "-c", told.config).out.splitlines()[1:]
    ] == ["#43"]


def test_an_incident_is_shown_whole(told: Home, fireline: Fireline) -> None:
    """State, run, steps, approval, evidence and timeline stand there, each event with its place and hash."""
    ran = fireline("show", "42", "-c", told.config)
    assert ran.status == 0
    assert ran.out.startswith("#42 Checkout is failing for customers  SEV2  resolved\n")
    for expected in (
        "led by UADA",
        "Run 42-1 checkout-errors (d1d1d1d1d1d1) succeeded",
        "  shift ",
        "Approval 42-1/shift/1 approved: UGRACE approve as group:sre",
        '"standby": 100',
        "  error-rate-before.json ",
        "12412 bytes  sha256 ab12cd34",
        "8388608 bytes (truncated)",
        "Timeline (UTC)",
    ):
        assert expected in ran.out
    timeline = ran.out.partition("Timeline (UTC)\n")[2].splitlines()
    assert len(timeline) == len(
        json.loads(fireline("show", "42", "--json", "-c", told.config).out)["timeline"]
    )


def test_json_is_the_record(told: Home, fireline: Fireline) -> None:
    """--json gives every field as it is stored, hostile text included, and one document."""
    listed = json.loads(fireline("incidents", "--json", "-c", told.config).out)
    assert [each["title"] for each in listed] == [HOSTILE, "Checkout is failing for customers"]
    whole = json.loads(fireline("show", "42", "--json", "-c", told.config).out)
    assert list(whole) == ["incident", "runs", "approvals", "evidence", "silences", "timeline"]
    assert [step["step"] for step in whole["runs"][0]["steps"]] == ["before", "logs", "shift"]
    assert whole["approvals"][0]["inputs"]["json"] == {"standby": 100}
    assert {"seq", "at", "actor", "kind", "data", "prev", "hash"} <= set(whole["timeline"][0])
    (alert,) = json.loads(fireline("alerts", "--unmatched", "--json", "-c", told.config).out)
    assert alert["labels"]["service"] == HOSTILE


@pytest.mark.parametrize(
    "words",
    [
        ("incidents",),
        ("incidents", "--json"),
        ("show", "43"),
        ("show", "43", "--json"),
        ("alerts",),
        ("alerts", "--unmatched"),
        ("alerts", "--json"),
        ("postmortem", "43"),
        ("postmortem", "43", "--format", "html"),
    ],
    ids=" ".join,
)
def test_nothing_acts_on_the_terminal(words: tuple[str, ...], told: Home, fireline: Fireline) -> None:
    """No control, format or direction character comes out, whatever the command and its form."""
    ran = fireline(*words, "-c", told.config)
    assert ran.status == 0, ran.err
    acting = {char for char in ran.out if unicodedata.category(char) in {"Cc", "Cf", "Cs"}} - set("\n\t")
    assert not acting
    assert "evil" in ran.out, "what was written is still there to be read"


@pytest.mark.parametrize("words", [("incidents",), ("show", "43"), ("alerts",)], ids=" ".join)
def test_marks_are_text(words: tuple[str, ...], told: Home, fireline: Fireline) -> None:
    """Brackets in a title are brackets, not colours."""
    assert r"[red]no[/red] [/] \x1b]0;owned\x07\x1b[2J" in fireline(*words, "-c", told.config).out


def test_alerts_say_where_they_went(told: Home, fireline: Fireline) -> None:
    """An alert that no runbook wanted is named as such, with how to catch it."""
    ran = fireline("alerts", "--unmatched", "-c", told.config)
    assert "unmatched" in ran.out
    assert "once" in ran.out
    assert "on.alert.match" in ran.out
    assert "on.alert.match" not in fireline("alerts", "-c", told.config).out


def test_a_postmortem_is_printed_or_written(told: Home, fireline: Fireline, tmp_path: Path) -> None:
    """As Markdown for a pipe, as a page into a file."""
    printed = fireline("postmortem", "42", "-c", told.config)
    assert printed.out.startswith("# ")
    assert "## Timeline" in printed.out
    page = tmp_path / "page.html"
    ran = fireline("postmortem", "42", "--format", "html", "--out", page, "-c", told.config)
    assert ran.out == f"Written: {page}\n"
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_a_file_that_can_not_be_written(told: Home, fireline: Fireline, tmp_path: Path) -> None:
    """One sentence and a hint, and status 1."""
    ran = fireline("postmortem", "42", "--out", tmp_path / "no" / "x.md", "-c", told.config)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        f"error: {tmp_path / 'no' / 'x.md'} can't be written: No such file or directory.\n"
        "hint:  Name a file in a folder that exists and is yours.\n"
    )


@pytest.mark.parametrize("words", [("show", "7"), ("show", "7", "--json"), ("postmortem", "7")], ids=" ".join)
def test_an_incident_that_there_is_not(words: tuple[str, ...], told: Home, fireline: Fireline) -> None:
    """It is refused with where to look, and status 1."""
    ran = fireline(*words, "-c", told.config)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "error: There is no incident 7.\nhint:  `fireline incidents` lists them.\n"


def test_a_number_is_a_number(told: Home, fireline: Fireline) -> None:
    """What can't be an incident's number is a misuse."""
    for word in ("0", "x", str(10**30)):
        assert fireline("show", word, "-c", told.config).status == 2


def test_nothing_yet(tmp_path: Path, fireline: Fireline) -> None:
    """Empty lists say so in words, and in JSON are empty lists."""
    home = make_home(tmp_path / "empty")
    assert fireline("incidents", "-c", home.config).out == "No incidents yet.\n"
    assert fireline("incidents", "--open", "-c", home.config).out == "No open incidents.\n"
    assert fireline("alerts", "-c", home.config).out == "No alerts yet.\n"
    assert fireline("alerts", "--unmatched", "-c", home.config).out == "Every alert found its runbook.\n"
    assert json.loads(fireline("alerts", "--json", "-c", home.config).out) == []


# ---- what stands in the way


def test_before_the_first_serve(told: Home, fireline: Fireline) -> None:
    """Without a database each command says who makes it, and makes none itself."""
    told.database.unlink()
    for words in (("incidents",), ("show", "1"), ("alerts",), ("postmortem", "1"), ("verify",)):
        ran = fireline(*words, "-c", told.config)
        assert (ran.status, ran.out) == (2, "")
        assert (
            ran.err == f"error: there is no database at {told.database}\nhint:  `fireline serve` makes it\n"
        )
    assert not told.database.exists()


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"not a database at all" * 99, "not a database")]
)
def test_a_file_that_is_no_database(content: bytes, said: str, told: Home, fireline: Fireline) -> None:
    """It is named, without a traceback."""
    told.database.write_bytes(content)
    ran = fireline("incidents", "-c", told.config)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"error: the database {told.database} ")
    assert said in ran.err


def test_rows_that_fireline_did_not_write(told: Home, fireline: Fireline) -> None:
    """A record that can't be understood any more points to `verify`."""
    with sqlite3.connect(told.database) as connection:
        connection.execute("UPDATE incidents SET severity = 'SEV9'")
    connection.close()
    ran = fireline("incidents", "-c", told.config)
    assert ran.status == 1
    assert "SEV9" in ran.err
    assert "fireline verify" in ran.err


def test_a_running_fireline_is_not_disturbed(told: Home, fireline: Fireline) -> None:
    """While another process holds the lead and writes, everything can be read."""

    async def beside() -> Ran:
        store = await open_store(f"sqlite:///{told.database}", SystemClock())
        try:
            return await asyncio.to_thread(told.process, "incidents")
        finally:
            await store.close()

    ran = asyncio.run(beside())
    assert ran.status == 0, ran.err
    assert "#42" in ran.out


def test_a_postgres_that_does_not_answer(
    told: Home, fireline: Fireline, free_port: Callable[[], int]
) -> None:
    """One sentence that has no password in it, and what to look at."""
    url = f"postgresql://fireline:hunter22@127.0.0.1:{free_port()}/fireline"
    told.config.write_text(f"database_url: {url}\n", encoding="utf-8")
    ran = fireline("incidents", "-c", told.config)
    assert (ran.status, ran.out) == (2, "")
    said, hint = ran.err.splitlines()
    assert "can't be read" in said
    assert hint.startswith("hint:  check its URL")
    assert "hunter22" not in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http: [\n", "this is not YAML"),
        ("htpt: {}\n", "did you mean http?"),
        ("http: {port: many}\nslack: {mode: maybe}\n", "2 settings can't be used:"),
    ],
)
def test_settings_that_can_not_be_used(text: str, said: str, told: Home, fireline: Fireline) -> None:
    """Every problem with its place on standard error, status 2, and nothing else."""
    told.config.write_text(text, encoding="utf-8")
    for words in (("incidents",), ("serve",), ("verify",), ("slack", "manifest")):
        ran = fireline(*words, "-c", told.config)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("error: ")
        assert said in ran.err
        assert "Traceback" not in ran.err


def test_a_settings_file_that_is_not_there(fireline: Fireline, tmp_path: Path) -> None:
    """It is named with what else could be."""
    ran = fireline("incidents", "-c", tmp_path / "none.yaml")
    assert ran.status == 2
    assert "none.yaml can't be read" in ran.err
    assert ran.err.endswith("hint:  FIRELINE_CONFIG or --config names another file.\n")


@pytest.mark.parametrize(
    "words",
    [
        ("show", "42"),
        ("show", "42", "--json"),
        ("incidents",),
        ("incidents", "--json"),
        ("alerts",),
        ("alerts", "--json"),
        ("postmortem", "42"),
    ],
)
def test_a_secret_of_the_settings_is_shown_nowhere(
    told: Home, fireline: Fireline, words: tuple[str, ...]
) -> None:
    """What the settings name as a secret is taken out, for programs too, though nothing about it looks like one."""
    file, secret = told.folder / "secret", "owned" if words[0] == "alerts" else "failing for"
    file.write_text(secret, encoding="utf-8")
    words = (*words, "-c", str(told.config))
    assert secret in fireline(*words).out
    with told.config.open("a", encoding="utf-8") as settings:
        settings.write(f"secrets: {{shop: {{file: {file}}}}}\n")
    shown = fireline(*words).out
    assert secret not in shown
    assert "redacted:secret" in shown


def test_targets_that_are_away(tmp_path: Path, fireline: Fireline) -> None:
    """Which, since when, until when, and what is known; for a program too. Where every target answers, one sentence says so."""
    since = datetime(2026, 11, 23, 12, 29, tzinfo=UTC)
    opened = facts.BreakerOpened(
        target="https://router.internal:443",
        since=since,
        until=since + timedelta(minutes=2),
        detail="router.internal is not answering (5 of the last 5 calls failed, the last with timeout)",
    )
    home = make_home(tmp_path, *Timeline(1).add(opened).events)
    shown = fireline("targets", "-c", home.config).out
    assert "router.internal" in shown
    assert "12:31:00" in shown
    (away,) = json.loads(fireline("targets", "--json", "-c", home.config).out)
    assert away["target"] == "https://router.internal:443"
    closed = facts.BreakerClosed(target="https://router.internal:443", since=since)
    calm = make_home(tmp_path / "calm", *Timeline(1).add(opened).add(closed).events)
    assert fireline("targets", "-c", calm.config).out == "Every target answers.\n"


def test_a_loop_is_shown_by_how_far_it_is(tmp_path: Path, fireline: Fireline) -> None:
    """One line for fifty hosts, and those that failed or are in doubt below it by their names; `--json` has every one."""
    home = make_home(tmp_path / "looped", *looped.tale(looped.half_way()).events)
    ran = fireline("show", "1", "-c", home.config)
    steps = ran.out.partition("Run 1-1")[2].partition("Approval")[0].splitlines()
    assert "13 of 50 done, 2 failed, 5 unknown" in steps[1]
    assert len([line for line in steps if "restart[" in line]) == 7
    assert any("restart[6]" in line and "web-7, no such host" in line for line in steps)
    whole = json.loads(fireline("show", "1", "--json", "-c", home.config).out)
    assert len(whole["runs"][0]["steps"]) == 21
    assert whole["runs"][0]["steps"][0]["items"] == looped.HOSTS


def test_what_people_did_is_shown(tmp_path: Path, fireline: Fireline) -> None:
    """A line for each thing that there is, and above the list that changes are frozen."""
    tale = Timeline()
    here = {"incident": tale.incident}
    tale.add(
        facts.IncidentOpened(
            **here, title="A leak", severity=Severity.SEV1, service="checkout", private=True
        ),
        facts.RoleAssigned(**here, role="scribe", person="UADA", roles={"scribe": "UADA"}),
        facts.UpdateGiven(**here, message="We look", status=IncidentStatus.IDENTIFIED, next_due=tale.now),
        facts.SilenceAsked(**here, silence=SilenceKey("k"), matchers=(), until=tale.now, why="known"),
    )
    tale.add(facts.ChangesFrozen(why="deploy weekend"), by=person("UADA"), stream=SYSTEM)
    home = make_home(tmp_path, *tale.events)
    shown = fireline("show", "42", "-c", home.config).out
    for line in (
        "service checkout",
        "private seen by those alone",
        "roles scribe: UADA",
        "last update We look, the next promised by 2026-11-23 07:03 UTC",
        "silence asked until 2026-11-23 07:03 UTC known",
    ):
        assert line in shown
    listed = fireline("incidents", "-c", home.config).out
    assert listed.startswith("Changes are frozen by UADA since")
    assert "A leak (private)" in listed
