"""A day at a small clinic, with and without a restart of the bot within each step."""

from collections.abc import Awaitable, Callable

import pytest

from tests.kit.bot import ADMIN_ID, BotHarness

Pause = Callable[[], Awaitable[None]]


@pytest.mark.parametrize("pausing", ["without a break", "restarted in the middle of each step"])
async def test_a_day_at_a_small_clinic(bot: BotHarness, pausing: str) -> None:
    async def pause() -> None:
        if pausing == "restarted in the middle of each step":
            await bot.restarts()

    await _an_admin_invites_and_a_provider_joins(bot, pause)
    await _the_provider_posts_hours(bot, pause)
    await _two_clients_race_for_one_slot(bot, pause)
    await _one_confirms_and_the_other_runs_out_of_time(bot, pause)
    await _the_lists_agree(bot, pause)
    await _the_booking_is_cancelled(bot, pause)


async def _an_admin_invites_and_a_provider_joins(bot: BotHarness, pause: Pause) -> None:
    admin, dora = bot.person_named("Ada", id=ADMIN_ID), bot.person_named("Dora")
    await admin.sends("/start")
    await admin.sends("/invite")
    await admin.taps("A provider")
    link = admin.link("?start=join_")
    await pause()
    await dora.opens(link)
    await pause()
    await dora.sends("Dr. Dora <Dent> & Co")
    await pause()
    await dora.sends("berlin")
    assert dora.sees("Dr. Dora <Dent> & Co")


async def _the_provider_posts_hours(bot: BotHarness, pause: Pause) -> None:
    dora = bot.person_named("Dora")
    await dora.sends("/hours")
    await pause()
    await dora.sends("Wednesday 25 November 8am-10am")
    await pause()
    dora.card.shows("8 slots")
    await dora.taps("Publish")
    await pause()
    assert any(label.endswith("Undo") for label in dora.buttons)


async def _two_clients_race_for_one_slot(bot: BotHarness, pause: Pause) -> None:
    alice, bob = bot.person_named("Alice"), bot.person_named("Bob", language_code="de")
    for client in (alice, bob):
        await client.sends("/book")
        await pause()
        await client.taps("25")
        await pause()
    alice.person.taps("09:15")
    bob.person.taps("09:15")
    await bot.settles()
    winners = [
        client
        for client in (alice, bob)
        if any("Confirm" in label or "Bestätigen" in label for label in client.buttons)
    ]
    assert winners == [alice]
    assert "Jemand war schneller" in bob.toast
    await pause()
    await bob.taps("09:30")
    bob.card.shows("Für dich reserviert")
    await pause()


async def _one_confirms_and_the_other_runs_out_of_time(bot: BotHarness, pause: Pause) -> None:
    alice, bob, dora = bot.person_named("Alice"), bot.person_named("Bob"), bot.person_named("Dora")
    await alice.taps("Confirm")
    await pause()
    assert alice.card.text.startswith("✅ Booked")
    assert dora.sees("New booking from Alice")
    await bot.advances(minutes=25)
    await pause()
    assert bob.sees("Noch 5 Minuten")
    await bot.advances(minutes=5)
    await pause()
    bob.last.shows("Deine Reservierung ist abgelaufen")
    assert not dora.sees("Bob")


async def _the_lists_agree(bot: BotHarness, pause: Pause) -> None:
    alice, bob, dora = bot.person_named("Alice"), bot.person_named("Bob"), bot.person_named("Dora")
    await alice.sends("/bookings")
    assert "09:15" in alice.last.text + "".join(alice.buttons)
    await bob.sends("/bookings")
    bob.last.hides("09:30")
    await pause()
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    dora.card.shows("Alice", "09:15")
    dora.card.hides("Bob")


async def _the_booking_is_cancelled(bot: BotHarness, pause: Pause) -> None:
    alice, bob, dora = bot.person_named("Alice"), bot.person_named("Bob"), bot.person_named("Dora")
    await alice.taps("✅ Wed 25 Nov")
    await pause()
    await alice.taps("Cancel booking", message=alice.last)
    await pause()
    await alice.taps("Yes, cancel")
    await pause()
    assert alice.sees("Booking cancelled")
    dora.last.shows("Alice cancelled")
    await bob.sends("/book")
    await bob.taps("25")
    assert "09:15" in bob.buttons
