"""Each metric counts what it says, and no metric names a person."""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from telegram import Update

from bot import __version__
from bot.dialogue.context import Context
from bot.messages.actions import Send
from bot.messages.screen import Screen
from bot.telegram.transport import method_of
from bot.updates.failures import MAX_ATTEMPTS, UpdateFailed
from domain import events
from domain.choice import SlotChoice
from domain.usecases.end_reservation import cancel_by_client
from domain.usecases.hold_slot import hold_slot
from simulator.faults import FaultKind
from storage.repositories.outbox import LEASE
from tests.kit.bot import TOKEN
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, in_berlin
from tests.kit.handlers import (
    add_reply,
    echo,
    on_tap,
    on_text,
    raising,
    replying,
    send_probe_button,
)
from tests.kit.http import HttpBot
from tests.kit.raw_database import run_sql


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[HttpBot]:
    """A bot with metrics to read and a short timeout for Telegram."""
    harness = HttpBot(database_url, read_timeout=0.3)
    await harness.starts()
    yield harness
    await harness.ends()


@pytest.fixture
async def alice(bot: HttpBot) -> ChatUser:
    on_text(bot, "hi", echo)
    return bot.joins("Alice")


@asynccontextmanager
async def counting(
    bot: HttpBot, name: str, growth: float = 1, /, **labels: str
) -> AsyncIterator[None]:
    """Assert that a metric grows by ``growth`` in a block."""
    before = await bot.metric(name, **labels)
    yield
    assert await bot.metric(name, **labels) == before + growth


async def grows(bot: HttpBot, name: str, **labels: str) -> float:
    """Return how often something was timed; 0 if it never was."""
    try:
        return await bot.metric(f"{name}_count", **labels)
    except KeyError:
        return 0


async def test_the_page_is_in_prometheus_text_format(bot: HttpBot) -> None:
    page = await bot.request("/metrics")

    assert page.status == 200
    assert page.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert await bot.metric("slotkeeper_build_info", version=__version__) == 1
    assert "\nprocess_resident_memory_bytes " in page.text
    assert "\npython_info{" in page.text
    assert "_created" not in page.text


@pytest.mark.engines("sqlite")
async def test_two_bots_in_one_process_count_separately(
    bot: HttpBot, alice: ChatUser, database_url: str
) -> None:
    other = HttpBot(database_url)
    await other.starts()
    async with counting(other, "slotkeeper_updates_total", 0, kind="message", outcome="worked"):
        await alice.sends("hi")
    await other.ends()


async def test_updates_are_counted_by_outcome(bot: HttpBot, alice: ChatUser) -> None:
    async with counting(bot, "slotkeeper_updates_total", kind="message", outcome="worked"):
        update = alice.person.sends("hi")
        await bot.settles()
    async with counting(bot, "slotkeeper_updates_total", kind="message", outcome="repeated"):
        bot.simulator.redeliver(update["update_id"])
        await bot.settles()


async def test_each_failed_try_is_counted_and_setting_the_update_aside_once(
    bot: HttpBot, alice: ChatUser
) -> None:
    on_text(bot, "boom", raising(RuntimeError("boom")))
    alice.person.sends("boom")
    updates = bot.simulator.take_updates()
    async with counting(
        bot, "slotkeeper_updates_total", MAX_ATTEMPTS - 1, kind="message", outcome="failed"
    ):
        for _ in range(MAX_ATTEMPTS - 1):
            with pytest.raises(UpdateFailed):
                await bot.processes(updates)
    async with counting(bot, "slotkeeper_updates_total", kind="message", outcome="set_aside"):
        await bot.processes(updates)
    assert await bot.metric("slotkeeper_updates_total", kind="message", outcome="worked") == 0


async def test_updates_are_counted_by_kind(bot: HttpBot, alice: ChatUser) -> None:
    on_text(bot, "offer", send_probe_button)
    on_tap(bot, "probe", echo)
    await alice.sends("offer")
    async with counting(bot, "slotkeeper_updates_total", kind="tap", outcome="worked"):
        await alice.taps("Probe")
    async with counting(bot, "slotkeeper_updates_total", kind="membership", outcome="worked"):
        alice.person.blocks()
        await bot.settles()
    alice.person.unblocks()
    await bot.settles()
    async with counting(bot, "slotkeeper_updates_total", kind="edited", outcome="worked"):
        edited = alice.person.sends("hi")
        bot.simulator.take_updates()
        await bot.processes(
            [
                {
                    "update_id": edited["update_id"],
                    "edited_message": edited["message"] | {"edit_date": 1},
                }
            ]
        )


async def test_a_malformed_update_is_counted_as_set_aside(bot: HttpBot) -> None:
    async with counting(bot, "slotkeeper_updates_total", kind="other", outcome="set_aside"):
        await bot.app.receiver.process(bot.app.receiver.read({"update_id": 1, "message": {}}))


async def test_an_update_without_a_sender_is_counted(bot: HttpBot) -> None:
    post = {
        "message_id": 1,
        "date": 0,
        "chat": {"id": -1, "type": "channel", "title": "News"},
        "text": "hi",
    }
    async with counting(bot, "slotkeeper_updates_total", kind="other", outcome="worked"):
        await bot.processes([{"update_id": 2, "channel_post": post}])


async def test_updates_are_timed_from_receipt_to_commit_and_to_answer(
    bot: HttpBot, alice: ChatUser
) -> None:
    async def slow(update: Update, context: Context) -> None:
        await asyncio.sleep(0.06)
        await echo(update, context)

    on_text(bot, "slow", slow)
    await alice.sends("slow")

    for name in ("slotkeeper_update_seconds", "slotkeeper_answer_seconds"):
        assert await bot.metric(f"{name}_count", kind="message") == 1
        assert 0.05 < await bot.metric(f"{name}_sum", kind="message") < 30


async def test_the_wait_for_the_chat_lock_is_part_of_the_time(
    bot: HttpBot, alice: ChatUser
) -> None:
    gate = asyncio.Event()

    async def waits(update: Update, context: Context) -> None:
        await gate.wait()

    on_text(bot, "wait", waits)
    updates = [alice.person.sends("wait") for _ in range(2)]
    bot.simulator.take_updates()
    works = [
        asyncio.create_task(bot.app.receiver.process(bot.app.receiver.read(raw))) for raw in updates
    ]
    await asyncio.sleep(0.2)
    gate.set()
    await asyncio.gather(*works)

    assert await bot.metric("slotkeeper_update_seconds_sum", kind="message") > 0.3


async def test_a_postponed_answer_is_not_timed(bot: HttpBot, alice: ChatUser) -> None:
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage")
    await alice.sends("hi")
    assert await grows(bot, "slotkeeper_answer_seconds", kind="message") == 0

    await bot.advances(seconds=1)
    assert alice.sees("heard hi")
    assert await grows(bot, "slotkeeper_update_seconds", kind="message") == 1


async def test_events_of_reservations_are_counted(bot: HttpBot, alice: ChatUser) -> None:
    dora = await add_provider(bot)
    assert await bot.metric("slotkeeper_events_total", event="HoldMoved") == 0
    async with counting(bot, "slotkeeper_holds_total"):
        await alice.holds("09:15")
    async with counting(bot, "slotkeeper_moves_total"), counting(bot, "slotkeeper_holds_total", 0):
        await alice.taps("Change time")
        await alice.taps("25")
        await alice.taps("09:45")
    async with counting(bot, "slotkeeper_releases_total"):
        await alice.taps("Release")
    async with counting(bot, "slotkeeper_expiries_total"):
        await alice.holds("09:15")
        await bot.advances(minutes=31)
    async with counting(bot, "slotkeeper_confirmations_total", 2):
        await alice.books("10:00")
        await alice.books("11:00")
    first, second = await alice.reservations()
    async with counting(bot, "slotkeeper_cancellations_total", by="provider"):
        await dora.cancels_for_client(first.id, reason="ill")
    async with (
        counting(bot, "slotkeeper_cancellations_total", by="client"),
        counting(bot, "slotkeeper_releases_total", 0),
    ):
        await alice.taps_data(f"lc:{second.id}", alice.last.id)


async def test_an_event_without_a_metric_of_its_own_is_counted_and_the_reply_is_sent(
    bot: HttpBot, alice: ChatUser
) -> None:
    class ClientArrived(events.Event, act="arrived", notifies=None):
        """An event that no metric is prepared for."""

    async def arrives(update: Update, context: Context) -> None:
        [booking] = await context.uow.queries.bookings(context.me, context.now)
        context.uow.events.append(ClientArrived(booking, None, None))
        context.request.send(Screen("welcome"))

    await add_provider(bot)
    await alice.books("09:15")
    on_text(bot, "here", arrives)
    async with counting(bot, "slotkeeper_updates_total", kind="message", outcome="worked"):
        await alice.sends("here")

    assert alice.sees("welcome")
    assert await bot.metric("slotkeeper_events_total", event="ClientArrived") == 1
    assert await bot.metric("slotkeeper_events_total", event="SlotHeld") == 1


async def test_repeated_and_rolled_back_events_are_not_counted(
    bot: HttpBot, alice: ChatUser
) -> None:
    await add_provider(bot)
    await alice.holds("09:15")
    async with (
        counting(bot, "slotkeeper_confirmations_total"),
        counting(bot, "slotkeeper_holds_total", 0),
    ):
        confirm = next(
            button.data for button in alice.card.buttons if button.text.endswith("Confirm")
        )
        for _ in range(2):
            await alice.taps_data(str(confirm), alice.card.id)

    async def boom(update: Update, context: Context) -> None:
        [booking] = await context.uow.queries.bookings(context.me, context.now)
        await cancel_by_client(context.uow, context.policy, booking.id, context.me, context.now)
        raise RuntimeError("boom")

    on_text(bot, "boom", boom)
    alice.person.sends("boom")
    async with counting(bot, "slotkeeper_cancellations_total", 0, by="client"):
        with pytest.raises(UpdateFailed):
            await bot.processes(bot.simulator.take_updates())


@pytest.mark.changes_schema
@pytest.mark.engines("sqlite")
async def test_events_of_a_failed_commit_are_not_counted(bot: HttpBot, alice: ChatUser) -> None:
    await add_provider(bot)
    await alice.sends("hi")

    async def violates_a_deferred_constraint(update: Update, context: Context) -> None:
        choice = SlotChoice(1, in_berlin(25, 9))
        await hold_slot(context.uow, context.policy, context.me, choice, context.now)

    run_sql(
        bot.app.database.url,
        "CREATE TABLE late (id INT REFERENCES person DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TRIGGER t AFTER INSERT ON reservation BEGIN INSERT INTO late VALUES (-1); END",
    )
    on_text(bot, "lost", violates_a_deferred_constraint)
    alice.person.sends("lost")
    async with counting(bot, "slotkeeper_holds_total", 0):
        with pytest.raises(UpdateFailed) as failed:
            await bot.processes(bot.simulator.take_updates())
    assert "FOREIGN KEY" in str(failed.value.__cause__)


async def test_deliveries_are_counted_by_kind_and_outcome(bot: HttpBot, alice: ChatUser) -> None:
    dora = await add_provider(bot)
    async with counting(bot, "slotkeeper_deliveries_total", kind="reply", outcome="sent"):
        await alice.sends("hi")
    async with counting(
        bot, "slotkeeper_deliveries_total", kind="booking_confirmed", outcome="sent"
    ):
        await alice.books("09:15")
    async with counting(bot, "slotkeeper_deliveries_total", kind="hold_warning", outcome="skipped"):
        await bot.advances(hours=1)
    on_text(bot, "broken", replying(Send(Screen(""))))
    async with counting(bot, "slotkeeper_deliveries_total", kind="reply", outcome="parked"):
        await alice.sends("broken")
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage")
    async with counting(bot, "slotkeeper_deliveries_total", kind="reply", outcome="postponed"):
        await alice.sends("hi")
    await bot.advances(seconds=1)
    bot.simulator.world.accounts[dora.id].blocked = True
    async with counting(
        bot, "slotkeeper_deliveries_total", kind="booking_confirmed", outcome="unreachable"
    ):
        await alice.books("10:15")


async def test_an_unknown_kind_of_message_is_counted_as_other(
    bot: HttpBot, alice: ChatUser
) -> None:
    await alice.sends("hi")
    async with bot.app.database.transaction() as work:
        await add_reply(work, alice, bot.now - LEASE, Send(Screen("x")))
    run_sql(bot.app.database.url, "UPDATE outbox SET kind = 'gossip'")
    async with counting(bot, "slotkeeper_deliveries_total", kind="other", outcome="postponed"):
        await bot.run_due()


async def test_the_outbox_is_read_at_most_every_five_seconds(
    bot: HttpBot, alice: ChatUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await alice.sends("hi")
    for _ in range(2):
        async with bot.app.database.transaction() as work:
            await add_reply(work, alice, bot.now - LEASE, Send(Screen("late")))
    assert await bot.metric("slotkeeper_outbox_depth") == 2
    assert await bot.metric("slotkeeper_outbox_oldest_seconds") == LEASE.total_seconds()

    await bot.run_due()
    assert await bot.metric("slotkeeper_outbox_depth") == 2
    monkeypatch.setattr("bot.observability.instrumented.BACKLOG_MAX_AGE_SECONDS", 0)
    assert await bot.metric("slotkeeper_outbox_depth") == 0
    assert await bot.metric("slotkeeper_outbox_oldest_seconds") == 0


async def test_the_other_metrics_are_served_if_the_outbox_cannot_be_read(
    bot: HttpBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.observability.instrumented.BACKLOG_TIMEOUT_SECONDS", 0.1)
    async with AsyncExitStack() as readers:
        for _ in range(4):
            await readers.enter_async_context(bot.app.database.snapshot())
        page = await bot.request("/metrics")

    assert page.status == 200
    assert math.isnan(await bot.metric("slotkeeper_outbox_depth"))
    assert math.isnan(await bot.metric("slotkeeper_outbox_oldest_seconds"))


async def test_transactions_are_timed(bot: HttpBot, alice: ChatUser) -> None:
    before = [
        await grows(bot, "slotkeeper_transaction_seconds", kind=kind) for kind in ("read", "write")
    ]
    await alice.sends("hi")
    await bot.run_due()
    after = [
        await grows(bot, "slotkeeper_transaction_seconds", kind=kind) for kind in ("read", "write")
    ]

    assert all(later > earlier for earlier, later in zip(before, after, strict=True))


async def test_requests_to_telegram_are_counted_and_timed(bot: HttpBot, alice: ChatUser) -> None:
    await alice.sends("hi")
    assert (
        await bot.metric("slotkeeper_telegram_requests_total", method="sendMessage", status="200")
        == 1
    )
    assert await bot.metric("slotkeeper_telegram_seconds_count", method="sendMessage") == 1
    for fault, status in (
        (FaultKind.SERVER_ERROR, "500"),
        (FaultKind.BAD_GATEWAY, "502"),
        (FaultKind.SILENCE, "timeout"),
        (FaultKind.CUT_BEFORE, "no_connection"),
    ):
        bot.simulator.faults.add(fault, method="sendMessage")
        await alice.sends("hi")
        assert (
            await bot.metric(
                "slotkeeper_telegram_requests_total", method="sendMessage", status=status
            )
            == 1
        )
        await bot.advances(minutes=5)


@pytest.mark.parametrize(
    ("url", "method"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "getMe"),
        (f"https://api.telegram.org/bot{TOKEN}/getMe?x=/bot/y", "getMe"),
        (f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg", "file"),
        (f"https://api.telegram.org/file/bot{TOKEN}/file_1", "file"),
        (f"https://api.telegram.org/bot{TOKEN}", "file"),
        (f"https://api.telegram.org/bot{TOKEN}/", "file"),
    ],
)
def test_only_the_method_of_a_url_becomes_a_label(url: str, method: str) -> None:
    assert method_of(url) == method


async def test_no_label_names_a_person_or_a_secret(bot: HttpBot, alice: ChatUser) -> None:
    await add_provider(bot)
    await alice.books("09:15")
    page = (await bot.request("/metrics")).text
    labels = set(re.findall(r"slotkeeper_\w+\{(.*)\}", page))
    names = {name for each in labels for name, _ in re.findall(r'(\w+)="([^"]*)"', each)}

    assert names == {"version", "kind", "outcome", "event", "by", "method", "status", "le"}
    assert not [part for part in (TOKEN, "Alice", str(alice.id)) if f'"{part}' in page]
