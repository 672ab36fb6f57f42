"""Messages, people and the bot as the page gets them: plain JSON, times in Unix seconds."""

from typing import Any

from simulator.demo.people import DemoPerson
from simulator.simulator import Simulator
from simulator.state.changes import (
    Acted,
    Answered,
    Change,
    Deleted,
    Edited,
    Profiled,
    Standing,
    Tapped,
    Written,
)
from simulator.state.chats import Attachment, Chat, Message
from simulator.state.world import World

Shown = dict[str, Any]
# A page gets so many of the newest messages of a chat at once, and asks for the earlier ones.
PAGE = 100


def message_shown(message: Message) -> Shown:
    """Return a message: who wrote it, its text with entities, its buttons, its file, and what it replies to."""
    reply = message.reply_to
    return {
        "id": message.id,
        "mine": message.sender == "person",
        "date": message.date,
        "edited": message.edit_date,
        "text": message.text,
        "entities": message.entities,
        "rows": [[button.as_json() for button in row] for row in message.rows],
        "file": file_shown(message.attachment) if message.attachment else None,
        "reply": {"mine": reply.sender == "person", "text": reply.text} if reply else None,
    }


def file_shown(file: Attachment) -> Shown:
    """Return a file: kind, name, size in bytes, width and height in pixels, and where the page finds it."""
    known = {
        "kind": file.kind,
        "name": file.name,
        "size": len(file.content),
        "width": file.width,
        "height": file.height,
    }
    return known | {"url": f"/demo/file/{file.file_id}"}


def messages_shown(chat: Chat, before: int | None = None) -> Shown:
    """Return the newest messages of a chat, or those right before a message number, and how many lie before them."""
    messages = (
        chat.messages
        if before is None
        else [message for message in chat.messages if message.id < before]
    )
    first = max(len(messages) - PAGE, 0)
    return {"messages": [message_shown(message) for message in messages[first:]], "earlier": first}


def person_shown(simulator: Simulator, who: DemoPerson) -> Shown:
    """Return a person with phone and chat."""
    account = simulator.world.accounts[who.person.id]
    basis = {
        "id": account.id,
        "name": account.name,
        "language": account.language_code or "en",
        "zone": who.zone,
        "role": who.role,
    }
    standing = {"started": account.started, "blocked": account.blocked}
    return basis | standing | profile_shown(simulator, who) | messages_shown(account.chat)


def profile_shown(simulator: Simulator, who: DemoPerson) -> Shown:
    """Return what the bot says about itself to this person: commands in the menu and the description of an empty chat."""
    descriptions = simulator.world.profile.descriptions
    language = simulator.world.accounts[who.person.id].language_code or ""
    description = descriptions.get(language) or descriptions.get("", "")
    return {
        "id": who.person.id,
        "commands": simulator.commands_for(who.person),
        "description": description,
    }


def bot_shown(world: World) -> Shown:
    """Return the bot's name and user name."""
    return {"name": world.bot["first_name"], "username": world.username}


def chat_of(change: Change) -> int | None:
    """Return the chat a change happened in, None for one that concerns everybody."""
    match change:
        case Written(message) | Edited(message):
            return message.chat.id
        case Deleted(chat_id) | Acted(chat_id):
            return chat_id
        case Tapped(tap) | Answered(tap):
            return tap.account.id
        case Standing(account):
            return account.id
        case Profiled():
            return None


def change_shown(change: Change) -> tuple[str, Shown]:
    """Return the name and the content of the event that tells of a change in one chat."""
    match change:
        case Written(message):
            return "message", {"message": message_shown(message)}
        case Edited(message):
            return "edit", {"message": message_shown(message)}
        case Deleted(_, ids):
            return "delete", {"ids": ids}
        case _:
            return _doing_shown(change)


def _doing_shown(change: Acted | Tapped | Answered | Standing | Profiled) -> tuple[str, Shown]:
    match change:
        case Acted(_, action):
            return "action", {"action": action}
        case Tapped(tap):
            return "tap", {"message": tap.message_id, "data": tap.data}
        case Answered(tap, text, alert):
            return "answer", {
                "message": tap.message_id,
                "data": tap.data,
                "text": text,
                "alert": alert,
            }
        case Standing(account):
            return "standing", {"started": account.started, "blocked": account.blocked}
        case Profiled():
            raise ValueError("a change of the profile concerns everybody")
