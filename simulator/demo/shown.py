"""Messages, people and the bot as JSON for the page; times are Unix seconds."""

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
# A page gets this many of a chat's newest messages at once and requests earlier ones.
PAGE = 100


def message_shown(message: Message) -> Shown:
    """Return a message: sender, text with entities, buttons, file and the message it replies to."""
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
    """Return a file: kind, name, size in bytes, width and height in pixels, and URL."""
    known = {
        "kind": file.kind,
        "name": file.name,
        "size": len(file.content),
        "width": file.width,
        "height": file.height,
    }
    return known | {"url": f"/demo/file/{file.file_id}"}


def messages_shown(chat: Chat, before: int | None = None) -> Shown:
    """Return the newest messages, or those before a message number, and how many precede them."""
    messages = (
        chat.messages
        if before is None
        else [message for message in chat.messages if message.id < before]
    )
    first = max(len(messages) - PAGE, 0)
    return {"messages": [message_shown(message) for message in messages[first:]], "earlier": first}


def person_shown(simulator: Simulator, demo_person: DemoPerson) -> Shown:
    """Return a person with phone and chat."""
    account = simulator.world.accounts[demo_person.person.id]
    basis = {
        "id": account.id,
        "name": account.name,
        "language": account.language_code or "en",
        "zone": demo_person.zone,
        "role": demo_person.role,
    }
    standing = {"started": account.started, "blocked": account.blocked}
    return basis | standing | profile_shown(simulator, demo_person) | messages_shown(account.chat)


def profile_shown(simulator: Simulator, demo_person: DemoPerson) -> Shown:
    """Return the bot's menu commands and the empty-chat description for this person."""
    descriptions = simulator.world.profile.descriptions
    language = simulator.world.accounts[demo_person.person.id].language_code or ""
    description = descriptions.get(language) or descriptions.get("", "")
    return {
        "id": demo_person.person.id,
        "commands": simulator.commands_for(demo_person.person),
        "description": description,
    }


def bot_shown(world: World) -> Shown:
    """Return the bot's name and user name."""
    return {"name": world.bot["first_name"], "username": world.username}


def chat_of(change: Change) -> int | None:
    """Return the chat of a change, or None for a change that concerns everyone."""
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
    """Return the event name and content for a change in one chat."""
    match change:
        case Written(message):
            return "message", {"message": message_shown(message)}
        case Edited(message):
            return "edit", {"message": message_shown(message)}
        case Deleted(_, ids):
            return "delete", {"ids": ids}
        case _:
            return _activity_shown(change)


def _activity_shown(change: Acted | Tapped | Answered | Standing | Profiled) -> tuple[str, Shown]:
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
            raise ValueError("a change of the profile concerns everyone")
