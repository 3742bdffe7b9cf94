"""The methods about the team, its people, its groups, and the app itself."""

from datetime import datetime
from zoneinfo import ZoneInfo

from playground.api.call import Call, Method
from playground.errors import SlackError
from playground.model import Json, Person


def described(call: Call, person: Person) -> Json:
    """Return a person as Slack describes one."""
    now = datetime.fromtimestamp(call.workspace.clock(), ZoneInfo(person.zone))
    offset = now.utcoffset()
    return {
        "id": person.id,
        "team_id": call.workspace.team_id,
        "name": person.name,
        "deleted": False,
        "real_name": person.real_name,
        "tz": person.zone,
        "tz_label": now.tzname(),
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": person.restricted,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "title": person.title,
            "email": "" if person.is_bot else f"{person.name}@{call.workspace.domain}.example",
        },
    }


def auth_test(call: Call) -> Json:
    """Say whose token this is."""
    workspace = call.workspace
    return {
        "url": f"{call.base_url}/",
        "team": workspace.settings.team,
        "user": workspace.bot.name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "is_enterprise_install": False,
    }


def api_test(call: Call) -> Json:
    """Answer with what was sent, or with the error that was asked for."""
    if call.text("error"):
        raise SlackError(call.text("error"))
    return {"args": {key: value for key, value in call.args.items() if key != "token"}}


def user_info(call: Call) -> Json:
    """Describe one person."""
    return {"user": described(call, call.workspace.member(call.text("user")))}


def users_list(call: Call) -> Json:
    """Describe everybody, the bot last."""
    everybody = [*call.workspace.people.values(), call.workspace.bot]
    return {"members": [described(call, person) for person in everybody], "response_metadata": {"next_cursor": ""}}


def groups_list(call: Call) -> Json:
    """List the user groups."""
    groups = []
    for group in call.workspace.groups:
        told: Json = {"id": group.id, "team_id": call.workspace.team_id, "is_usergroup": True, "date_delete": 0}
        told |= {"handle": group.handle, "name": group.name, "user_count": len(group.members)}
        if call.flag("include_users"):
            told["users"] = list(group.members)
        groups.append(told)
    return {"usergroups": groups}


def group_users(call: Call) -> Json:
    """List the people of one user group."""
    for group in call.workspace.groups:
        if group.id == call.text("usergroup"):
            return {"users": list(group.members)}
    raise SlackError("no_such_subteam")


def team_info(call: Call) -> Json:
    """Describe the team."""
    workspace = call.workspace
    told = {"id": workspace.team_id, "name": workspace.settings.team, "domain": workspace.domain}
    return {"team": {**told, "email_domain": f"{workspace.domain}.example", "icon": {"image_default": True}}}


def bot_info(call: Call) -> Json:
    """Describe the bot."""
    workspace = call.workspace
    if call.text("bot", workspace.bot_id) != workspace.bot_id:
        raise SlackError("bot_not_found")
    told = {"id": workspace.bot_id, "deleted": False, "name": workspace.bot.real_name, "updated": 0}
    return {"bot": {**told, "app_id": workspace.app_id, "user_id": workspace.bot.id, "icons": {}}}


METHODS = {
    "api.test": Method(api_test, token=""),
    "auth.test": Method(auth_test, token="any"),  # noqa: S106 - a kind of token, not a token
    "users.info": Method(user_info, ("users:read",)),
    "users.list": Method(users_list, ("users:read",)),
    "usergroups.list": Method(groups_list, ("usergroups:read",)),
    "usergroups.users.list": Method(group_users, ("usergroups:read",)),
    "team.info": Method(team_info, ("team:read",)),
    "bots.info": Method(bot_info, ("users:read",)),
}
