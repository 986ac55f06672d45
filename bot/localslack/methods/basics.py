"""`api.*`, `auth.*`, `team.*`, `bots.*`, `apps.*`: what a client asks before it does anything."""

from __future__ import annotations

from bot.localslack import wire
from bot.localslack.limits import SPECIAL, TIER_3, TIER_4
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal


def api_test(call: Call) -> Json:
    """Say back what was sent; fail as asked."""
    if call.text("error"):
        raise ApiRefusal(call.text("error"), args=dict(call.args))
    return {"args": dict(call.args)}


def auth_test(call: Call) -> Json:
    """Who the token is."""
    world = call.world
    return {
        "url": f"{world.base_url}/",
        "team": world.config.team_name,
        "user": world.app.bot_handle,
        "team_id": world.config.team_id,
        "user_id": world.app.bot_user_id,
        "bot_id": world.app.bot_id,
        "is_enterprise_install": False,
    }


def team_info(call: Call) -> Json:
    """The workspace."""
    if call.text("team") not in {"", call.world.config.team_id}:
        raise ApiRefusal("team_not_found")
    return {"team": wire.team(call.world)}


def bots_info(call: Call) -> Json:
    """The app's bot."""
    if call.text("bot") not in {"", call.world.app.bot_id}:
        raise ApiRefusal("bot_not_found")
    return {"bot": wire.bot(call.world)}


def connections_open(call: Call) -> Json:
    """A URL for one Socket Mode connection."""
    return {"url": call.socket_url()}


METHODS = (
    Method(name="api.test", handler=api_test, tier=TIER_4, token="none", arguments=takes("error")),  # noqa: S106
    Method(name="auth.test", handler=auth_test, tier=SPECIAL),
    Method(
        name="team.info", handler=team_info, tier=TIER_3, scope="team:read", arguments=takes("team domain")
    ),
    Method(
        name="bots.info", handler=bots_info, tier=TIER_3, scope="users:read", arguments=takes("bot team_id")
    ),
    Method(
        name="apps.connections.open",
        handler=connections_open,
        tier=TIER_3,
        token="app",  # noqa: S106  a kind of token
        scope="connections:write",
    ),
)
