"""The assembly: every room made and joined, from settings, over an open store.

store → runbooks → driver → intake and desk → chat        then `Fireline.start`: recover runs, route what is pending, wake at the next due time
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Callable

from bot import __version__
from bot.actions.contract import Catalogue
from bot.domain.clock import Clock
from bot.domain.ports import Journal
from bot.engine.driver import Driver
from bot.engine.guards import Guards
from bot.engine.performer import Performer
from bot.evidence.redaction import Redactor
from bot.incidents.desk import Desk
from bot.incidents.dispatch import Dispatcher
from bot.incidents.intake import Intake
from bot.incidents.lifecycle import everything
from bot.incidents.reminders import Reminders
from bot.incidents.routing import choose
from bot.incidents.silencer import Silencer
from bot.incidents.timekeeper import Timekeeper
from bot.incidents.usher import Usher
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.log_writer import MANY
from bot.persistence.store import Store, open_store
from bot.schedule.alarm import ApschedulerAlarm
from bot.schedule.bells import Bells
from bot.settings import Settings
from bot.telemetry import Metrics
from bot.wiring.actions import build_actions, catalogue_of
from bot.wiring.chat import build_chat
from bot.wiring.fireline import Desks, Fireline
from bot.wiring.grounds import Grounds, prepare
from bot.wiring.library import Shelf
from bot.wiring.patience import patience_of
from bot.wiring.protection import rules_of
from bot.wiring.relay import build_collector
from bot.wiring.secrets import SettingsSecrets
from bot.wiring.silencing import build_silencer
from bot.wiring.watching import CountEvents
from bot.wiring.watching_letters import CountLetters
from bot.wiring.watching_targets import CountTargets
from bot.wiring.workspaces import home_of, workspace_by_labels
from integrations.transport import Transport, TransportConfig

_LETTERS = 100_000
"""Dead letters that are counted at the start; nobody has as many."""
_RETRY_CEILING = 30.0
"""Seconds: the longest pause between two tries to write while the database is away."""


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Fireline]:
    """Start a Fireline that leads, and stop it at the end of the block; ConfigurationError when it can't."""
    fireline = await open_fireline(prepare(settings))
    try:
        await fireline.start()
        yield fireline
    finally:
        await fireline.stop()


async def open_fireline(grounds: Grounds, *, on_lost: Callable[[str], None] = lambda _why: None) -> Fireline:
    """Take the lead and make every room; nothing runs yet. Raises, and calls `on_lost`, as `open_store` does."""
    settings = grounds.settings
    counting = CountEvents(grounds.metrics)
    store = await open_store(
        settings.database,
        grounds.clock,
        max_batch=settings.journal.max_batch,
        max_waiting=settings.journal.max_waiting,
        observer=counting,
        on_lost=on_lost,
        room=True,
        many=MANY if settings.journal.log_writer else None,
    )
    try:
        under_way = await asyncio.to_thread(store.records.unfinished_runs)
        frozen = await asyncio.to_thread(store.records.freeze)
        counting.begin(runs=len(under_way), waiting=lambda: store.journal.waiting, frozen=frozen is not None)
        store.journal.listen(counting)
        rules = rules_of(settings)
        targets = CountTargets(grounds.metrics, limits_of=lambda target: rules.of(target).name)
        targets.begin([each.target for each in await asyncio.to_thread(store.records.targets_away)])
        store.journal.listen(targets)
        letters = CountLetters(grounds.metrics)
        letters.begin(await asyncio.to_thread(store.records.dead_letters, limit=_LETTERS))
        store.journal.listen(letters)
        return assemble(
            settings,
            store=store,
            clock=grounds.clock,
            metrics=grounds.metrics,
            sources=grounds.sources,
            redactor=grounds.redactor,
        )
    except BaseException:  # the store is closed, whatever it was; raised again
        await store.close()
        raise


def assemble(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    metrics: Metrics,
    sources: SettingsSecrets,
    redactor: Redactor,
) -> Fireline:
    """Make every room over an open store; nothing runs yet."""
    transport = Transport(TransportConfig())
    actions = build_actions(settings, transport)
    shelf = _shelf(settings, store, catalogue_of(actions))
    evidence = EvidenceFiles(settings.evidence_dir)
    bells = Bells(ApschedulerAlarm(), clock)
    dice = random.SystemRandom()
    performer = Performer(
        actions=actions,
        secrets=sources,
        captures=evidence.capture,
        version=__version__,
        chance=dice.random,
        hide=redactor.hide_known,
        surely_leading=store.surely_leading,
    )
    driver = _driver(settings, store, shelf, performer, clock, bells)
    dispatcher = _dispatcher(settings, store, shelf, driver, clock)
    silencer = build_silencer(settings, store, transport, clock=clock, tokens=_token)
    fireline = Fireline(
        settings=settings,
        clock=clock,
        metrics=metrics,
        store=store,
        shelf=shelf,
        driver=driver,
        alarm=bells,
        timekeeper=_timekeeper(settings, store, shelf, driver, clock, bells),
        dispatcher=dispatcher,
        usher=_usher(store, driver),
        reminders=_reminders(settings, store, clock, bells),
        intake=Intake(
            store.journal,
            wake=dispatcher.wake,
            wanted=lambda labels: choose(shelf.runbooks(), labels) is not None,
        ),
        desk=_desks(settings, store, shelf, driver, silencer),
        silencer=silencer,
        evidence=evidence,
        redactor=redactor,
        transport=transport,
    )
    fireline.chat = build_chat(fireline)
    fireline.collector = build_collector(fireline)
    return fireline


def _shelf(settings: Settings, store: Store, catalogue: Catalogue) -> Shelf:
    return Shelf(
        settings.runbooks,
        catalogue=catalogue,
        variables=tuple(settings.vars),
        groups=settings.groups,
        reader=store.records,
        engine=settings.engine,
        protection=settings.protection,
    )


def _driver(
    settings: Settings,
    store: Store,
    shelf: Shelf,
    performer: Performer,
    clock: Clock,
    bells: Bells,
) -> Driver:
    bell, dice = bells.bell(), random.SystemRandom()
    driver = Driver(
        journal=store.journal,
        reader=store.records,
        clock=clock,
        performer=performer,
        plan_of=shelf.plan_of,
        alarm=bell,
        retry_pause=lambda tries: dice.uniform(0.1, min(_RETRY_CEILING, 0.5 * 2 ** min(tries, 10))),
        guards=Guards(rules_of(settings)),
    )
    bell.ring = driver.tick
    return driver


def _dispatcher(settings: Settings, store: Store, shelf: Shelf, driver: Driver, clock: Clock) -> Dispatcher:
    dispatcher = Dispatcher(
        store.journal,
        driver,
        runbooks=shelf.runbooks,
        clock=clock,
        tokens=_token,
        variables=settings.vars,
        workspace_of=workspace_by_labels(settings),
    )
    store.journal.listen_late(dispatcher.catch_up)
    store.journal.listen(dispatcher.watch)
    return dispatcher


def _usher(store: Store, driver: Driver) -> Usher:
    usher = Usher(store.journal, driver)
    store.journal.listen(usher.watch)
    return usher


def _timekeeper(
    settings: Settings, store: Store, shelf: Shelf, driver: Driver, clock: Clock, bells: Bells
) -> Timekeeper:
    bell = bells.bell()
    timekeeper = Timekeeper(
        store.journal,
        driver,
        runbooks=shelf.runbooks,
        clock=clock,
        alarm=bell,
        tokens=_token,
        variables=settings.vars,
        workspace=home_of(settings),
    )
    bell.ring = timekeeper.ring
    store.journal.listen(timekeeper.watch)
    return timekeeper


def _reminders(settings: Settings, store: Store, clock: Clock, bells: Bells) -> Reminders:
    bell = bells.bell()
    reminders = Reminders(store.journal, patience=patience_of(settings), clock=clock, alarm=bell)
    bell.ring = reminders.ring
    store.journal.listen(reminders.watch)
    return reminders


def _desks(
    settings: Settings, store: Store, shelf: Shelf, driver: Driver, silencer: Silencer | None
) -> Desks:
    """Return what makes a desk over a journal: chat hands one in that marks its payload as handled in the same unit of work."""

    def desk_over(journal: Journal, workspace: str = "") -> Desk:
        home = home_of(settings)
        mine = {workspace, "" if workspace == home else workspace}
        return Desk(
            journal,
            store.records_of(workspace, home=workspace == home),
            driver,
            runbook=shelf.get,
            tokens=_token,
            variables=settings.vars,
            roles=settings.roles,
            silencer=silencer,
            workspace=workspace or home,
            home=home,
            sees=(lambda incident: incident.workspace in mine) if workspace else everything,
        )

    return desk_over


def _token() -> str:
    return secrets.token_hex(16)
