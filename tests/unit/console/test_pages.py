"""What the console's pages say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import facts
from bot.domain.ids import INTAKE, SYSTEM, AlertKey, Digest, IncidentId, StepId
from bot.domain.nouns import (
    FIRELINE,
    ApprovalStatus,
    HoldCause,
    IncidentStatus,
    Part,
    Severity,
    Vote,
    sender,
)
from tests.fakes import looped, tales
from tests.fakes.stage import Stage, book, loop, step
from tests.fakes.tales import ADA, GRACE, RUN
from tests.fakes.timeline import Timeline

from .conftest import SECRET, Open

EVIL = '<script>alert("x")</script> & <b>'


def text(page: str) -> str:
    """Return what a reader sees of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def waits(page: str) -> list[str]:
    """Return what a page says is waited for."""
    return [text(each).strip() for each in re.findall(r"<li(?: [^>]*)?>.*?</li>", page, flags=re.DOTALL)]


async def test_an_empty_console_says_that_all_is_calm(console: Open) -> None:
    """Nothing happened: no page is blank."""
    opened = await console()
    assert "All is calm." in await opened.page("/")
    assert "No alert has come in yet." in await opened.page("/alerts")
    assert "Every alert found its runbook." in await opened.page("/alerts?unmatched=1")
    assert "Everything that came in could be read." in await opened.page("/refused")


async def test_the_first_page_says_what_waits_for_whom(console: Open) -> None:
    """Severity, title, who leads, and the approval with the time that is left."""
    page = await (await console(tales.waiting())).page("/")
    assert "1 open incident" in page
    assert '<span class="badge SEV2">SEV2</span>' in page
    assert "Ada Okafor" in page
    assert waits(page) == [
        "Group sre or Bo to approve or deny step shift http.request (mutate) on router.internal; 0 of 1 approved, 9 min 40 s left"
    ]


async def test_a_target_that_is_away_stands_on_the_first_page(console: Open) -> None:
    """Which, since when, and when it is tried again; once it answers, nothing is said any more."""
    tale = tales.waiting()
    away = facts.BreakerOpened(
        target="https://router.internal:443",
        since=tale.now,
        until=tale.now + timedelta(seconds=40),
        detail="router.internal is not answering (5 of 5)",
    )
    opened = await console(tale.add(away))
    (said,) = [each for each in waits(await opened.page("/")) if "is not answering" in each]
    assert said.startswith("router.internal is not answering : not called since")
    closed = facts.BreakerClosed(target=away.target, since=away.since)
    await opened.store.journal.append(tale.stream, FIRELINE, [closed])
    assert "is not answering" not in await opened.page("/")


async def test_what_people_did_stands_on_the_incidents_page(console: Open) -> None:
    """Roles, the last update and whether the next is late, the silence, that it is private; and on the first page who froze changes."""
    tale = tales.waiting()
    here = {"incident": tale.incident}
    silence = {**here, "silence": "fireline/42/a", "until": tale.now + timedelta(hours=1)}
    tale.add(
        facts.RoleAssigned(
            **here, role="customer_liaison", person=ADA.id, roles={"customer_liaison": ADA.id}
        ),
        facts.UpdateGiven(
            **here, message="We <b>look</b>", status=IncidentStatus.IDENTIFIED, next_due=tale.now
        ),
        facts.SilenceAsked(**silence, matchers=(), why="known"),
        facts.SilenceStands(**silence, ident="id-1"),
        by=ADA,
    )
    opened = await console(tale)
    opened.clock.move(minutes=1)
    page = await opened.page("/incidents/42")
    assert "<dt>Customer liaison</dt><dd>Ada Okafor</dd>" in page
    assert "We &lt;b&gt;look&lt;/b&gt;" in page
    assert "the next was promised by" in page
    assert "by Ada Okafor: known" in page
    assert "Changes are frozen" not in await opened.page("/")
    await opened.store.journal.append(SYSTEM, ADA, [facts.ChangesFrozen(why="deploy weekend")])
    assert "</strong> by Ada Okafor since" in await opened.page("/")
    absorbed = facts.IncidentMerged(**here, into=IncidentId(43))
    await opened.store.journal.append(tale.stream, ADA, [absorbed])
    assert 'in <a href="/incidents/43">incident 43</a>' in await opened.page("/incidents/42")


async def test_a_step_that_waits_says_for_what_and_how_long(console: Open) -> None:
    """In two seconds' reading: what is not answering, and for how long the step still waits."""
    tale = tales.waiting()
    wish: dict[str, Any] = {
        "run": RUN,
        "step": StepId("shift"),
        "part": Part.MAIN,
        "attempt": 1,
        "action": "http.request",
        "inputs": {},
        "target": "https://router.internal:443",
    }
    refused = facts.CallRefused(
        **wish,
        detail="router.internal is not answering (5 of 5)",
        since=tale.now,
        retry_at=tale.now + timedelta(seconds=30),
    )
    opened = await console(tale.add(refused))
    (said,) = [each for each in waits(await opened.page("/incidents/42")) if "again" in each]
    assert said.endswith("router.internal is not answering: for 30 s more")
    held = facts.CallHeld(**wish, cause=HoldCause.RATE, detail="router.internal takes 5 calls a second")
    await opened.store.journal.append(tale.stream, FIRELINE, [held])
    (said,) = [each for each in waits(await opened.page("/incidents/42")) if "holds step" in each]
    assert said.endswith("router.internal takes 5 calls a second")


async def test_the_worst_open_incident_comes_first(console: Open) -> None:
    """Severity before age; what is over stands below."""
    minor = Timeline(7).add(
        facts.IncidentOpened(incident=IncidentId(7), title="Minor", severity=Severity.SEV4)
    )
    major = Timeline(8).add(
        facts.IncidentOpened(incident=IncidentId(8), title="Major", severity=Severity.SEV1)
    )
    page = await (await console(tales.contained(), major, minor)).page("/")
    assert (
        page.index("Major") < page.index("Minor") < page.index("<h2>Over</h2>") < page.index("42: Checkout")
    )


async def test_an_incident_shows_all_that_there_is(console: Open) -> None:
    """Alerts, runs, steps, approvals with votes, evidence and the timeline with its events."""
    opened = await console(tales.contained())
    page = await opened.page("/incidents/42")
    seen = text(page)
    for words in (
        "Traffic is on the standby; deploy 4711 is rolled back.",
        "Run 42-1: checkout-errors succeeded",
        "Grace Lindqvist approved: standby is healthy",
        "shop.log",
        "8.0 MiB not whole",
        "Step shift succeeded: verified at look 3, 30 s after the first.",
        "#inc-42-checkout-is-failing",
    ):
        assert words in seen
    head = opened.store.records.events()[-1]
    assert f"#{head.seq} {head.hash[:8]}" in page
    assert 'data-live="no"' in page
    assert waits(page) == []


async def test_every_event_can_be_read(console: Open) -> None:
    """The folded timeline leaves noise out; `?all=1` leaves out nothing."""
    opened = await console(tales.contained())
    assert "A message was posted to chat" not in await opened.page("/incidents/42")
    page = await opened.page("/incidents/42?all=1")
    assert "A message was posted to chat" in page
    assert page.count('<tr class="system">') == len(tales.contained().events)


async def test_a_long_timeline_is_cut_with_a_way_to_the_rest(console: Open) -> None:
    """The newest lines are shown, and how many more there are."""
    tale = tales.waiting()
    for number in range(210):
        tale.later(1).add(facts.NoteAdded(incident=tale.incident, text=f"note {number}."), by=ADA)
    page = await (await console(tale)).page("/incidents/42")
    assert "note 209." in page
    assert "note 3." not in page
    assert "23 earlier lines not shown" in page


async def test_a_running_step_is_fireline_s_to_finish(console: Open) -> None:
    """Who waits for whom changes with every step."""
    tale = tales.waiting().add(tales.voted(Vote.APPROVE), by=GRACE).add(tales.closed(ApprovalStatus.APPROVED))
    opened = await console(tale)
    assert waits(await opened.page("/incidents/42")) == ["Fireline goes on with run 42-1"]
    await opened.store.journal.append(tale.stream, FIRELINE, [tales.call("shift", "http.request")])
    opened.clock.move(seconds=12)
    assert waits(await opened.page("/incidents/42")) == ["Fireline runs step shift for 12 s"]
    await opened.store.journal.append(tale.stream, FIRELINE, [tales.failure("shift", again=tale)])
    assert "Fireline will try step shift again" in waits(await opened.page("/incidents/42"))[0]
    await opened.store.journal.append(
        tale.stream,
        FIRELINE,
        [
            tales.call("shift", "http.request", attempt=2),
            tales.answer("shift", attempt=2),
            tales.call("shift", "p", part=Part.VERIFY),
        ],
    )
    assert (
        "Fireline verifies that step shift helped attempt 2" in waits(await opened.page("/incidents/42"))[0]
    )


@pytest.mark.parametrize("part", [Part.MAIN, Part.UNDO])
async def test_an_unknown_outcome_waits_for_a_person(console: Open, part: Part) -> None:
    """Of a step or of its undo: nobody may think that all is done."""
    tale = tales.waiting().add(
        tales.closed(ApprovalStatus.APPROVED), tales.call("shift", "http.request", part=part)
    )
    tale.add(
        facts.StepOutcomeUnknown(
            run=RUN, step=StepId("shift"), attempt=1, why="the process was killed", part=part
        )
    )
    (wait,) = waits(await (await console(tale)).page("/incidents/42"))
    what = "the undo of step" if part is Part.UNDO else "step"
    assert wait == f"A person to say what became of {what} shift the process was killed"


async def test_nobody_leads_is_the_first_thing_to_see(console: Open) -> None:
    """An incident that nobody took says so, and for how long."""
    opened = await console(
        Timeline().add(facts.IncidentOpened(incident=Timeline().incident, title="", severity=Severity.SEV1))
    )
    opened.clock.move(minutes=4)
    page = await opened.page("/incidents/42")
    assert waits(page) == ["Somebody to take the incident unacknowledged for 4 min"]
    assert '<span class="bad">nobody</span>' in page
    assert "Incident without a title" in page


@pytest.mark.parametrize("over", [False, True])
async def test_what_is_left_is_for_the_one_who_leads(console: Open, *, over: bool) -> None:
    """No step is under way: decide what is next while alerts fire, resolve once they don't."""
    tale = tales.undone()
    if over:
        keys = tuple(AlertKey(f"CheckoutErrors-95-{number}") for number in range(3))
        tale.add(facts.AlertsResolved(incident=tale.incident, keys=keys, firing=0))
    (wait,) = waits(await (await console(tale)).page("/incidents/42"))
    if over:
        assert wait == "Ada Okafor to resolve it no step is under way, and no alert fires"
    else:
        assert wait == "Ada Okafor to decide what is next no step is under way; 3 alerts still fire"


async def test_somebody_without_a_name_may_have_to_resolve(console: Open) -> None:
    """A commander that the log doesn't name (an acknowledgement by a machine) is somebody."""
    tale = Timeline().add(
        facts.IncidentOpened(incident=Timeline().incident, title="x", severity=Severity.SEV4)
    )
    tale.add(facts.IncidentAcknowledged(incident=tale.incident, commander=""), by=ADA)
    assert waits(await (await console(tale)).page("/"))[0].startswith("Somebody to resolve it")


@pytest.mark.parametrize(("expires", "said"), [(-1, "its time is over"), (None, "0 of 1 approved")])
async def test_an_approval_tells_its_time(console: Open, expires: float | None, said: str) -> None:
    """Overdue is said, no limit is not invented, nobody to ask is not hidden."""
    tale = tales.opened(Timeline())
    asked = tales.asked(tale, expires=expires or 0)
    tale.add(replace(asked, sources=(), target="", expires_at=asked.expires_at if expires else None))
    wait = waits(await (await console(tale)).page("/"))[0]
    assert wait.startswith("Nobody to approve or deny step shift")
    assert wait.endswith(said)


async def test_what_is_decided_on_is_shown_to_its_end(console: Open) -> None:
    """Chat sends people here when inputs are too long for it: a label with a page of padding must not push what matters out of sight."""
    tale = tales.opened(Timeline())
    asked = tales.asked(tale, expires=300)
    padded = {"argv": ["scale", "checkout", " " * 9000 + "--replicas=0"]}
    tale.add(replace(asked, inputs={**padded, "note": "x" * 9000}, undo="y" * 9000 + " the end of the undo"))
    page = await (await console(tale)).page("/incidents/42")
    assert "--replicas=0" in page
    assert "x" * 9000 in page
    assert "the end of the undo" in page
    assert "characters more" not in page


async def test_alerts_show_what_became_of_them(console: Open) -> None:
    """Matched ones name their incident; unmatched ones can be asked for alone."""
    opened = await console(tales.waiting())
    lost = replace(tales.alert("NodeDiskFull", at=Timeline()), key=AlertKey("lost"))
    received = facts.AlertsReceived(receiver="r", group_key="g", external_url="", changed=(lost,))
    await opened.store.journal.append(
        INTAKE, sender("am"), [received, facts.AlertsUnmatched(keys=(lost.key,))]
    )
    everything, unmatched = await opened.page("/alerts"), await opened.page("/alerts?unmatched=1")
    assert "4 alerts" in everything
    assert 'href="/incidents/42"' in everything
    assert "1 alert that no runbook wanted" in text(unmatched)
    assert "CheckoutErrors" not in unmatched


async def test_refused_bodies_say_why(console: Open) -> None:
    """Reason, size and hash; the reason may quote the body, and stays text."""
    opened = await console()
    fact = facts.DeliveryRefused(
        reason=f"no JSON: {EVIL} {SECRET}", body_sha256=Digest("ab" * 32), size=2048, source="10.2.3.4"
    )
    await opened.store.journal.append(INTAKE, sender("am"), [fact])
    page = await opened.page("/refused")
    assert "no JSON: &lt;script&gt;" in page
    assert "2.0 KiB" in page
    assert "ab" * 32 in page
    assert SECRET not in page


async def test_who_led_stands_newest_first(console: Open) -> None:
    """Each change of the lead, with the process, its term and how it came to it."""
    opened = await console()
    assert "No process has led yet." in await opened.page("/process")
    await opened.store.journal.append(
        SYSTEM,
        FIRELINE,
        [
            facts.LeadTaken(term=1, host="a", pid=7, how="first"),
            facts.LeadTaken(term=2, host=f"b{SECRET}", pid=8, how="took over", before="pid 7 on a"),
        ],
    )
    page = text(await opened.page("/process"))
    second, first = page.index("in term 2"), page.index("in term 1")
    assert second < first
    assert "Process 8 on b[redacted] leads, in term 2; pid 7 on a had stopped without a word" in page


def hostile() -> Timeline:
    """Tell of an incident whose every word is mark-up with a secret in it."""
    tale, evil = Timeline(), f"{EVIL}{SECRET}"
    first = tales.hostile(tale)
    tale.add(facts.IncidentOpened(incident=tale.incident, title=evil, severity=Severity.SEV2, runbook=evil))
    tale.add(facts.AlertsAttached(incident=tale.incident, keys=(first.key,), first=first, total=1))
    tale.add(
        replace(tales.run_started(), runbook=evil, inputs={"a": evil}),
        facts.ChannelOpened(incident=tale.incident, channel="C", name=evil),
    )
    tale.add(
        tales.call("before", evil, query=evil),
        tales.kept("before", evil, evil, 3, source=evil),
        tales.answer("before", body=evil, more="x" * 200),
    )
    tale.add(tales.call("logs", evil), tales.failure("logs", evil), tales.failed("logs", evil, evil))
    tale.add(
        replace(
            tales.asked(tale),
            action=evil,
            target=evil,
            inputs={evil: evil},
            undo=evil,
            sources=(f"group:{evil}",),
        )
    )
    tale.add(replace(tales.voted(Vote.APPROVE, evil), as_member_of=evil), by=GRACE)
    return tale.add(facts.NoteAdded(incident=tale.incident, text=evil), by=ADA)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents/42",
        "/incidents/42?all=1",
        "/incidents/42/postmortem",
        "/incidents/42/postmortem.md",
        "/alerts",
    ],
)
async def test_strangers_text_stays_text_and_secrets_stay_secret(console: Open, path: str) -> None:
    """Nothing that came from outside becomes mark-up, on no page; what the redaction knows is on none."""
    page = await (await console(hostile())).page(path)
    if not path.endswith(".md"):
        assert "<script>alert" not in page
        assert not re.search(r"<(b|img)>", page)
        assert "javascript:" not in page
    assert SECRET not in page
    assert "[redacted]" in page or "\\[redacted\\]" in page or path == "/alerts"


async def test_a_resolution_is_redacted_too(console: Open) -> None:
    """What a person writes may hold a secret as well."""
    tale = tales.contained()
    tale.add(facts.IncidentResolved(incident=tale.incident, summary=f"rotated {SECRET}"), by=ADA)
    opened = await console(tale)
    for path in ("/", "/incidents/42"):
        assert "rotated [redacted]" in await opened.page(path)


async def test_the_draft_is_the_one_that_would_be_written(console: Open) -> None:
    """The page stands by itself and says so to the browser; the Markdown is plain text with a name."""
    opened = await console(tales.contained())
    async with opened.browser() as browser:
        page = await browser.get("/incidents/42/postmortem")
        document = await browser.get("/incidents/42/postmortem.md")
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert "script-src 'none'" in page.headers["content-security-policy"]
    assert document.headers["content-type"] == "text/plain; charset=utf-8"
    assert document.headers["content-disposition"] == 'inline; filename="postmortem-42.md"'
    assert document.text.startswith("# Postmortem 42: Checkout is failing for customers")


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/7",
        "/incidents/7/postmortem",
        "/incidents/7/postmortem.md",
        "/incidents/0",
        f"/incidents/{10**30}",
    ],
)
async def test_an_incident_that_is_not_there_is_said_in_words(console: Open, path: str) -> None:
    """A number that was never given, nought, and one that no database holds."""
    async with (await console(tales.waiting())).browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "There is no incident" in answer.text
    assert "The first page lists them." in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents/42",
        "/incidents/42/postmortem",
        "/alerts",
        "/refused",
        "/ahead",
        "/process",
        "/incidents/7",
        "/static/console.js",
    ],
)
async def test_every_answer_tells_the_browser_to_be_careful(console: Open, path: str) -> None:
    """Nothing from elsewhere, no frame, no referrer, no copy kept; and no style or script inside the page to allow for."""
    async with (await console(tales.waiting())).browser() as browser:
        answer = await browser.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    if "postmortem" not in path and "static" not in path:
        assert not re.search(r"<style|\sstyle=|<script>|\son\w+=", answer.text)


async def test_nothing_can_be_changed(console: Open) -> None:
    """The console reads: whatever writes is refused by the routes themselves."""
    async with (await console(tales.waiting())).browser() as browser:
        for path in ("/", "/incidents/42", "/alerts"):
            assert (await browser.post(path)).status_code == 405


async def test_the_console_may_live_below_another_path(console: Open) -> None:
    """Mounted, its links lead below the mount."""
    async with (await console(tales.waiting())).browser(root="/console") as browser:
        page = (await browser.get("/")).text
    assert 'href="/console/incidents/42"' in page
    assert 'href="/console/static/console.css"' in page
    assert 'href="/console/" class="here"' in page


async def test_names_that_are_learned_later_are_shown(console: Open) -> None:
    """Names are asked for at each page, because people join."""
    tale = tales.waiting().add(
        facts.NoteAdded(incident=Timeline().incident, text="hm"), by=replace(ADA, id="UNEW")
    )
    opened = await console(tale)
    assert "UNEW noted: hm." in await opened.page("/incidents/42")
    opened.names = {"UNEW": "Newcomer"}
    assert "Newcomer noted: hm." in await opened.page("/incidents/42")


async def test_a_loop_is_one_row_and_one_thing_to_wait_for(console: Open) -> None:
    """How far it is stands beside it, its items behind it by their names; whoever must say what became of one is told which."""
    opened = await console(looped.tale(looped.half_way()))
    page = await opened.page("/incidents/1")
    seen = text(page)
    assert "13 of 50 done, 2 failed, 5 unknown" in seen
    assert "20 of 50 items begun" in seen
    assert "web-7 failed" in seen
    assert "for 50 items; 50 items, where max_items: 40 allows 40" in seen
    assert [each for each in waits(page) if "runs step" in each] == []
    assert sum("to say what became of step restart[" in each for each in waits(page)) == 5


async def test_a_loop_under_way_is_one_line_of_work(console: Open) -> None:
    """Fireline runs a step, not five; and what a question is about says for how many."""
    under_way = await (await console(looped.tale(looped.go_on(looped.restarting(), 9)))).page("/incidents/1")
    (work,) = [each for each in waits(under_way) if "step restart" in each]
    assert "runs step restart" in work
    assert "4 of 50 done" in work


async def test_a_question_about_a_list_says_how_long_it_is(console: Open) -> None:
    """And by how much it is longer than foreseen."""
    stage = Stage(book(step("restart", "push", value="{{ item }}", loop=loop(["a", "b", "c"], max_items=2))))
    (asked,) = [
        each
        for each in waits(await (await console(looped.tale(stage))).page("/incidents/1"))
        if "approve" in each
    ]
    assert "for 3 items" in asked
    assert "3 items, where max_items: 2 allows 2" in asked
