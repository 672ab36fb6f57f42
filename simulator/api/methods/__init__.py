"""All simulated Bot API methods, by lower-case name."""

from collections.abc import Awaitable, Callable
from typing import Any

from simulator.api.calls import Call
from simulator.api.methods import editing, profile, receiving, sending
from simulator.state.world import World

Method = Callable[[World, Call], Any | Awaitable[Any]]

METHODS: dict[str, Method] = {
    function.__name__.replace("_", ""): function
    for function in (
        sending.send_message,
        sending.send_document,
        sending.send_photo,
        sending.send_chat_action,
        editing.edit_message_text,
        editing.edit_message_caption,
        editing.edit_message_reply_markup,
        editing.delete_message,
        editing.delete_messages,
        receiving.get_updates,
        receiving.set_webhook,
        receiving.delete_webhook,
        receiving.get_webhook_info,
        receiving.answer_callback_query,
        receiving.get_file,
        profile.get_me,
        profile.set_my_commands,
        profile.get_my_commands,
        profile.delete_my_commands,
        profile.set_my_name,
        profile.get_my_name,
        profile.set_my_description,
        profile.get_my_description,
        profile.set_my_short_description,
        profile.get_my_short_description,
        profile.set_chat_menu_button,
        profile.get_chat_menu_button,
        profile.log_out,
        profile.close,
    )
}
