"""`fireline verify`: whatever was done to the record or to the evidence is found, named by its event, and told by the exit status."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.unit.cli.conftest import Home, Ran

Fireline = Callable[..., Ran]


def change(home: Home, *statements: str) -> None:
    """Change the database behind Fireline's back."""
    with closing(sqlite3.connect(home.database)) as connection, connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            assert connection.execute(statement).rowcount, statement


def test_a_whole_record(proven: Home, fireline: Fireline) -> None:
    """Status 0, what was looked at, and the head to be kept elsewhere."""
    ran = fireline("verify", "-c", proven.config)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "ok    5 events: the chain of hashes is whole"
    assert lines[1] == "ok    1 pieces of evidence: their bytes are those that were stored"
    place, _, digest = lines[2].removeprefix("Head: ").partition(":")
    assert (place, len(digest)) == ("5", 64)


def test_the_proof_as_json(proven: Home, fireline: Fireline) -> None:
    """A program reads both reports."""
    report = json.loads(fireline("verify", "--json", "-c", proven.config).out)
    assert (report["log"]["ok"], report["log"]["count"], report["evidence"]["count"]) == (True, 5, 1)


@pytest.mark.parametrize(
    ("statements", "event", "kind"),
    [
        (("UPDATE events SET data = replace(data, 'Checkout', 'Search') WHERE seq = 1",), 1, "changed"),
        (("UPDATE events SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 3",), 3, "changed"),
        (("UPDATE events SET hash = substr(hash, 2) || substr(hash, 1, 1) WHERE seq = 2",), 2, "changed"),
        (("DELETE FROM events WHERE seq = 2",), 2, "dropped"),
        (("DELETE FROM events WHERE seq = 1",), 1, "dropped"),
        (
            (
                "UPDATE events SET seq = 1000 WHERE seq = 2",
                "UPDATE events SET seq = 2 WHERE seq = 3",
                "UPDATE events SET seq = 3 WHERE seq = 1000",
            ),
            2,
            "changed",
        ),
        (("UPDATE events SET data = 'no json at all' WHERE seq = 4",), 4, "changed"),
    ],
    ids=["data", "time", "hash", "deleted", "first-deleted", "exchanged", "unreadable"],
)
def test_a_record_that_was_tampered_with(
    statements: tuple[str, ...], event: int, kind: str, proven: Home, fireline: Fireline
) -> None:
    """Status 1, and the first event that is not as it was written."""
    change(proven, *statements)
    ran = fireline("verify", "-c", proven.config)
    assert ran.status == 1
    assert f"first problem at event {event}:" in ran.out
    assert f"  event {event}: {kind}: " in ran.out
    assert "Head:" not in ran.out
    report = json.loads(fireline("verify", "--json", "-c", proven.config).out)
    assert report["log"]["first_bad"] == event


def test_evidence_that_was_cut(proven: Home, fireline: Fireline) -> None:
    """A file that lost its end is named by the event that told of it."""
    (file,) = [path for path in proven.evidence.rglob("*") if path.is_file()]
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1])
    ran = fireline("verify", "-c", proven.config)
    assert ran.status == 1
    assert "ok    5 events" in ran.out
    assert "  event 4: altered: " in ran.out
    assert "rate.json" in ran.out


def test_evidence_that_is_gone(proven: Home, fireline: Fireline) -> None:
    """So is one that is missing."""
    (file,) = [path for path in proven.evidence.rglob("*") if path.is_file()]
    file.unlink()
    ran = fireline("verify", "-c", proven.config)
    assert ran.status == 1
    assert "  event 4: missing: " in ran.out


def test_what_a_tampered_record_says_does_not_act(proven: Home, fireline: Fireline) -> None:
    """Somebody who can change the log still can't write to the terminal of who checks it."""
    change(proven, r"""UPDATE events SET data = replace(data, 'rate.json', '[/]\u001b[2J') WHERE seq = 4""")
    ran = fireline("verify", "-c", proven.config)
    assert ran.status == 1
    assert "\x1b" not in ran.out


def test_pages_of_the_log(told: Home, fireline: Fireline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log longer than a page is walked to its end."""
    monkeypatch.setattr("bot.cli.proof.PAGE", 7)
    count = json.loads(fireline("verify", "--json", "-c", told.config).out)["log"]["count"]
    with closing(sqlite3.connect(told.database)) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (count,)


def test_an_end_that_was_cut_shows_against_a_kept_head(proven: Home, fireline: Fireline) -> None:
    """A chain that lost its last events is whole in itself; who kept its head sees that it is not all."""
    head = fireline("verify", "-c", proven.config).out.splitlines()[2].removeprefix("Head: ")
    assert fireline("verify", "--head", head, "-c", proven.config).status == 0
    change(proven, "DELETE FROM events WHERE seq = 5")
    assert fireline("verify", "-c", proven.config).status == 0
    ran = fireline("verify", "--head", head, "-c", proven.config)
    assert ran.status == 1
    assert "cut" in ran.out


@pytest.mark.parametrize("head", ["5", "5:abc", "five:" + "a" * 64, ":" + "a" * 64, "5:" + "G" * 64])
def test_what_is_no_head_is_refused(head: str, proven: Home, fireline: Fireline) -> None:
    """A slip of the pen must not pass for a proof."""
    ran = fireline("verify", "--head", head, "-c", proven.config)
    assert ran.status == 2
    assert "is no head of a log" in ran.err
