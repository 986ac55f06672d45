"""An Alertmanager in memory, as the port has it; `tests/contract/test_silences.py` holds it to what the real one does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.actions.outcome import ActionError, Failed, Reason
from bot.domain.ids import SilenceKey
from bot.domain.silences import Matcher, Silence

AWAY = Failed(reason=Reason.UNAVAILABLE, detail="alertmanager is not there", applied=False)
LOST = Failed(reason=Reason.TIMEOUT, detail="no answer")
REFUSED = Failed(reason=Reason.FORBIDDEN, detail="alertmanager answers 403")


@dataclass
class FakeAlertmanager:
    """Holds alerts and silences. `fails` is raised by the next calls, each once; what is lost took place all the same."""

    alerts: list[Mapping[str, str]] = field(default_factory=list)
    standing: dict[str, Silence] = field(default_factory=dict)
    fails: list[Failed | None] = field(default_factory=list)
    made: int = 0

    async def matched(self, matchers: Sequence[Matcher]) -> Sequence[Mapping[str, str]]:
        """See the port."""
        self._fail()
        return [labels for labels in self.alerts if all(_fits(each, labels) for each in matchers)]

    async def find(self, key: SilenceKey) -> str | None:
        """See the port."""
        self._fail()
        return next((ident for ident, each in self.standing.items() if each.key == key), None)

    async def make(self, silence: Silence) -> str:
        """See the port."""
        failure = self._next()
        if failure is None or failure is LOST:
            self.made += 1
            self.standing[f"id-{self.made}"] = silence
        if failure is not None:
            raise ActionError(failure)
        return f"id-{self.made}"

    async def expire(self, ident: str) -> None:
        """See the port."""
        failure = self._next()
        if failure is None or failure is LOST:
            self.standing.pop(ident, None)
        if failure is not None:
            raise ActionError(failure)

    def _next(self) -> Failed | None:
        return self.fails.pop(0) if self.fails else None

    def _fail(self) -> None:
        failure = self._next()
        if failure is not None:
            raise ActionError(failure)


def _fits(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher.name, "")
    return re.fullmatch(matcher.value, value) is not None if matcher.regex else value == matcher.value
