"""Chats about a client's bookings: the list, one of them, cancelling it, and what can fail."""

from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from domain.choice import SlotChoice
from domain.reservation import Status
from domain.usecases.hold_slot import hold_slot
from tests.kit.bot import BotHarness
from tests.kit.cells import QUARTER
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, in_berlin, live_in

FIRST = "Wed 25 Nov, 09:15 · Dora"


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider who works from nine to twelve on Wednesday 25 November."""
    return await add_provider(bot)


async def test_an_empty_list_leads_to_booking(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.sends("/bookings")
    assert alice.last.text == "No upcoming bookings."
    await alice.taps("Book a time")
    assert alice.sees("Pick a time or day, or type one")


async def test_the_list_shows_holds_and_bookings_with_their_times_and_the_zone(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("10:00")
    await alice.holds("09:15")
    await alice.sends("/bookings")
    assert alice.buttons == ["⏳ Wed 25 Nov, 09:15 · Dora", "✅ Wed 25 Nov, 10:00 · Dora"]
    alice.last.shows(
        "⏳ Dora\nWednesday, 25 November 2026, 09:15–09:30\nHeld until 10:30, not confirmed yet"
    )
    alice.last.hides("Berlin")


async def test_times_are_shown_in_the_zone_the_client_chose(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await live_in(alice, "Asia/Tokyo")
    await alice.sends("/bookings")
    alice.last.shows("Wednesday, 25 November 2026, 17:15–17:30", "Tokyo time")


async def test_expired_and_released_holds_are_not_listed(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.taps("Release")
    await alice.holds("09:30")
    bot.now += timedelta(minutes=30)
    await alice.sends("/bookings")
    assert any("No upcoming bookings" in message.text for message in alice.shown)


async def test_a_hold_opened_from_the_list_has_one_card(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.sends("/bookings")
    await alice.taps(FIRST)
    assert [message.labels for message in alice.shown] == [
        ["✅ Confirm", "Change time", "Release", "My bookings"]
    ]
    await alice.taps("Change time")
    await alice.taps("25")
    await alice.taps("10:00")
    await alice.taps("Confirm")
    assert [r.span.start for r in await alice.reservations()] == [in_berlin(25, 10)]
    assert [message.text[:8] for message in alice.shown] == ["✅ Booked"]


async def test_cancelling_asks_once_and_notifies_the_provider(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.sends("/bookings")
    await alice.taps(FIRST)
    assert alice.buttons == ["Cancel booking", "Back"]
    await alice.taps("Cancel booking", message=alice.last)
    assert str(alice.last) == snapshot("""\
Cancel this booking?

Dora
Wednesday, 25 November 2026, 09:15–09:30

Dora will be notified and the time opens up for others.

[Yes, cancel booking]
[Back]\
""")
    assert len(await alice.reservations()) == 1
    await alice.taps("Yes, cancel")
    assert alice.toast == "Booking cancelled."
    assert str(alice.last) == snapshot("""\
Booking cancelled
The time is open to others again.

Dora
Wednesday, 25 November 2026, 09:15–09:30

[Book another time]
[Back]\
""")
    assert str(dora.last) == snapshot("""\
Alice cancelled:
Wednesday, 25 November 2026, 09:15–09:30
The time is open again.

[Open that day]\
""")
    await bob.holds("09:15")
    assert len(await bob.reservations()) == 1


async def test_cancelling_from_the_list_updates_the_card(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    card = alice.card
    await alice.sends("/bookings")
    await alice.taps(FIRST)
    await alice.taps("Cancel booking", message=alice.last)
    await alice.taps("Yes, cancel")
    assert card.text.startswith("Booking cancelled")
    assert card.labels == ["Book another time"]


async def test_cancelling_from_the_card_leads_back_to_the_list(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.books("10:00")
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel")
    await alice.taps("Back")
    assert alice.buttons == ["✅ Wed 25 Nov, 09:15 · Dora"]


async def test_back_on_the_question_cancels_nothing(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps("Cancel booking")
    await alice.taps("Back")
    assert alice.last.text.startswith("✅ Booked")
    await alice.taps("Back")
    assert alice.buttons == ["✅ Wed 25 Nov, 09:15 · Dora"]
    assert [r.status for r in await alice.reservations()] == [Status.CONFIRMED]


async def test_cancelling_twice_notifies_the_provider_once(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel")
    count = len(dora.shown)
    await alice.taps_data("lc:1", alice.card.id)
    assert [toast for toast, _ in alice.person.toasts[-2:]] == ["Booking cancelled."] * 2
    assert len(dora.shown) == count


async def test_a_booking_can_be_cancelled_until_the_second_before_it_starts(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps("Cancel booking")
    begins = (await alice.reservations())[0].span.starts_at
    bot.now = begins - timedelta(seconds=1)
    await alice.taps("Yes, cancel")
    assert await alice.reservations() == []


@pytest.mark.parametrize("choice", ["la:1", "lc:1"])
async def test_a_booking_that_has_started_cannot_be_cancelled(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, choice: str
) -> None:
    await alice.books("09:15")
    bot.now = (await alice.reservations())[0].span.starts_at
    await alice.taps_data(choice, alice.card.id)
    started = (
        "This appointment can't be changed here any more. Please contact the other person directly."
    )
    assert alice.person.toasts[-1] == (started, True)
    assert alice.buttons == ["Back"]
    assert [r.status for r in await alice.reservations()] == [Status.CONFIRMED]


@pytest.mark.parametrize("choice", ["la:1", "lc:1"])
async def test_cancelling_after_the_provider_shows_their_reason(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, choice: str
) -> None:
    await alice.books("09:15")
    card = alice.card.id
    await dora.cancels_for_client(1, reason="I am ill")
    await alice.taps_data(choice, card)
    assert alice.person.toasts[-1] == (
        "This appointment is already cancelled. Book a new one with /book.",
        True,
    )
    assert any(
        "Cancelled by the provider" in m.text and "Note: I am ill" in m.text and "Back" in m.labels
        for m in alice.shown
    )


async def test_asking_to_cancel_a_hold_shows_its_card_instead(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.taps_data("la:1", alice.card.id)
    assert alice.buttons == ["✅ Confirm", "Change time", "Release", "My bookings"]
    assert [r.status for r in await alice.reservations()] == [Status.HELD]


@pytest.mark.parametrize("kind", ["ls", "la", "lc"])
async def test_another_clients_booking_is_unknown(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser, kind: str
) -> None:
    await alice.books("09:15")
    standing = await alice.reservations()
    await bob.sends("/bookings")
    for number in ("1", "2", "0", str(2**52)):
        await bob.taps_data(f"{kind}:{number}", bob.last.id)
        assert bob.person.toasts[-1] == (
            "I can't find that appointment. See yours in /bookings or /agenda.",
            True,
        )
    assert await alice.reservations() == standing


async def test_a_long_list_is_paged_and_a_forged_page_is_the_last(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.sends("/bookings")
    number = await alice.number()
    async with bot.app.database.transaction() as work:
        for n in range(9):
            held = await hold_slot(
                work,
                bot.settings.policy,
                number,
                SlotChoice(1, in_berlin(25, 9) + n * QUARTER),
                bot.now,
            )
            await work.reservations.confirm(held.confirmed(bot.now))
    await alice.sends("/bookings")
    assert len(alice.buttons) == 8 + 2
    await alice.taps("›")
    assert alice.buttons == ["✅ Wed 25 Nov, 11:00 · Dora", "‹", "2/2"]
    await alice.taps_data("lp:4000000000", alice.last.id)
    assert "2/2" in alice.buttons
    await alice.taps("‹")
    assert "1/2" in alice.buttons


async def test_the_list_opens_below_the_receipt(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    receipt = alice.card
    await alice.taps("My bookings")
    assert receipt.text.startswith("✅ Booked")
    assert alice.last.text.startswith("Your bookings")
    await dora.cancels_for_client(1)
    assert receipt.text.startswith("❌ Cancelled by the provider")
    assert alice.shown[1].text.startswith("Your bookings")
    assert alice.last.text.startswith("❌ Dora cancelled your appointment:")


@pytest.mark.parametrize("between", [[], ["Cancel booking", "Back"]])
async def test_a_list_opened_again_below_a_receipt_replaces_the_older_one(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, between: list[str]
) -> None:
    await alice.books("09:15")
    receipt = alice.card
    await alice.taps_data("go:bookings", receipt.id)
    older = alice.last.id
    for label in between:
        await alice.taps(label, message=receipt)
    await bot.restarts()
    await alice.taps_data("go:bookings", receipt.id)

    assert [m.text.startswith("Your bookings") for m in alice.shown] == [False, True]
    assert older not in [m.id for m in alice.shown]


async def test_a_receipt_that_was_opened_from_the_list_stays(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.taps("My bookings")
    await alice.taps(FIRST)
    await alice.taps("Confirm")
    for _ in range(2):
        await alice.taps("My bookings")

    assert [m.text.split("\n")[0] for m in alice.shown] == ["✅ Booked", "Your bookings"]


async def test_an_open_list_is_no_dialogue(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps("My bookings")
    await alice.sends("cancel")
    alice.last.shows("Nothing to stop.")
    await alice.sends("25 Nov")
    assert alice.sees("Your bookings")


async def test_opening_the_list_does_not_end_a_dialogue(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.sends("/book")
    await alice.taps("My bookings")
    await alice.sends("25 Nov 10:00")
    assert alice.last.text.startswith("⏳ Held for you")


async def test_a_notification_does_not_overwrite_the_list(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    for label in ("Cancel booking", "Back", "Back"):
        await alice.taps(label)
    await dora.cancels_for_client(1)
    assert alice.shown[0].text.startswith("Your bookings")
    assert alice.last.text.startswith("❌ Dora cancelled your appointment:")


@pytest.mark.parametrize("choice", ["ls:9", "la:9", "lc:9"])
async def test_an_unknown_booking_in_a_list_refreshes_the_list(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, choice: str
) -> None:
    await alice.sends("/bookings")
    old = alice.last
    await alice.books("09:15")
    await alice.taps_data(choice, old.id)
    assert alice.toast.startswith("I can't find that appointment.")
    assert old.labels == [f"✅ {FIRST}"]


async def test_details_that_became_the_card_show_a_cancellation(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    for label in ("Cancel booking", "Back", "Back", FIRST):
        await alice.taps(label)
    await dora.cancels_for_client(1)
    assert alice.shown[0].text.startswith("❌ Cancelled by the provider")


async def test_every_step_works_after_a_restart(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    for act in ("My bookings", FIRST, "Cancel booking", "Yes, cancel", "Back"):
        await bot.restarts()
        await alice.taps(act)
    assert alice.last.text.startswith("No upcoming bookings")


async def test_the_command_ends_a_dialogue_but_its_card_still_works(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("25")
    await alice.sends("/bookings")
    await alice.sends("the second one")
    assert alice.sees("Sorry, I didn't get that.")
    await alice.taps("09:15")
    assert len(await alice.reservations()) == 1


async def test_a_providers_name_is_shown_as_it_was_typed(bot: BotHarness, alice: ChatUser) -> None:
    await add_provider(bot, "<b>D&D</b>")
    await alice.books("09:15")
    await alice.sends("/bookings")
    alice.last.shows("✅ <b>D&D</b>\n")
    await alice.taps("Wed 25 Nov, 09:15 · <b>D&D</b>")
    await alice.taps("Cancel booking", message=alice.last)
    alice.last.shows("\n<b>D&D</b>\n")


async def test_the_list_is_written_in_german(bot: BotHarness, dora: ChatUser) -> None:
    greta = bot.joins("Greta", language_code="de-AT")
    await books_in_german(greta)
    receipt = greta.card
    await greta.taps("Meine Termine")
    assert receipt.text.startswith("✅ Gebucht")
    assert greta.last.text.startswith(
        "Deine Termine\n\n✅ Dora\nMittwoch, 25. November 2026, 09:15–09:30"
    )
    await greta.taps("Mi., 25. Nov., 09:15 · Dora")
    await greta.taps("Termin absagen")
    await greta.taps("Ja, Termin absagen")
    assert greta.toast == "Termin abgesagt."
    assert greta.buttons == ["Neuen Termin buchen", "Zurück"]


async def books_in_german(client: ChatUser) -> None:
    """Book 9:15 as a client whose language is German."""
    await client.holds("09:15")
    await client.taps("Bestätigen")


async def test_a_hold_and_a_released_hold_lead_back_to_the_list(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.sends("/bookings")
    await alice.taps(FIRST)
    await alice.taps("My bookings")
    assert alice.buttons == [f"⏳ {FIRST}"]
    await alice.taps(FIRST)
    await alice.taps("Release")
    assert alice.buttons == ["Book another time", "My bookings"]
    await alice.taps("My bookings")
    assert alice.last.text.startswith("No upcoming bookings")


async def test_two_entries_tapped_at_once_leave_no_card_that_shows_the_other(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("10:00")
    await alice.holds("09:15")
    await alice.sends("/bookings")
    opened = alice.card
    for data in [button.data for button in opened.buttons]:
        await alice.taps_data(data or "", opened.id)
    opened.shows("✅ Booked")
    await bot.advances(minutes=31)

    opened.shows("✅ Booked")
    alice.last.shows("Your hold has expired")
