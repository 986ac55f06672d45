"""An incident's channel: its name, its links, its people and who can't be among them, its end, and what comes after that."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.outbox.naming import channel_name, other_name
from bot.domain.facts import (
    AlertsAttached,
    AlertSeen,
    AlertsReceived,
    ChannelRetired,
    IncidentAcknowledged,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    InvitesRefused,
    NotInvited,
    RoleAssigned,
    SeverityChanged,
)
from bot.domain.ids import INTAKE, AlertKey, IncidentId
from bot.domain.nouns import FIRELINE, AlertStatus, Severity
from bot.errors import ChatError
from tests.fakes.alerts import incident
from tests.fakes.moving_time import START, MovingTime
from tests.fakes.slack import FakeSlack
from tests.unit.chat.conftest import CENTRAL, Post, put_together

ONE = IncidentId(1)
STATUS = "incident/1/status"
FIRST, SECOND = "C00000000", "C00000001"


# ---- names


@pytest.mark.parametrize(
    ("template", "title", "name"),
    [
        ("inc-{number}-{slug}", "Checkout is failing", "inc-42-checkout-is-failing"),
        ("{severity}_{date}_{number}", "x", "sev2_20261123_42"),
        ("inc-{number}-{slug}", "", "inc-42"),
        ("inc-{number}-{slug}", "<!channel> \u202e", "inc-42-channel"),
        ("{slug}-{number}", "Ünïcode & Größe 🔥", "unicode-grosse-42".replace("grosse", "groe")),
        ("inc-{number}-{slug}-x", "a" * 200, "inc-42-" + "a" * 51 + "-x"),
    ],
)
def test_a_name_is_one_that_slack_takes(template: str, title: str, name: str) -> None:
    """Lower case, digits, dashes and underscores; what stands around the title is never cut."""
    record = replace(incident(42), title=title, opened_at=START)
    assert channel_name(record, template) == name
    assert len(name) <= 80


def test_the_next_name_when_one_is_taken() -> None:
    """It stays within the limit too."""
    assert other_name("inc-42", 1) == "inc-42"
    assert other_name("a" * 80, 12) == "a" * 77 + "-12"


# ---- made once


async def test_two_processes_that_race_make_one_channel(tmp_path: Path) -> None:
    """The first sleeps with its call on the way; the next waits for what became of that, and takes the channel that it made."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    first = await put_together(tmp_path, slack, time, central="")
    reached, released = asyncio.Event(), asyncio.Event()

    async def sleep_after_create() -> None:
        if slack.calls[-1].method == "conversations.create":
            slack._apply("conversations.create", dict(slack.calls[-1].arguments))
            reached.set()
            await released.wait()

    slack.latency = sleep_after_create
    await first.open(1)
    await first.until(reached.is_set, within=5)
    await first.store.close()
    slack.latency = None
    second = await put_together(tmp_path, slack, time, central="")
    await second.settled(within=60)
    released.set()
    await time.settle()
    assert len(slack.channels) == 1
    assert len(slack.of("conversations.create")) <= 2
    record = second.store.records.incident(ONE)
    assert record is not None
    assert record.channel == FIRST
    await first.stop()
    first.store.database.close()  # it has read again since it lost its log
    await second.stop()
    await second.store.close()


# ---- links


async def alarm(post: Post, **annotations: str) -> None:
    """Have an alert with annotations open the incident."""
    seen = AlertSeen(
        key=AlertKey("a" * 64),
        status=AlertStatus.FIRING,
        labels={"alertname": "A"},
        annotations=annotations,
        starts_at=START,
        ends_at=None,
        fingerprint="f",
    )
    came = AlertsReceived(receiver="r", group_key="g", external_url="", changed=(seen,))
    await post.store.journal.append(INTAKE, FIRELINE, [came])
    opened = IncidentOpened(incident=ONE, title="Trouble", severity=Severity.SEV2)
    await post.write(1, opened, AlertsAttached(incident=ONE, keys=(seen.key,), first=seen, total=1))


async def test_bookmarks_lead_to_console_runbook_and_dashboard(post: Post) -> None:
    """Each once."""
    await alarm(post, runbook_url="https://wiki.test/checkout", dashboard_url="http://graf.test/d/1?x=1&y=2")
    await post.settled(within=10)
    assert [(each["title"], each["link"]) for each in post.slack.bookmarks] == [
        ("Timeline", "https://fireline.test/incidents/1"),
        ("Runbook", "https://wiki.test/checkout"),
        ("Dashboard", "http://graf.test/d/1?x=1&y=2"),
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "javascript:alert(1)",
        "wiki.test/checkout",
        "https://",
        "https://user:hunter2@wiki.test/",
        "https://wiki.test/\u202etxt",
        "https://[half",
        "https://wiki.test/" + "x" * 3000,
        "https://wiki.test/a b",
    ],
)
async def test_what_is_no_plain_address_becomes_no_link(post: Post, hostile: str) -> None:
    """An annotation is text from outside."""
    await alarm(post, runbook_url=hostile)
    await post.settled(within=10)
    assert [each["title"] for each in post.slack.bookmarks] == ["Timeline"]


async def test_a_bookmark_whose_answer_was_lost_is_not_there_twice(post: Post) -> None:
    """Slack would take it again: what is there is looked at first."""
    post.slack.lose_answer("bookmarks.add")
    await alarm(post, runbook_url="https://wiki.test/checkout")
    await post.settled(within=60)
    assert [each["title"] for each in post.slack.bookmarks] == ["Timeline", "Runbook"]


# ---- people


async def test_who_takes_it_is_brought_in_and_the_topic_follows(post: Post) -> None:
    """Acknowledged from elsewhere: invited, once; the topic is set again only when it says something else."""
    await post.open(1)
    await post.settled(within=5)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0CLEO"))
    await post.settled(within=5)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="ada@example.com"))
    await post.settled(within=5)
    invited = [each.arguments["users"] for each in post.slack.of("conversations.invite")]
    assert invited == ["U0ADA,U0BEN", "U0CLEO"]
    assert len(post.slack.of("conversations.setTopic")) == 1
    await post.write(1, IncidentResolved(incident=ONE))
    await post.settled(within=5)
    assert str(post.slack.of("conversations.setTopic")[-1].arguments["topic"]).startswith("✅ SEV2 #1")


async def test_a_refused_invitation_is_on_the_record_and_in_sight(post: Post) -> None:
    """The others are in; the channel says who is not, why, and what to do."""
    post.slack.unwelcome = {"U0BEN": "user_is_restricted"}
    await post.open(1)
    await post.settled(within=10)
    assert post.store.records.channel_of(ONE).not_in == (NotInvited(who="U0BEN", why="user_is_restricted"),)
    text = str(post.slack.with_key(STATUS)[0]["blocks"])
    assert "*Could not be invited:* <@U0BEN> (a guest). Invite them by hand" in text


async def test_when_all_are_refused_each_has_a_reason_of_their_own(post: Post) -> None:
    """Who was there already is not missing."""
    post.slack.unwelcome = {"U0ADA": "already_in_channel", "U0BEN": "user_not_found"}
    await post.open(1)
    await post.settled(within=10)
    assert post.store.records.channel_of(ONE).not_in == (NotInvited(who="U0BEN", why="user_not_found"),)


async def test_a_user_group_that_is_gone_is_said_until_it_is_back(post: Post) -> None:
    """An approval asks a group that Slack does not have any more: seen where the decision is waited for."""
    await post.open(1)
    await post.ask(1)
    await post.settled(within=10)
    assert post.store.records.channel_of(ONE).not_in == ()
    lost = NotInvited(who="group:oncall", why="no_such_group")
    await post.write(1, InvitesRefused(incident=ONE, channel=FIRST, refused=(lost,)))
    await post.settled(within=10)
    assert "*No such user group:* `oncall`" in str(post.slack.with_key(STATUS)[0]["blocks"])
    post.slack.groups = [{"id": "S1", "handle": "oncall", "users": ["U0CLEO"]}]
    await post.time.advance(400)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0ADA"))
    await post.settled(within=10)
    assert post.store.records.channel_of(ONE).not_in == ()


async def test_a_role_brings_its_person_in(post: Post) -> None:
    """Whoever gives it."""
    await post.open(1)
    await post.settled(within=5)
    role = RoleAssigned(incident=ONE, role="scribe", person="U0CLEO", roles={"scribe": "U0CLEO"})
    await post.write(1, role)
    await post.settled(within=5)
    assert post.slack.of("conversations.invite")[-1].arguments["users"] == "U0CLEO"
    assert "*Scribe*\\n<@U0CLEO>" in str(post.slack.with_key(STATUS)[0]["blocks"])


async def test_a_private_incident_has_a_private_channel_and_no_line(post: Post) -> None:
    """Whatever happens in it, the central channel hears nothing; a lost answer is looked for among private channels."""
    post.slack.lose_answer("conversations.create")
    secret = IncidentOpened(incident=ONE, title="A leak", severity=Severity.SEV1, private=True)
    await post.write(1, secret)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0ADA"))
    await post.settled(within=60)
    await post.write(1, SeverityChanged(incident=ONE, severity=Severity.SEV2, before=Severity.SEV1))
    await post.write(1, IncidentResolved(incident=ONE, summary="x"))
    await post.settled(within=60)
    assert [each.arguments["is_private"] for each in post.slack.of("conversations.create")] == [True] * 2
    assert {each.arguments["types"] for each in post.slack.of("conversations.list")} == {"private_channel"}
    assert {channel for channel, _ in post.slack.messages} == {FIRST}


# ---- its end, and after it


async def resolved_and_archived(post: Post) -> None:
    """Bring an incident to the point where its channel is archived."""
    await post.open(1)
    await post.settled(within=10)
    await post.write(1, IncidentResolved(incident=ONE))
    await post.settled(within=10)
    await post.time.advance(60)
    await post.write(1, ChannelRetired(incident=ONE, channel=FIRST))
    await post.settled(within=10)


async def test_a_channel_is_archived_when_its_time_is_over(post: Post) -> None:
    """Once, and on the record; what changes afterwards is told in the central channel alone."""
    await resolved_and_archived(post)
    assert [each.arguments["channel"] for each in post.slack.of("conversations.archive")] == [FIRST]
    assert post.store.records.channel_of(ONE).archived_at is not None
    before = len(post.slack.calls)
    await post.note(1)
    await post.settled(within=10)
    assert len(post.slack.calls) == before


@pytest.mark.parametrize("code", ["already_archived", ""])
async def test_an_archive_that_somebody_else_made_is_one(post: Post, code: str) -> None:
    """A lost answer, too, is asked about again."""
    if code:
        post.slack.refuse("conversations.archive", code)
    else:
        post.slack.lose_answer("conversations.archive")
    await resolved_and_archived(post)
    await post.settled(within=60)
    assert post.store.records.channel_of(ONE).archived_at is not None


async def test_what_was_reopened_before_it_was_archived_is_not(post: Post) -> None:
    """The time that was over belongs to the end before."""
    await post.open(1)
    await post.write(1, IncidentResolved(incident=ONE))
    await post.settled(within=10)
    post.slack.down = True
    await post.write(1, ChannelRetired(incident=ONE, channel=FIRST))
    await post.time.advance(5)
    await post.write(1, IncidentReopened(incident=ONE, why="it is back"))
    post.slack.down = False
    await post.settled(within=120)
    assert (
        not post.slack.of("conversations.archive") or post.store.records.channel_of(ONE).archived_at is None
    )
    await post.time.advance(5)
    await post.write(1, IncidentResolved(incident=ONE))
    await post.settled(within=60)
    assert post.store.records.channel_of(ONE).archived_at is None


async def test_a_channel_that_slack_lets_us_unarchive_is_used_again(post: Post) -> None:
    """Nothing is posted anew."""
    await resolved_and_archived(post)
    posted = len(post.slack.of("chat.postMessage"))
    await post.write(1, IncidentReopened(incident=ONE, why="it is back"))
    await post.settled(within=20)
    assert len(post.slack.of("conversations.unarchive")) == 1
    assert len(post.slack.of("chat.postMessage")) == posted
    assert "Investigating" in str(post.slack.with_key(STATUS)[-1]["blocks"])


async def test_a_token_that_does_not_work_loses_no_channel(post: Post) -> None:
    """What may be mended is waited for."""
    await resolved_and_archived(post)
    post.slack.refuse("conversations.unarchive", "token_revoked")
    await post.write(1, IncidentReopened(incident=ONE, why="it is back"))
    await post.settled(within=120)
    record = post.store.records.incident(ONE)
    assert record is not None
    assert record.channel == FIRST
    assert post.store.records.channel_of(ONE).archived_at is None


async def test_where_slack_lets_us_not_the_response_goes_on_in_a_new_channel(post: Post) -> None:
    """The living message stands there, pinned, and says where the old channel is and who could bring it back; the line leads to the new one."""
    await resolved_and_archived(post)
    post.slack.fail(
        "conversations.unarchive",
        ChatError("conversations.unarchive: not_in_channel", code="not_in_channel"),
    )
    await post.write(1, IncidentReopened(incident=ONE, why="it is back"))
    await post.settled(within=20)
    record = post.store.records.incident(ONE)
    assert record is not None
    assert (record.channel, record.channel_name) == (SECOND, "inc-1-trouble-2")
    new = post.slack.with_key(STATUS)[-1]
    assert new["channel"] == SECOND
    assert f"↪️ Goes on here from <#{FIRST}>: it is archived" in str(new["blocks"])
    assert [each.arguments["channel"] for each in post.slack.of("pins.add")] == [FIRST, SECOND]
    (line,) = post.slack.with_key("incident/1/announce")
    assert line["channel"] == CENTRAL
    assert f"<#{SECOND}>" in str(line["blocks"])
    kinds = [each.kind for each in post.store.records.events()]
    assert kinds.count("incident.channel_left") == 1
