"""Messages that others than the bot write: what a phone sends, and the update that tells the bot of it."""

from typing import Any

from simulator.state.chats import Chat
from simulator.state.entities import found_in
from simulator.state.world import World

Update = dict[str, Any]
_LONGEST_TEXT = 4096


def typed(text: str) -> dict[str, Any]:
    """Return the fields of a message with a text as a phone sends it: trimmed; one no phone would send raises ValueError."""
    trimmed = text.strip()
    if not 0 < len(trimmed) <= _LONGEST_TEXT:
        raise ValueError(
            f"a phone sends between 1 and {_LONGEST_TEXT} characters at once, not {len(trimmed)}"
        )
    return exactly(trimmed)


def exactly(text: str) -> dict[str, Any]:
    """Return the fields of a message with this text, whatever it is."""
    return {"text": text, "html": text, "entities": found_in(text)}


def post(
    world: World,
    chat: Chat,
    author: dict[str, Any] | None,
    *,
    kind: str = "message",
    **content: Any,
) -> Update:
    """Write a message to a chat and queue the update of it; the keywords are fields of Message."""
    return world.updates.add(kind, world.write(chat, author, **content).as_json())
