"""Calls in plain values: what has no form in JSON is our mistake, and not trouble of Telegram's that may pass."""

import pytest

from bot.telegram.api import call
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser


@pytest.mark.parametrize("label", ["half a \ud83d", 2**64])
async def test_what_has_no_form_is_told_at_once(bot: BotHarness, label: object) -> None:
    keyboard = {"inline_keyboard": [[{"text": label, "callback_data": "x"}]]}
    with pytest.raises(TypeError):
        await call(
            bot.app.application.bot,
            "sendMessage",
            {"chat_id": 1, "text": "hi", "reply_markup": keyboard},
        )


async def test_what_is_none_is_left_out_and_texts_go_as_they_are(
    bot: BotHarness, alice: ChatUser
) -> None:
    await alice.sends("/start")
    sent = await call(
        bot.app.application.bot,
        "sendMessage",
        {"chat_id": alice.person.id, "text": "“7”", "reply_parameters": None},
    )
    assert sent["text"] == alice.last.text == "“7”"
