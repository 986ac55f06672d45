"""The evidence store: bytes under their digest, whole or not at all, and honest about what is left out."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.actions.contract import Capture
from bot.errors import ChainBroken
from bot.evidence.verify import verify_evidence
from bot.persistence.evidence_files import EvidenceFiles

BODY = b"what was seen"
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the store is; not made yet."""
    return tmp_path / "data" / "evidence"


@pytest.fixture
def files(root: Path) -> EvidenceFiles:
    """The store."""
    return EvidenceFiles(root, limit=100)


def unfinished(root: Path) -> list[Path]:
    """Return what is being written, or was left."""
    return list((root / "unfinished").glob("*"))


def modes(root: Path) -> set[int]:
    """Return the modes of every file."""
    return {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()}


def test_bytes_are_kept_under_their_digest(files: EvidenceFiles, root: Path) -> None:
    """In pieces or at once, the same bytes have one place; others can't read them."""
    capture: Capture = files.capture()
    for piece in (BODY[:4], b"", BODY[4:]):
        capture.write(piece)
    capture.describe(media_type="text/plain", source="GET http://x")
    stored = capture.finish()  # type: ignore[attr-defined]
    assert (stored.sha256, stored.size, stored.truncated) == (DIGEST, len(BODY), False)
    assert (stored.media_type, stored.source) == ("text/plain", "GET http://x")
    path = root / DIGEST[:2] / DIGEST[2:]
    assert path.read_bytes() == BODY
    assert modes(root) == {0o600}
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path.parent, root / "unfinished")} == {0o700}
    assert unfinished(root) == []
    assert files.keep(BODY) == DIGEST
    assert list(files.digests()) == [DIGEST]


def test_an_empty_capture_is_evidence_too(files: EvidenceFiles) -> None:
    """That nothing was seen is something."""
    stored = files.capture().finish()
    assert (stored.size, stored.sha256, stored.media_type) == (
        0,
        hashlib.sha256(b"").hexdigest(),
        "application/octet-stream",
    )


@pytest.mark.parametrize("pieces", [[b"x" * 150], [b"x" * 60, b"x" * 60, b"y"], [b"x" * 100, b"z"]])
def test_what_is_beyond_the_limit_is_left_out_and_said(files: EvidenceFiles, pieces: list[bytes]) -> None:
    """The digest and the size are of what was kept."""
    capture = files.capture()
    for piece in pieces:
        capture.write(piece)
    stored = capture.finish()
    assert (stored.size, stored.truncated, stored.sha256) == (
        100,
        True,
        hashlib.sha256(b"x" * 100).hexdigest(),
    )
    with files.open(stored.sha256, verify=True) as file:
        assert file.read() == b"x" * 100


def test_exactly_the_limit_is_whole(files: EvidenceFiles) -> None:
    """Nothing was left out."""
    capture = files.capture()
    capture.write(b"x" * 100)
    assert capture.finish().truncated is False


def test_a_discarded_capture_leaves_nothing(files: EvidenceFiles, root: Path) -> None:
    """Again, and after finishing, discarding makes no difference."""
    capture = files.capture()
    capture.write(BODY)
    capture.discard()
    capture.discard()
    finished = files.capture()
    finished.write(BODY)
    finished.finish()
    finished.discard()
    assert list(files.digests()) == [DIGEST]
    assert unfinished(root) == []


@pytest.mark.parametrize(
    "digest", ["", "../../etc/passwd", DIGEST.upper(), DIGEST + "0", "g" * 64, DIGEST[:63] + "\n"]
)
def test_only_digests_are_opened(files: EvidenceFiles, digest: str) -> None:
    """No name leads out of the store."""
    with pytest.raises(ValueError, match="no SHA-256"):
        files.open(digest)


def test_what_is_not_there_is_not_found(files: EvidenceFiles) -> None:
    """An empty store is no error until something is asked of it."""
    assert list(files.digests()) == []
    assert files.sweep() == 0
    with pytest.raises(FileNotFoundError):
        files.open(DIGEST)


def test_changed_bytes_are_found_out(files: EvidenceFiles, root: Path) -> None:
    """When asked to verify; and whole ones are handed out from their beginning."""
    files.keep(BODY)
    with files.open(DIGEST, verify=True) as file:
        assert file.read() == BODY
    (root / DIGEST[:2] / DIGEST[2:]).write_bytes(b"what was SEEN")
    with pytest.raises(ChainBroken, match=DIGEST):
        files.open(DIGEST, verify=True)
    with files.open(DIGEST) as file:
        assert file.read() == b"what was SEEN"
    row = {"seq": 1, "kind": "evidence.stored", "data": f'{{"sha256":"{DIGEST}","size":13,"evidence":"e"}}'}
    assert verify_evidence([row], files.open).ok is False


def test_a_file_cut_short_is_replaced_when_its_bytes_come_again(files: EvidenceFiles, root: Path) -> None:
    """A copy that is plainly not whole doesn't stand in the way of one that is."""
    files.keep(BODY)
    path = root / DIGEST[:2] / DIGEST[2:]
    path.write_bytes(BODY[:5])
    files.keep(BODY)
    assert path.read_bytes() == BODY


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files can't grow beyond 64 KiB, as if the disk were full there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_does_not_break_the_action(root: Path) -> None:
    """What fitted is kept, by its own digest, and it is said that there was more."""
    files = EvidenceFiles(root)
    capture = files.capture()
    for _ in range(3):
        capture.write(b"d" * 40_000)
    stored = capture.finish()
    assert (stored.size, stored.truncated) == (65_536, True)
    with files.open(stored.sha256, verify=True) as file:
        assert file.read() == b"d" * 65_536


def test_what_can_not_be_named_leaves_nothing(files: EvidenceFiles, root: Path) -> None:
    """The error comes out, and no half-finished file stays."""
    root.mkdir(parents=True)
    (root / DIGEST[:2]).write_text("a file where a folder should be")
    capture = files.capture()
    capture.write(BODY)
    with pytest.raises(OSError, match="exists"):
        capture.finish()
    assert unfinished(root) == []


def test_what_a_dead_process_left_is_swept(files: EvidenceFiles, root: Path) -> None:
    """Killed between the first byte and the name: nothing has a name, and the rest goes when it is old."""
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom bot.persistence.evidence_files import EvidenceFiles\n"
        f"c = EvidenceFiles(Path({str(root)!r})).capture()\nc.write(b'half')\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    assert (
        subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode
        == -signal.SIGKILL
    )
    assert len(unfinished(root)) == 1
    assert list(files.digests()) == []
    assert files.sweep() == 0
    assert files.sweep(older_than=-1) == 1
    assert unfinished(root) == []
