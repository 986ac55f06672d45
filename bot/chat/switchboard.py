"""Leads what was asked to the workspace that it was asked in, and the answer back there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.chat.blocks.kit import Message
from bot.chat.inbound.payload import Asked
from bot.chat.inbound.reply import Answer
from bot.chat.inbound.worker import Task
from bot.chat.views.answer import ViewAnswer
from bot.chat.workspace import Workspace
from bot.errors import Refused


class Switchboard:
    """Every workspace by its id; the first is home. Where there is only one, nobody asks what it is called."""

    def __init__(self, workspaces: Iterable[Workspace]) -> None:
        self._workspaces = {each.ident: each for each in workspaces}
        self.home = next(iter(self._workspaces.values()))

    def __iter__(self) -> Iterator[Workspace]:
        """Yield every workspace, home first."""
        return iter(self._workspaces.values())

    def __getitem__(self, ident: str) -> Workspace:
        """Return a workspace that there is."""
        return self._workspaces[ident]

    def find(self, ident: str) -> Workspace | None:
        """Return the workspace of an id, home for none; None for one that this Fireline does not serve."""
        return self._workspaces.get(ident) if ident else self.home

    def glance(self, asked: Asked) -> Answer:
        """Answer what only reads, at once; None for what must be handled."""
        return self._of(asked).hands.glance(asked)

    async def handle(self, task: Task) -> Answer:
        """Do what was asked; raises FirelineError to refuse."""
        return await self._of(task.asked).hands.handle(task)

    async def tell(self, asked: Asked, answer: Message | ViewAnswer, *, since: datetime) -> None:
        """Show a message to the one who asked; nobody hears it in a workspace that the settings don't name any more."""
        there = self.find(asked.workspace)
        if there is not None:
            await there.replier.tell(asked, answer, since=since)

    def _of(self, asked: Asked) -> Workspace:
        there = self.find(asked.workspace)
        if there is None:
            # Kept before the settings were changed; done here it would be done by a stranger of the same id.
            raise Refused(f"The workspace {asked.workspace} is not served any more.")
        return there
