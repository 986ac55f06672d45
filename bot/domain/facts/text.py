"""A fact as the canonical JSON text that is hashed and stored.

`fact_to_text(fact)` is `canonical(fact_to_data(fact))`. Labels and annotations are the most of what busy intake writes, and are written twice, into
the event and into the alert's row. So a fact that holds alerts is put together from texts, and those of its words are remembered for their row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.canonical import canonical, text_in_json
from bot.domain.clock import to_text
from bot.domain.facts.base import Fact, fact_to_data
from bot.domain.facts.intake import AlertSeen, AlertsReceived

_MOST_REMEMBERED = 256
_REMEMBERED: dict[int, tuple[Mapping[str, str], str]] = {}


def fact_to_text(fact: Fact) -> str:
    """Return a fact's canonical JSON; TypeError or ValueError when a value has no form in the log."""
    if type(fact) is AlertsReceived:
        return _received(fact)
    return canonical(fact_to_data(fact))


def words_to_text(words: Mapping[str, str]) -> str:
    """Return the canonical JSON of an alert's labels or annotations; like all that a fact holds, they never change."""
    known = _REMEMBERED.get(id(words))
    if known is not None and known[0] is words:
        return known[1]
    text = canonical(words if type(words) is dict else dict(words))
    if len(_REMEMBERED) >= _MOST_REMEMBERED:
        _REMEMBERED.clear()
    _REMEMBERED[id(words)] = (words, text)
    return text


def _received(fact: AlertsReceived) -> str:
    changed = ",".join([_seen(each) for each in fact.changed])
    return (
        f'{{"again":{_list(fact.again)},"changed":[{changed}],"external_url":{text_in_json(fact.external_url)},'
        f'"group_key":{text_in_json(fact.group_key)},"receiver":{text_in_json(fact.receiver)},'
        f'"repeated":{_list(fact.repeated)},"truncated":{fact.truncated:d}}}'
    )


def _seen(alert: AlertSeen) -> str:
    ends_at = "null" if alert.ends_at is None else f'"{to_text(alert.ends_at)}"'
    return (
        f'{{"annotations":{words_to_text(alert.annotations)},"ends_at":{ends_at},'
        f'"fingerprint":{text_in_json(alert.fingerprint)},"generator_url":{text_in_json(alert.generator_url)},'
        f'"key":{text_in_json(alert.key)},"labels":{words_to_text(alert.labels)},'
        f'"starts_at":"{to_text(alert.starts_at)}","status":{text_in_json(alert.status)}}}'
    )


def _list(words: Sequence[str]) -> str:
    return canonical(list(words)) if words else "[]"
