"""What of Slack's bodies is for us, and what of it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.chat.inbound.events import EVENTS
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.reading import Ours, read

OURS = Ours(
    command="/incident",
    actions=frozenset({"approve", "open/run", "details_page"}),
    forms=frozenset({"note"}),
    shortcuts=frozenset({"mark"}),
    reaction="pushpin",
    events=EVENTS,
)
MODAL = {"id": "V1", "type": "modal", "private_metadata": '{"channel":"C9"}'}


def asked(body: Mapping[str, Any]) -> Asked:
    """What a body asks for."""
    found = read(body, OURS)
    assert found is not None
    return found[1]


def event(**inside: Any) -> dict[str, Any]:
    """An event as Slack sends it."""
    return {"type": "event_callback", "event_id": "Ev1", "event": inside}


def form(**view: Any) -> dict[str, Any]:
    """A submitted form."""
    shown = {**MODAL, "hash": "1.a", "callback_id": "note", "blocks": [], **view}
    return {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "trigger_id": "1.2",
        "view": shown,
    }


def button(action: str, **more: Any) -> dict[str, Any]:
    """A button that was pressed."""
    pressed = {"action_id": action, "action_ts": "1.1", **more.pop("pressed", {})}
    return {"type": "block_actions", "user": {"id": "U1"}, "actions": [pressed], **more}


@pytest.mark.parametrize(
    ("action", "means"),
    [
        ("approve", "approve"),
        ("approve/1-1", "approve"),
        ("open/run", "open/run"),
        ("open/run/restart", "open/run"),
        ("details_page/next", "details_page"),
        ("open", ""),
        ("open/other", ""),
        ("", ""),
    ],
)
def test_a_button_is_known_by_the_beginning_of_its_id(action: str, means: str) -> None:
    """What follows only tells it from others in the same message."""
    found = read(button(action), OURS)
    assert (found[1].action if found else "") == means


def test_where_a_button_stands_is_kept() -> None:
    """In a message by its channel, in a modal by the channel that it carries, at home by nothing; a menu has its choice as value."""
    chosen = {"selected_option": {"value": '{"a":1}'}}
    in_message = asked(button("approve", pressed=chosen, container={"channel_id": "C1", "message_ts": "5.5"}))
    assert (in_message.channel, in_message.message, in_message.view, in_message.meant) == (
        "C1",
        "5.5",
        "",
        {"a": 1},
    )
    in_modal = asked(button("approve", view=MODAL))
    assert (in_modal.channel, in_modal.view) == ("C9", "V1")
    at_home = asked(button("approve", view={"id": "V2", "type": "home"}))
    assert (at_home.channel, at_home.view) == ("", "")


def test_what_was_entered_is_read_by_the_name_of_its_field() -> None:
    """Whatever its element; nothing is None."""
    values = {
        "text": {"x": {"type": "plain_text_input", "value": "hello"}},
        "empty": {"x": {"type": "plain_text_input", "value": None}},
        "one": {"x": {"type": "static_select", "selected_option": {"value": "SEV1"}}},
        "none": {"x": {"type": "static_select", "selected_option": None}},
        "many": {"x": {"type": "checkboxes", "selected_options": [{"value": "private"}]}},
        "who": {"x": {"type": "users_select", "selected_user": "U2"}},
        "when": {"x": {"type": "datetimepicker", "selected_date_time": 5}},
        "odd": {"x": {"type": "new_thing"}, "y": "no element"},
        "broken": "no elements",
    }
    blocks = [
        {"type": "section"},
        {"type": "input", "block_id": "text"},
        {"type": "input", "block_id": "one"},
    ]
    found = asked(form(state={"values": values}, blocks=blocks))
    assert found.entered == {
        "text": "hello",
        "empty": None,
        "one": "SEV1",
        "none": None,
        "many": ["private"],
        "who": "U2",
        "when": 5,
        "odd": None,
    }
    assert (found.first, found.channel, found.view, found.meant) == ("text", "C9", "V1", {"channel": "C9"})
    assert Asked.from_data(json.loads(json.dumps(found.to_data()))) == found


@pytest.mark.parametrize("metadata", ["", "no json", "[1]"])
def test_a_form_that_carries_nothing_readable_is_about_nothing(metadata: str) -> None:
    """It is kept all the same, and its handler says what lacks."""
    found = asked(form(private_metadata=metadata))
    assert (found.meant, found.channel, found.entered, found.first) == ({}, "", {}, "")


def test_one_form_sent_off_anew_is_another_request() -> None:
    """The same body is known again, another trigger is not."""
    one, again, other = (read(each, OURS) for each in (form(), form(), {**form(), "trigger_id": "9.9"}))
    assert one is not None
    assert again is not None
    assert other is not None
    assert one[0] == again[0] != other[0]


def test_a_shortcut_carries_its_message() -> None:
    """On a message; a global one has none."""
    body = {
        "type": "message_action",
        "callback_id": "mark",
        "user": {"id": "U1"},
        "channel": {"id": "C1"},
        "message": {"ts": "5.5", "user": "U2", "text": "full"},
        "action_ts": "6.6",
    }
    found = asked(body)
    assert (found.message, found.author, found.text, found.channel) == ("5.5", "U2", "full", "C1")
    assert asked({"type": "shortcut", "callback_id": "mark", "user": {"id": "U1"}}).message == ""
    assert read({**body, "callback_id": "other"}, OURS) is None


@pytest.mark.parametrize(
    ("inside", "kept"),
    [
        (
            {
                "type": "reaction_added",
                "user": "U1",
                "reaction": "pushpin::skin-tone-2",
                "item_user": "U2",
                "item": {"type": "message", "channel": "C1", "ts": "5.5"},
            },
            {"user": "U1", "channel": "C1", "message": "5.5", "author": "U2"},
        ),
        (
            {
                "type": "reaction_removed",
                "user": "U1",
                "reaction": "pushpin",
                "item": {"type": "message", "channel": "C1", "ts": "5.5"},
            },
            {"message": "5.5"},
        ),
        (
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C1",
                "event_ts": "7.7",
                "message": {"ts": "5.5", "user": "U2", "text": "new", "edited": {"user": "U2"}},
                "previous_message": {"text": "old"},
            },
            {"message": "5.5", "text": "new", "value": "7.7", "user": "U2"},
        ),
        (
            {
                "type": "message",
                "subtype": "message_deleted",
                "channel": "C1",
                "deleted_ts": "5.5",
                "previous_message": {"user": "U2"},
            },
            {"message": "5.5", "user": "U2"},
        ),
        ({"type": "member_joined_channel", "user": "U1", "channel": "C1"}, {"user": "U1", "channel": "C1"}),
        ({"type": "app_home_opened", "user": "U1", "tab": "home"}, {"user": "U1", "channel": ""}),
    ],
)
def test_events_for_us(inside: dict[str, Any], kept: dict[str, str]) -> None:
    """Each is known by its id, and keeps what its handler needs."""
    found = read(event(**inside), OURS)
    assert found is not None
    assert found[0] == "event/Ev1"
    assert {name: getattr(found[1], name) for name in kept} == kept


@pytest.mark.parametrize(
    "inside",
    [
        {"type": "message", "channel": "C1", "text": "hello"},
        {"type": "reaction_added", "user": "U1", "reaction": "eyes", "item": {"type": "message"}},
        {"type": "reaction_added", "user": "U1", "reaction": "pushpin", "item": {"type": "file"}},
        {"type": "message", "subtype": "message_changed", "message": {"bot_id": "B1", "text": "a"}},
        {
            "type": "message",
            "subtype": "message_changed",
            "message": {"text": "a"},
            "previous_message": {"text": "a"},
        },
        {"type": "message", "subtype": "message_deleted", "previous_message": {"bot_id": "B1"}},
        {"type": "member_joined_channel", "user": "U1", "channel": "C1", "inviter": "U2"},
        {"type": "app_home_opened", "user": "U1", "tab": "messages"},
        {"type": "channel_created"},
    ],
)
def test_events_that_are_nothing_to_us(inside: dict[str, Any]) -> None:
    """What people merely say, what our own bot did, what tells nothing new."""
    assert read(event(**inside), OURS) is None


def test_an_event_without_its_id_and_a_form_that_was_closed_are_dropped() -> None:
    """The first can't be told from a redelivery; the second no form of ours asks to hear of."""
    body = event(type="app_home_opened", user="U1", tab="home")
    assert read({**body, "event_id": ""}, OURS) is None
    assert read({**form(), "type": "view_closed"}, OURS) is None
    assert read({**form(), "type": "view_submission", "view": {"callback_id": "other"}}, OURS) is None


def test_what_is_asked_elsewhere_is_not_for_us() -> None:
    """With several workspaces, what is asked says where; of one that is not named nothing is heard. With one, nobody asks."""
    several = Ours(command="/incident", events=EVENTS, workspaces=frozenset({"T1", "T2"}))
    command = {"command": "/incident", "user_id": "U1", "team_id": "T2", "text": "list"}
    heard = read(command, several, "T2")
    assert heard is not None
    assert Asked.from_data(heard[1].to_data()).workspace == "T2"
    assert read(command, several, "T3") is None
    assert read(command, several) is None
    assert asked(command).workspace == ""


@pytest.mark.parametrize("kind", ["app_uninstalled", "tokens_revoked"])
def test_that_we_were_thrown_out_is_heard(kind: str) -> None:
    """It names no person."""
    heard = asked(event(type=kind))
    assert (heard.action, heard.user) == (kind, "")
