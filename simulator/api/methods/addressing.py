"""Find the chat and the message a call refers to."""

from typing import Any

from simulator.api.calls import Call
from simulator.refusals import bad_request, blocked, forbidden
from simulator.state.chats import Chat, Message
from simulator.state.world import World


def known_chat(world: World, call: Call) -> Chat:
    """Return the chat of `chat_id`; raise a refusal if it is missing or unknown."""
    if not call.has("chat_id"):
        raise bad_request("chat_id is empty")
    chat = world.chats.get(call.integer("chat_id"))
    if chat is None:
        raise bad_request("chat not found")
    return chat


def writable_chat(world: World, call: Call) -> Chat:
    """Return the chat of `chat_id` if the person has started the bot and does not block it."""
    chat = known_chat(world, call)
    account = world.accounts.get(chat.id)
    if account is not None and account.blocked:
        raise blocked()
    if account is not None and not account.started:
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def own_message(world: World, call: Call) -> Message:
    """Return the bot's own message to edit; raise a refusal for any other."""
    if call.has("inline_message_id"):
        raise bad_request("message identifier is not specified")
    chat = writable_chat(world, call)
    if call.integer("message_id") <= 0:
        raise bad_request("message identifier is not specified")
    message = chat.find(call.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender != "bot":
        raise bad_request("message can't be edited")
    return message


def replied_message(chat: Chat, call: Call) -> Message | None:
    """Return the message replied to, or None.

    A missing one is refused unless the call allows sending without it.
    """
    reply: Any = call.nested("reply_parameters")
    if reply is None:
        reply = {
            "message_id": call.integer("reply_to_message_id"),
            "allow_sending_without_reply": call.flag("allow_sending_without_reply"),
        }
    elif not isinstance(reply, dict) or "message_id" not in reply:
        raise bad_request('can\'t find field "message_id"')
    if not reply["message_id"]:
        return None
    message = chat.find(reply["message_id"])
    if message is None and not reply.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return message
