"""Providers are notified of a cancellation exactly if they may know of the booking."""

from datetime import timedelta

import pytest

from simulator.faults import FaultKind
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.handlers import calls, outbox
from tests.kit.raw_database import rows, run_sql

FIRST = "Wednesday, 25 November 2026, 09:15–09:30"


@pytest.fixture
async def dora(impatient_bot: BotHarness) -> ChatUser:
    """Return a provider who works from nine to twelve on Wednesday 25 November."""
    return await add_provider(impatient_bot)


@pytest.fixture
async def alice(impatient_bot: BotHarness) -> ChatUser:
    return impatient_bot.joins("Alice")


def notified(bot: BotHarness, who: ChatUser) -> list[str]:
    """Return the first words of each message that Telegram accepted for a person."""
    return [
        call.params["text"].split("<")[0] or call.params["text"]
        for call in calls(bot, "sendMessage", who)
        if call.ok
    ]


def notices(bot: BotHarness) -> list[tuple[str, str]]:
    """Return the kinds and states of the provider's notifications."""
    kinds = "('booking_confirmed', 'cancelled_by_client')"
    return rows(
        bot.app.database.url, f"SELECT kind, state FROM outbox WHERE kind IN {kinds} ORDER BY id"
    )


async def confirms(bot: BotHarness, client: ChatUser) -> None:
    """Let a client book, without delivering the notification."""
    await client.holds("09:15")
    client.person.taps("Confirm")
    await bot.receives()


async def cancels(bot: BotHarness, client: ChatUser, number: int = 1) -> None:
    """Let a client cancel a booking, without delivering the notification."""
    client.person.taps_data(f"lc:{number}", client.card.id)
    await bot.receives()


async def test_a_booking_cancelled_before_its_notification_is_not_mentioned(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await confirms(impatient_bot, alice)
    await cancels(impatient_bot, alice)
    await impatient_bot.advances(minutes=10)

    assert notified(impatient_bot, dora) == []
    assert notices(impatient_bot) == [
        ("booking_confirmed", "skipped"),
        ("cancelled_by_client", "skipped"),
    ]


async def test_the_cancellation_of_an_announced_booking_is_notified(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await confirms(impatient_bot, alice)
    await impatient_bot.run_due()
    await cancels(impatient_bot, alice)
    await impatient_bot.run_due()

    assert notified(impatient_bot, dora)[0].startswith("📅 New booking")
    assert dora.last.text.startswith(f"Alice cancelled:\n{FIRST}")


async def test_a_provider_unreachable_for_both_is_notified_of_neither(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    # Only a refused message shows that she blocked the bot: otherwise no one could book with her.
    impatient_bot.simulator.world.accounts[dora.id].blocked = True
    await confirms(impatient_bot, alice)
    await impatient_bot.run_due()
    await cancels(impatient_bot, alice)
    await impatient_bot.run_due()
    dora.person.unblocks()
    await dora.sends("/help")
    await impatient_bot.advances(minutes=10)

    assert [
        text for text in notified(impatient_bot, dora) if "cancelled" in text or "📅" in text
    ] == []
    assert notices(impatient_bot) == [
        ("booking_confirmed", "skipped"),
        ("cancelled_by_client", "skipped"),
    ]


async def test_a_provider_unreachable_only_for_the_cancellation_is_notified_of_it(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    dora.person.blocks()
    await cancels(impatient_bot, alice)
    await impatient_bot.run_due()
    dora.person.unblocks()
    await dora.sends("/help")

    assert any(message.text.startswith(f"Alice cancelled:\n{FIRST}") for message in dora.shown)


async def test_only_the_cancellation_of_an_announced_booking_is_notified(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("10:00")
    await confirms(impatient_bot, alice)
    await cancels(impatient_bot, alice, 2)
    await cancels(impatient_bot, alice, 1)
    await impatient_bot.run_due()

    assert [
        "10:00–10:15" in message.text for message in dora.shown if "cancelled" in message.text
    ] == [True]


async def test_a_notification_that_waits_for_a_flood_does_not_count_as_sent(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    impatient_bot.simulator.faults.add(FaultKind.FLOOD, person=dora.person, times=2, retry_after=60)
    await confirms(impatient_bot, alice)
    await impatient_bot.run_due()
    await impatient_bot.advances(seconds=60)
    await cancels(impatient_bot, alice)
    await impatient_bot.advances(minutes=10)

    assert [
        (kind, attempts)
        for kind, _, attempts in outbox(impatient_bot)
        if kind == "booking_confirmed"
    ] == [("booking_confirmed", 3)]
    assert notified(impatient_bot, dora) == []


@pytest.mark.parametrize("fault", [FaultKind.CUT_AFTER, FaultKind.SILENCE_AFTER])
@pytest.mark.parametrize("blocked_later", [False, True])
async def test_a_notification_that_may_have_arrived_counts_as_sent(
    impatient_bot: BotHarness,
    dora: ChatUser,
    alice: ChatUser,
    fault: FaultKind,
    *,
    blocked_later: bool,
) -> None:
    impatient_bot.simulator.faults.add(fault, method="sendMessage", person=dora.person)
    await confirms(impatient_bot, alice)
    await impatient_bot.run_due()
    assert dora.last.text.startswith("📅 New booking")
    if blocked_later:
        dora.person.blocks()
        await impatient_bot.advances(minutes=1)
        dora.person.unblocks()
    await cancels(impatient_bot, alice)
    await impatient_bot.advances(minutes=10)
    await dora.sends("/help")

    assert any(message.text.startswith(f"Alice cancelled:\n{FIRST}") for message in dora.shown)


async def test_no_cancellation_is_notified_after_a_parked_notification(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await confirms(impatient_bot, alice)
    async with impatient_bot.app.database.transaction() as uow:
        [notice] = [
            row
            for row in await uow.outbox.claim(impatient_bot.now, 10)
            if row.kind == "booking_confirmed"
        ]
        await uow.outbox.record_result(notice, "parked", impatient_bot.now, "refused")
    await cancels(impatient_bot, alice)
    await impatient_bot.advances(minutes=10)

    assert notified(impatient_bot, dora) == []


async def test_a_cancellation_is_notified_after_the_old_notification_was_deleted(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    run_sql(impatient_bot.app.database.url, "DELETE FROM outbox WHERE kind = 'booking_confirmed'")
    await cancels(impatient_bot, alice)
    await impatient_bot.run_due()

    assert dora.last.text.startswith(f"Alice cancelled:\n{FIRST}")


async def test_a_clock_set_back_does_not_send_the_cancellation_first(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await confirms(impatient_bot, alice)
    impatient_bot.now -= timedelta(minutes=5)
    await cancels(impatient_bot, alice)
    await impatient_bot.run_due()
    await impatient_bot.advances(minutes=10)

    assert notified(impatient_bot, dora) == []


@pytest.mark.parametrize("swept", [False, True])
async def test_a_client_is_always_notified_that_the_provider_cancelled(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser, *, swept: bool
) -> None:
    await confirms(impatient_bot, alice)
    if swept:
        await impatient_bot.run_due()
    await dora.cancels_for_client(1)
    await impatient_bot.run_due()

    assert alice.last.text == f"❌ Dora cancelled your appointment:\n{FIRST}"


async def test_a_client_is_notified_of_an_expiry_without_a_warning(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await impatient_bot.advances(minutes=31)

    alice.last.shows("Your hold has expired")


async def test_a_notification_that_cannot_be_rendered_does_not_count_as_sent(
    impatient_bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    url = impatient_bot.app.database.url
    await confirms(impatient_bot, alice)
    run_sql(url, f"UPDATE person SET time_zone = 'No/Where' WHERE telegram_id = {dora.id}")
    for _ in range(4):
        await impatient_bot.advances(minutes=1)
    run_sql(url, f"UPDATE person SET time_zone = NULL WHERE telegram_id = {dora.id}")
    await cancels(impatient_bot, alice)
    await impatient_bot.advances(minutes=10)

    assert notified(impatient_bot, dora) == []
    assert notices(impatient_bot) == [
        ("booking_confirmed", "parked"),
        ("cancelled_by_client", "skipped"),
    ]
