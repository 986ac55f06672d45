"""Everything together in one process: from a webhook to a run's end, health that tells the truth, and a stop that the next start goes on from."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.exc import OperationalError

from bot.domain.facts import CallInterrupted, ProcessStarted
from bot.domain.ids import SYSTEM, IncidentId
from bot.domain.nouns import FIRELINE, RunStatus, Severity, person
from bot.errors import ConfigurationError
from bot.ingress.credentials import Verdict
from bot.settings import Settings
from bot.telemetry.logs import get_logger
from bot.wiring.assembly import running
from bot.wiring.fireline import Fireline
from bot.wiring.routes import application, credentials_of
from bot.wiring.secrets import settings_secrets
from bot.wiring.workspaces import workspace_by_labels
from tests.fakes.asgi import Answered, request
from tests.fakes.logs import restored  # noqa: F401 - a fixture
from tests.fakes.served import AUTHORIZATION, ServedHome, delivery
from tests.fakes.target import Answer, Target

PATIENCE = 10.0


@pytest_asyncio.fixture
async def target() -> AsyncIterator[Target]:
    """What steps call."""
    async with Target({"/seen": Answer(body=b"ok")}) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, target: Target) -> ServedHome:
    """A folder with settings and a runbook; Slack is off."""
    return ServedHome(tmp_path / "home", target.url)


async def until(look: Callable[[], object]) -> None:
    """Let the loop go on until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.005)


async def told(fireline: Fireline, *lines: str) -> None:
    """Wait for lines of the metrics, which hear of a commit a moment after it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            shown = (await get(fireline, "/metrics")).body.decode()
            if all(line in shown for line in lines):
                return
            await asyncio.sleep(0.005)


async def get(fireline: Fireline, path: str) -> Answered:
    """Ask the application over ASGI."""
    return await request(application(fireline), path, method="GET", headers=[("Host", "127.0.0.1:8080")])


async def send(fireline: Fireline, service: str) -> Answered:
    """Deliver an alert."""
    headers = [AUTHORIZATION, ("Content-Type", "application/json")]
    return await request(
        application(fireline), "/webhooks/alertmanager", headers=headers, parts=[delivery(service)]
    )


def status_of(fireline: Fireline, incident: int = 1) -> RunStatus | None:
    """Return how the incident's run stands."""
    runs = fireline.store.records.runs_of(IncidentId(incident))
    return runs[0].status if runs else None


async def test_from_the_webhook_to_the_end_of_the_run(home: ServedHome, target: Target) -> None:
    """An alert opens an incident, its run calls the target, and the metrics and pages show it."""
    async with running(home.settings()) as fireline:
        assert (await send(fireline, "checkout")).status == 200
        await until(lambda: status_of(fireline) is RunStatus.SUCCEEDED)
        assert [each.query for each in target.requests] == [(("service", "checkout"),)]
        await told(
            fireline,
            'fireline_deliveries_total{outcome="accepted"} 1.0',
            'fireline_alerts_total{result="new"} 1.0',
            'fireline_alerts_total{result="attached"} 1.0',
            'fireline_runs_total{outcome="succeeded"} 1.0',
            "fireline_runs_active 0.0",
            'fireline_calls_total{action="http.request",outcome="succeeded"} 1.0',
        )
        assert (await get(fireline, "/incidents/1")).status == 200
        assert (await get(fireline, "/nothing")).status == 404


async def test_health_of_a_process_that_is_well(home: ServedHome) -> None:
    """Alive, ready, and what else there is to know: chat is off and the runbooks are named."""
    async with running(home.settings()) as fireline:
        alive, ready = await get(fireline, "/healthz"), await get(fireline, "/readyz")
    assert (alive.status, ready.status) == (200, 200)
    assert alive.json["checks"] == {"journal": {"ok": True, "detail": "its thread runs"}}
    assert set(ready.json["checks"]) == {"journal", "log", "recovery", "work"}
    assert ready.json["info"]["runbooks"] == {"ok": True, "detail": "touch"}
    assert ready.json["info"]["chat"]["ok"] is True


async def test_a_full_disk_is_no_reason_to_restart(home: ServedHome) -> None:
    """While the log can't be written the process is alive and not ready; a restart would cure nothing."""
    async with running(home.settings()) as fireline:
        committer = fireline.store.journal._committer
        fits = committer._attempt

        def full(*_given: object) -> object:
            raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

        committer._attempt = full  # type: ignore[method-assign, assignment]
        ready, alive = await get(fireline, "/readyz"), await get(fireline, "/healthz")
        assert (alive.status, ready.status) == (200, 503)
        assert "disk is full" in ready.json["checks"]["log"]["detail"]
        committer._attempt = fits  # type: ignore[method-assign]
        assert (await get(fireline, "/readyz")).status == 200


async def test_a_journal_that_ended_is_one(home: ServedHome) -> None:
    """Without its thread nothing will ever be written again: then /healthz fails, and says why."""
    async with running(home.settings()) as fireline:
        await fireline.store.journal.close()
        answered = await get(fireline, "/healthz")
        assert answered.status == 503
        assert answered.json["checks"]["journal"] == {"ok": False, "detail": "the journal is closed"}


async def test_without_runbooks_it_is_ready_and_says_so(home: ServedHome) -> None:
    """No runbook in force is a thing to know, not a reason to refuse alerts: they are kept."""
    (home.books / "touch.yaml").unlink()
    async with running(home.settings()) as fireline:
        ready = await get(fireline, "/readyz")
        assert ready.status == 200
        assert ready.json["info"]["runbooks"]["ok"] is False
        assert (await send(fireline, "checkout")).status == 200
        await until(fireline.store.records.unmatched_alerts)


async def test_a_stop_leaves_what_the_next_start_goes_on_from(home: ServedHome, target: Target) -> None:
    """Stopped in the middle of a call, started again: the run ends, the gauge was right from the first moment."""
    target.routes["/seen"] = Answer(silent=True)
    home.configure(engine={"shutdown_grace": "10ms"})
    async with running(home.settings()) as fireline:
        await send(fireline, "checkout")
        await asyncio.wait_for(target.arrived.wait(), PATIENCE)
    target.routes["/seen"] = Answer(body=b"ok")
    async with running(home.settings()) as fireline:
        records = fireline.store.records
        await until(lambda: status_of(fireline) is RunStatus.SUCCEEDED)
        facts = [event.fact for event in records.events()]
        assert len([fact for fact in facts if isinstance(fact, CallInterrupted)]) == 1
        assert (
            len([event for event in records.events(stream=SYSTEM) if isinstance(event.fact, ProcessStarted)])
            == 2
        )
        await told(fireline, "fireline_runs_active 0.0", 'fireline_runs_total{outcome="succeeded"} 1.0')


async def test_a_run_that_was_under_way_is_counted_from_the_start(home: ServedHome, target: Target) -> None:
    """After a restart the gauge shows the run that goes on."""
    target.routes["/seen"] = Answer(silent=True)
    home.configure(engine={"shutdown_grace": "10ms"})
    for _ in range(2):
        async with running(home.settings()) as fireline:
            if not fireline.store.records.runs_of(IncidentId(1)):
                await send(fireline, "checkout")
            await asyncio.wait_for(target.arrived.wait(), PATIENCE)
            await told(fireline, "fireline_runs_active 1.0")


async def test_a_stop_is_clean(home: ServedHome) -> None:
    """Nothing runs on behind it, and no library complains."""
    before = asyncio.all_tasks()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    async with running(home.settings()) as fireline:
        await send(fireline, "checkout")
        await until(lambda: status_of(fireline) is RunStatus.SUCCEEDED)
    # A task that was told to end takes a turn or two of the loop.
    await until(lambda: asyncio.all_tasks() == before)
    assert not complaints


async def test_a_second_process_is_told_who_leads(home: ServedHome) -> None:
    """Two that would write one log are not two processes but a mistake."""
    async with running(home.settings()):
        with pytest.raises(ConfigurationError, match="in use by another Fireline"):
            async with running(home.settings()):
                pass


async def test_a_start_that_fails_puts_everything_down(
    home: ServedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a part can't be made, the database is free for the next try."""
    with monkeypatch.context() as patched:
        patched.setattr("bot.wiring.assembly.build_chat", lambda _fireline: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            async with running(home.settings()):
                pass
    async with running(home.settings()) as fireline:
        assert fireline.recovered


async def test_what_the_settings_keep_secret_is_in_no_line(
    home: ServedHome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of the settings and secrets that runbooks name are blotted out of the process's own log."""
    monkeypatch.setenv("ROUTER", "router-hunter22")
    home.configure(secrets={"router": {"env": "ROUTER"}}, console={"token": "console-hunter22"})
    async with running(home.settings()):
        get_logger("test").error("it said router-hunter22 and console-hunter22 and served-token")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "it said" in line]
    assert "hunter22" not in line
    assert "served-token" not in line


async def test_what_is_kept_is_for_its_owner_alone(home: ServedHome) -> None:
    """Alerts, outputs and evidence are nobody else's to read, whatever the umask; drafts are, for the group."""
    before = os.umask(0)
    try:
        async with running(home.settings()) as fireline:
            assert (await send(fireline, "checkout")).status == 200
            await until(lambda: status_of(fireline) is RunStatus.SUCCEEDED)
            await asyncio.to_thread(fireline.evidence.keep, b"seen")
            await fireline.draft(IncidentId(1), FIRELINE)
            modes = {
                path.relative_to(home.folder).as_posix(): stat.S_IMODE(path.stat().st_mode)
                for path in [home.folder / "data", *(home.folder / "data").rglob("*")]
            }
    finally:
        os.umask(before)
    drafts = {name: modes.pop(name) for name in list(modes) if "/postmortems" in name}
    assert modes.pop("data") == 0o750
    assert set(modes.values()) == {0o600, 0o700}, modes
    assert {"data/fireline.db", "data/fireline.db-wal", "data/evidence"} <= modes.keys()
    assert set(drafts.values()) == {0o750, 0o640}


def test_settings_secrets_are_all_of_them() -> None:
    """Every secret that the settings model has is known to redaction: a new one that is forgotten fails here."""
    held = settings_secrets(
        Settings(
            alertmanager={"bearer_token": "a", "basic_username": "u", "basic_password": "b"},
            slack={"mode": "socket", "bot_token": "c", "app_token": "d", "signing_secret": "e"},
            console={"token": "f"},
            database_url="postgresql://u:pw%40x@h/n",
        )
    )
    assert set(held) >= {"a", "b", "c", "d", "e", "f", "pw@x"}
    oauth = {"client_id": "1.2", "client_secret": "g", "workspaces": ["T0SHOP"]}
    assert settings_secrets(Settings(slack={"oauth": oauth})) == ["g"]
    assert settings_secrets(Settings()) == []


@pytest.mark.parametrize(
    ("accepted", "header", "admitted"),
    [
        ({"bearer_token": "t"}, "Bearer t", True),
        ({"bearer_token": "t"}, "Bearer u", False),
        ({"bearer_token": "t"}, None, False),
        ({"basic_username": "u", "basic_password": "p"}, "Basic dTpw", True),
        ({"basic_username": "u", "basic_password": "p"}, "Bearer p", False),
        ({"bearer_token": "t", "basic_username": "u", "basic_password": "p"}, "Basic dTpw", True),
        ({"bearer_token": "t", "basic_username": "u", "basic_password": "p"}, "Bearer t", True),
    ],
)
def test_what_a_sender_must_show(accepted: dict[str, str], header: str | None, admitted: bool) -> None:  # noqa: FBT001 - a table's column
    """The settings' token, or user and password, or either."""
    credentials = credentials_of(Settings(alertmanager=accepted))
    headers = [(b"authorization", header.encode())] if header else []
    verdict = credentials.judge({"type": "http", "headers": headers, "client": ("127.0.0.1", 1)})
    assert verdict is (Verdict.ALLOWED if admitted else Verdict.UNAUTHORIZED)


async def test_without_chat_nobody_outside_is_asked_for_names(home: ServedHome) -> None:
    """A draft names the people of its timeline; with Slack off, that is no reason to call Slack."""
    async with running(home.settings()) as fireline:
        ada = person("U0ADA")
        declared = await fireline.desk(fireline.store.journal).declare("Trouble", Severity.SEV3, ada)
        written = await fireline.draft(declared.incident, ada)
        shown = (await get(fireline, "/metrics")).body.decode()
    assert "U0ADA" in written.markdown.read_text(encoding="utf-8")
    assert "users.info" not in shown


def test_which_workspace_an_incident_belongs_to() -> None:
    """The label says so, by its routes; whatever it says otherwise, and where it says nothing, the first has it."""
    oauth = {
        "client_id": "1.2",
        "client_secret": "g",
        "workspaces": ["T0SHOP", "T0PAY"],
        "route_label": "tenant",
        "routes": {"payments": "T0PAY"},
    }
    chosen = workspace_by_labels(Settings(slack={"oauth": oauth}))
    labels = ({"tenant": "payments"}, {"tenant": "others"}, {}, {"": "payments"})
    assert [chosen(each) for each in labels] == ["T0PAY", "T0SHOP", "T0SHOP", "T0SHOP"]
    assert workspace_by_labels(Settings())({"tenant": "payments"}) == ""
