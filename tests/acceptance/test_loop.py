"""A list that is longer than foreseen, through the wire: the question shows every call, a person lets it go, and the channel says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.facts import ApprovalRequested, LoopExpanded, StepUndone
from bot.domain.nouns import RunStatus
from tests.acceptance.conftest import FIRST, Story

pytestmark = pytest.mark.slow
RUNBOOK = """\
apiVersion: fireline/v1
name: spread
title: Traffic must leave the primary
owner: team-tests
severity: SEV2
autonomy: auto
on: {alert: [{match: ['alertname="CheckoutErrors"']}]}
steps:
  - id: spread
    name: Spread the traffic
    for_each: [{service: checkout, standby: 10}, {service: search, standby: 20}, {service: checkout, standby: 30}, {service: nowhere, standby: 40}]
    max_items: 3
    canary: 1
    uses: http.request
    with:
      method: PUT
      url: "{{ vars.shop_url }}/admin/weights/{{ item.service | urlencode }}"
      json: {primary: "{{ 100 - item.standby }}", standby: "{{ item.standby }}"}
    verify:
      uses: http.request
      with: {url: "{{ vars.shop_url }}/admin/weights/{{ item.service | urlencode }}"}
      expect: output.json.standby == item.standby
    undo:
      uses: http.request
      with: {method: PUT, url: "{{ vars.shop_url }}/admin/weights/{{ item.service | urlencode }}", json: {primary: 100, standby: 0}}
    on_failure: undo
"""


def test_a_list_longer_than_foreseen(tell: Callable[..., Story], tmp_path: Path) -> None:
    """Nothing runs before Ben agrees to exactly these four; the fourth fails, and what the three did is taken back, the last one first."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "spread.yaml").write_text(RUNBOOK, encoding="utf-8")
    story = tell(runbooks=folder)
    story.alert()
    approve = story.button(story.ben, "approve")
    asked = story.says(story.ben, "longer than foreseen", "4 items, where max_items: 3 allows 3", "4 calls")
    assert '"method": "PUT"' in asked
    assert story.shifts() == []
    story.ben.click(approve)
    assert story.ended() is RunStatus.FAILED
    assert [call["weights"]["standby"] for call in story.shifts()] == [10, 20, 30, 0, 0, 0]
    assert [call["service"] for call in story.shifts()][3:] == ["checkout", "search", "checkout"]
    story.says(story.ada, "Spread the traffic", "0 of 4 done, 1 failed, 3 undone")
    (expanded,) = story.record.facts(FIRST, LoopExpanded)
    assert len(expanded.items) == 4
    assert [each.items for each in story.record.facts(FIRST, ApprovalRequested)] == [4]
    undone = [fact.step for fact in story.record.facts(FIRST, StepUndone)]
    assert undone == ["spread[2]", "spread[1]", "spread[0]", "spread"]
    story.check_record()
