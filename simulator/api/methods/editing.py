"""Methods that edit or delete messages."""

from typing import Any

from simulator.api.calls import Call
from simulator.api.methods.addressing import known_chat, own_message
from simulator.api.methods.formatting import MAX_TEXT_LENGTH, Formatted, caption, message_text
from simulator.api.methods.sending import keyboard
from simulator.refusals import NOT_MODIFIED, Refusal, bad_request, too_many_requests
from simulator.state.chats import Chat, Message
from simulator.state.keyboards import Rows
from simulator.state.world import World

# A bot cannot delete a message that is older than this, in seconds.
DELETABLE = 48 * 3600
_MAX_DELETED = 100


def edit_message_text(world: World, call: Call) -> dict[str, Any]:
    """Change the text and keyboard of a text message."""
    content = message_text(world, call)
    rows = keyboard(world, call)
    message = own_message(world, call)
    if message.attachment:
        raise bad_request("there is no text in the message to edit")
    if len(content.text) > MAX_TEXT_LENGTH:
        raise bad_request("MESSAGE_TOO_LONG")
    return _apply_edit(world, message, content, rows)


def edit_message_caption(world: World, call: Call) -> dict[str, Any]:
    """Change the caption and keyboard of a message with a file."""
    content = caption(world, call)
    rows = keyboard(world, call)
    message = own_message(world, call)
    if not message.attachment:
        raise bad_request("there is no caption in the message to edit")
    return _apply_edit(world, message, content, rows)


def edit_message_reply_markup(world: World, call: Call) -> dict[str, Any]:
    """Change only the keyboard; without one, remove it."""
    rows = keyboard(world, call)
    message = own_message(world, call)
    return _apply_edit(
        world, message, Formatted(message.text, message.html, message.entities), rows
    )


def delete_message(world: World, call: Call) -> bool:
    """Delete one message; raise a refusal if it is missing or too old."""
    chat = known_chat(world, call)
    if call.integer("message_id") <= 0:
        raise bad_request("message identifier is not specified")
    message = chat.find(call.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    refusal = _deletion_refusal(world, chat, message)
    if refusal is not None:
        raise refusal
    world.remove(chat, [message])
    return True


def delete_messages(world: World, call: Call) -> bool:
    """Delete up to 100 messages and skip those that cannot be deleted."""
    chat = known_chat(world, call)
    ids = call.nested("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > _MAX_DELETED:
        raise bad_request("too many messages to delete specified")
    found = [
        message
        for message in chat.messages
        if message.id in ids and _deletion_refusal(world, chat, message) is None
    ]
    world.remove(chat, found)
    return True


def _deletion_refusal(world: World, chat: Chat, message: Message) -> Refusal | None:
    if not chat.private and message.sender != "bot":
        return bad_request("message can't be deleted")
    if world.now() - message.date >= DELETABLE:
        return bad_request("message can't be deleted for everyone")
    return None


def _apply_edit(world: World, message: Message, content: Formatted, rows: Rows) -> dict[str, Any]:
    if (message.text, message.entities, message.rows) == (content.text, content.entities, rows):
        raise bad_request(NOT_MODIFIED)
    wait = world.flood_limits.wait_for(message.chat.id, world.now())
    if wait is not None:
        raise too_many_requests(wait)
    world.rewrite(message, content.text, content.html, content.entities, rows)
    return message.as_json()
