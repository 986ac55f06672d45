"""Every method that the Local Slack answers, by name. A method that is not here is `unknown_method`."""

from __future__ import annotations

from itertools import chain

from bot.localslack.methods import (
    basics,
    bookmarks,
    canvases,
    channels,
    chat,
    conversations,
    files,
    marks,
    oauth,
    users,
    views,
)
from bot.localslack.methods.call import Method

REGISTRY: dict[str, Method] = {
    method.name: method
    for method in chain(
        basics.METHODS,
        oauth.METHODS,
        users.METHODS,
        channels.METHODS,
        conversations.METHODS,
        chat.METHODS,
        marks.METHODS,
        bookmarks.METHODS,
        canvases.METHODS,
        views.METHODS,
        files.METHODS,
    )
}
