"""The whole story in one day of a small practice, with the bot restarted in the middle of each step."""

from collections.abc import Awaitable, Callable

import pytest

from tests.kit.bot import ADMIN_ID, Town

Pause = Callable[[], Awaitable[None]]


@pytest.mark.parametrize("pausing", ["without a break", "restarted in the middle of each step"])
async def test_the_whole_story(town: Town, pausing: str) -> None:
    async def pause() -> None:
        if pausing == "restarted in the middle of each step":
            await town.restarts()

    await _an_admin_invites_and_a_provider_joins(town, pause)
    await _the_provider_posts_hours(town, pause)
    await _two_clients_race_for_one_slot(town, pause)
    await _one_confirms_and_the_other_runs_out_of_time(town, pause)
    await _the_lists_agree(town, pause)
    await _the_booking_is_cancelled(town, pause)


async def _an_admin_invites_and_a_provider_joins(town: Town, pause: Pause) -> None:
    admin, dora = town.knows("Ada", id=ADMIN_ID), town.knows("Dora")
    await admin.sends("/start")
    await admin.sends("/invite")
    link = admin.link("?start=join_")
    await pause()
    await dora.opens(link)
    await pause()
    await dora.sends("Dr. Dora <Dent> & Co")
    await pause()
    await dora.sends("berlin")
    assert dora.sees("Dr. Dora <Dent> & Co")


async def _the_provider_posts_hours(town: Town, pause: Pause) -> None:
    dora = town.knows("Dora")
    await dora.sends("/hours")
    await pause()
    await dora.sends("Wednesday 25 November 8am-10am")
    await pause()
    assert "8 slots" in dora.card.text
    await dora.taps("Publish")
    await pause()
    assert any(label.endswith("Undo") for label in dora.buttons)


async def _two_clients_race_for_one_slot(town: Town, pause: Pause) -> None:
    alice, bob = town.knows("Alice"), town.knows("Bob", language_code="de")
    for client in (alice, bob):
        await client.sends("/book")
        await pause()
        await client.taps("25")
        await pause()
    alice.person.taps("09:15")
    bob.person.taps("09:15")
    await town.settles()
    winners = [client for client in (alice, bob) if any("Confirm" in label or "Bestätigen" in label for label in client.buttons)]
    assert winners == [alice]
    assert "Jemand war schneller" in bob.toast
    await pause()
    await bob.taps("09:30")
    assert "Für dich reserviert" in bob.card.text
    await pause()


async def _one_confirms_and_the_other_runs_out_of_time(town: Town, pause: Pause) -> None:
    alice, bob, dora = town.knows("Alice"), town.knows("Bob"), town.knows("Dora")
    await alice.taps("Confirm")
    await pause()
    assert alice.card.text.startswith("✅ Booked")
    assert dora.sees("New booking from Alice")
    await town.passes(minutes=25)
    await pause()
    assert bob.sees("Noch 5 Minuten")
    await town.passes(minutes=5)
    await pause()
    assert "Deine Reservierung ist abgelaufen" in bob.last.text
    assert not dora.sees("Bob")


async def _the_lists_agree(town: Town, pause: Pause) -> None:
    alice, bob, dora = town.knows("Alice"), town.knows("Bob"), town.knows("Dora")
    await alice.sends("/bookings")
    assert "09:15" in alice.last.text + "".join(alice.buttons)
    await bob.sends("/bookings")
    assert "09:30" not in bob.last.text
    await pause()
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    assert "Alice" in dora.card.text
    assert "09:15" in dora.card.text
    assert "Bob" not in dora.card.text


async def _the_booking_is_cancelled(town: Town, pause: Pause) -> None:
    alice, bob, dora = town.knows("Alice"), town.knows("Bob"), town.knows("Dora")
    await alice.taps("✅ Wed 25 Nov")
    await pause()
    await alice.taps("Cancel booking", message=alice.last)
    await pause()
    await alice.taps("Yes, cancel")
    await pause()
    assert alice.sees("Booking cancelled")
    assert "Alice cancelled" in dora.last.text
    await bob.sends("/book")
    await bob.taps("25")
    assert "09:15" in bob.buttons
