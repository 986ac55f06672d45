"""What the first page and its pictures show is what there is: commands, snippets, images."""

import re
import struct
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.cli.app import app
from bot.cli.reference import Command, commands
from bot.settings import load_settings
from tests.parts import where

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
IMAGES = tuple(sorted((ROOT / "docs" / "images").iterdir()))
ALL = tuple(commands(app, "fireline"))


def snippet(title: str) -> str:
    """Return the code block of the first page whose first line is the comment `# title`, without that line and its indentation."""
    found = re.search(rf"^( *)```\w+\n\1# {re.escape(title)}\n(.*?)^\1```", README, re.DOTALL | re.MULTILINE)
    assert found, f"README.md has no block that begins with “# {title}”"
    return re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


def shown_commands(text: str) -> list[list[str]]:
    """Return every `fireline …` of a page, as words; comments and what stands in two columns left out."""
    code = re.findall(r"```(?:sh|text)\n(.*?)```", text, re.DOTALL)
    lines = [line for block in code for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", text)
    said = (re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )?fireline ([a-z]\S*.*)", line.strip()) for line in lines)
    return [re.split(r"\s{2,}", each[1])[0].split() for each in said if each]


def called(words: list[str]) -> Command:
    """Find the command that these words call, and check the options among them."""
    said = " ".join(["fireline", *words])
    found = max(
        (each for each in ALL if f"{said} ".startswith(f"{each.words} ")),
        key=lambda each: len(each.words),
        default=None,
    )
    assert found, f"there is no command {said}"
    known = {name for each in found.parameters for name in each.names} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known, (
        f"{said} has an option that is not there"
    )
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + "/" + page.name)
def test_commands_exist(page: Path) -> None:
    """Each `fireline something --option` that a page shows can be typed."""
    for words in shown_commands(page.read_text(encoding="utf-8")):
        called(words)


def test_the_readme_names_every_command() -> None:
    """One screen tells them all."""
    assert {called(words).words for words in shown_commands(README)} == {each.words for each in ALL}


def test_the_runbook_is_a_true_excerpt() -> None:
    """What is read aloud stands in the runbook letter by letter."""
    shipped = (ROOT / "runbooks" / "checkout-errors.yaml").read_text(encoding="utf-8")
    assert snippet("an excerpt of runbooks/checkout-errors.yaml") in shipped


def test_the_settings_load(tmp_path: Path) -> None:
    """The file and the variables of the set-up start without a problem, and switch Slack on."""
    file = tmp_path / "fireline.yaml"
    file.write_text(snippet("fireline.yaml"), encoding="utf-8")
    environment = dict(line.split("=", 1) for line in snippet("the environment").split())
    settings = load_settings(file=file, environ=environment)
    assert settings.slack.mode == "socket"
    assert settings.groups["sre"] == ("U0ADA", "U0GRACE")


def test_the_alertmanager_snippet_reaches_the_webhook() -> None:
    """Its URL is a route that there is."""
    (receiver,) = yaml.safe_load(snippet("alertmanager.yml"))["receivers"]
    (hook,) = receiver["webhook_configs"]
    assert hook["url"].endswith("/webhooks/alertmanager")
    assert hook["send_resolved"] is True


@pytest.mark.needs("amtool")
def test_alertmanager_takes_the_snippet(tmp_path: Path) -> None:
    """Alertmanager's own check finds nothing wrong with it."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(snippet("alertmanager.yml"), encoding="utf-8")
    done = subprocess.run(
        [where("amtool"), "check-config", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_a_picture_is_light_and_made_by_the_script(image: Path) -> None:
    """A PNG of a browser's size, under 200 kB, named in `.ci/screenshots.py`, and shown on a page."""
    data = image.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert 800 <= width <= 1600
    assert height <= 1200
    assert len(data) < 200_000
    assert f'"{image.stem}"' in (ROOT / ".ci" / "screenshots.py").read_text(encoding="utf-8")
    assert any(f"images/{image.name})" in page.read_text(encoding="utf-8") for page in PAGES)


def test_pictures_are_light_together() -> None:
    """A clone is not weighed down by them."""
    assert 0 < sum(image.stat().st_size for image in IMAGES) < 1_800_000


def test_pictures_have_words() -> None:
    """Who can't see a picture reads what it shows."""
    for words in re.findall(r"!\[([^\]]*)\]", README):
        assert len(words.split()) >= 10
