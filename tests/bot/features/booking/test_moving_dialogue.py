"""Chats in which a client who holds a time types another one."""

from domain.reservation import Status
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser, Shown
from tests.kit.clinic import add_provider, in_berlin


async def test_a_typed_time_is_one_tap_away_and_moves_the_hold(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.sends("wednesday 11:00")
    assert alice.last.text.startswith(
        "You're holding Wednesday, 25 November 2026, 09:15–09:30. Move it?"
    )
    assert alice.last.labels == ["Move to Wed 11:00"]

    await bot.restarts()
    await alice.taps("Move to Wed 11:00")
    alice.card.shows("Wednesday, 25 November 2026, 11:00–11:15")
    assert len([message for message in alice.shown if message.rows]) == 1
    assert [r.span.start for r in await alice.reservations()] == [in_berlin(25, 11)]
    await bob.sends("25 Nov")
    assert "09:15" in bob.buttons
    assert "11:00" not in bob.buttons


async def test_a_time_without_a_day_is_one_of_the_holds_day(
    bot: BotHarness, open_hours: ChatUser
) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.sends("/book")
    await greta.sends("25.11. 9:15")
    await greta.sends("9:45")
    assert greta.last.text.startswith(
        "Du hast Mittwoch, 25. November 2026, 09:15–09:30 reserviert."
    )
    assert greta.last.labels == ["Auf Mi 09:45 verschieben"]

    await greta.taps("Auf Mi 09:45 verschieben")
    greta.card.shows("09:45–10:00")


async def test_a_day_a_week_away_is_named_with_its_date(bot: BotHarness, alice: ChatUser) -> None:
    await add_provider(bot, days=(25, 29, 30))
    await alice.holds("09:15")
    await alice.sends("30 Nov 10:00")
    assert alice.last.labels == ["Move to Mon 30 Nov, 10:00"]
    await alice.sends("29 Nov 10:00")
    assert alice.last.labels == ["Move to Sun 10:00"]


async def test_a_time_that_is_not_free_offers_to_move_to_the_nearest(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    await bob.holds("10:00")
    await alice.sends("25 Nov 10:00")
    assert alice.last.text.startswith("Wednesday, 25 November 2026, 10:00 isn't free.")
    assert alice.last.labels == [
        *(f"Move to Wed {time}" for time in ("09:30", "09:45", "10:15")),
        "Change time",
    ]

    await alice.taps("Move to Wed 10:15")
    alice.card.shows("10:15–10:30")


async def test_the_time_of_the_hold_itself_is_no_move(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.sends("9:15")
    assert alice.last.labels == ["Change time"]
    await alice.sends("8:00")
    assert alice.last.labels[:2] == ["Move to Wed 09:00", "Move to Wed 09:30"]


async def test_a_day_alone_leads_to_its_free_times(bot: BotHarness, alice: ChatUser) -> None:
    await add_provider(bot, days=(25, 26))
    await alice.holds("09:15")
    await alice.sends("26 Nov")
    assert alice.last.labels == ["Change time"]
    await alice.taps("Change time", message=alice.last)
    alice.card.shows("Thursday, 26 November 2026")
    await alice.taps("10:00")
    alice.card.shows("Thursday, 26 November 2026, 10:00–10:15")
    assert len(await alice.reservations()) == 1


async def test_a_move_to_a_time_taken_meanwhile_shows_what_is_free(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.sends("10:00")
    await bob.holds("10:00")
    await alice.taps("Move to Wed 10:00")

    assert "10:00" not in alice.buttons
    assert "10:15" in alice.buttons
    assert [(r.span.start, r.status) for r in await alice.reservations()] == [
        (in_berlin(25, 9, 15), Status.HELD)
    ]


async def test_a_second_tap_on_a_provider_leads_to_another_time_for_the_hold(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    await alice.sends("25 Nov 9:15")
    providers = alice.card
    [dora] = [button.data for button in providers.buttons if "Dora" in button.text]
    for _ in range(2):
        await alice.taps_data(dora or "", providers.id)
    providers.hides("Held for you")
    await alice.taps("25")
    await alice.taps("11:00")

    providers.shows("Held for you", "11:00–11:15")
    assert [r.span.start for r in await alice.reservations()] == [in_berlin(25, 11)]


async def test_a_calendar_on_the_card_of_a_booking_is_not_overwritten_when_that_is_cancelled(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.books("10:00")
    card = alice.card
    await alice.taps_data("bc:1", card.id)
    card.shows("Pick a time")
    await open_hours.cancels_for_client(1)

    card.shows("Pick a time")
    alice.last.shows("cancelled your appointment")


async def opens_calendar(client: ChatUser) -> tuple[Shown, str]:
    """Look for another time for a hold; return the calendar and the data of its 25th."""
    await client.taps("Change time")
    [day] = [button.data for button in client.card.buttons if button.text == "25"]
    return client.card, day or ""


async def test_another_time_of_a_hold_that_has_ended_is_a_new_hold(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    times, day = await opens_calendar(alice)
    await open_hours.cancels_for_client(1)
    await alice.taps_data(day, times.id)
    await alice.taps("11:00")

    times.shows("Held for you", "11:00–11:15")
    assert [(r.id, r.span.start) for r in await alice.reservations()][-1] == (2, in_berlin(25, 11))


async def test_an_old_calendar_of_a_hold_shows_the_booking_that_it_has_become(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    times, day = await opens_calendar(alice)
    await alice.taps_data("rc:1", times.id)
    await alice.taps_data(day, times.id)

    times.shows("Booked", "09:15–09:30")
    assert len(await alice.reservations()) == 1
