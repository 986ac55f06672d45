"""The shelf: what is in force, what a broken file leaves in force, and what a run that waits goes on with."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.domain.ids import Digest
from bot.errors import RunbookError
from bot.settings.model import EngineSettings
from bot.settings.protection import ProtectionSettings
from bot.wiring.library import Shelf
from tests.fakes.books import book
from tests.fakes.catalogue import CATALOGUE
from tests.fakes.store import Store, store  # noqa: F401 - a fixture

TODAY = date(2026, 11, 23)
RUN_TIMEOUT = timedelta(hours=3)


@pytest.fixture
def shelf(tmp_path: Path, store: Store) -> Callable[[], Shelf]:  # noqa: F811 - the fixture above
    """Call it for a shelf over the test's folder, as a process that has just started has it."""

    def make() -> Shelf:
        return Shelf(
            [tmp_path / "books"],
            catalogue=CATALOGUE,
            variables=["region"],
            reader=store.records,
            engine=EngineSettings(
                default_step_timeout=timedelta(seconds=7),
                default_approval_expiry=timedelta(minutes=11),
                default_run_timeout=RUN_TIMEOUT,
            ),
            protection=ProtectionSettings(
                patience=timedelta(seconds=13), undo_patience=timedelta(minutes=17)
            ),
        )

    (tmp_path / "books").mkdir()
    return make


def write(folder: Path, name: str = "a", **more: object) -> Digest:
    """Write a runbook's file and return its digest."""
    made = book(name, **more)
    (folder / "books" / f"{name}.yaml").write_text(made.source, encoding="utf-8")
    return made.digest


def test_what_is_in_force(shelf: Callable[[], Shelf], tmp_path: Path) -> None:
    """Every good file is, by name, and the fact that tells of it names their digests."""
    digests = {name: write(tmp_path, name) for name in ("b", "a")}
    made = shelf()
    fact = made.load(TODAY)
    assert (dict(fact.digests), fact.refused) == (digests, 0)
    assert [each.name for each in made.runbooks()] == ["a", "b"]
    assert made.get("a") is made.runbooks()[0]
    assert made.get("c") is None


def test_a_run_has_an_end_even_when_its_runbook_names_none(
    shelf: Callable[[], Shelf], tmp_path: Path
) -> None:
    """The settings' timeout holds where a runbook says nothing, and the digest stays that of the file."""
    digest = write(tmp_path, "a")
    write(tmp_path, "b", timeout="5m")
    made = shelf()
    made.load(TODAY)
    assert [each.timeout for each in made.runbooks()] == [RUN_TIMEOUT, timedelta(minutes=5)]
    plan = made.plan_of(digest)
    assert (plan.runbook.digest, plan.call_timeout, plan.approval_expiry) == (
        digest,
        timedelta(seconds=7),
        timedelta(minutes=11),
    )


def test_a_file_that_broke_keeps_its_last_good_version_loudly(
    shelf: Callable[[], Shelf], tmp_path: Path
) -> None:
    """A typing error takes no runbook out of force; the log says where it is, and the fact that one was refused."""
    digest = write(tmp_path, "a")
    made = shelf()
    made.load(TODAY)
    (tmp_path / "books" / "a.yaml").write_text(
        made.runbooks()[0].source.replace("SEV2", "SEV9"), encoding="utf-8"
    )
    with capture_logs() as logs:
        fact = made.load(TODAY)
    assert (dict(fact.digests), fact.refused) == ({"a": digest}, 1)
    assert [each.name for each in made.runbooks()] == ["a"]
    loud = [line for line in logs if line["log_level"] == "error"]
    assert loud
    assert "a.yaml" in loud[0]["place"]
    assert loud[0]["problem"]


def test_a_file_that_is_gone_is_out_of_force(shelf: Callable[[], Shelf], tmp_path: Path) -> None:
    """Taking a file away takes the runbook away; a run that it pinned goes on with it."""
    digest = write(tmp_path, "a")
    made = shelf()
    made.load(TODAY)
    (tmp_path / "books" / "a.yaml").unlink()
    assert made.load(TODAY).digests == {}
    assert made.get("a") is None
    assert made.plan_of(digest).runbook.digest == digest


def test_a_run_keeps_the_runbook_that_it_began_with(shelf: Callable[[], Shelf], tmp_path: Path) -> None:
    """An edit is in force for the next run; the one that waits still has its plan."""
    before = write(tmp_path, "a", title="Before")
    made = shelf()
    made.load(TODAY)
    after = write(tmp_path, "a", title="After")
    made.load(TODAY)
    assert made.runbooks()[0].title == "After"
    assert made.plan_of(before).runbook.title == "Before"
    assert made.plan_of(after).runbook.title == "After"


async def test_a_new_process_finds_the_plan_in_the_store(
    shelf: Callable[[], Shelf],
    tmp_path: Path,
    store: Store,  # noqa: F811 - the fixture above
) -> None:
    """The file changed while nobody ran: the text that the run began with was kept, and is read once."""
    old = book("a", title="Before")
    await store.journal.submit(lambda tx: tx.keep_runbook(old.digest, old.name, old.source))
    write(tmp_path, "a", title="After")
    made = shelf()
    made.load(TODAY)
    plan = made.plan_of(old.digest)
    assert plan.runbook.title == "Before"
    assert plan.runbook.timeout == RUN_TIMEOUT
    assert made.plan_of(old.digest) is plan


async def test_what_this_version_can_not_read(shelf: Callable[[], Shelf], store: Store) -> None:  # noqa: F811 - the fixture above
    """A plan that is gone, or that this version refuses, is an error that the driver records."""
    with pytest.raises(RunbookError, match="not in the store"):
        shelf().plan_of(Digest("0" * 64))
    await store.journal.submit(lambda tx: tx.keep_runbook(Digest("1" * 64), "a", "name: a\n"))
    with pytest.raises(RunbookError):
        shelf().plan_of(Digest("1" * 64))
