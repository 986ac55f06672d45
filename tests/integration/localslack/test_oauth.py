"""Installing by OAuth, with bolt's own flow; tokens that rotate; a token given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackConfig, serving
from tests.integration.localslack.bench import Bench, bench, bolt_app, over_http

# slack-sdk sends the id and the secret by a class that aiohttp will drop in its next major.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
BACK = "http://127.0.0.1:1/slack/oauth_redirect"


async def test_bolt_installs_itself_and_works_with_what_it_got(local: Bench, tmp_path: Path) -> None:
    """Its link leads to the page that asks, Allow leads back, the code becomes a token, and a command is served with it."""
    app = local.slack.config.app
    store = FileInstallationStore(base_dir=str(tmp_path), client_id=app.client_id)
    settings = AsyncOAuthSettings(
        client_id=app.client_id,
        client_secret=app.client_secret,
        scopes=["chat:write", "commands"],
        installation_store=store,
        state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=str(tmp_path)),
        authorization_url=f"{local.url}/oauth/v2/authorize",
        install_page_rendering_enabled=False,
    )
    base = AsyncWebClient(base_url=f"{local.url}/api/")
    flow = AsyncOAuthFlow(client=base, settings=settings)
    bolt = AsyncApp(client=base, signing_secret=app.signing_secret, oauth_flow=flow)

    @bolt.command("/incident")
    async def incident(ack: Any, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(channel="C0INCIDENTS", text=f"with {client.token}")

    async with over_http(local, bolt) as url, httpx.AsyncClient(trust_env=False, timeout=20) as browser:
        settings.redirect_uri = f"{url}/slack/oauth_redirect"
        settings.authorize_url_generator.redirect_uri = settings.redirect_uri
        asked = await browser.get(f"{url}/slack/install")
        link = asked.headers["location"]
        page = await browser.get(link)
        assert "<code>chat:write</code>" in page.text
        allowed = await browser.get(link.replace("/authorize?", "/authorize/allow?"))
        # bolt's cookie is for https alone; a browser takes it on a loopback address, this client doesn't.
        cookie = {"cookie": asked.headers["set-cookie"].partition(";")[0]}
        done = await browser.get(allowed.headers["location"], headers=cookie)
        assert done.status_code == 200, done.text
        await local.do("command", user="ada", channel="incidents", command="/incident", text="")
        (post,) = await local.until(lambda seen: len(seen) == 1)
    token = post["text"].removeprefix("with ")
    assert token.startswith("xoxb-")
    assert token != app.bot_token


async def code_for(local: Bench, **asked: str) -> str:
    """What Ben's Allow gives."""
    query = {"client_id": local.slack.config.app.client_id, "scope": "chat:write", "user": "ben"}
    allowed = await local.hands.get(
        "/oauth/v2/authorize/allow", params=query | {"redirect_uri": BACK} | asked
    )
    assert allowed.status_code == 302, allowed.text
    return parse_qs(urlsplit(allowed.headers["location"]).query)["code"][0]


async def test_a_token_rotates_and_may_do_what_was_allowed() -> None:
    """It ends after 12 hours, the refresh token gives the next one once, and neither does more than a person allowed."""
    config = LocalSlackConfig(rate_limits=False)
    async with bench(replace(config, app=replace(config.app, token_rotation=True))) as local:
        app = local.slack.config.app
        secrets = {"client_id": app.client_id, "client_secret": app.client_secret}
        first = await local.client.oauth_v2_access(**secrets, code=await code_for(local), redirect_uri=BACK)
        assert (first["authed_user"]["id"], first["expires_in"]) == ("U0BENRUIZ00", 43_200)
        installed = AsyncWebClient(token=first["access_token"], base_url=f"{local.url}/api/")
        with pytest.raises(SlackApiError, match="missing_scope"):
            await installed.users_list()
        local.clock.advance(12 * 3600)
        with pytest.raises(SlackApiError, match="token_expired"):
            await installed.auth_test()
        renewed = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = await local.client.oauth_v2_access(**secrets, **renewed)
        installed.token = second["access_token"]
        assert (await installed.auth_test())["team"] == "Demo Shop"
        with pytest.raises(SlackApiError, match="invalid_refresh_token"):
            await local.client.oauth_v2_access(**secrets, **renewed)
        assert app.client_secret not in str((await local.hands.get("/_local/calls")).json())


async def test_what_is_wrong_with_a_request_is_said(local: Bench) -> None:
    """A code serves once, for its own redirect and its own app, within ten minutes; Cancel comes back as `access_denied`."""
    app = local.slack.config.app
    secrets = {"client_id": app.client_id, "client_secret": app.client_secret}
    spent, late, elsewhere = [await code_for(local) for _ in range(3)]
    await local.client.oauth_v2_access(**secrets, code=spent, redirect_uri=BACK)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("invalid_code", secrets | {"code": spent, "redirect_uri": BACK}),
        ("bad_redirect_uri", secrets | {"code": elsewhere, "redirect_uri": f"{BACK}/x"}),
        ("bad_client_secret", secrets | {"client_secret": "x", "code": late}),
        ("invalid_client_id", secrets | {"client_id": "x", "code": late}),
        ("invalid_grant_type", secrets | {"grant_type": "password", "code": late}),
    ]
    for error, arguments in cases:
        assert await _word(local, **arguments) == error
    local.clock.advance(601)
    assert await _word(local, **secrets, code=late, redirect_uri=BACK) == "invalid_code"
    asked = {"client_id": app.client_id, "scope": "chat:write", "redirect_uri": BACK, "state": "s"}
    cancelled = await local.hands.get("/oauth/v2/authorize/cancel", params=asked)
    assert cancelled.headers["location"] == f"{BACK}?error=access_denied&state=s"
    for wrong in ({"client_id": "x"}, {"scope": ""}, {"scope": "admin"}, {"redirect_uri": "javascript:x"}):
        assert (await local.hands.get("/oauth/v2/authorize", params=asked | wrong)).status_code == 400


async def _word(local: Bench, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await local.client.oauth_v2_access(**arguments)
    return str(refused.value.response["error"])


async def test_a_second_workspace_has_people_and_tokens_of_its_own(local: Bench) -> None:
    """Its people allow the app at Slack's one address; its token is for it alone, and what it sends says whose it is."""
    first, app = local.slack, local.slack.config.app
    its_app = replace(app, bot_token="xoxb-made-with-the-second", bot_user_id="U0FIRELINE2", bot_id="B2")
    its = replace(first.config, team_id="T0SECOND000", team_name="Demo Payments", app=its_app)
    second = LocalSlack(its, local.clock, beside=first)
    heard: list[Any] = []
    bolt = bolt_app(local)

    @bolt.middleware
    async def hear(body: dict[str, Any]) -> BoltResponse:
        heard.append(body)
        return BoltResponse(status=200, body="")

    async with serving(second) as url, over_http(local, bolt):
        second.http.request_url = first.http.request_url
        secrets = {"client_id": app.client_id, "client_secret": app.client_secret}
        code = await code_for(local, team="T0SECOND000", user="ada")
        given = await local.client.oauth_v2_access(**secrets, code=code, redirect_uri=BACK)
        assert given["team"] == {"id": "T0SECOND000", "name": "Demo Payments"}
        client = AsyncWebClient(token=given["access_token"], base_url=f"{local.url}/api/")
        assert (await client.auth_test())["team_id"] == "T0SECOND000"
        assert (await local.client.auth_test())["team_id"] == "T0LOCAL0000"
        await client.chat_postMessage(channel="C0INCIDENTS", text="in the second alone")
        assert not await local.messages("incidents")
        with pytest.raises(SlackApiError, match="invalid_auth"):
            await AsyncWebClient(token=app.bot_token, base_url=f"{url}/api/").auth_test()
        typed = {"user": "ada", "channel": "incidents", "command": "/incident", "text": "list"}
        async with httpx.AsyncClient(trust_env=False, timeout=20) as hands:
            assert (await hands.post(f"{url}/_local/command", json=typed)).json()["ack"]["outcome"] == "ok"
        await local.do("command", **typed)
    assert [each["team_id"] for each in heard if "command" in each] == ["T0SECOND000", "T0LOCAL0000"]


async def test_a_token_given_up_is_gone_and_the_app_hears(local: Bench) -> None:
    """`auth.revoke` ends the token; `tokens_revoked` and `app_uninstalled` follow."""
    heard: list[str] = []
    app = bolt_app(local)

    async def event(event: dict[str, Any]) -> None:
        heard.append(event["type"])

    async with over_http(local, app):
        for kind in ("tokens_revoked", "app_uninstalled"):
            app.event(kind)(event)
        await local.client.auth_test()
        assert not (await local.client.auth_revoke(test="1"))["revoked"]
        assert (await local.client.auth_revoke())["revoked"]
        await local.slack.delivery.settle()
    with pytest.raises(SlackApiError, match="token_revoked"):
        await local.client.auth_test()
    sent = (await local.hands.get("/_local/deliveries")).json()["deliveries"]
    assert [each["what"] for each in sent] == ["tokens_revoked", "app_uninstalled"]
