"""People and user groups in the JSON shapes that Slack gives them on the wire.

Shapes follow https://docs.slack.dev/reference/objects and what `@slack/types` asks of them. Pure: it reads the world and changes nothing.
"""

from __future__ import annotations

from typing import Any

from bot.localslack.config import Group, Person
from bot.localslack.world import World

Json = dict[str, Any]
_SIZES = (24, 32, 48, 72, 192, 512)


def person(world: World, user: Person, *, with_email: bool = True, whole: bool = False) -> Json:
    """A user object; a `whole` one, as events carry it, has a locale and the profile's own fields."""
    profile = _profile(world, user, with_email=with_email)
    if whole:
        profile["fields"] = {}
    return ({"locale": "en-US"} if whole else {}) | {
        "id": user.id,
        "team_id": world.config.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "color": "9f69e7",
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_guest,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_email_confirmed": not user.is_bot,
        "updated": 0,
        "who_can_share_contact_card": "EVERYONE",
    }


def _profile(world: World, user: Person, *, with_email: bool) -> Json:
    picture = f"{world.base_url}/static/{'app' if user.is_bot else 'person'}.svg"
    first, _, last = user.real_name.partition(" ")
    profile: Json = {
        "title": user.title,
        "phone": "",
        "skype": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "status_text": "",
        "status_text_canonical": "",
        "status_emoji": "",
        "status_emoji_display_info": [],
        "status_expiration": 0,
        "avatar_hash": "local",
        "first_name": first,
        "last_name": last,
        "team": world.config.team_id,
    }
    profile |= {f"image_{size}": picture for size in _SIZES}
    if with_email and user.email:
        profile["email"] = user.email
    if user.is_bot:
        profile |= {"bot_id": world.app.bot_id, "api_app_id": world.app.id}
    return profile


def group(world: World, found: Group, *, with_users: bool = False) -> Json:
    """A user group object."""
    owner = world.config.people[0].id
    body: Json = {
        "id": found.id,
        "team_id": world.config.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": found.name,
        "handle": found.handle,
        "description": "",
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 1 if found.deleted else 0,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": owner,
        "updated_by": owner,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(found.members),
        "channel_count": 0,
    }
    if with_users:
        body["users"] = list(found.members)
    return body
