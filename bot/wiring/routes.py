"""The one HTTP application: webhooks, health, metrics, chat's callbacks, the console."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bot.chat.config import ChatConfig
from bot.chat.inbound.standing import standing_routes
from bot.console.pages import console_routes
from bot.incidents.custodian import Custodian
from bot.ingress.alertmanager import AlertmanagerWebhook
from bot.ingress.api.routes import standby_api
from bot.ingress.app import StraightIn, ingress_routes
from bot.ingress.credentials import Credentials
from bot.ingress.health import Check, Health, flag, journal_writes
from bot.settings import Settings
from bot.telemetry.requests import CountRequests
from bot.wiring.api import build_api, holders_of
from bot.wiring.chat import custodian_of
from bot.wiring.fireline import Fireline
from bot.wiring.standby import NoJournal, Standby

_BLIND = 60.0
"""Seconds without a look at who leads after which a process that stands by should be started anew; a look at a server that is gone takes some ten."""


def application(fireline: Fireline) -> ASGIApp:
    """Return everything that Fireline answers over HTTP."""
    settings = fireline.settings
    webhook = AlertmanagerWebhook(
        fireline.intake,
        credentials=credentials_of(settings),
        keep=fireline.evidence.keep,
        metrics=fireline.metrics,
        most_body=int(settings.alertmanager.max_body_bytes),
    )
    ingress = ingress_routes(
        alertmanager=webhook,
        metrics=fireline.metrics,
        alive={"journal": _journal_lives(fireline)},
        ready={
            "log": journal_writes(fireline.store.journal),
            "work": _work_goes_on(fireline),
            "recovery": flag(lambda: fireline.recovered, yes="finished", no="runs are being taken up"),
        },
        info={"chat": _chat(fireline), "runbooks": _runbooks(fireline)},
    )
    console = console_routes(
        fireline.store.records,
        token=settings.console.token,
        names=fireline.names,
        redact=fireline.redactor.redact,
        evidence=custodian_of(fireline),
        clock=fireline.clock,
    )
    api = build_api(fireline).routes()
    routes: Sequence[BaseRoute] = [*ingress, *api, *fireline.chat.routes(), *console]
    app = Starlette(routes=routes, middleware=[Middleware(CountRequests, metrics=fireline.metrics)])
    return StraightIn(app, webhook, fireline.metrics)


def standby_application(standby: Standby) -> ASGIApp:
    """Return what a process that stands by answers over HTTP: what comes in is kept for the leader, what is on record is shown."""
    settings, metrics = standby.grounds.settings, standby.grounds.metrics
    webhook = AlertmanagerWebhook(
        standby.relay,
        credentials=credentials_of(settings),
        keep=standby.evidence.keep,
        metrics=metrics,
        most_body=int(settings.alertmanager.max_body_bytes),
    )
    ingress = ingress_routes(
        alertmanager=webhook,
        metrics=metrics,
        alive={
            "watch": flag(lambda: standby.blind_for < _BLIND, yes="it looks who leads", no="it looks no more")
        },
        ready={"relay": _relay(standby)},
        info={},
        leads=_leader_elsewhere(standby),
    )
    api = standby_api(holders_of(settings), lambda: str(standby.sight.leader or ""))
    chat = standing_routes(ChatConfig.from_settings(settings), standby.relay.put, standby.grounds.clock)
    console = console_routes(
        standby.records,
        token=settings.console.token,
        names=dict,  # chat is asked for names by the leader alone
        redact=standby.grounds.redactor.redact,
        evidence=Custodian(
            NoJournal(standby),
            standby.records,
            open_blob=lambda digest: standby.evidence.open(digest, verify=True),
            redact=standby.grounds.redactor.redact,
        ),
        clock=standby.grounds.clock,
    )
    app = Starlette(
        routes=[*ingress, *api, *chat, *console], middleware=[Middleware(CountRequests, metrics=metrics)]
    )
    return StraightIn(app, webhook, metrics)


def _relay(standby: Standby) -> Check:
    async def check() -> Health:
        trouble = standby.sight.trouble
        return Health(ok=not trouble, detail=trouble or "what comes in is kept for the one that leads")

    return check


def _leader_elsewhere(standby: Standby) -> Check:
    async def check() -> Health:
        return Health(ok=False, detail=f"another process leads: {standby.sight.leader or 'not known which'}")

    return check


def credentials_of(settings: Settings) -> Credentials:
    """Return what a sender of alerts must show."""
    accepted = settings.alertmanager
    bearers = [_revealed(accepted.bearer_token)] if accepted.bearer_token else []
    basics = (
        [(accepted.basic_username, _revealed(accepted.basic_password))] if accepted.basic_username else []
    )
    return Credentials(bearers=bearers, basics=basics)


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def _journal_lives(fireline: Fireline) -> Check:
    async def check() -> Health:
        # A database that can't be written is not cured by a restart: that is for /readyz to say.
        ended = fireline.store.journal.ended
        return Health(ok=not ended, detail=ended or "its thread runs")

    return check


def _work_goes_on(fireline: Fireline) -> Check:
    async def check() -> Health:
        trouble = fireline.upkeep.trouble
        return Health(ok=not trouble, detail=trouble or "nothing has broken off")

    return check


def _chat(fireline: Fireline) -> Check:
    async def check() -> Health:
        trouble = fireline.chat.ready()
        return Health(ok=trouble is None, detail=trouble or "")

    return check


def _runbooks(fireline: Fireline) -> Check:
    async def check() -> Health:
        names = [book.name for book in fireline.shelf.runbooks()]
        return Health(ok=bool(names), detail=", ".join(names) or "none in force: no alert can start one")

    return check
