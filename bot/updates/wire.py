"""Parses updates from JSON into python-telegram-bot's objects.

The fields that the bot uses are sender, chat, text, entities, and the data of a tapped button. Each
is kept only if it has the type and the size that the Bot API promises. A field that is missing,
null, of another type or too large is left out, so it makes no update fail. The library parses all
other fields. If it fails on them, they are left out too.
"""

from collections.abc import Iterable
from typing import Any, TypeGuard

from telegram import Bot, Update

from bot.messages.screen import digest_of
from domain.text import storable

Raw = dict[str, Any]
"""An update, or an object in it, as plain JSON."""

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update that the bot acts on."""

_MAX_NUMBER = 2**63 - 1
_MAX_DATE = 2**33
_MAX_TEXT = 4096
# The number of characters that the database stores of each.
_USER_TEXTS = {"first_name": 256, "last_name": 256, "username": 64, "language_code": 16}
_CHAT_TYPES = frozenset({"private", "group", "supergroup", "channel"})
_GONE = frozenset({"kicked", "left"})
# Keys in an update's ``api_kwargs``. The Bot API's names contain no spaces, so they cannot clash.
_SHOWN, _UNREADABLE = "digest of what was tapped", "why it cannot be read"


def is_update(raw: object) -> TypeGuard[Raw]:
    """Return whether a value has an update number, without which no failure can be recorded."""
    return isinstance(raw, dict) and _is_number(raw.get("update_id")) and raw["update_id"] >= 0


def read(raw: Raw, bot: Bot) -> Update:
    """Parse an update.

    An update of a kind that the bot does not use is empty. ``unreadable`` returns the error of an
    update that cannot be parsed.
    """
    kind = next((kind for kind in KINDS if raw.get(kind) is not None), None)
    if kind is None:
        return Update(raw["update_id"])
    try:
        return _read(raw["update_id"], kind, raw[kind], bot)
    except Exception as error:  # noqa: BLE001  (one bad update must not affect another)
        # Keep only the name of the error: its message may contain what a person wrote.
        return Update(raw["update_id"], api_kwargs={_UNREADABLE: type(error).__name__})


def unreadable(update: Update) -> str | None:
    """Return the name of the error with which an update failed to parse, None if it did not."""
    return update.api_kwargs.get(_UNREADABLE)


def shown_before(update: Update) -> str | None:
    """Return the digest of what a tapped message shows, None if that is unknown."""
    return update.api_kwargs.get(_SHOWN)


def _read(number: int, kind: str, raw: Raw, bot: Bot) -> Update:
    """Parse an update of one kind; raises ValueError or an error of the library."""
    if kind == "callback_query":
        return Update.de_json(
            {"update_id": number, kind: _tap(raw), _SHOWN: _digest(raw.get("message"))}, bot
        )
    used = _membership(raw) if kind == "my_chat_member" else _message(raw)
    rest = {name: value for name, value in raw.items() if name not in _USED_FIELDS[kind]}
    try:
        return Update.de_json({"update_id": number, kind: rest | used}, bot)
    except Exception:  # noqa: BLE001  (unused fields may contain anything)
        return Update.de_json({"update_id": number, kind: used}, bot)


def _message(raw: Raw) -> Raw:
    """Return the used fields of a message; raises ValueError if it has no chat."""
    text = _text(raw.get("text"), _MAX_TEXT)
    kept = None if text is None else storable(text)
    return {
        "message_id": raw["message_id"] if _is_number(raw.get("message_id")) else 0,
        "date": _date(raw.get("date")) or 1,
        "chat": _required_chat(raw.get("chat")),
        **_given("from", _user(raw.get("from"))),
        **_given("sender_chat", _chat(raw.get("sender_chat"))),
        **_given("edit_date", _date(raw.get("edit_date"))),
        **_given("text", kept),
        **_given("entities", _entities(raw.get("entities"), kept)),
    }


def _tap(raw: Raw) -> Raw:
    """Return the used fields of a tap; its id is kept as it is, because the answer needs it."""
    return {
        "id": _text(raw.get("id"), _MAX_TEXT) or "",
        "chat_instance": "",
        **_given("from", _user(raw.get("from"))),
        **_given("data", _text(raw.get("data"), _MAX_TEXT)),
        **_given("message", _tapped(raw.get("message"))),
    }


def _tapped(raw: object) -> Raw | None:
    """Return the used fields of a tapped message, None if it has no number or no chat.

    The date 0 means that the message is no longer accessible.
    """
    if not isinstance(raw, dict) or not _is_number(raw.get("message_id")):
        return None
    if (chat := _chat(raw.get("chat"))) is None:
        return None
    return {"message_id": raw["message_id"], "date": _date(raw.get("date")) or 0, "chat": chat}


def _membership(raw: Raw) -> Raw:
    """Return the used fields of a change of the bot's own membership.

    Raises:
        ValueError: there is no chat.
    """
    return {
        "chat": _required_chat(raw.get("chat")),
        **_given("from", _user(raw.get("from"))),
        "date": _date(raw.get("date")) or 1,
        "old_chat_member": _member(raw.get("old_chat_member")),
        "new_chat_member": _member(raw.get("new_chat_member")),
    }


def _member(raw: object) -> Raw:
    """Return the bot's membership in a chat, reduced to the two kinds without other fields."""
    status = raw.get("status") if isinstance(raw, dict) else None
    gone = isinstance(status, str) and status in _GONE
    return {
        "user": {"id": 0, "is_bot": True, "first_name": ""},
        "status": "left" if gone else "member",
    }


def _user(raw: object) -> Raw | None:
    """Return a user with texts that the database can store, None if there is no id."""
    if not isinstance(raw, dict) or not _is_number(raw.get("id")) or raw["id"] <= 0:
        return None
    texts = {name: _text(raw.get(name), longest) for name, longest in _USER_TEXTS.items()}
    given = {name: kept for name, text in texts.items() if text and (kept := storable(text))}
    return {"first_name": "", **given, "id": raw["id"], "is_bot": raw.get("is_bot") is True}


def _required_chat(raw: object) -> Raw:
    """Return a chat; raises ValueError if it has no id."""
    if (chat := _chat(raw)) is None:
        raise ValueError("no chat")
    return chat


def _chat(raw: object) -> Raw | None:
    """Return a chat, None if it has no id."""
    if not isinstance(raw, dict) or not _is_number(raw.get("id")) or raw["id"] == 0:
        return None
    kind = raw.get("type")
    known = isinstance(kind, str) and kind in _CHAT_TYPES
    return {"id": raw["id"], "type": kind if known else "private" if raw["id"] > 0 else "group"}


def _entities(raw: object, text: str | None) -> list[Raw] | None:
    """Return the kinds and places of the entities within a text; the bot reads nothing else."""
    if not isinstance(raw, list) or not text:
        return None
    # The Bot API counts UTF-16 code units.
    length = len(text.encode("utf-16-le")) // 2
    found = [_entity(each, length) for each in raw]
    return [each for each in found if each]


def _entity(raw: object, length: int) -> Raw | None:
    """Return an entity, None if it does not lie within ``length`` code units."""
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        return None
    at, size = raw.get("offset"), raw.get("length")
    if not (_is_number(at) and _is_number(size) and 0 <= at <= length and 0 < size <= length - at):
        return None
    return {"type": raw["type"], "offset": at, "length": size}


def _text(raw: object, longest: int) -> str | None:
    """Return a text cut to a length, None if the value is not a text."""
    return raw[:longest] if isinstance(raw, str) else None


def _date(raw: object) -> int | None:
    """Return a date in Unix seconds, None if it is not one or is too far in the future."""
    return raw if _is_number(raw) and 0 < raw < _MAX_DATE else None


def _is_number(raw: object) -> TypeGuard[int]:
    """Return whether a value is an integer that the database can store."""
    return type(raw) is int and -_MAX_NUMBER <= raw <= _MAX_NUMBER


def _given(name: str, value: object) -> Raw:
    """Return a field, nothing if its value is None."""
    return {} if value is None else {name: value}


def _digest(message: object) -> str | None:
    """Return the digest of what a message shows, None if it cannot be read."""
    if not isinstance(message, dict) or not _date(message.get("date")):
        return None
    try:
        rows: Iterable[Any] = (message.get("reply_markup") or {}).get("inline_keyboard") or ()
        buttons = [
            [(button["text"], button.get("callback_data") or button.get("url")) for button in row]
            for row in rows
        ]
        return digest_of((message.get("text") or "").strip(), buttons)
    except Exception:  # noqa: BLE001  (without a digest, one edit is needless)
        return None


_MESSAGE_FIELDS = frozenset(
    {"message_id", "date", "chat", "from", "sender_chat", "edit_date", "text", "entities"}
)
_MEMBERSHIP_FIELDS = frozenset({"chat", "from", "date", "old_chat_member", "new_chat_member"})
_USED_FIELDS = {
    "message": _MESSAGE_FIELDS,
    "edited_message": _MESSAGE_FIELDS,
    "my_chat_member": _MEMBERSHIP_FIELDS,
}
