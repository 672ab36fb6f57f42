"""People whom the bot could not reach get what they missed, once; nobody books what none hears."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest

from bot.notifications.missed import MOST_MISSED
from simulator.faults import FaultKind
from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_assistant, add_provider
from tests.kit.handlers import calls, cards, outbox
from tests.kit.raw_database import run_sql
from tests.kit.waiting import until

pytestmark = pytest.mark.usually("sqlite")

MISSED = "While I couldn't reach you"
# The columns of the outbox that a copy of a row shares with it.
COPIED = (
    "channel, chat_id, recipient_id, kind, subject_kind, subject_id, revision, payload, state,"
    " attempts, due_at"
)
NO_ONE = "can't be booked at the moment"
AGAIN = "can be booked again"
UNREACHABLE = "I can't reach this provider at the moment"


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider who works from nine to twelve on Wednesday 25 November."""
    return await add_provider(bot)


async def sent_to(bot: BotHarness, who: ChatUser, part: str) -> list[str]:
    """Do what is due for two hours; return the messages with this part that a person was sent."""
    for _ in range(4):
        await bot.advances(minutes=30)
    return [
        call.params["text"]
        for call in calls(bot, "sendMessage", who)
        if call.ok and part in call.params["text"]
    ]


def unsettled(bot: BotHarness) -> list[tuple[str, str]]:
    """Return the kind and state of each row that is still to be sent."""
    return [
        (kind, state)
        for kind, state in outbox(bot, "kind, state")
        if state not in {"sent", "skipped"}
    ]


async def misses_three(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> None:
    """Let a client miss two cancellations and the warning and end of a hold."""
    for time in ("10:00", "11:00"):
        await alice.books(time)
    await alice.holds("09:15")
    alice.person.blocks()
    await bot.settles()
    for number in (1, 2):
        await dora.cancels_for_client(number)
    for _ in range(3):
        await bot.advances(minutes=13)


async def returns(bot: BotHarness, who: ChatUser, how: str) -> None:
    """Let a person unblock the bot, or write to it as well."""
    who.person.unblocks()
    if how == "writes":
        await who.sends("/help")
    await bot.settles()


@pytest.mark.parametrize("how", ["unblocks", "writes"])
async def test_one_message_lists_what_still_holds_and_the_cards_are_up_to_date(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, how: str
) -> None:
    await misses_three(bot, dora, alice)
    await returns(bot, alice, how)

    [missed] = await sent_to(bot, alice, MISSED)
    times = [time for time in ("09:15–", "10:00–", "11:00–") if missed.count(time) == 1]
    assert times == ["09:15–", "10:00–", "11:00–"]
    assert missed.count("cancelled your appointment") == 2
    assert "Your hold has expired" in missed
    assert "left to confirm" not in missed
    shown = {message.id: message.text for message in alice.shown}
    assert [shown[card].split("\n")[0] for _, _, card, _ in cards(bot)] == [
        "❌ Cancelled by the provider",
        "❌ Cancelled by the provider",
        "⌛ This hold has expired",
    ]
    assert unsettled(bot) == []
    assert "My bookings" in alice.last.labels


async def test_returning_again_brings_nothing_again(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await misses_three(bot, dora, alice)
    for _ in range(3):
        await returns(bot, alice, "writes")
        alice.person.blocks()
        await bot.settles()
    await returns(bot, alice, "writes")

    assert len(await sent_to(bot, alice, MISSED)) == 1


async def test_a_person_who_blocks_again_before_the_summary_gets_it_once_later(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await misses_three(bot, dora, alice)
    alice.person.unblocks()
    await bot.receives()
    alice.person.blocks()
    await bot.settles()
    assert {state for _, state in unsettled(bot)} == {"withheld"}
    await returns(bot, alice, "writes")

    assert len(await sent_to(bot, alice, MISSED)) == 1
    assert unsettled(bot) == []


async def test_a_crash_before_the_summary_is_sent_loses_and_repeats_nothing(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await misses_three(bot, dora, alice)
    alice.person.unblocks()
    await bot.receives()
    await bot.crashes()
    await bot.recovers()

    assert len(await sent_to(bot, alice, MISSED)) == 1
    assert unsettled(bot) == []


@pytest.mark.refuses("message is not modified", "message to delete not found")
async def test_a_crash_after_the_summary_was_sent_repeats_it_once_at_most(
    impatient_bot: BotHarness,
) -> None:
    bot = impatient_bot
    dora, alice = await add_provider(bot), bot.joins("Alice")
    await misses_three(bot, dora, alice)
    alice.person.unblocks()
    await bot.receives()
    silence = bot.simulator.faults.add(FaultKind.SILENCE_AFTER, method="sendMessage", times=None)
    delivering = asyncio.create_task(bot.app.jobs.run_due())
    await until(lambda: alice.sees(MISSED))
    silence.times = 0
    delivering.cancel()
    await bot.crashes()
    with suppress(asyncio.CancelledError):
        await delivering
    await bot.recovers()
    await alice.sends("/help")
    await bot.advances(hours=1)

    copies = sum(MISSED in message.text for message in alice.shown)
    assert 1 <= copies <= 2
    assert unsettled(bot) == []


async def test_a_single_missed_notification_comes_as_itself_with_its_buttons(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    alice.person.blocks()
    await bot.advances(minutes=31)
    await returns(bot, alice, "unblocks")

    assert alice.last.text.startswith("⌛ Your hold has expired.\nDora, Wednesday")
    assert alice.last.labels == ["Hold it again", "Other times"]
    assert len(await sent_to(bot, alice, "has expired")) == 1
    assert await sent_to(bot, alice, MISSED) == []
    assert unsettled(bot) == []


async def test_a_warning_that_falls_due_after_the_return_is_sent_in_time(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("10:00")
    await alice.holds("09:15")
    alice.person.blocks()
    await bot.settles()
    await dora.cancels_for_client(1)
    await bot.advances(minutes=5)
    assert ("hold_warning", "withheld") in outbox(bot, "kind, state")
    await returns(bot, alice, "unblocks")
    alice.last.shows("Dora cancelled your appointment")
    await bot.advances(minutes=19)
    assert not alice.sees("left to confirm")

    await bot.advances(minutes=1)
    alice.last.shows("5 minutes left to confirm")
    assert "✅ Confirm" in alice.last.labels


async def test_a_row_of_an_unknown_kind_is_parked_and_reported_and_the_rest_is_summed_up(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    await misses_three(bot, dora, alice)
    run_sql(
        bot.app.database.url,
        "UPDATE outbox SET kind = 'gossip' WHERE kind = 'hold_warning' AND subject_id = 3",
    )
    await returns(bot, alice, "writes")

    [missed] = await sent_to(bot, alice, MISSED)
    assert missed.count("cancelled your appointment") == 2
    assert unsettled(bot) == [("gossip", "parked")]
    admin.last.shows("1 message couldn't be put together and was skipped: KeyError")


async def taps_and_blocks(bot: BotHarness, who: ChatUser, label: str) -> None:
    """Let a person tap a button of their newest message, and block the bot before its answer."""
    who.person.taps(label)
    who.person.blocks()
    await bot.settles()


@pytest.mark.parametrize("how", ["unblocks", "writes"])
async def test_a_card_whose_change_was_dropped_is_up_to_date_after_the_return(
    bot: BotHarness, alice: ChatUser, dora: ChatUser, how: str
) -> None:
    await alice.books("10:00")
    card = alice.card
    await alice.sends("/bookings")
    await alice.taps("✅ Wed 25 Nov, 10:00 · Dora")
    await alice.taps("Cancel booking", message=alice.card)
    await taps_and_blocks(bot, alice, "Yes, cancel booking")
    card.shows("✅ Booked")
    messages = len(alice.shown)
    await returns(bot, alice, how)

    card.shows("Booking cancelled")
    assert len(alice.shown) == messages + (how == "writes")
    assert ("card", "sent") in outbox(bot, "kind, state")


async def test_a_card_is_refreshed_after_each_return(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("10:00")
    card = alice.card
    await taps_and_blocks(bot, alice, "✅ Confirm")
    card.shows("Held for you")
    await returns(bot, alice, "unblocks")
    card.shows("✅ Booked")
    await bot.advances(seconds=1)
    await taps_and_blocks(bot, alice, "Cancel booking")
    await returns(bot, alice, "unblocks")

    card.shows("✅ Booked")
    assert outbox(bot, "kind, state").count(("card", "sent")) == 2


async def test_a_dropped_reply_that_cannot_be_read_changes_no_card(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("10:00")
    bot.simulator.faults.add(FaultKind.FLOOD, method="sendMessage", retry_after=60)
    for _ in range(2):
        await alice.sends("/help")
    run_sql(
        bot.app.database.url,
        """UPDATE outbox SET payload = '{"steps": [{"step": "sing"}]}'
            WHERE id = (SELECT max(id) FROM outbox)""",
    )
    bot.simulator.world.accounts[alice.id].blocked = True
    await bot.advances(minutes=1)

    assert unsettled(bot) == [("hold_warning", "withheld")]


async def test_a_provider_no_one_can_be_notified_for_is_not_offered_or_booked(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    await alice.sends("/start book_dora")
    calendar = alice.card
    dora.person.blocks()
    await bot.settles()

    await alice.taps("25", message=calendar)
    assert UNREACHABLE in alice.toast
    await alice.sends("/start book_dora")
    alice.last.shows(UNREACHABLE)
    await alice.sends("/book")
    assert "Dora" not in alice.buttons
    assert alice.last.text.startswith("Emil\n")
    await alice.sends("/book dora 25 Nov 9:15")
    assert await alice.reservations() == []


async def test_a_hold_with_a_provider_who_became_unreachable_is_not_confirmed_until_they_return(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    card = alice.card
    dora.person.blocks()
    await bot.settles()
    await alice.taps("Confirm")
    assert UNREACHABLE in alice.toast
    assert "/book" in alice.toast
    await alice.sends("confirm")
    assert UNREACHABLE in alice.last.text
    assert alice.last.labels == ["Book a time"]
    assert [booking.confirmed_at for booking in await alice.reservations()] == [None]

    await returns(bot, dora, "unblocks")
    await alice.taps("Confirm", message=card)
    assert alice.sees("✅ Booked")
    dora.last.shows("New booking from Alice")
    await alice.books("10:00")
    assert len(await alice.reservations()) == 2


@pytest.mark.parametrize("noticed", ["by the update", "by a refused message", "by both"])
async def test_the_admins_are_told_once_that_a_provider_cannot_be_booked(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, admin: ChatUser, noticed: str
) -> None:
    await admin.sends("/start")
    if noticed != "by the update":
        bot.simulator.world.accounts[dora.id].blocked = True
        await alice.books("09:15")
        await bot.advances(minutes=1)
    if noticed != "by a refused message":
        dora.person.blocks()
    await bot.settles()

    [told] = await sent_to(bot, admin, NO_ONE)
    assert "<b>Dora</b>" in told
    await returns(bot, dora, "writes")
    await bot.advances(minutes=1)
    dora.person.blocks()
    assert len(await sent_to(bot, admin, NO_ONE)) == 2


async def test_admins_are_not_told_of_a_provider_who_returned_before_the_message(
    bot: BotHarness, dora: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    dora.person.blocks()
    dora.person.unblocks()
    await bot.settles()

    assert await sent_to(bot, admin, NO_ONE) == []
    assert not admin.sees(AGAIN)


async def test_admins_are_told_once_when_the_provider_can_be_booked_again(
    bot: BotHarness, dora: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    for losses in (1, 2):
        dora.person.blocks()
        await bot.settles()
        admin.last.shows(NO_ONE)
        await returns(bot, dora, "writes")
        assert admin.last.html == "✅ <b>Dora</b> can be booked again."
        await dora.sends("/help")
        assert len(await sent_to(bot, admin, AGAIN)) == losses
        await bot.advances(minutes=1)


async def test_the_return_is_told_in_german(bot: BotHarness, dora: ChatUser) -> None:
    admin = bot.joins("Ada", id=ADMIN_ID, language_code="de")
    await admin.sends("/start")
    dora.person.blocks()
    await bot.settles()
    await returns(bot, dora, "unblocks")

    assert admin.last.text == "✅ Dora ist wieder buchbar."


async def test_a_return_that_leaves_nothing_to_correct_is_not_told(
    bot: BotHarness, dora: ChatUser, bob: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    await bob.sends("/start")
    await add_assistant(dora, bob)
    dora.person.blocks()
    await bot.settles()
    await returns(bot, dora, "writes")
    await bob.sends("/help")

    assert await sent_to(bot, admin, AGAIN) == []


async def test_the_first_of_several_who_return_is_told_and_the_next_is_not(
    bot: BotHarness, dora: ChatUser, bob: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    await bob.sends("/start")
    await add_assistant(dora, bob)
    for person in (dora, bob):
        person.person.blocks()
        await bot.settles()
    for person in (bob, dora):
        await returns(bot, person, "writes")
        assert len(await sent_to(bot, admin, AGAIN)) == 1


async def test_a_new_assistant_makes_a_provider_bookable_and_the_admins_hear_of_it(
    bot: BotHarness, dora: ChatUser, bob: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    dora.person.blocks()
    await bot.settles()
    await admin.sends("/invite")
    await admin.taps("An assistant of a provider")
    await admin.taps("Dora")
    await bob.opens(admin.link("?start=join_"))
    assert len(await sent_to(bot, admin, AGAIN)) == 1

    await returns(bot, dora, "writes")
    assert len(await sent_to(bot, admin, AGAIN)) == 1


async def test_an_admin_who_missed_the_loss_is_told_neither(
    bot: BotHarness, dora: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    admin.person.blocks()
    await bot.settles()
    dora.person.blocks()
    await bot.settles()
    await returns(bot, dora, "writes")
    await returns(bot, admin, "writes")

    assert not admin.sees("booked")


async def test_a_provider_with_a_reachable_assistant_stays_bookable(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    await bob.sends("/start")
    await add_assistant(dora, bob)
    dora.person.blocks()
    await bot.settles()
    await alice.books("09:15")
    bob.last.shows("New booking from Alice", "With: Dora")
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel booking")

    bob.last.shows("Alice cancelled", "With: Dora")
    assert await sent_to(bot, admin, NO_ONE) == []


async def test_a_provider_is_unreachable_once_their_assistant_is_too(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser, admin: ChatUser
) -> None:
    await admin.sends("/start")
    await bob.sends("/start")
    await add_assistant(dora, bob)
    for person in (dora, bob):
        person.person.blocks()
        await bot.settles()
    await alice.sends("/book dora 25 Nov 9:15")

    assert await alice.reservations() == []
    assert len(await sent_to(bot, admin, NO_ONE)) == 1


async def test_everyone_who_acts_for_a_provider_is_notified_but_the_actor(
    bot: BotHarness, dora: ChatUser, bob: ChatUser
) -> None:
    cara = bot.joins("Cara")
    for assistant in (bob, cara):
        await assistant.sends("/start")
        await add_assistant(dora, assistant)
    await bob.books("09:15")
    await bot.run_due()

    told = Counter(
        chat for chat, kind in outbox(bot, "chat_id, kind") if kind == "booking_confirmed"
    )
    assert told == {dora.id: 1, cara.id: 1}
    dora.last.shows("New booking from Bob")
    cara.last.shows("New booking from Bob", "With: Dora")
    assert not bob.sees("New booking")


async def test_a_person_who_no_longer_acts_for_a_provider_is_told_nothing_they_missed(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await bob.sends("/start")
    await add_assistant(dora, bob)
    bob.person.blocks()
    await bot.settles()
    await alice.books("09:15")
    number = await bob.number()
    run_sql(bot.app.database.url, f"DELETE FROM acts_for WHERE person_id = {number}")
    await returns(bot, bob, "writes")

    assert not bob.sees("New booking")
    assert ("booking_confirmed", "skipped") in outbox(bot, "kind, state")


async def test_a_cancellation_does_not_promise_to_notify_someone_out_of_reach(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps("Cancel booking")
    alice.card.shows("Dora will be notified and the time opens up for others.")
    await alice.taps("Back")
    dora.person.blocks()
    await bot.settles()
    await alice.taps("Cancel booking")
    alice.card.shows("The time opens up for others. Dora can't be notified at the moment.")
    alice.card.hides("will be notified")


async def test_a_client_who_came_back_to_sixty_notifications_reads_the_newest(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await misses_three(bot, dora, alice)
    # As if the provider had cancelled the first booking 60 times more.
    run_sql(
        bot.app.database.url,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        f" INSERT INTO outbox ({COPIED}, dedupe_key)"
        f" SELECT {COPIED}, 'again:' || n.i FROM outbox, n"
        " WHERE kind = 'cancelled_by_provider' AND subject_id = 1",
    )
    await returns(bot, alice, "writes")

    [missed] = await sent_to(bot, alice, MISSED)
    told = missed.count("cancelled your appointment")
    assert 0 < told <= MOST_MISSED
    alice.last.shows("more")
    assert unsettled(bot) == []


@pytest.mark.refuses("bad webhook")
async def test_what_a_refused_summary_would_have_said_comes_one_by_one(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await misses_three(bot, dora, alice)
    bot.simulator.faults.add(FaultKind.UNRESOLVED, method="sendMessage", person=alice.id, times=1)
    alice.person.unblocks()
    await bot.settles()

    assert await sent_to(bot, alice, MISSED) == []
    assert len(await sent_to(bot, alice, "cancelled your appointment")) == 2
    assert unsettled(bot) == [("missed", "parked")]


async def test_the_admins_are_told_when_notifications_switched_on_make_a_provider_bookable(
    bot: BotHarness, dora: ChatUser, bob: ChatUser, admin: ChatUser
) -> None:
    for person in (admin, bob):
        await person.sends("/start")
    await add_assistant(dora, bob)
    await dora.sends("/settings")
    await dora.taps("🔔 Notifications: on")
    bob.person.blocks()
    await bot.settles()
    assert len(await sent_to(bot, admin, NO_ONE)) == 1

    await dora.taps("🔕 Notifications: off")
    assert len(await sent_to(bot, admin, AGAIN)) == 1


async def test_the_warning_of_a_hold_stays_when_its_card_is_refreshed(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("10:00")
    card = alice.card
    await bot.advances(minutes=26)
    warning = alice.last
    warning.shows("left to confirm")
    alice.person.taps_data("ro:1", card.id)
    alice.person.blocks()
    await bot.settles()
    await returns(bot, alice, "unblocks")

    card.shows("Your hold ends at")
    assert warning in alice.shown


@pytest.mark.refuses("resolve host")
async def test_a_card_is_refreshed_if_the_reply_that_was_to_change_it_is_refused(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("10:00")
    card = alice.card
    bot.simulator.faults.add(FaultKind.UNRESOLVED, method="editMessageText")
    await alice.taps("✅ Confirm")
    await bot.settles()

    card.shows("✅ Booked")
