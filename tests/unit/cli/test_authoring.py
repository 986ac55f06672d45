"""`fireline lint | schema | slack manifest`: for authors, editors, CI and the operator of Slack."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.unit.cli.conftest import ROOT, Home, Ran

Fireline = Callable[..., Ran]
SHIPPED = ROOT / "runbooks"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a runbook that has two errors, on lines that are known."""
    text = (SHIPPED / "checkout-errors.yaml").read_text(encoding="utf-8")
    text = text.replace("severity: SEV2", "severity: SEV9").replace(
        "owner: team-payments", "ovner: team-payments"
    )
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "checkout.yaml").write_text(text, encoding="utf-8")
    return folder


def test_what_is_shipped_is_clean(fireline: Fireline, told: Home) -> None:
    """The settings' folders are checked when none is named."""
    ran = fireline("lint", "-c", told.config)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("0 errors, 0 warnings.\n")


def test_every_finding_with_its_place(fireline: Fireline, broken: Path) -> None:
    """Each finding is a line that editors can jump to, and errors make the status 1."""
    ran = fireline("lint", broken)
    assert ran.status == 1
    file = broken / "checkout.yaml"
    assert f"{file}:2:" not in ran.out
    assert any(line.startswith(f"{file}:6:") and "error" in line for line in ran.out.splitlines())
    assert "did you mean" in ran.out or "owner" in ran.out
    assert ran.out.splitlines()[-1].startswith("0 runbooks are fine, ")


def test_findings_as_json(fireline: Fireline, broken: Path) -> None:
    """One JSON list and nothing else."""
    ran = fireline("lint", "--format", "json", broken)
    assert ran.status == 1
    assert {"file", "line", "column", "level", "code", "message", "hint"} <= set(json.loads(ran.out)[0])


def test_findings_for_github(fireline: Fireline, broken: Path) -> None:
    """Workflow commands, which GitHub shows beside the line."""
    ran = fireline("lint", "--format", "github", broken)
    assert ran.status == 1
    assert all(
        line.startswith(("::error file=", "::warning file=", "::notice file="))
        for line in ran.out.splitlines()
    )


def test_findings_as_sarif(fireline: Fireline, broken: Path) -> None:
    """A SARIF log for code scanning."""
    ran = fireline("lint", "--format", "sarif", broken)
    assert ran.status == 1
    report = json.loads(ran.out)
    assert report["version"] == "2.1.0"
    assert report["runs"][0]["results"]


@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_no_findings_are_no_failure(form: str, fireline: Fireline) -> None:
    """A clean folder is status 0 in each form, and what is printed can still be read by a program."""
    ran = fireline("lint", "--format", form, SHIPPED)
    assert ran.status == 0
    if form != "github":
        json.loads(ran.out)


def test_a_named_file_needs_no_installation(
    fireline: Fireline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking a runbook in CI asks for no settings; settings that were named must be right all the same."""
    (tmp_path / "fireline.yaml").write_text("slack: {mode: http}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert fireline("lint", SHIPPED / "checkout-errors.yaml").status == 0
    assert fireline("lint").status == 2
    assert fireline("lint", SHIPPED, "-c", tmp_path / "fireline.yaml").status == 2


def test_a_file_that_there_is_not(fireline: Fireline, tmp_path: Path) -> None:
    """A folder that is misspelled is no clean bill."""
    ran = fireline("lint", tmp_path / "nope")
    assert ran.status == 1
    assert "there is no such file or folder" in ran.out


def test_hostile_text_in_a_runbook(fireline: Fireline, tmp_path: Path) -> None:
    """A message that quotes what the file says does not act on the terminal."""
    file = tmp_path / "x.yaml"
    file.write_text('apiVersion: "\\e[2J[red]"\nname: x\n', encoding="utf-8")
    ran = fireline("lint", file)
    assert ran.status == 1
    assert "\x1b" not in ran.out


def test_the_schema_holds_what_is_shipped(fireline: Fireline, tmp_path: Path) -> None:
    """The schema is valid, accepts the shipped runbooks, refuses a misspelled key, and can be written to a file."""
    out = tmp_path / "schema.json"
    assert fireline("schema", "--out", out).out == f"Written: {out}\n"
    schema = json.loads(out.read_text(encoding="utf-8"))
    assert json.loads(fireline("schema").out) == schema
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for path in SHIPPED.glob("*.yaml"):
        text = re.sub(
            r"\bon:", '"on":', path.read_text(encoding="utf-8")
        )  # YAML 1.1 takes a bare `on` for true
        written = json.loads(json.dumps(yaml.safe_load(text), default=str))
        assert not list(validator.iter_errors(written)), path
        assert list(validator.iter_errors(written | {"ovner": "x"})), path


def test_the_manifest_is_for_these_settings(fireline: Fireline, told: Home) -> None:
    """YAML to paste, with this installation's command and address; Socket Mode needs no address, and no app has tokens yet."""
    slack = "slack: {mode: %s, command: /fire}\n"
    told.config.write_text(slack % "http" + "http: {public_url: 'https://fire.example'}\n", encoding="utf-8")
    ran = fireline("slack", "manifest", "-c", told.config)
    manifest = yaml.safe_load(ran.out)
    assert ran.status == 0
    assert manifest["features"]["slash_commands"][0]["command"] == "/fire"
    assert "https://fire.example/slack/events" in ran.out
    assert manifest["settings"]["socket_mode_enabled"] is False
    told.config.write_text(slack % "socket", encoding="utf-8")
    assert (
        yaml.safe_load(fireline("slack", "manifest", "-c", told.config).out)["settings"][
            "socket_mode_enabled"
        ]
        is True
    )


def test_the_manifest_for_several_workspaces_comes_before_their_app_too(
    fireline: Fireline, told: Home
) -> None:
    """Its client id and secret are Slack's answer to the manifest, so they can't be asked for; the address to come back to is in it."""
    told.config.write_text(
        "slack: {mode: http, oauth: {workspaces: [T0SHOP, T0PAY]}}\nhttp: {public_url: 'https://fire.example'}\n",
        encoding="utf-8",
    )
    ran = fireline("slack", "manifest", "-c", told.config)
    assert (ran.status, ran.err) == (0, "")
    manifest = yaml.safe_load(ran.out)
    assert manifest["oauth_config"]["redirect_urls"] == ["https://fire.example/slack/oauth_redirect"]
    assert manifest["settings"]["token_rotation_enabled"] is True
    told.config.write_text("slack: {mode: http, oauth: {workspaces: [T0SHOP]}}\n", encoding="utf-8")
    assert "set http.public_url" in fireline("slack", "manifest", "-c", told.config).err
    told.config.write_text("slack: {mode: http, oauth: {workspaces: [demo-shop]}}\n", encoding="utf-8")
    assert "no workspace's id" in fireline("slack", "manifest", "-c", told.config).err
