"""Updates as Telegram writes them, read into the library's objects, but for what a message shows that was tapped.

Its text and its buttons are most of such an update, and all that anybody asks of them is whether it will look the same afterwards.
"""

from typing import Any, TypeGuard

from telegram import Bot, Update

from bot.screen import digest_of

Raw = dict[str, Any]
"""An update as Telegram writes it."""

_LARGEST_NUMBER = 2**63 - 1
_ASKED_OF_TAPPED = ("message_id", "date", "chat")
# Among what the library does not know of an update; Telegram's own names have no such form.
_SHOWN = "digest of what was tapped"


def is_update(raw: object) -> TypeGuard[Raw]:
    """Tell whether something has an update's number; without one not even its failure could be noted."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return type(number) is int and 0 <= number <= _LARGEST_NUMBER


def read(raw: Raw, bot: Bot) -> Update:
    """Return an update; raises whatever the library makes of one that it cannot read."""
    tap: Raw = raw.get("callback_query") or {}
    message: Raw | None = tap.get("message")
    # A message that Telegram does not show any more has the date 0, and nothing is known of it.
    if not message or not message.get("date"):
        return Update.de_json(raw, bot)
    tapped = {name: message[name] for name in _ASKED_OF_TAPPED if name in message}
    return Update.de_json({**raw, "callback_query": {**tap, "message": tapped}, _SHOWN: _digest(message)}, bot)


def shown_before(update: Update) -> str | None:
    """Return the digest of what a tapped message shows, None where nobody can see that."""
    return update.api_kwargs.get(_SHOWN)


def _digest(message: Raw) -> str:
    """Return the digest of what a message shows."""
    rows = (message.get("reply_markup") or {}).get("inline_keyboard") or ()
    buttons = [[(button["text"], button.get("callback_data") or button.get("url")) for button in row] for row in rows]
    return digest_of((message.get("text") or "").strip(), buttons)
