"""Trigger ids and response URLs: short-lived permissions that a person's act gives to the app.

A trigger id lives 3 s and opens one view; a response URL takes 5 messages in 30 minutes
(https://docs.slack.dev/interactivity/handling-user-interaction). What is then opened or said is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.localslack.clock import Clock
from bot.localslack.ids import Ids
from bot.localslack.refusal import ApiRefusal

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5


@dataclass(slots=True, kw_only=True)
class Trigger:
    """The right to show one view to one person."""

    user: str
    made: datetime
    used: bool = False
    view_id: str = ""  # set when the act was done inside a view


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """The right to say something where the person acted."""

    user: str
    channel: str
    made: datetime
    message_ts: str = ""  # the message that the act was done on; empty for a command
    thread_ts: str = ""
    uses: int = 0


class Handles:
    """Gives out trigger ids and response URLs and says when one is worn out."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    def new_trigger(self, user: str, *, view_id: str = "") -> str:
        """A trigger id for what `user` did just now."""
        made = self._clock.now()
        trigger_id = f"{int(made.timestamp())}.{self._ids.make('')}.{self._ids.short()}"
        self._triggers[trigger_id] = Trigger(user=user, made=made, view_id=view_id)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Spend a trigger id. Raises ApiRefusal as `views.open` and `views.push` do."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiRefusal("invalid_trigger_id")
        if trigger.used:
            raise ApiRefusal("exchanged_trigger_id")
        if self._clock.now() - trigger.made > TRIGGER_LIFE:
            raise ApiRefusal("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response(self, *, user: str, channel: str, message_ts: str = "", thread_ts: str = "") -> str:
        """The key of a new response URL."""
        key = self._ids.make("R")
        self._responses[key] = ResponseUrl(
            user=user, channel=channel, made=self._clock.now(), message_ts=message_ts, thread_ts=thread_ts
        )
        return key

    def use_response(self, key: str) -> ResponseUrl:
        """Spend one use of a response URL. Raises ApiRefusal with `expired_url` or `used_url`."""
        response = self._responses.get(key)
        if response is None or self._clock.now() - response.made > RESPONSE_LIFE:
            raise ApiRefusal("expired_url")
        if response.uses >= RESPONSE_USES:
            raise ApiRefusal("used_url")
        response.uses += 1
        return response
