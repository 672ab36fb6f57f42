"""Inline keyboards, parsed and checked as Telegram does."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from simulator.refusals import Refusal, bad_request

MAX_BUTTONS = 100
MAX_ROW_BUTTONS = 8
MAX_DATA_BYTES = 64
# Large keyboards under 100 buttons are refused too; about 7,900 bytes are known to be too many.
MAX_KEYBOARD_BYTES = 7_500
_BYTES_PER_BUTTON, _BYTES_PER_ROW = 12, 12
_OTHER_ACTIONS = (
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "web_app",
)
_UNSUPPORTED_ACTIONS = ("callback_game", "pay")


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: a label with callback data, a link or another action."""

    text: str
    data: str | None = None
    url: str | None = None
    other: tuple[tuple[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the button as Telegram shows it to the bot."""
        known = {"text": self.text, "callback_data": self.data, "url": self.url}
        return {key: value for key, value in known.items() if value is not None} | dict(self.other)


Rows = list[list[Button]]


def parse_markup(markup: Any) -> Rows:
    """Return the rows of an inline keyboard, none for others; raise a refusal on mistakes."""
    if markup in (None, ""):
        return []
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return []
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" must be of type Array')
    return _checked([[_button(button) for button in _row(row)] for row in rows])


def markup_json(rows: Rows) -> dict[str, Any]:
    """Return the keyboard as Telegram shows it to the bot."""
    return {"inline_keyboard": [[button.as_json() for button in row] for row in rows]}


def _row(row: Any) -> list[Any]:
    if not isinstance(row, list):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    return row


def _button(button: Any) -> Button:
    if not isinstance(button, dict):
        raise _parse_refusal("Inline keyboard button must be an Object")
    _check_strings(button)
    if "text" not in button:
        raise _parse_refusal('Can\'t find field "text"')
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if any(action in button for action in _UNSUPPORTED_ACTIONS):
        raise bad_request("BUTTON_TYPE_INVALID")
    return _button_with_action(button)


def _check_strings(button: dict[str, Any]) -> None:
    for name in ("text", "callback_data", "url"):
        if not isinstance(button.get(name, ""), str):
            raise _parse_refusal(f'Field "{name}" must be of type String')


def _button_with_action(button: dict[str, Any]) -> Button:
    other = tuple((name, button[name]) for name in _OTHER_ACTIONS if name in button)
    url, data = button.get("url") or None, button.get("callback_data") or None
    if url is not None:
        _check_url(url)
    elif data is not None and len(data.encode()) > MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    elif data is None and not other:
        raise _parse_refusal("Text buttons are unallowed in the inline keyboard")
    extras = tuple(
        (name, button[name]) for name in ("style", "icon_custom_emoji_id") if name in button
    )
    # If a button has several actions, Telegram takes the first of url, callback data and the rest.
    return Button(
        button["text"], None if url else data, url, extras if url or data else other + extras
    )


def _check_url(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https", "tg", "ton", "tonsite"):
        raise bad_request(
            f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol"
        )
    if parts.scheme.startswith("http") and not re.fullmatch(
        r"[^\s.]+(\.[^\s.]+)+", parts.hostname or ""
    ):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if len(url) > 2048 or re.search(r"\s", url):  # noqa: PLR2004  (Telegram's maximum length of a link)
        raise bad_request("BUTTON_URL_INVALID")


def _checked(rows: Rows) -> Rows:
    rows = [row for row in rows if row]
    buttons = [button for row in rows for button in row]
    too_wide = any(len(row) > MAX_ROW_BUTTONS for row in rows)
    if (
        len(buttons) > MAX_BUTTONS
        or too_wide
        or _size(buttons) + len(rows) * _BYTES_PER_ROW > MAX_KEYBOARD_BYTES
    ):
        raise bad_request("reply markup is too long")
    return rows


def _size(buttons: Iterable[Button]) -> int:
    return sum(
        _BYTES_PER_BUTTON
        + len(button.text.encode())
        + len((button.data or button.url or "").encode())
        for button in buttons
    )


def _parse_refusal(why: str) -> Refusal:
    return bad_request(f"can't parse inline keyboard button: {why}")
