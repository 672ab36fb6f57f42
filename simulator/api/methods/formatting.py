"""The text of a call: parsed, trimmed and measured."""

from dataclasses import dataclass
from typing import Any

from simulator.api.calls import Call
from simulator.api.html import parse_html
from simulator.refusals import bad_request
from simulator.state.entities import (
    Entity,
    deep_link_payloads,
    fitting,
    is_deep_link_payload,
    trim_text,
    utf16_length,
    with_detected,
)
from simulator.state.world import World

MAX_TEXT_LENGTH = 4096
MAX_CAPTION_LENGTH = 1024
_KINDS = {
    *(
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
    ),
    *(
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    ),
}


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text ready to be shown: plain, as sent, and its entities."""

    text: str
    html: str
    entities: list[Entity]


def message_text(world: World, call: Call) -> Formatted:
    """Return the `text` of a call; raise a refusal if it is empty."""
    if not call.text("text"):
        raise bad_request("message text is empty")
    content = _formatted(world, call, "text", "entities")
    if not content.text:
        raise bad_request("text must be non-empty")
    return content


def caption(world: World, call: Call) -> Formatted:
    """Return the `caption` of a call, which may be empty, up to 1,024 characters after parsing."""
    content = _formatted(world, call, "caption", "caption_entities")
    if len(content.text) > MAX_CAPTION_LENGTH:
        raise bad_request("message caption is too long")
    return content


def _formatted(world: World, call: Call, name: str, entities_name: str) -> Formatted:
    source = call.text(name)
    plain, entities = _parsed(call, source, entities_name)
    plain, entities = trim_text(plain, _with_users(world, entities))
    content = Formatted(plain, source, with_detected(plain, entities))
    for payload in deep_link_payloads(content.text, content.entities, world.username):
        warn_of_payload(world, payload)
    return content


def _parsed(call: Call, source: str, entities_name: str) -> tuple[str, list[Entity]]:
    mode = call.text("parse_mode").lower()
    if mode == "html":
        return parse_html(source)
    if mode:
        # The real server knows Markdown too. Refusing it is better than showing it wrong.
        raise bad_request("unsupported parse_mode")
    given = call.nested(entities_name) or []
    return source, fitting(source, [_checked(entity, source) for entity in given])


def _checked(entity: Any, text: str) -> Entity:
    if not isinstance(entity, dict) or entity.get("type") not in _KINDS:
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    offset, end = entity["offset"], entity["offset"] + entity["length"]
    if offset < 0:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if offset > utf16_length(text):
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if end > utf16_length(text):
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text "
            f"at UTF-16 offset {end}"
        )
    return entity


def _with_users(world: World, entities: list[Entity]) -> list[Entity]:
    """Replace ids in mentions by users; drop unknown people, as Telegram does."""
    shown = []
    for entity in entities:
        user_id = entity.get("user_id")
        if user_id is None:
            shown.append(entity)
        elif user_id in world.accounts:
            rest = {key: value for key, value in entity.items() if key != "user_id"}
            shown.append(rest | {"user": world.accounts[user_id].as_json()})
    return shown


def warn_of_payload(world: World, payload: str) -> None:
    """Warn about a link to the bot with a payload that Telegram does not carry."""
    if not is_deep_link_payload(payload):
        world.transcript.warn(
            f"a deep link carries the payload {payload!r}, "
            "but only 64 letters, digits, - and _ arrive"
        )
