"""Message entities: cleaned, counted and detected; offsets are in UTF-16 code units."""

import re
from collections.abc import Iterator
from typing import Any

Entity = dict[str, Any]

# Telegram sorts entities that cover the same span in this order, the outer one first.
_OUTER_FIRST = (
    "blockquote",
    "expandable_blockquote",
    "pre",
    "code",
    "text_link",
    "text_mention",
    "date_time",
)
_INNER_LAST = ("bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji")
_DETECTED = re.compile(
    r"(?P<url>(?:https?://|(?<![\w@./])t\.me/)[^\s<>\"]*[^\s<>\".,:;!?'()\[\]])"
    r"|(?<![\w/@])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/@])"
    r"|(?<![\w@/])(?P<mention>@[A-Za-z0-9_]{3,32})(?!\w)"
)


def utf16_length(text: str) -> int:
    """Return the length of the text in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def trim_text(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Trim a text as Telegram does and adjust its entities.

    White space is removed at the end, and at the start up to the first entity. Entities that become
    empty are dropped.
    """
    text = _without_control_characters(text)
    first = min((entity["offset"] for entity in entities), default=utf16_length(text))
    leading = min(len(text) - len(text.lstrip(" \n")), first)
    trimmed = text[leading:].rstrip()
    return trimmed, fitting(
        trimmed, [entity | {"offset": entity["offset"] - leading} for entity in entities]
    )


def fitting(text: str, entities: list[Entity]) -> list[Entity]:
    """Return the visible entities within the text, in Telegram's order, with its nesting rules."""
    units = text.encode("utf-16-le")
    kept = []
    for entity in entities:
        start, end = entity["offset"], min(entity["offset"] + entity["length"], len(units) // 2)
        if units[start * 2 : max(end, start) * 2].decode("utf-16-le", "replace").strip():
            kept.append(entity | {"length": end - start})
    return _nested(sorted(kept, key=_order))


def detected_in(text: str) -> list[Entity]:
    """Return the commands, links and mentions that Telegram detects in a plain text."""
    return [
        {
            "type": match.lastgroup,
            "offset": utf16_length(text[: match.start()]),
            "length": utf16_length(match.group()),
        }
        for match in _DETECTED.finditer(text)
    ]


def with_detected(text: str, entities: list[Entity]) -> list[Entity]:
    """Return the given entities and the detected ones that do not overlap them."""
    free = [
        entity
        for entity in detected_in(text)
        if not any(_touch(entity, other) for other in entities if other["type"] not in _INNER_LAST)
    ]
    return sorted([*entities, *free], key=_order)


def slice_of(text: str, entity: Entity) -> str:
    """Return the part of the text that an entity covers."""
    units = text.encode("utf-16-le")
    return units[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode(
        "utf-16-le", "replace"
    )


def _without_control_characters(text: str) -> str:
    return "".join(
        " " if character < " " and character != "\n" else character
        for character in text.replace("\r", "")
    )


def _order(entity: Entity) -> tuple[int, int, int]:
    kinds = (*_OUTER_FIRST, *_INNER_LAST)
    rank = kinds.index(entity["type"]) if entity["type"] in kinds else len(_OUTER_FIRST)
    return entity["offset"], -entity["length"], rank


def _nested(entities: list[Entity]) -> list[Entity]:
    return [
        entity
        for number, entity in enumerate(entities)
        if not any(_forbids(outer, entity) for outer in entities[:number])
    ]


def _forbids(outer: Entity, inner: Entity) -> bool:
    if not _touch(outer, inner):
        return False
    if outer["type"] == inner["type"]:
        return True
    quotes = ("blockquote", "expandable_blockquote")
    if outer["type"] in quotes:
        return inner["type"] in quotes
    if outer["type"] in ("code", "pre"):
        return True
    return outer["type"] not in _INNER_LAST and inner["type"] not in _INNER_LAST


def _touch(one: Entity, other: Entity) -> bool:
    return bool(
        one["offset"] < other["offset"] + other["length"]
        and other["offset"] < one["offset"] + one["length"]
    )


def deep_link_payloads(text: str, entities: list[Entity], username: str) -> Iterator[str]:
    """Yield the payload of each link in the text that starts the bot with this name."""
    for entity in entities:
        link = entity.get("url") or (slice_of(text, entity) if entity["type"] == "url" else "")
        payload = deep_link_payload(link, username)
        if payload is not None:
            yield payload


def deep_link_payload(link: str, username: str) -> str | None:
    """Return the payload of a link to the bot with this name, "" without one, else None."""
    pattern = (
        rf"(?:https?://)?(?:t|telegram)\.me/{re.escape(username)}"
        r"(?:\?(?:start=(?P<payload>[^&#]*))?.*)?/?"
    )
    match = re.fullmatch(pattern, link, re.IGNORECASE)
    return None if match is None else match["payload"] or ""


def is_deep_link_payload(payload: str) -> bool:
    """Return whether Telegram carries a payload: up to 64 letters, digits, hyphens, underscores."""
    return re.fullmatch(r"[A-Za-z0-9_-]{0,64}", payload) is not None
