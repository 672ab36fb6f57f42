"""What the bot says about itself: name, descriptions, commands, menu button."""

import re
from typing import Any

from simulator.api.calls import Call
from simulator.api.methods.addressing import known_chat
from simulator.refusals import Refusal, bad_request, too_many_requests
from simulator.state.changes import Profiled
from simulator.state.world import World

_MAX_COMMANDS = 100
_MAX_COMMAND_LENGTH, _MAX_COMMAND_DESCRIPTION_LENGTH = 32, 256
_MAX_NAME_LENGTH, _MAX_DESCRIPTION_LENGTH, _MAX_SHORT_DESCRIPTION_LENGTH = 64, 512, 120
_SCOPES_WITH_CHAT = ("chat", "chat_administrators", "chat_member")
_SCOPES = (
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    *_SCOPES_WITH_CHAT,
)
# `close` is refused for this many seconds after the bot has started.
_CLOSE_AFTER = 600

Scope = tuple[str, int, int, str]


def get_me(world: World, _call: Call) -> dict[str, Any]:
    """Return the bot as a user."""
    abilities = {
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
    }
    return world.bot | abilities | {"can_connect_to_business": False, "has_main_web_app": False}


def set_my_commands(world: World, call: Call) -> bool:
    """Set the commands of a scope and language; an empty list removes them."""
    commands = call.nested("commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands JSON object")
    if len(commands) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    scope = _scope(world, call)
    world.profile.commands[scope] = [_command(command) for command in commands]
    world.changes.publish(Profiled())
    return True


def get_my_commands(world: World, call: Call) -> list[dict[str, str]]:
    """Return the commands of exactly this scope and language."""
    return world.profile.commands.get(_scope(world, call), [])


def delete_my_commands(world: World, call: Call) -> bool:
    """Remove the commands of a scope and language."""
    world.profile.commands.pop(_scope(world, call), None)
    world.changes.publish(Profiled())
    return True


def commands_shown(world: World, account_id: int, language_code: str) -> list[dict[str, str]]:
    """Return the commands shown to a person: the narrowest scope, their own language first."""
    for kind, chat_id in (("chat", account_id), ("all_private_chats", 0), ("default", 0)):
        for language in (language_code, ""):
            commands = world.profile.commands.get((kind, chat_id, 0, language))
            if commands:
                return commands
    return []


def set_my_name(world: World, call: Call) -> bool:
    """Set the bot's name in a language."""
    return _set_text(world, world.profile.names, call, "name", _MAX_NAME_LENGTH)


def get_my_name(world: World, call: Call) -> dict[str, str]:
    """Return the bot's name in a language."""
    return {"name": _text_for(world.profile.names, call) or str(world.bot["first_name"])}


def set_my_description(world: World, call: Call) -> bool:
    """Set the description shown in an empty chat."""
    return _set_text(
        world, world.profile.descriptions, call, "description", _MAX_DESCRIPTION_LENGTH
    )


def get_my_description(world: World, call: Call) -> dict[str, str]:
    """Return the description shown in an empty chat."""
    return {"description": _text_for(world.profile.descriptions, call)}


def set_my_short_description(world: World, call: Call) -> bool:
    """Set the short description in the bot's profile."""
    return _set_text(
        world,
        world.profile.short_descriptions,
        call,
        "short_description",
        _MAX_SHORT_DESCRIPTION_LENGTH,
    )


def get_my_short_description(world: World, call: Call) -> dict[str, str]:
    """Return the short description in the bot's profile."""
    return {"short_description": _text_for(world.profile.short_descriptions, call)}


def set_chat_menu_button(world: World, call: Call) -> bool:
    """Set the button beside the input field, for one person or for all."""
    button = call.nested("menu_button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in ("commands", "web_app", "default"):
        raise bad_request("can't parse MenuButton: Unsupported type specified")
    world.profile.menu_buttons[_menu_chat(world, call)] = button
    return True


def get_chat_menu_button(world: World, call: Call) -> dict[str, Any]:
    """Return the button beside the input field."""
    return world.profile.menu_buttons.get(_menu_chat(world, call), {"type": "default"})


def log_out(_world: World, _call: Call) -> bool:
    """Refuse: a bot that logs out by mistake is locked out of the cloud for ten minutes."""
    raise bad_request("logOut is not simulated")


def close(_world: World, _call: Call) -> bool:
    """Refuse, as Telegram does in a bot's first ten minutes."""
    raise too_many_requests(_CLOSE_AFTER)


def _menu_chat(world: World, call: Call) -> int:
    return known_chat(world, call).id if call.has("chat_id") else 0


def _command(command: Any) -> dict[str, str]:
    if not isinstance(command, dict) or not {"command", "description"} <= command.keys():
        raise bad_request("can't parse BotCommand: Can't find field \"command\"")
    name, description = (
        str(command["command"]).strip().removeprefix("/"),
        str(command["description"]).strip(),
    )
    _check_length("command", name, _MAX_COMMAND_LENGTH)
    _check_length("command description", description, _MAX_COMMAND_DESCRIPTION_LENGTH)
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": name, "description": description}


def _check_length(what: str, value: str, longest: int) -> None:
    if not value:
        raise bad_request(f"{what} must be non-empty")
    if len(value) > longest:
        raise bad_request(f"{what} length must not exceed {longest}")


def _scope(world: World, call: Call) -> Scope:
    scope = call.nested("scope") or {"type": "default"}
    language = call.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise _bad_scope("Unsupported type specified")
    if scope["type"] not in _SCOPES_WITH_CHAT:
        return scope["type"], 0, 0, language
    return scope["type"], _scope_chat(world, scope), _scope_member(scope), language


def _scope_chat(world: World, scope: dict[str, Any]) -> int:
    if "chat_id" not in scope:
        raise _bad_scope('Can\'t find field "chat_id"')
    return known_chat(world, Call("", {"chat_id": scope["chat_id"]})).id


def _scope_member(scope: dict[str, Any]) -> int:
    if scope["type"] == "chat_member" and "user_id" not in scope:
        raise _bad_scope('Can\'t find field "user_id"')
    return int(scope.get("user_id", 0))


def _bad_scope(why: str) -> Refusal:
    return bad_request(f"can't parse BotCommandScope: {why}")


def _set_text(world: World, texts: dict[str, str], call: Call, name: str, longest: int) -> bool:
    if len(call.text(name)) > longest:
        raise bad_request(f"{name.replace('_', ' ')} length must not exceed {longest}")
    texts[call.text("language_code")] = call.text(name)
    world.changes.publish(Profiled())
    return True


def _text_for(texts: dict[str, str], call: Call) -> str:
    return texts.get(call.text("language_code")) or texts.get("", "")
