"""Read updates, as Telegram writes them, into python-telegram-bot's objects.

What the bot acts on is taken over only where it has the type and the size that the Bot API promises: sender, chat, text, entities, and the
data of a tapped button. A field that is missing, null, of another type or too large is left out, so it makes no update fail. Fields that
the bot does not use are read by the library. If it cannot read them, they are left out too.
"""

from collections.abc import Iterable
from typing import Any, TypeGuard

from telegram import Bot, Update

from bot.messages.screen import digest_of
from domain.text import storable

Raw = dict[str, Any]
"""An update, or an object in it, as Telegram writes it."""

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update that the bot acts on."""

_LARGEST_NUMBER = 2**63 - 1
_LATEST_DATE = 2**33
_LONGEST_TEXT = 4096
# As many characters as the database keeps of each.
_USER_TEXTS = {"first_name": 256, "last_name": 256, "username": 64, "language_code": 16}
_CHAT_TYPES = frozenset({"private", "group", "supergroup", "channel"})
_GONE = frozenset({"kicked", "left"})
# Among what the library does not know of an update. The Bot API's own names have no such form.
_SHOWN, _UNREADABLE = "digest of what was tapped", "why it cannot be read"
_NO_CHAT = "no chat"


def is_update(raw: object) -> TypeGuard[Raw]:
    """Tell whether a value has an update's number. Without one not even its failure could be recorded."""
    return isinstance(raw, dict) and _is_number(raw.get("update_id")) and raw["update_id"] >= 0


def read(raw: Raw, bot: Bot) -> Update:
    """Return an update. One of a kind that the bot does not act on is empty; ``unreadable`` says why one cannot be read."""
    kind = next((kind for kind in KINDS if raw.get(kind) is not None), None)
    if kind is None:
        return Update(raw["update_id"])
    try:
        return _read(raw["update_id"], kind, raw[kind], bot)
    except Exception as error:  # noqa: BLE001  (whatever is wrong with one update must not affect another)
        # The name of the error is enough: its message may hold what a person wrote.
        return Update(raw["update_id"], api_kwargs={_UNREADABLE: type(error).__name__})


def unreadable(update: Update) -> str | None:
    """Return the name of the error that kept an update from being read, None where it was read."""
    return update.api_kwargs.get(_UNREADABLE)


def shown_before(update: Update) -> str | None:
    """Return the digest of what a tapped message shows, None where that is not known."""
    return update.api_kwargs.get(_SHOWN)


def _read(number: int, kind: str, raw: Raw, bot: Bot) -> Update:
    """Return an update of one kind; raises what the library raises where it cannot be read."""
    if kind == "callback_query":
        return Update.de_json(
            {"update_id": number, kind: _tap(raw), _SHOWN: _digest(raw.get("message"))}, bot
        )
    essence = _membership(raw) if kind == "my_chat_member" else _message(raw)
    rest = {name: value for name, value in raw.items() if name not in _OWN_FIELDS[kind]}
    try:
        return Update.de_json({"update_id": number, kind: rest | essence}, bot)
    except Exception:  # noqa: BLE001  (what the bot does not use may be anything)
        return Update.de_json({"update_id": number, kind: essence}, bot)


def _message(raw: Raw) -> Raw:
    """Return what the bot uses of a message; raises ValueError where it has no chat."""
    text = _text(raw.get("text"), _LONGEST_TEXT)
    kept = None if text is None else storable(text)
    return {
        "message_id": raw["message_id"] if _is_number(raw.get("message_id")) else 0,
        "date": _date(raw.get("date")) or 1,
        "chat": _chat(raw.get("chat")),
        **_given("from", _user(raw.get("from"))),
        **_given("sender_chat", _sender_chat(raw.get("sender_chat"))),
        **_given("edit_date", _date(raw.get("edit_date"))),
        **_given("text", kept),
        **_given("entities", _entities(raw.get("entities"), kept)),
    }


def _tap(raw: Raw) -> Raw:
    """Return what the bot uses of a tap on a button. The query's id is needed to answer it, so it is kept as it is if it is a text."""
    return {
        "id": _text(raw.get("id"), _LONGEST_TEXT) or "",
        "chat_instance": "",
        **_given("from", _user(raw.get("from"))),
        **_given("data", _text(raw.get("data"), _LONGEST_TEXT)),
        **_given("message", _tapped(raw.get("message"))),
    }


def _tapped(raw: object) -> Raw | None:
    """Return what the bot uses of a tapped message; None where it has no number or no chat. Telegram shows one with the date 0 no more."""
    if not isinstance(raw, dict) or not _is_number(raw.get("message_id")):
        return None
    try:
        return {
            "message_id": raw["message_id"],
            "date": _date(raw.get("date")) or 0,
            "chat": _chat(raw.get("chat")),
        }
    except ValueError:
        return None


def _membership(raw: Raw) -> Raw:
    """Return what the bot uses of a change of its own membership: whether it may still write; raises ValueError where it has no chat."""
    return {
        "chat": _chat(raw.get("chat")),
        **_given("from", _user(raw.get("from"))),
        "date": _date(raw.get("date")) or 1,
        "old_chat_member": _member(raw.get("old_chat_member")),
        "new_chat_member": _member(raw.get("new_chat_member")),
    }


def _member(raw: object) -> Raw:
    """Return whether the bot is a member of a chat, in the two kinds of member that have no other fields."""
    status = raw.get("status") if isinstance(raw, dict) else None
    gone = isinstance(status, str) and status in _GONE
    return {
        "user": {"id": 0, "is_bot": True, "first_name": ""},
        "status": "left" if gone else "member",
    }


def _user(raw: object) -> Raw | None:
    """Return a user with texts that the database can keep, None where they have no id."""
    if not isinstance(raw, dict) or not _is_number(raw.get("id")) or raw["id"] <= 0:
        return None
    texts = {name: _text(raw.get(name), longest) for name, longest in _USER_TEXTS.items()}
    given = {name: kept for name, text in texts.items() if text and (kept := storable(text))}
    return {"first_name": "", **given, "id": raw["id"], "is_bot": raw.get("is_bot") is True}


def _chat(raw: object) -> Raw:
    """Return a chat; raises ValueError where it has no id."""
    if not isinstance(raw, dict) or not _is_number(raw.get("id")) or raw["id"] == 0:
        raise ValueError(_NO_CHAT)
    kind = raw.get("type")
    known = isinstance(kind, str) and kind in _CHAT_TYPES
    return {"id": raw["id"], "type": kind if known else "private" if raw["id"] > 0 else "group"}


def _sender_chat(raw: object) -> Raw | None:
    """Return the chat that a message was sent on behalf of, None where there is none."""
    try:
        return _chat(raw)
    except ValueError:
        return None


def _entities(raw: object, text: str | None) -> list[Raw] | None:
    """Return the entities that lie within a text; their kinds are enough, since the bot reads no links and no mentioned users."""
    if not isinstance(raw, list) or not text:
        return None
    # The Bot API counts UTF-16 code units.
    length = len(text.encode("utf-16-le")) // 2
    found = [_entity(each, length) for each in raw]
    return [each for each in found if each]


def _entity(raw: object, length: int) -> Raw | None:
    """Return an entity, None where it does not lie within so many code units."""
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        return None
    at, size = raw.get("offset"), raw.get("length")
    if not (_is_number(at) and _is_number(size) and 0 <= at <= length and 0 < size <= length - at):
        return None
    return {"type": raw["type"], "offset": at, "length": size}


def _text(raw: object, longest: int) -> str | None:
    """Return a text cut to a length, None where the value is none."""
    return raw[:longest] if isinstance(raw, str) else None


def _date(raw: object) -> int | None:
    """Return a date in Unix seconds, None where the value is none, or lies where no calendar reaches."""
    return raw if _is_number(raw) and 0 < raw < _LATEST_DATE else None


def _is_number(raw: object) -> TypeGuard[int]:
    """Tell whether a value is a whole number that the database can keep."""
    return type(raw) is int and -_LARGEST_NUMBER <= raw <= _LARGEST_NUMBER


def _given(name: str, value: object) -> Raw:
    """Return a field, or nothing where it has no value."""
    return {} if value is None else {name: value}


def _digest(message: object) -> str | None:
    """Return the digest of what a message shows, None where it cannot be read."""
    if not isinstance(message, dict) or not _date(message.get("date")):
        return None
    try:
        rows: Iterable[Any] = (message.get("reply_markup") or {}).get("inline_keyboard") or ()
        buttons = [
            [(button["text"], button.get("callback_data") or button.get("url")) for button in row]
            for row in rows
        ]
        return digest_of((message.get("text") or "").strip(), buttons)
    except Exception:  # noqa: BLE001  (then the message is edited once more than needed)
        return None


_MESSAGE_FIELDS = frozenset(
    {"message_id", "date", "chat", "from", "sender_chat", "edit_date", "text", "entities"}
)
_MEMBERSHIP_FIELDS = frozenset({"chat", "from", "date", "old_chat_member", "new_chat_member"})
_OWN_FIELDS = {
    "message": _MESSAGE_FIELDS,
    "edited_message": _MESSAGE_FIELDS,
    "my_chat_member": _MEMBERSHIP_FIELDS,
}
