"""Parsing taps: fields that a message does not have may be missing or null."""

from typing import Any

import pytest
from telegram import Bot, Message

from bot.messages.screen import digest_of
from bot.updates.wire import read, shown_before

BOT = Bot("1:test")
MARKUP = {
    "inline_keyboard": [
        [{"text": "Go", "callback_data": "go"}, {"text": "See", "url": "https://example.org"}]
    ]
}


def tap(**message: Any) -> dict[str, Any]:
    shown = {
        "message_id": 5,
        "date": 1_700_000_000,
        "chat": {"id": 3, "type": "private"},
        **message,
    }
    query = {
        "id": "9",
        "from": {"id": 3, "is_bot": False, "first_name": "Zoë"},
        "chat_instance": "1",
        "data": "go",
        "message": shown,
    }
    return {"update_id": 7, "callback_query": query}


@pytest.mark.parametrize(
    ("message", "text", "rows"),
    [
        (
            {"text": "Hello ", "reply_markup": MARKUP},
            "Hello",
            [[("Go", "go"), ("See", "https://example.org")]],
        ),
        ({"text": "Hello"}, "Hello", []),
        ({"text": "Hello", "reply_markup": None}, "Hello", []),
        ({"text": "Hello", "reply_markup": {}}, "Hello", []),
        ({"text": "Hello", "reply_markup": {"inline_keyboard": None}}, "Hello", []),
        (
            {"text": None, "reply_markup": MARKUP},
            "",
            [[("Go", "go"), ("See", "https://example.org")]],
        ),
        ({"reply_markup": MARKUP}, "", [[("Go", "go"), ("See", "https://example.org")]]),
    ],
)
def test_a_tapped_message_has_a_digest_of_what_it_shows(
    message: dict[str, Any], text: str, rows: list[list[tuple[str, str | None]]]
) -> None:
    update = read(tap(**message), BOT)

    assert shown_before(update) == digest_of(text, rows)
    assert update.callback_query is not None
    assert update.callback_query.data == "go"
    assert isinstance(update.callback_query.message, Message)


@pytest.mark.parametrize(
    "shown", [None, {"message_id": 5, "date": 0, "chat": {"id": 3, "type": "private"}}]
)
def test_an_inaccessible_message_has_no_digest(shown: dict[str, Any] | None) -> None:
    raw = tap()
    raw["callback_query"]["message"] = shown

    assert shown_before(read(raw, BOT)) is None
