"""A loop over fifty hosts in chat: one line that says how far it is, and the hosts that somebody should know of."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.blocks.many import calls_of, folded
from bot.domain.facts import PostmortemDrafted
from bot.domain.ids import Digest, IncidentId
from bot.domain.nouns import Settlement
from tests.fakes import looped
from tests.fakes.stage import Stage, book, loop, step
from tests.unit.chat.conftest import Post

STATUS = "incident/1/status"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)


async def shown(post: Post, stage: Stage, key: str = STATUS) -> str:
    """Write a tale into the log, and return what Slack shows of it."""
    await post.open(1)
    await post.write(1, *(event.fact for event in stage.events))
    await post.settled(within=60)
    message = post.slack.with_key(key)[-1]
    return json.dumps(message["blocks"], ensure_ascii=False)


async def test_the_living_message_says_how_far_a_loop_is(post: Post) -> None:
    """One line for fifty hosts; those that failed and those in doubt by name, a few of them."""
    stage = looped.half_way()
    text = await shown(post, stage)
    assert text.count("restart") <= 8
    assert "13 of 50 done, 2 failed, 5 unknown" in text
    assert "❌ web-7 (no such host), web-12 (no such host)" in text
    assert "❓ web-16, web-17, web-18, web-19 and 1 more" in text
    assert "web-3" not in text


async def test_an_item_in_doubt_is_asked_about_by_its_name(post: Post) -> None:
    """The question names the host, and the answer settles that host alone."""
    stage = looped.half_way()
    unknown = next(name for name, each in stage.state.steps.items() if each.status == "unknown")
    text = await shown(post, stage, f"unknown/1-1/{unknown}")
    host = looped.HOSTS[int(unknown[8:-1])]
    assert f"Did it happen? restart: {host}" in text
    assert f"https://fleet.internal/{host}/restart" in text
    assert unknown in text
    facts = stage.settle(unknown, Settlement.HAPPENED)
    await post.write(1, *facts)
    await post.settled(within=60)
    assert "Settled" in str(post.slack.with_key(f"unknown/1-1/{unknown}")[-1]["blocks"])


async def test_the_question_before_a_loop_shows_every_call(post: Post) -> None:
    """What is the same once, what is not for each of the fifty, and by how much the list is longer than foreseen."""
    stage = looped.restarting()
    asked = stage.events[2].fact
    text = await shown(post, stage, f"approval/{asked.approval}")
    assert "The list is longer than foreseen:* 50 items, where max_items: 40 allows 40" in text
    assert "*50 calls*, one for each item. The same in all:" in text
    assert text.count('\\"method\\": \\"POST\\"') == 1
    for number in (1, 25, 50):
        assert f"https://fleet.internal/web-{number}/restart" in text
    assert "Too long" not in text


async def test_a_loop_that_waits_says_for_how_much(post: Post) -> None:
    """How many calls the decision is about, and that they are more than foreseen, before anybody opens it."""
    stage = Stage(book(step("restart", "push", value="{{ item }}", loop=loop(looped.HOSTS, max_items=40))))
    text = await shown(post, stage)
    assert "Waiting for a decision:* restart · 50 calls" in text
    assert "more than foreseen: 50 items, where max_items: 40 allows 40" in text


async def test_the_draft_s_head_tells_of_the_loop_and_not_of_every_host(post: Post) -> None:
    """Forty-eight successes are no milestones; two failures are."""
    stage = looped.done()
    await post.open(1)
    await post.write(1, *(event.fact for event in stage.events))
    drafted = PostmortemDrafted(incident=IncidentId(1), sha256=Digest("a" * 64), through=10_000, path="p")
    await post.write(1, drafted)
    await post.settled(within=60)
    text = str(post.slack.with_key("postmortem/1")[-1]["blocks"])
    assert text.count("loop.expanded") == 1
    assert text.count("step.failed") == 3
    assert text.count("step.succeeded") == 1


async def test_a_loop_that_is_over_is_one_line(post: Post) -> None:
    """Done, with the two that failed; nothing is said of the other forty-eight."""
    text = await shown(post, looped.done())
    assert "48 of 50 done, 2 failed" in text
    assert "❌ web-7 (no such host), web-12 (no such host)" in text


def _merge(common: Any, own: Any) -> Any:
    if not isinstance(common, dict) or not isinstance(own, dict):
        return own
    return {
        key: _merge(common[key], own[key]) if key in common and key in own else {**common, **own}[key]
        for key in {**common, **own}
    }


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), min_size=1, max_size=4))
def test_nothing_is_lost_or_changed_when_calls_are_folded(inputs: list[dict[str, Any]]) -> None:
    """What all have in common and what each has of its own make the inputs again, letter by letter."""
    common, own = folded(inputs)
    again = [_merge(common, each) for each in own]
    assert json.dumps(again, sort_keys=True) == json.dumps(inputs, sort_keys=True)


def test_calls_of_another_form_are_shown_as_they_are() -> None:
    """Only a list of mappings is a list of calls."""
    assert calls_of({"items": [{"a": 1}]}) == [{"a": 1}]
    assert calls_of({"items": ["a"]}) == []
    assert calls_of({"items": 5}) == []
    assert calls_of({}) == []
