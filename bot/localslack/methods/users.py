"""`users.*` and `usergroups.*`: who works here."""

from __future__ import annotations

from bot.localslack import wirepeople
from bot.localslack.limits import TIER_2, TIER_3, TIER_4
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal


def _with_email(call: Call) -> bool:
    return "users:read.email" in call.scopes


def users_list(call: Call) -> Json:
    """All people, bots and those who left included."""
    people, metadata = call.page(list(call.world.people.values()))
    members = [wirepeople.person(call.world, user, with_email=_with_email(call)) for user in people]
    return {"members": members, "cache_ts": call.world.epoch(), "response_metadata": metadata}


def users_info(call: Call) -> Json:
    """One person."""
    user = call.world.people.get(call.text("user"))
    if user is None:
        raise ApiRefusal("user_not_found")
    return {"user": wirepeople.person(call.world, user, with_email=_with_email(call))}


def lookup_by_email(call: Call) -> Json:
    """The person with that address; those who left are not found."""
    wanted = call.text("email").lower()
    for user in call.world.people.values():
        if user.email and user.email.lower() == wanted and not user.deleted:
            return {"user": wirepeople.person(call.world, user)}
    raise ApiRefusal("users_not_found")


def usergroups_list(call: Call) -> Json:
    """All user groups."""
    groups = [g for g in call.world.groups.values() if call.flag("include_disabled") or not g.deleted]
    return {
        "usergroups": [wirepeople.group(call.world, g, with_users=call.flag("include_users")) for g in groups]
    }


def usergroups_users_list(call: Call) -> Json:
    """Who is in a user group."""
    group = call.world.groups.get(call.text("usergroup"))
    if group is None or (group.deleted and not call.flag("include_disabled")):
        raise ApiRefusal("no_such_subteam")
    return {"users": list(group.members)}


METHODS = (
    Method(
        name="users.list",
        handler=users_list,
        tier=TIER_2,
        scope="users:read",
        arguments=takes("cursor limit include_locale team_id"),
    ),
    Method(
        name="users.info",
        handler=users_info,
        tier=TIER_4,
        scope="users:read",
        arguments=takes("user include_locale"),
        required=("user",),
    ),
    Method(
        name="users.lookupByEmail",
        handler=lookup_by_email,
        tier=TIER_3,
        scope="users:read.email",
        arguments=takes("email"),
        required=("email",),
    ),
    Method(
        name="usergroups.list",
        handler=usergroups_list,
        tier=TIER_2,
        scope="usergroups:read",
        arguments=takes("include_count include_disabled include_users team_id"),
    ),
    Method(
        name="usergroups.users.list",
        handler=usergroups_users_list,
        tier=TIER_2,
        scope="usergroups:read",
        arguments=takes("usergroup include_disabled team_id"),
        required=("usergroup",),
    ),
)
