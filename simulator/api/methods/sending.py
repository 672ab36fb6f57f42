"""Methods that send messages: text, files, chat actions."""

from typing import Any, Literal

from simulator.api.calls import Call, Upload
from simulator.api.methods.addressing import replied_message, writable_chat
from simulator.api.methods.formatting import (
    MAX_TEXT_LENGTH,
    Formatted,
    caption,
    message_text,
    warn_of_payload,
)
from simulator.refusals import Refusal, bad_request, too_many_requests
from simulator.state.changes import Acted
from simulator.state.chats import Attachment
from simulator.state.entities import deep_link_payload
from simulator.state.keyboards import Rows, parse_markup
from simulator.state.media import attachment, is_picture
from simulator.state.world import World

_MAX_BYTES = {"document": 50 * 1024 * 1024, "photo": 10 * 1024 * 1024}
_ACTIONS = {
    *(
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
    ),
    *(
        "upload_document",
        "find_location",
        "record_video_note",
        "upload_video_note",
        "choose_sticker",
        "pick_up_location",
    ),
}


def send_message(world: World, call: Call) -> dict[str, Any]:
    """Send a text; raise a refusal if it is empty, too long or badly formatted."""
    content = message_text(world, call)
    # Telegram counts characters, not UTF-16 units, after parsing the entities.
    if len(content.text) > MAX_TEXT_LENGTH:
        raise bad_request("message is too long")
    return _deliver(world, call, content, None)


def send_document(world: World, call: Call) -> dict[str, Any]:
    """Send a file, uploaded with the call or named by its file id."""
    return _send_file(world, call, "document")


def send_photo(world: World, call: Call) -> dict[str, Any]:
    """Send a picture, uploaded with the call or named by its file id."""
    return _send_file(world, call, "photo")


def send_chat_action(world: World, call: Call) -> bool:
    """Show that the bot is typing or performing another action."""
    if call.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = writable_chat(world, call)
    chat.actions.append(call.text("action"))
    world.changes.publish(Acted(chat.id, call.text("action")))
    return True


def keyboard(world: World, call: Call) -> Rows:
    """Return the inline keyboard of a call.

    Warn about anything the simulator cannot show or Telegram would not follow.
    """
    markup = call.nested("reply_markup")
    rows = parse_markup(markup)
    if isinstance(markup, dict) and "keyboard" in markup:
        world.transcript.warn("reply keyboards are not simulated: the message is shown without one")
    for button in (button for row in rows for button in row if button.url):
        warn_of_payload(world, deep_link_payload(button.url or "", world.username) or "")
    return rows


def _deliver(
    world: World, call: Call, content: Formatted, file: Attachment | None
) -> dict[str, Any]:
    rows = keyboard(world, call)
    chat = writable_chat(world, call)
    reply_to = replied_message(chat, call)
    wait = world.flood_limits.wait_for(chat.id, world.now())
    if wait is not None:
        raise too_many_requests(wait)
    message = world.write(
        chat,
        world.bot,
        text=content.text,
        html=content.html,
        entities=content.entities,
        rows=rows,
        attachment=world.keep(file) if file else None,
        reply_to=reply_to,
        protected=call.flag("protect_content"),
        silent=call.flag("disable_notification"),
    )
    return message.as_json()


def _send_file(world: World, call: Call, kind: Literal["document", "photo"]) -> dict[str, Any]:
    upload = _upload(call, kind)
    file = _checked(world, kind, upload) if upload else _by_id(world, call, kind)
    return _deliver(world, call, caption(world, call), file)


def _upload(call: Call, kind: str) -> Upload | None:
    return call.files.get(call.text(kind).removeprefix("attach://") or kind)


def _checked(world: World, kind: Literal["document", "photo"], upload: Upload) -> Attachment:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > _MAX_BYTES[kind]:
        raise Refusal(413, "Request Entity Too Large")
    if kind == "photo" and not is_picture(upload.content):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return attachment(kind, world.next_file_id(kind), upload.name, upload.mime_type, upload.content)


def _by_id(world: World, call: Call, kind: str) -> Attachment:
    if not call.has(kind):
        raise bad_request(f"there is no {kind} in the request")
    known = world.files.get(call.text(kind))
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if known.kind != kind:
        raise bad_request(
            f"can't use file of type {known.kind.capitalize()} as {kind.capitalize()}"
        )
    return known
