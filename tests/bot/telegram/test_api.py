"""Calls with plain values; a value that JSON cannot hold is a bug, not a network error."""

import pytest

from bot.telegram.api import call
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser


@pytest.mark.parametrize("label", ["half a \ud83d", 2**64])
async def test_a_value_that_json_cannot_hold_raises_a_type_error(
    bot: BotHarness, label: object
) -> None:
    keyboard = {"inline_keyboard": [[{"text": label, "callback_data": "x"}]]}
    with pytest.raises(TypeError):
        await call(
            bot.app.application.bot,
            "sendMessage",
            {"chat_id": 1, "text": "hi", "reply_markup": keyboard},
        )


async def test_none_is_left_out_and_texts_are_sent_unchanged(
    bot: BotHarness, alice: ChatUser
) -> None:
    await alice.sends("/start")
    sent = await call(
        bot.app.application.bot,
        "sendMessage",
        {"chat_id": alice.person.id, "text": "“7”", "reply_parameters": None},
    )
    assert sent["text"] == alice.last.text == "“7”"
