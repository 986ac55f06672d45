"""The API, joined to the rooms behind it; its tokens, from the settings."""

from __future__ import annotations

from bot.domain.nouns import person, service
from bot.ingress.api.doing import Doer
from bot.ingress.api.holders import Holder, Holders, Right, groups_in
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.routes import Api
from bot.settings import Settings
from bot.settings.api import ApiTokenSettings
from bot.wiring.fireline import Fireline
from bot.wiring.workspaces import home_of


def build_api(fireline: Fireline) -> Api:
    """Make the API of a Fireline that leads."""
    redact = fireline.redactor.redact
    onlooker = Onlooker(fireline.store.records, redact, home_of(fireline.settings))

    async def standing(ident: str) -> None:
        # Without chat there is nobody who knows more of a person than the settings do.
        if fireline.chat.on:
            await fireline.chat.identity.must_not_be_barred(ident)

    async def named(typed: str) -> str:
        return await fireline.chat.identity.named(typed) if fireline.chat.on else typed

    doer = Doer(
        desk=fireline.desk(fireline.store.journal),
        runs=fireline.driver,
        foresight=fireline.foresight(),
        onlooker=onlooker,
        standing=standing,
        named=named,
        clock=fireline.clock,
    )
    return Api(holders=holders_of(fireline.settings), doer=doer, onlooker=onlooker, redact=redact)


def holders_of(settings: Settings) -> Holders:
    """Return who holds the tokens that the settings name; the only place where these leave their type."""
    return Holders(
        (each.token.get_secret_value(), _holder(name, each, settings))
        for name, each in settings.api.tokens.items()
    )


def _holder(name: str, token: ApiTokenSettings, settings: Settings) -> Holder:
    may = frozenset(Right(each) for each in token.may)
    via = f"api/{name}"
    if token.person is None:
        return Holder(name=name, actor=service(token.service or "", via=via), groups=frozenset(), may=may)
    groups = groups_in(settings.groups, token.person, token.email or "") | frozenset(token.groups)
    return Holder(name=name, actor=person(token.person, via=via), groups=groups, may=may)
