"""The verifier: an intact log passes, and each way to tamper with one shows, under its name and at its place."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import events
from bot.domain.canonical import canonical as canonical_form
from bot.evidence import verify
from bot.evidence.verify import FIRST_PREV, MOST_PROBLEMS, Kind, canonical, verify_evidence, verify_log

Rows = list[dict[str, Any]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


def sealed(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row the hash that the writer would."""
    parts = {name: row[name] for name in ("seq", "at", "stream", "actor", "kind", "data", "prev")}
    return {**row, "hash": events.seal(**parts)}


def a_log(count: int) -> Rows:
    """Make a log as the writer does."""
    rows: Rows = []
    prev = FIRST_PREV
    for seq in range(1, count + 1):
        row = {
            "seq": seq, "at": f"2026-11-23T07:03:{seq % 60:02}.000000Z", "stream": f"incident/{seq % 3}", "actor": "person:Zoë",
            "kind": "incident.note_added", "data": canonical_form({"text": f'nöte {seq}\n\x01"\\', "incident": seq % 3}), "prev": prev,
        }  # fmt: skip
        rows.append(sealed(row))
        prev = rows[-1]["hash"]
    return rows


def relinked(rows: Rows, start: int) -> Rows:
    """Make every hash anew from an index on, as one who can write would."""
    made = rows[:start]
    for row in rows[start:]:
        made.append(sealed({**row, "prev": made[-1]["hash"] if made else FIRST_PREV}))
    return made


def problems(rows: Rows, **more: Any) -> list[tuple[Kind, int]]:
    """Return what is found, and where."""
    report = verify_log(rows, **more)
    assert report.ok is (not report.problems)
    assert report.first_bad == min((each.seq for each in report.problems), default=None)
    return [(each.kind, each.seq) for each in report.problems]


def test_it_shares_no_code_with_the_writer() -> None:
    """It imports the standard library and nothing else."""
    tree = ast.parse(Path(verify.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), names


@given(JSON)
def test_its_canonical_form_is_the_writers(value: Any) -> None:
    """Two programs, one rule."""
    assert canonical(value) == canonical_form(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), {1}, b"x"])
def test_what_is_no_json_has_no_form(value: Any) -> None:
    """It is refused, as the writer refuses it."""
    with pytest.raises(ValueError, match="no JSON value"):
        canonical(value)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_an_intact_log_passes(count: int) -> None:
    """Nothing is wrong, and the last place and hash are told, to be kept elsewhere."""
    rows = a_log(count)
    report = verify_log(iter(rows))
    assert (report.ok, report.count, report.first_bad, report.problems) == (True, count, None, ())
    assert report.last == ((count, rows[-1]["hash"]) if rows else (0, FIRST_PREV))
    assert verify_log(rows, head=report.last).ok


@pytest.mark.parametrize("field", ["at", "stream", "actor", "kind", "data", "prev", "hash"])
def test_a_changed_field_shows(field: str) -> None:
    """Whichever field it is."""
    rows = a_log(5)
    rows[2][field] = '{"text":"other"}' if field == "data" else "f" * 64
    assert (Kind.CHANGED, 3) in problems(rows)


@given(st.integers(min_value=0, max_value=9), st.data())
def test_any_changed_character_shows(index: int, data: st.DataObject) -> None:
    """There is no character of a row that could be another."""
    rows = a_log(10)
    field = data.draw(st.sampled_from(["at", "stream", "actor", "kind", "data", "prev", "hash"]))
    text = rows[index][field]
    place = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    other = data.draw(st.characters(exclude_characters=text[place], exclude_categories=["Cs"]))
    rows[index][field] = text[:place] + other + text[place + 1 :]
    report = verify_log(rows)
    assert report.first_bad in {index + 1, index + 2}


@pytest.mark.parametrize(
    "data",
    ['{"a": 1}', '{"a":1,"a":1}', "not json", '{"b":1,"a":2}',
      '{"a":NaN}', '{"a":1e999}', None, 7, "null", '{"a":"\\ud800"}', '{"a":"\\u00e4"}', "[" * 5000],
)  # fmt: skip
def test_data_in_another_form_shows(data: Any) -> None:
    """White space, order, doubled keys and other escapes would let two readers read two things."""
    rows = a_log(3)
    rows[1]["data"] = data
    assert (Kind.CHANGED, 2) in problems(rows)


def test_a_row_without_its_fields_shows() -> None:
    """It can't be read, and that is said."""
    rows = a_log(3)
    del rows[1]["actor"]
    assert (Kind.CHANGED, 2) in problems(rows)
    rows = a_log(3)
    rows[1]["seq"] = "two"
    assert not verify_log(rows).ok


def test_a_replaced_event_shows_where_the_next_follows() -> None:
    """One that was changed and hashed anew no longer fits what follows."""
    rows = a_log(5)
    rows[2] = sealed({**rows[2], "data": '{"text":"other"}'})
    assert problems(rows) == [(Kind.CHANGED, 4)]


def test_a_dropped_event_shows() -> None:
    """One in the middle, several, and the beginning."""
    rows = a_log(8)
    assert problems(rows[:3] + rows[4:]) == [(Kind.DROPPED, 4)]
    report = verify_log(rows[2:5] + rows[7:])
    assert [each.detail for each in report.problems] == [
        "events 1 to 2 are missing",
        "events 6 to 7 are missing",
    ]


def test_a_dropped_event_whose_gap_was_closed_shows() -> None:
    """Renumbered, but not hashed anew: the content is not what was hashed."""
    rows = a_log(5)
    del rows[2]
    for seq, row in enumerate(rows, 1):
        row["seq"] = seq
    assert problems(rows)[0] == (Kind.CHANGED, 3)


def test_a_cut_end_shows_against_a_known_head() -> None:
    """Without a head, a shorter log is a log; with one, the end is missing."""
    rows = a_log(6)
    head = (6, rows[-1]["hash"])
    assert problems(rows[:4]) == []
    assert problems(rows[:4], head=head) == [(Kind.CUT, 5)]
    assert problems([], head=head) == [(Kind.CUT, 1)]


def test_a_log_written_anew_shows_against_a_known_head() -> None:
    """Every hash fits, but not the one that was kept elsewhere; what was added later is fine."""
    rows = a_log(6)
    head = (4, rows[3]["hash"])
    assert problems(rows, head=head) == []
    forged = relinked([*rows[:1], {**rows[1], "data": '{"text":"other"}'}, *rows[2:]], 1)
    assert problems(forged) == []
    assert problems(forged, head=head) == [(Kind.CHANGED, 4)]


def test_reordered_events_show() -> None:
    """Two neighbours swapped, and one moved far: nothing is missing, it stands elsewhere."""
    rows = a_log(6)
    assert problems([rows[0], rows[2], rows[1], *rows[3:]]) == [(Kind.REORDERED, 2)]
    assert problems([*rows[:1], *rows[4:], *rows[1:4]]) == [(Kind.REORDERED, seq) for seq in (2, 3, 4)]
    assert problems([*rows[:1], *rows[4:], rows[3], rows[1]]) == [
        (Kind.REORDERED, 4), (Kind.REORDERED, 2), (Kind.DROPPED, 3)
    ]  # fmt: skip
    # Of two gaps, the later one is filled.
    assert problems([rows[0], rows[2], rows[4], rows[3], rows[5]]) == [(Kind.REORDERED, 4), (Kind.DROPPED, 2)]


def test_a_late_event_that_was_replaced_shows_as_both() -> None:
    """Moved and changed."""
    rows = a_log(5)
    forged = sealed({**rows[1], "data": '{"text":"other"}'})
    assert problems([rows[0], *rows[2:], forged]) == [(Kind.REORDERED, 2), (Kind.CHANGED, 2)]
    misfit = sealed({**rows[1], "prev": "e" * 64})
    assert problems([rows[0], *rows[2:], misfit]) == [(Kind.REORDERED, 2), (Kind.CHANGED, 2)]


def test_duplicates_show() -> None:
    """An event that stands twice, at once or later, or takes no place at all."""
    rows = a_log(4)
    assert problems([rows[0], rows[0], *rows[1:]]) == [(Kind.DUPLICATE, 1)]
    assert problems([*rows, rows[1]]) == [(Kind.DUPLICATE, 2)]
    assert problems([rows[0], rows[2], rows[1], rows[1], rows[3]]) == [
        (Kind.REORDERED, 2),
        (Kind.DUPLICATE, 2),
    ]


def test_the_report_stays_small() -> None:
    """A log of ruins is told by its first hundred problems, and by the first place."""
    rows = a_log(MOST_PROBLEMS + 50)
    for row in rows:
        row["at"] = "x"
    report = verify_log(rows)
    assert (len(report.problems), report.first_bad, report.count) == (MOST_PROBLEMS, 1, MOST_PROBLEMS + 50)


@given(st.data())
def test_nothing_done_to_the_rows_goes_unseen(data: st.DataObject) -> None:
    """Any other sequence of a log's own rows is found out, unless it is the beginning of it."""
    rows = a_log(8)
    picked = data.draw(st.lists(st.integers(min_value=0, max_value=7), max_size=10))
    intact = picked == list(range(len(picked)))
    report = verify_log([rows[index] for index in picked])
    assert report.ok is intact
    assert verify_log([rows[index] for index in picked], head=(8, rows[-1]["hash"])).ok is (
        picked == list(range(8))
    )


class TestEvidence:
    """Stored bytes against what the log says of them."""

    BLOBS = (b"metrics", b"", b"body that could not be read")

    def rows(self) -> Rows:
        """Make the events that tell of the blobs, the first of them twice, and one that tells of none."""
        digests = [hashlib.sha256(blob).hexdigest() for blob in self.BLOBS]
        told = [
            {"sha256": digests[which], "size": len(self.BLOBS[which]), "evidence": f"42-1/a/{which}"}
            for which in (0, 1, 0)
        ]
        stored = [
            {"seq": seq, "kind": "evidence.stored", "data": json.dumps(each)}
            for seq, each in enumerate(told, 1)
        ]
        refused = {"body_sha256": digests[2], "size": len(self.BLOBS[2]), "source": "10.0.0.1"}
        return [
            *stored,
            {"seq": 4, "kind": "delivery.refused", "data": json.dumps(refused)},
            {"seq": 5, "kind": "run.started", "data": "{}"},
        ]

    def opener(self, changes: dict[bytes, bytes | OSError]) -> tuple[Callable[[str], BinaryIO], list[str]]:
        """Open the blobs, some of them changed, and note what was opened."""
        opened: list[str] = []

        def open_blob(digest: str) -> BinaryIO:
            opened.append(digest)
            blob = {hashlib.sha256(each).hexdigest(): each for each in self.BLOBS}[digest]
            made = changes.get(blob, blob)
            if isinstance(made, OSError):
                raise made
            return io.BytesIO(made)

        return open_blob, opened

    def test_whole_evidence_passes(self) -> None:
        """Each piece is counted, the same bytes are read once."""
        open_blob, opened = self.opener({})
        report = verify_evidence(self.rows(), open_blob)
        assert (report.ok, report.count, report.problems) == (True, 4, ())
        assert len(opened) == 3

    @pytest.mark.parametrize(
        ("changes", "found"),
        [
            ({b"metrics": b"Metrics"}, [(Kind.ALTERED, 1), (Kind.ALTERED, 3)]),
            ({b"metrics": b"metrics and more"}, [(Kind.ALTERED, 1), (Kind.ALTERED, 3)]),
            ({b"": FileNotFoundError()}, [(Kind.MISSING, 2)]),
            ({b"body that could not be read": PermissionError("denied")}, [(Kind.MISSING, 4)]),
        ],
    )
    def test_other_bytes_and_no_bytes_show(self, changes: Any, found: list[tuple[Kind, int]]) -> None:
        """Each event that tells of them."""
        report = verify_evidence(self.rows(), self.opener(changes)[0])
        assert [(each.kind, each.seq) for each in report.problems] == found
        assert (report.ok, report.first_bad) == (False, found[0][1])

    def test_a_wrong_size_shows(self) -> None:
        """The log's own words don't fit each other."""
        rows = self.rows()
        rows[0]["data"] = rows[0]["data"].replace('"size": 7', '"size": 8')
        assert [each.kind for each in verify_evidence(rows, self.opener({})[0]).problems] == [Kind.ALTERED]

    @pytest.mark.parametrize("data", ["{}", "no json", None])
    def test_what_can_not_be_read_is_the_logs_problem(self, data: Any) -> None:
        """The walk over the log says so."""
        row = {"seq": 1, "kind": "evidence.stored", "data": data}
        assert verify_evidence([row], self.opener({})[0]).count == 0
