"""Where settings come from, and how problems are told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings import load_settings

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a settings file and return its path."""

    def put(text: str) -> Path:
        path = tmp_path / "fireline.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def refused(**how: object) -> str:
    """Load what can't be loaded and return what the operator is told."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**{"environ": {}, **how})
    return str(caught.value)


def test_nothing_said_is_all_defaults(tmp_path: Path) -> None:
    """Without a file and without variables Fireline starts."""
    assert load_settings(environ={}, directory=tmp_path).http.port == 8080


def test_the_environment_wins_over_the_file_and_groups_mix(write: Write) -> None:
    """A variable replaces one key and leaves its neighbours to the file."""
    file = write("http: {host: 127.0.0.9, port: 1}\nvars: {region: eu}\n")
    settings = load_settings(
        file=file, environ={"FIRELINE_HTTP__PORT": "2", "FIRELINE_VARS": '{"zone": "a"}'}
    )
    assert (settings.http.host, settings.http.port) == ("127.0.0.9", 2)
    assert settings.vars == {"region": "eu", "zone": "a"}


def test_the_file_is_found_where_it_should_be(write: Write, tmp_path: Path) -> None:
    """The command line names a file before `FIRELINE_CONFIG` does, and that before the folder's own."""
    usual = write("http: {port: 1}")
    named, told = tmp_path / "named.yaml", tmp_path / "told.yaml"
    named.write_text("http: {port: 2}", encoding="utf-8")
    told.write_text("http: {port: 3}", encoding="utf-8")
    environ = {"FIRELINE_CONFIG": str(named)}
    assert load_settings(environ={}, directory=usual.parent).http.port == 1
    assert load_settings(environ=environ, directory=usual.parent).http.port == 2
    assert load_settings(environ=environ, directory=usual.parent, file=told).http.port == 3


def test_lists_and_mappings_in_variables() -> None:
    """Lists are separated by commas or JSON, mappings are JSON or one variable a name."""
    settings = load_settings(
        environ={
            "FIRELINE_RUNBOOKS": "runbooks, more",
            "FIRELINE_SHELL__ALLOWED": '["ls", "cat"]',
            "FIRELINE_GROUPS__SRE": "U1,U2",
            "FIRELINE_SECRETS__PD__ENV": "PD_TOKEN",
        }
    )
    assert settings.runbooks == (Path("runbooks"), Path("more"))
    assert settings.shell.allowed == ("ls", "cat")
    assert settings.groups == {"sre": ("U1", "U2")}
    assert settings.secrets["pd"].env == "PD_TOKEN"


def test_a_list_at_the_top_is_json_too() -> None:
    """What works for a nested list works for one at the top."""
    assert load_settings(environ={"FIRELINE_RUNBOOKS": '["a,b"]'}).runbooks == (Path("a,b"),)
    assert refused(environ={"FIRELINE_RUNBOOKS": "[a"}).startswith("FIRELINE_RUNBOOKS: ")


def test_an_empty_variable_says_nothing() -> None:
    """`FIRELINE_CONSOLE__TOKEN=` is how a shell leaves a variable out, not an empty token."""
    assert load_settings(environ={"FIRELINE_CONSOLE__TOKEN": ""}).console.token is None


def test_an_unknown_key_names_the_nearest(write: Write) -> None:
    """A key that doesn't exist is refused with its line and the key that was meant."""
    told = refused(file=write("data_dir: x\nhttp:\n  prot: 1\n"))
    assert "fireline.yaml:3: http.prot: there is no such setting; did you mean http.port?" in told
    assert "did you mean runbooks?" in refused(file=write("runbook: [x]"))
    assert "did you mean" not in refused(file=write("zzzzzz: 1"))


def test_an_unknown_variable_names_the_nearest() -> None:
    """A nested variable that sets nothing is refused; those that a cluster makes by itself are not ours."""
    told = refused(environ={"FIRELINE_HTP__PORT": "1"})
    assert told == "FIRELINE_HTP__PORT: there is no such setting; did you mean FIRELINE_HTTP__PORT?"
    load_settings(
        environ={"FIRELINE_SERVICE_HOST": "10.0.0.1", "FIRELINE_PORT_8080_TCP_PROTO": "tcp", "A__B": "c"}
    )


def test_every_problem_is_told_at_once(write: Write) -> None:
    """One start shows all that is wrong, each with where it was said."""
    file = write("engine: {default_step_timeout: 30}\nsecrets: {a: hunter2}\n")
    told = refused(file=file, environ={"FIRELINE_HTTP__PORT": "x", "FIRELINE_HTP__PORT": "1"})
    assert told.startswith("4 settings can't be used:\n")
    assert "fireline.yaml:1: engine.default_step_timeout: write a unit" in told
    assert "fireline.yaml:2: secrets.a: a secret's value has no place" in told
    assert "  FIRELINE_HTTP__PORT: input should be a valid integer" in told
    assert "hunter2" not in told


def test_a_group_that_lacks_something_is_named(write: Write) -> None:
    """A rule over a whole group shows the group's line in the file, or only its name when it came from variables."""
    assert "fireline.yaml:1: slack: mode http needs" in refused(file=write("slack: {mode: http}"))
    assert refused(environ={"FIRELINE_SLACK__MODE": "http"}).startswith("slack: mode http needs")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "http: {port: 1}\nslack: {mode: off}\nhttp: {}\n",
            "fireline.yaml:3: http is set twice; the first is on line 1",
        ),
        ("runbooks: [{a: 1, a: 2}]", "runbooks.0.a is set twice"),
        ("a: [", "fireline.yaml:1:5: this is not YAML"),
        ("- a", "fireline.yaml:1: the settings are a mapping"),
        ("a: \x00", "this is not YAML"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(write: Write, text: str, told: str) -> None:
    """What can't be read as settings is told with file and line."""
    assert told in refused(file=write(text))


def test_an_empty_file_says_nothing(write: Write) -> None:
    """A file with comments alone is as good as none."""
    assert load_settings(file=write("# later\n"), environ={}).http.port == 8080


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """A file that was asked for and is missing, or isn't text, stops the start."""
    assert "can't be read: No such file" in refused(file=tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\xff")
    assert "not UTF-8" in refused(file=tmp_path / "bad.yaml")


@pytest.mark.parametrize("name", ["FIRELINE_VARS", "FIRELINE_HTTP"])
def test_a_mapping_in_a_variable_is_json(name: str) -> None:
    """A mapping that isn't JSON names its variable and doesn't repeat what it held."""
    assert (
        refused(environ={name: "{hunter2"})
        == f"{name}: a mapping in a variable is written as JSON, and this is not"
    )


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Called without arguments it reads the process's own environment and folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRELINE_LOGGING__LEVEL", "debug")
    assert load_settings().logging.level == "debug"
