"""Chats about the free times that are offered first, and a calendar that goes on."""

import pytest

from domain.timespan import TimeSpan
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, in_berlin


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider with hours on 25 November and on the first 20 days of December."""
    dora = await add_provider(bot)
    december = [
        TimeSpan(in_berlin(day, 9, month=12), in_berlin(day, 15, month=12)) for day in range(1, 21)
    ]
    async with bot.app.database.transaction() as work:
        await work.availability.replace(1, [], december)
    return dora


async def test_the_first_offers_are_spread_over_the_day_and_to_another_day(
    alice: ChatUser, dora: ChatUser
) -> None:
    await alice.sends("/book")
    assert alice.buttons[:3] == [
        "⚡ Wed 25 Nov, 09:00",
        "⚡ Wed 25 Nov, 11:00",
        "⚡ Tue 1 Dec, 09:00",
    ]


async def test_the_calendar_goes_on_into_the_next_month(alice: ChatUser, dora: ChatUser) -> None:
    await alice.sends("/book")
    calendar = [label for label in alice.buttons if label.isdigit() or label.endswith("2026")]
    assert calendar == ["November 2026", "25", "December 2026", *"12345678"]

    await alice.taps("5")
    alice.card.shows("Saturday, 5 December 2026")
    await alice.taps("14:15")
    alice.card.shows("Saturday, 5 December 2026, 14:15–14:30")


async def test_a_later_month_is_shown_alone(bot: BotHarness, dora: ChatUser) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.sends("/book")
    assert greta.buttons[2] == "⚡ Di., 1. Dez., 09:00"
    assert "Dezember 2026" in greta.buttons
    await greta.taps("›")
    assert [label for label in greta.buttons if label.endswith("2026")] == ["Dezember 2026"]
    assert [label for label in greta.buttons if label.isdigit()] == [str(n) for n in range(1, 21)]

    await greta.taps("‹")
    assert [label for label in greta.buttons if label.isdigit()] == ["25", *"12345678"]


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("26 Nov", ["Wed 25 Nov, 11:15", "Wed 25 Nov, 11:30", "Wed 25 Nov, 11:45"]),
        ("28 Nov 12:00", ["Tue 1 Dec, 09:00", "Tue 1 Dec, 09:15", "Tue 1 Dec, 09:30"]),
        ("28 Nov 10:15", ["Wed 25 Nov, 11:30", "Wed 25 Nov, 11:45", "Tue 1 Dec, 09:00"]),
        ("today 9:45", ["Wed 25 Nov, 09:00", "Wed 25 Nov, 09:15", "Wed 25 Nov, 09:30"]),
        ("1.6.2028", ["Sun 20 Dec, 14:15", "Sun 20 Dec, 14:30", "Sun 20 Dec, 14:45"]),
    ],
)
async def test_where_nothing_is_free_the_nearest_free_times_are_offered(
    alice: ChatUser, dora: ChatUser, typed: str, nearest: list[str]
) -> None:
    await alice.sends("/book")
    await alice.sends(typed)

    assert alice.card.text.endswith("Nearest free times:")
    assert alice.buttons == [*nearest, "Back"]
    await alice.taps(nearest[1])
    alice.card.shows("Held for you")


async def test_the_nearest_free_times_are_offered_in_german(
    bot: BotHarness, dora: ChatUser
) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.sends("/book")
    await greta.sends("30. November 10 Uhr")

    assert greta.card.text.endswith("Die nächsten freien Zeiten:")
    assert greta.buttons == [f"Di., 1. Dez., 09:{minute}" for minute in ("00", "15", "30")] + [
        "Zurück"
    ]


async def test_a_day_tapped_on_an_old_calendar_offers_the_nearest_free_times(
    alice: ChatUser, bob: ChatUser, dora: ChatUser
) -> None:
    async with alice.bot.app.database.transaction() as work:
        await work.availability.replace(
            1,
            [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))],
            [TimeSpan(in_berlin(25, 9), in_berlin(25, 9, 15))],
        )
    await alice.sends("/book")
    await bob.sends("/book")
    await bob.taps("25")
    await bob.taps("09:00")
    await alice.taps("25")

    assert alice.buttons[0] == "Tue 1 Dec, 09:00"
