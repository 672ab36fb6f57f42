"""The messages each story sends, counted in a dialogue and compared with docs/capacity.md."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider

PAGE = Path(__file__).parents[4] / "docs" / "capacity.md"
HOUR_AT_THIRTY = 30 * 3600
# Answers to taps are not shown, and do not count toward Telegram's thirty messages a second.
SHOWN = {"sendMessage", "editMessageText", "sendPhoto"}

Story = Callable[[BotHarness, ChatUser], Awaitable[None]]


async def books_the_next_free_time(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("/book")
    await alice.taps("⚡")
    await alice.taps("Confirm")


async def books_by_calendar(bot: BotHarness, alice: ChatUser) -> None:
    await alice.books("09:15")


async def lets_a_hold_expire(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("/book")
    await alice.taps("⚡")
    await bot.advances(minutes=25)
    await bot.advances(minutes=5)
    assert alice.sees("expired")


async def cancels(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("/bookings")
    await alice.taps(alice.buttons[0])
    await alice.taps("Cancel booking", message=alice.last)
    await alice.taps("Yes, cancel")
    assert alice.sees("Booking cancelled")


@pytest.mark.parametrize(
    ("begins", "first", "story"),
    [
        ("`/book`, next free time, `Confirm`", None, books_the_next_free_time),
        ("`/book`, a day, a time, `Confirm`", None, books_by_calendar),
        ("`/book`, next free time, warned", None, lets_a_hold_expire),
        ("`/bookings`, look, `Cancel booking`", books_by_calendar, cancels),
    ],
)
async def test_the_documented_message_counts_are_right(
    bot: BotHarness, alice: ChatUser, begins: str, first: Story | None, story: Story
) -> None:
    await add_provider(bot)
    await alice.sends("/start")
    if first:
        await first(bot, alice)
    bot.simulator.transcript.calls.clear()
    await story(bot, alice)
    made = Counter(call.method for call in bot.simulator.transcript.calls if call.method in SHOWN)

    [row] = re.findall(
        rf"^\| {re.escape(begins)}.* \| (\d+) \| (\d+) \| ([\d,]+) \|$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [int(figure.replace(",", "")) for figure in row] == [
        made.total(),
        made["sendMessage"],
        HOUR_AT_THIRTY // made.total(),
    ]
