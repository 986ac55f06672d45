"""`oauth.v2.access`, `auth.revoke`: how an app comes by a token, renews it and gives it up."""

from __future__ import annotations

from bot.localslack.grants import TOKEN_LIFE, Grant
from bot.localslack.limits import SPECIAL, TIER_3
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal


def access(call: Call) -> Json:
    """A token for a code, or the next one for a refresh token."""
    app = call.world.app
    if call.text("client_id") != app.client_id:
        raise ApiRefusal("invalid_client_id")
    if call.text("client_secret") != app.client_secret:
        raise ApiRefusal("bad_client_secret")
    kind = call.text("grant_type") or "authorization_code"
    if kind == "refresh_token":
        return _given(call, call.world.grants.renew(call.text("refresh_token")))
    if kind != "authorization_code":
        raise ApiRefusal("invalid_grant_type")
    return _given(call, call.world.grants.redeem(call.text("code"), call.text("redirect_uri")))


def _given(call: Call, grant: Grant) -> Json:
    config, app = call.world.config, call.world.app
    answer: Json = {
        "access_token": grant.token,
        "token_type": "bot",
        "scope": ",".join(sorted(grant.scopes)),
        "bot_user_id": app.bot_user_id,
        "app_id": app.id,
        "team": {"name": config.team_name, "id": config.team_id},
        "enterprise": None,
        "authed_user": {"id": grant.user},
        "is_enterprise_install": False,
    }
    if grant.refresh:
        answer |= {"refresh_token": grant.refresh, "expires_in": int(TOKEN_LIFE.total_seconds())}
    return answer


def revoke(call: Call) -> Json:
    """Give the token up; the app hears that it is gone."""
    if call.flag("test"):
        return {"revoked": False}
    call.world.revoke(call.token)
    return {"revoked": True}


METHODS = (
    Method(
        name="oauth.v2.access",
        handler=access,
        tier=SPECIAL,
        token="none",  # noqa: S106  a kind of token
        arguments=takes("client_id client_secret code grant_type redirect_uri refresh_token"),
    ),
    Method(name="auth.revoke", handler=revoke, tier=TIER_3, arguments=takes("test")),
)
