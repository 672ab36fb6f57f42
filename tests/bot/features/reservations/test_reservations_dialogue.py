"""Chats about the card of a hold: confirming and releasing, twice, too late, on old cards."""

from datetime import timedelta

import pytest

from domain.reservation import Status
from simulator.faults import FaultKind
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, live_in
from tests.kit.handlers import cards

CONFIRM, RELEASE, CARD = "rc:1", "rr:1", "rs:1"


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider who works from nine to twelve on Wednesday 25 November."""
    return await add_provider(bot)


async def test_confirming_books_the_time_and_notifies_the_provider(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    assert alice.sees("Held for you until 10:30")
    await alice.taps("Confirm")
    assert alice.toast == "You're booked!"
    assert alice.card.text.startswith("✅ Booked")
    assert dora.sees("New booking from Alice:\nWednesday, 25 November 2026, 09:15–09:30")


async def test_the_zone_is_named_where_provider_and_client_are_in_different_ones(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await live_in(dora, "Europe/London")
    await alice.books("09:15")

    alice.card.shows("09:15–09:30 (Berlin time)")
    assert dora.sees("08:15–08:30 (London time)")


async def test_confirming_twice_says_the_same_twice_and_tells_the_provider_once(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    shown = [message.text for message in alice.shown]
    await alice.taps_data(CONFIRM, alice.card.id)
    assert alice.person.toasts[-2:] == [("You're booked!", False)] * 2
    assert [message.text for message in alice.shown] == shown
    assert len(dora.shown) == 1


@pytest.mark.parametrize(("data", "state"), [(CONFIRM, "✅ Booked"), (RELEASE, "Released")])
async def test_a_card_that_is_sent_late_shows_what_was_done_meanwhile(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, data: str, state: str
) -> None:
    await alice.sends("/bookings")
    bot.simulator.faults.add(FaultKind.FLOOD, method="sendMessage", retry_after=60)
    await alice.sends("/book dora 25 Nov 9:15")
    await alice.taps_data(data, alice.last.id)
    await bot.advances(minutes=2)

    [(_, _, card, _)] = cards(bot)
    [shown] = [message for message in alice.shown if message.id == card]
    shown.shows(state)


async def test_releasing_twice_frees_the_time_once(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.taps("Release")
    await alice.taps_data(RELEASE, alice.card.id)
    assert [toast for toast, _ in alice.person.toasts[-2:]] == ["Done. The time is open again."] * 2
    assert alice.card.text.startswith("Released")
    await bob.holds("09:15")
    assert bob.sees("Held for you until 10:30")
    assert dora.shown == []


async def test_the_old_release_button_of_a_booking_never_cancels_it(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps_data(RELEASE, alice.card.id)
    toast, alert = alice.person.toasts[-1]
    assert (toast[:23], alert) == ("This is already booked.", True)
    assert alice.buttons == ["Cancel booking", "My bookings"]
    assert [r.status for r in await alice.reservations()] == [Status.CONFIRMED]


async def test_a_released_hold_cannot_be_confirmed_from_an_old_card(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.taps("Release")
    await alice.taps_data(CONFIRM, alice.card.id)
    assert alice.person.toasts[-1] == (
        "You already let this time go. Book a new one with /book.",
        True,
    )
    assert alice.card.text.startswith("Released")
    assert await alice.reservations() == []


async def test_a_hold_is_confirmed_up_to_its_last_second(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    bot.now += timedelta(minutes=30, seconds=-1)
    await alice.taps("Confirm")
    assert alice.toast == "You're booked!"


@pytest.mark.parametrize("button", ["Confirm", "Release"])
async def test_a_hold_ends_at_its_last_second_before_the_expiry_job_runs(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, button: str
) -> None:
    await alice.holds("09:15")
    bot.now += timedelta(minutes=30)
    await alice.taps(button)
    toast, alert = alice.person.toasts[-1]
    assert (toast[:22], alert) == ("This hold has expired.", True)
    assert alice.shown[0].text.startswith("⌛ This hold has expired")
    assert alice.shown[0].labels == ["Hold it again", "Other times"]
    assert await alice.reservations() == []


async def test_other_time_on_an_expired_card_repairs_it_and_says_why(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    bot.now += timedelta(minutes=30)
    await alice.taps("Change time")
    toast, alert = alice.person.toasts[-1]
    assert (toast[:22], alert) == ("This hold has expired.", True)
    assert alice.shown[0].labels == ["Hold it again", "Other times"]


@pytest.mark.parametrize(
    ("label", "head", "reason"),
    [
        ("Confirm", "✅ Booked", "This is already booked."),
        ("Release", "Released", "You already let this time go."),
    ],
)
async def test_other_time_on_an_outdated_card_repairs_it(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, label: str, head: str, reason: str
) -> None:
    await alice.holds("09:15")
    await alice.taps(label)
    await alice.taps_data("ro:1", alice.card.id)
    assert alice.toast.startswith(reason)
    assert alice.card.text.startswith(head)


async def test_moving_a_hold_that_is_booked_now_shows_the_booking(
    bot: BotHarness, dora: ChatUser
) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.holds("09:15")
    await greta.sends("10:00")
    await greta.taps("Bestätigen")
    booked = await greta.reservations()
    await greta.taps("Auf Mi 10:00 verschieben")
    assert greta.person.toasts[-1][1]
    assert [message.text[:9] for message in greta.shown] == ["✅ Gebucht"]
    assert [r.span for r in await greta.reservations()] == [r.span for r in booked]


async def test_repairing_one_card_does_not_disturb_the_choice_on_another(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    old = alice.card.id
    bot.now += timedelta(minutes=30)
    await alice.sends("/book")
    await alice.taps_data("ro:1", old)
    await alice.sends("25 Nov 10:00")
    assert alice.last.text.startswith("⏳ Held for you")
    alice.last.shows("10:00–10:15")


async def test_an_expired_hold_is_held_again_with_one_tap(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    bot.now += timedelta(minutes=31)
    await alice.taps("Confirm")
    await alice.taps("Hold it again", message=alice.shown[0])
    await alice.taps("Confirm")
    assert [r.status for r in await alice.reservations()] == [Status.CONFIRMED]


async def test_an_expired_time_that_was_taken_is_not_offered_again(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.holds("09:15")
    bot.now += timedelta(minutes=30)
    await bob.holds("09:15")
    await alice.taps_data(CONFIRM, alice.shown[0].id)
    assert alice.shown[0].labels == ["Other times"]
    assert alice.person.toasts[-1][1]


async def test_confirming_what_the_provider_cancelled_shows_that_it_is_cancelled(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    card = alice.card.id
    await dora.cancels_for_client(1)
    await alice.taps_data(CONFIRM, card)
    assert alice.person.toasts[-1] == (
        "This appointment is already cancelled. Book a new one with /book.",
        True,
    )
    assert alice.sees("❌ Cancelled by the provider")
    assert await alice.reservations() == []


async def test_confirming_from_the_warning_leaves_one_card(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await bot.advances(minutes=26)
    assert alice.sees("left to confirm")
    await alice.taps("Confirm", message=alice.last)
    assert [message.text[:8] for message in alice.shown] == ["✅ Booked"]
    assert cards(bot) == [(1, alice.id, alice.last.id, None)]


@pytest.mark.parametrize("choice", [CONFIRM, RELEASE, CARD])
async def test_another_clients_reservation_is_unknown(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser, choice: str
) -> None:
    await alice.holds("09:15")
    standing = await alice.reservations()
    await bob.sends("/bookings")
    for number in ("1", "2", "0", str(2**52)):
        await bob.taps_data(f"{choice[:2]}:{number}", bob.last.id)
        assert bob.person.toasts[-1] == (
            "I can't find that appointment. See yours in /bookings or /agenda.",
            True,
        )
    assert await alice.reservations() == standing
    assert bob.last.text.startswith("No upcoming bookings")


async def test_a_card_works_after_a_restart(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await bot.restarts()
    await alice.taps("Change time")
    await bot.restarts()
    await alice.taps("Back")
    await bot.restarts()
    await alice.taps("Confirm")
    assert [message.text[:8] for message in alice.shown] == ["✅ Booked"]


async def test_confirming_one_hold_does_not_disturb_the_choice_of_another(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    card = alice.card
    await alice.sends("/book")
    await alice.taps("25")
    await alice.taps("Confirm", message=card)
    await alice.sends("9:45")
    assert sorted(r.status for r in await alice.reservations()) == [
        Status.CONFIRMED,
        Status.HELD,
    ]
    assert card.text.startswith("✅ Booked")
    assert card in alice.shown


async def test_going_back_to_the_card_ends_the_choice_of_another_time(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    standing = await alice.reservations()
    await alice.taps("Change time")
    await alice.taps("25")
    await alice.taps("Back")
    await alice.taps("Back")
    await alice.sends("25 Nov 9:45")
    assert alice.last.text.startswith("You're holding Wednesday, 25 November 2026, 09:15–09:30.")
    assert await alice.reservations() == standing


async def test_a_card_is_written_in_german(bot: BotHarness, dora: ChatUser) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.holds("09:15")
    await greta.taps("Bestätigen")
    assert greta.toast == "Gebucht!"
    assert greta.card.text.startswith(
        "✅ Gebucht\n\nDora\nMittwoch, 25. November 2026, 09:15–09:30"
    )


@pytest.mark.refuses("message to edit not found")
async def test_a_card_that_replaces_a_deleted_message_shows_the_newest_time(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.sends("/book dora 25 Nov")
    times = alice.card
    slots = {button.text: button.data or "" for button in times.buttons}
    await bot.simulator.call("deleteMessage", {"chat_id": alice.id, "message_id": times.id})
    bot.simulator.faults.add(FaultKind.FLOOD, method="editMessageText", retry_after=60)
    for time in ("09:15", "11:00"):
        await alice.taps_data(slots[time], times.id)
    await bot.advances(minutes=2)

    [(_, _, card, _)] = cards(bot)
    [shown] = [message for message in alice.shown if message.id == card]
    shown.shows("Held for you", "11:00–11:15")
