"""The methods beside what Slack publishes of them: tier, scopes, arguments, and what a call without a required one is told."""

from __future__ import annotations

import ast
from pathlib import Path

import httpx
import pytest

from bot.localslack import LocalSlack, LocalSlackConfig
from bot.localslack.limits import POSTING, SPECIAL, TIER_1, TIER_2, TIER_3, TIER_4
from bot.localslack.methods.call import Method
from bot.localslack.methods.registry import REGISTRY
from tests import published

METHODS = Path(__file__).parents[3] / "bot" / "localslack" / "methods"
TIERS = {"t1": {TIER_1}, "t2": {TIER_2}, "t3": {TIER_3}, "t4": {TIER_4}, "t5": {SPECIAL, POSTING}}


def test_every_method_is_one_that_slack_publishes() -> None:
    """None is made up."""
    assert REGISTRY.keys() <= published.methods().keys()


@pytest.mark.parametrize("name", REGISTRY)
def test_tier_scope_and_arguments(name: str) -> None:
    """The tier is the published one, each scope is one that Slack would take, each argument is one that it has."""
    method, facts = REGISTRY[name], published.methods()[name]
    assert method.tier in TIERS[facts.tier]
    assert set(filter(None, [method.scope, *method.by_kind.values()])) - {"connections:write"} <= facts.scopes
    assert method.arguments <= facts.arguments
    assert set(method.required) <= facts.arguments


def _lacking() -> list[tuple[str, str]]:
    """Every required argument of every method."""
    return [(name, wanted) for name in REGISTRY for wanted in sorted(published.methods()[name].required)]


def _arguments(method: Method) -> dict[str, str]:
    """Something for each argument that the method takes."""
    known = {
        "channel": "C0INCIDENTS", "channel_id": "C0INCIDENTS", "user": "U0ADAOKAFOR", "users": "U0ADAOKAFOR",
        "user_id": "U0ADAOKAFOR", "ts": "1.000001", "timestamp": "1.000001", "view": "{}", "changes": "[]",
        "usergroup": "S0SRE000000",
    }  # fmt: skip
    return {name: known.get(name, "1") for name in method.arguments}


@pytest.mark.parametrize(("name", "wanted"), _lacking())
async def test_a_call_without_a_required_argument(name: str, wanted: str) -> None:
    """It is refused, by an error that Slack publishes for it."""
    slack = LocalSlack(LocalSlackConfig(rate_limits=False))
    given = {key: value for key, value in _arguments(REGISTRY[name]).items() if key != wanted}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(slack), base_url="http://local") as client:
        headers = {"authorization": f"Bearer {slack.config.app.bot_token}"}
        answer = await client.post(f"/api/{name}", data=given, headers=headers)
    body = answer.json()
    assert answer.status_code == 200
    assert not body["ok"]
    assert body["error"] in published.methods()[name].errors


def _refusals(path: Path) -> set[str]:
    """The words that a file of methods refuses with."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ApiRefusal"
    ]
    first = [call.args[0] for call in calls if call.args]
    return {word.value for word in first if isinstance(word, ast.Constant) and isinstance(word.value, str)}


@pytest.mark.parametrize("path", sorted(METHODS.glob("*.py")), ids=lambda path: path.stem)
def test_refusals_are_published(path: Path) -> None:
    """Each word stands in the table of a method: which one, the integration tests see at every call."""
    every = set[str]().union(*(facts.errors for facts in published.methods().values()))
    assert _refusals(path) <= every
