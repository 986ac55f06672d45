"""The API over an office, with a few people's tokens, asked over HTTP without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.applications import Starlette

from bot.domain import facts
from bot.domain.dead_letters import Landing, land
from bot.domain.ids import ApprovalId, RunId
from bot.domain.nouns import DeadKind, DeadReason, Severity, person, service
from bot.errors import NotAllowed, Refused
from bot.ingress.api.doing import Doer
from bot.ingress.api.holders import Holder, Holders, Right
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.routes import Api
from tests.fakes import tales
from tests.fakes.office import Office
from tests.fakes.playing import tell
from tests.fakes.timeline import Timeline

ADA = person("U0ADA", via="api/ada")
DEPLOY = service("deploy", via="api/deploy")
TOKENS = {
    "ada": "ada-token-0123456789abcdef",
    "deploy": "deploy-token-0123456789ab",
    "ben": "ben-token-0123456789abcdef",
    "cleo": "cleo-token-0123456789abcde",
}
HOLDERS = Holders(
    [
        (TOKENS["ada"], Holder(name="ada", actor=ADA, groups=frozenset({"sre"}), may=frozenset(Right))),
        (
            TOKENS["deploy"],
            Holder(name="deploy", actor=DEPLOY, groups=frozenset(), may=frozenset({Right.STEER, Right.NOTE})),
        ),
        (
            TOKENS["ben"],
            Holder(
                name="ben",
                actor=person("U0BEN", via="api/ben"),
                groups=frozenset(),
                may=frozenset({Right.DECIDE}),
            ),
        ),
        (
            TOKENS["cleo"],
            Holder(
                name="cleo",
                actor=person("U0CLEO", via="api/cleo"),
                groups=frozenset(),
                may=frozenset({Right.DECLARE}),
            ),
        ),
    ]
)


@dataclass
class Desk:
    """The API over an office; `barred` are people of whom Slack says that they decide nothing."""

    office: Office
    barred: set[str] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        """The application."""
        redact: Callable[[str], str] = lambda text: text.replace("hunter2", "[redacted]")  # noqa: E731 - typed
        onlooker = Onlooker(self.office.store.records, redact)
        doer = Doer(
            desk=self.office.desk,
            runs=self.office.runs,
            foresight=self.office.foresight(),
            onlooker=onlooker,
            standing=self._standing,
            named=self._named,
            clock=self.office.clock,
        )
        return Starlette(routes=Api(holders=HOLDERS, doer=doer, onlooker=onlooker, redact=redact).routes())

    async def _standing(self, ident: str) -> None:
        if ident in self.barred:
            raise NotAllowed("You can't decide here: guests don't decide.")

    async def _named(self, typed: str) -> str:
        if typed == "@nobody":
            raise Refused("Nobody is called @nobody.")
        return f"U0{typed[1:].upper()}" if typed.startswith("@") else typed

    def client(self, token: str | None = "ada") -> httpx.AsyncClient:
        """Return a client with somebody's token."""
        headers = {"authorization": f"Bearer {TOKENS[token]}"} if token else {}
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://fireline/api/v1/", headers=headers)

    async def post(self, verb: str, body: Mapping[str, Any], token: str | None = "ada") -> httpx.Response:
        """Ask for something."""
        async with self.client(token) as client:
            return await client.post(verb, json=body)

    async def tell_of_a_leak(self) -> None:
        """Have Fireline open a private incident, 43, that nobody has a part in: a run of it asks, and something of it is the first dead letter."""
        tale = Timeline(43)
        opened = facts.IncidentOpened(
            incident=tale.incident, title="A leak", severity=Severity.SEV1, private=True
        )
        run = replace(tales.run_started(), run=RunId("43-1"))
        asked = replace(tales.asked(tale), run=run.run, approval=ApprovalId("43-1/shift/1"))
        await tell(self.office.store, self.office.clock, tale.add(opened, run, asked))
        landing = Landing(
            what=DeadKind.RELAYED,
            about="a leak",
            reason=DeadReason.BUG,
            title="A leak",
            detail="",
            incident=tale.incident,
        )
        await self.office.store.journal.submit(lambda tx: land(tx, landing))
