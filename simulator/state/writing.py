"""Messages from people and channels, and the updates about them."""

from typing import Any

from simulator.state.chats import Chat
from simulator.state.entities import detected_in
from simulator.state.world import World

Update = dict[str, Any]
_MAX_TEXT_LENGTH = 4096


def typed(text: str) -> dict[str, Any]:
    """Return the fields of a text message as a phone sends it, trimmed; ValueError if it cannot."""
    trimmed = text.strip()
    if not 0 < len(trimmed) <= _MAX_TEXT_LENGTH:
        raise ValueError(
            f"a phone sends between 1 and {_MAX_TEXT_LENGTH} characters at once, not {len(trimmed)}"
        )
    return exactly(trimmed)


def exactly(text: str) -> dict[str, Any]:
    """Return the fields of a message with exactly this text."""
    return {"text": text, "html": text, "entities": detected_in(text)}


def post(
    world: World,
    chat: Chat,
    author: dict[str, Any] | None,
    *,
    kind: str = "message",
    **content: Any,
) -> Update:
    """Write a message to a chat and queue its update; keywords are fields of Message."""
    return world.updates.add(kind, world.write(chat, author, **content).as_json())
