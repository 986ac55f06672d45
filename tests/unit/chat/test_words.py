"""What people type is read as they meant it, or refused with what to type instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.commands.words import VERBS, declaration, mentioned, numbered, read, run_wanted, running
from bot.domain.ids import IncidentId
from bot.domain.nouns import Severity
from bot.errors import Refused

HERE = IncidentId(42)


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("delcare x", "declare"),
        ("staus", "status"),
        ("resolv", "resolve"),
        ("postmortm 3", "postmortem"),
        ("aknowledge", "ack"),
    ],
)
def test_a_wrong_word_gets_the_nearest_right_one(typed: str, nearest: str) -> None:
    """A slip of the fingers is answered with the word that was meant."""
    with pytest.raises(Refused) as refusal:
        read(typed)
    assert f"“{nearest}”" in refusal.value.hint


@pytest.mark.parametrize("typed", ["frobnicate x", "zzz", "deploy"])
def test_a_word_that_is_like_none_gets_no_guess(typed: str) -> None:
    """A wrong guess sends a tired person the wrong way: `frobnicate` is no `duplicate`."""
    with pytest.raises(Refused) as refusal:
        read(typed)
    assert refusal.value.hint == "“help” lists everything."


@pytest.mark.parametrize(
    ("typed", "verb"),
    [("", "help"), ("?", "help"), ("ACK 3", "ack"), ("close it", "resolve"), ("  note x", "note")],
)
def test_a_verb_is_found(typed: str, verb: str) -> None:
    """Nothing means help; case and other common words are fine."""
    assert read(typed).verb == verb


@given(st.text())
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    """No text makes reading fail in another way."""
    try:
        wanted = read(typed)
    except Refused as refusal:
        assert refusal.hint  # noqa: PT017 - refused is one of two right answers
    else:
        assert wanted.verb in VERBS
    for reads in (lambda: declaration(typed), lambda: run_wanted(typed, None), lambda: running(typed)):
        try:
            reads()
        except Refused as refusal:
            assert refusal.hint  # noqa: PT017 - likewise


@pytest.mark.parametrize(
    ("typed", "severity", "title"),
    [
        ("SEV2 checkout is down", "SEV2", "checkout is down"),
        ("checkout is down sev1", "SEV1", "checkout is down"),
        ('"checkout is down" SEV3', "SEV3", "checkout is down"),
        ("sev-4 “checkout is down”", "SEV4", "checkout is down"),
        ("SEV1 it's the user's fault", "SEV1", "it's the user's fault"),
        ("SEV2 <b>&</b>", "SEV2", "<b>&</b>"),
    ],
)
def test_a_declaration_in_any_order(typed: str, severity: str, title: str) -> None:
    """Severity before or after the title, quotes or none, straight or curly."""
    assert declaration(typed) == (Severity(severity), title)


@pytest.mark.parametrize("typed", ["checkout is down", "SEV9 x", "SEV2", 'SEV2 ""', ""])
def test_a_declaration_that_lacks_something(typed: str) -> None:
    """Without a severity or a title it is refused, with an example."""
    with pytest.raises(Refused) as refusal:
        declaration(typed)
    assert "declare SEV" in refusal.value.hint


@pytest.mark.parametrize(
    ("rest", "here", "number", "more"),
    [
        ("7 it works", None, 7, "it works"),
        ("#7 it works", HERE, 7, "it works"),
        ("42 it works", HERE, 42, "it works"),
        ("3 pods crash", HERE, 42, "3 pods crash"),
        ("7", HERE, 7, ""),
        ("it works", HERE, 42, "it works"),
        ("it works", None, None, "it works"),
        ("", HERE, 42, ""),
    ],
)
def test_a_number_before_words(rest: str, here: IncidentId | None, number: int | None, more: str) -> None:
    """In a channel, a bare number before words is one of them; elsewhere it is the incident's."""
    assert numbered(rest, here, words_follow=True) == (number, more)


def test_a_run_with_inputs() -> None:
    """Inputs are key=value, quoted where they have spaces; the incident is the channel's unless named."""
    wanted = run_wanted("restart service=checkout reason=“too slow” #7", HERE)
    assert (wanted.runbook, dict(wanted.inputs), wanted.incident) == (
        "restart",
        {"service": "checkout", "reason": "too slow"},
        7,
    )
    assert run_wanted("restart", HERE).incident == HERE


@pytest.mark.parametrize("typed", ["", "a=b", "restart checkout", 'restart "x'])
def test_a_run_that_can_not_be_read(typed: str) -> None:
    """The hint is a command that would work."""
    with pytest.raises(Refused) as refusal:
        run_wanted(typed, None)
    assert "run " in refusal.value.hint


def test_the_name_of_a_run() -> None:
    """As the messages show it, back ticks and all."""
    assert running("`42-1`") == "42-1"
    assert running("") is None
    with pytest.raises(Refused):
        running("forty-two")


@pytest.mark.parametrize(
    ("text", "incidents"),
    [
        ("note #12 x", [12]),
        ("note 12 x", [12]),
        ("cancel `12-1` --undo", [12]),
        ("run plug #12 pod=3", [12]),
        ("merge #12 into #13", [12, 13]),
        ("declare SEV2 3 pods crash", []),
        ("assign me to #general", []),
        ("note", []),
    ],
)
def test_the_incidents_that_a_command_names(text: str, incidents: list[int]) -> None:
    """By number or by a run of theirs; a bare number further on is one of the words."""
    assert mentioned(text) == incidents
