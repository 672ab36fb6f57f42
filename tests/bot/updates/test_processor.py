"""Updates are processed once, in order, committed before the reply, and always answered."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from telegram import Update

from bot.dialogue.context import Context
from bot.dialogue.typed_filters import typed_text
from bot.messages.actions import Send
from bot.messages.screen import Screen
from bot.updates.failures import MAX_ATTEMPTS, RETRIES_PER_FAILURE, UpdateFailed
from domain import errors
from domain.failures import DatabaseAway
from domain.invitation import Invitation, InvitationKind
from simulator.faults import FaultKind
from storage.repositories.outbox import LEASE
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.handlers import (
    add_reply,
    echo,
    on_tap,
    on_text,
    outbox,
    raising,
    send_probe_button,
    texts,
)
from tests.kit.raw_database import all_rows, reject_inserts, rows
from tests.kit.waiting import until

OURS = "Something went wrong on our side, and nothing has changed. Please try again in a moment."


async def fail(
    bot: BotHarness, updates: list[dict[str, Any]], times: int = MAX_ATTEMPTS - 1
) -> None:
    """Offer failing updates again, as Telegram does."""
    for _ in range(times):
        with pytest.raises(UpdateFailed):
            await bot.processes(updates)


def start_processing(bot: BotHarness) -> "list[asyncio.Task[None]]":
    """Start to process all updates at the same time, without waiting for the replies."""
    receiver = bot.app.receiver
    return [
        asyncio.create_task(receiver.process(receiver.read(raw)))
        for raw in bot.simulator.take_updates()
    ]


def answers(bot: BotHarness) -> list[int]:
    return [tap.answers for tap in bot.simulator.world.taps.values()]


async def test_a_redelivered_message_does_nothing_twice_even_after_a_restart(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "hi", echo)
    update = alice.person.sends("hi")
    await bot.settles()
    before = all_rows(bot.app.database.url)

    for _ in range(2):
        bot.simulator.redeliver(update["update_id"])
        await bot.settles()
        assert texts(alice) == ["heard hi"]
        assert all_rows(bot.app.database.url) == before
        await bot.restarts()


async def test_a_redelivered_tap_is_processed_and_answered_once(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "offer", send_probe_button)
    on_tap(bot, "probe", echo)
    await alice.sends("offer")
    update = alice.person.taps("Probe")
    await bot.settles()
    bot.simulator.redeliver(update["update_id"])
    await bot.settles()
    await bot.restarts()

    assert answers(bot) == [1]
    assert len(texts(alice)) == 2


async def test_each_chat_is_in_order_while_sixty_four_run_concurrently(bot: BotHarness) -> None:
    on_text(bot, "line", echo)
    people = [bot.joins(f"Person {number}") for number in range(64)]
    for number in range(3):
        for person in people:
            person.person.sends(f"line {number}")
    await asyncio.gather(*start_processing(bot))
    await bot.app.replies.idle()
    # On a slow machine, replies may be queued behind one that takes more than a second.
    await bot.run_due()

    assert {tuple(texts(person)) for person in people} == {
        ("heard line 0", "heard line 1", "heard line 2")
    }


async def test_a_chat_that_times_out_does_not_delay_others(impatient_bot: BotHarness) -> None:
    bot = impatient_bot
    # Long enough to answer all others before the timeout, even on a slow machine.
    bot.read_timeout = 2
    await bot.restarts()
    on_text(bot, "hi", echo)
    alice, others = bot.joins("Alice"), [bot.joins(f"Person {number}") for number in range(20)]
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage", person=alice.person)
    alice.person.sends("hi 1")
    for other in others:
        other.person.sends("hi")
    alice.person.sends("hi 2")
    tasks = start_processing(bot)
    await until(lambda: all(texts(other) for other in others))

    # Alice's second line is processed before the reply to her first line arrives.
    await asyncio.gather(*tasks)
    assert texts(alice) == []
    await bot.app.replies.idle()
    await bot.advances(seconds=1)
    assert texts(alice) == ["heard hi 1", "heard hi 2"]


async def test_a_chat_whose_update_waits_to_be_tried_again_gets_messages_but_stays_in_order(
    bot: BotHarness, alice: ChatUser
) -> None:
    failures = iter([DatabaseAway("08006")])
    tries: list[str] = []

    async def recover(update: Update, context: Context) -> None:
        tries.append("boom")
        for failure in failures:
            raise failure
        await echo(update, context)

    on_text(bot, "boom", recover)
    on_text(bot, "hi", echo)
    alice.person.sends("boom")
    alice.person.sends("hi")
    receiver = bot.app.receiver
    tasks = [
        asyncio.create_task(receiver.process_until_committed(receiver.read(raw)))
        for raw in bot.simulator.take_updates()
    ]
    await until(lambda: tries)
    async with bot.app.database.transaction() as uow:
        await add_reply(uow, alice, bot.now - LEASE, Send(Screen("news")))
    await bot.run_due()
    await asyncio.gather(*tasks)
    await bot.app.replies.idle()

    assert texts(alice) == ["news", "heard boom", "heard hi"]


async def test_a_notification_does_not_wait_for_all_updates_of_its_chat(
    bot: BotHarness, alice: ChatUser
) -> None:
    gate = asyncio.Event()
    begun: list[str] = []

    async def wait(update: Update, context: Context) -> None:
        begun.append(typed_text(update))
        await gate.wait()
        await echo(update, context)

    on_text(bot, "hi", wait)
    await alice.sends("hello")
    async with bot.app.database.transaction() as uow:
        await add_reply(uow, alice, bot.now - LEASE, Send(Screen("news")))
        [news] = await uow.outbox.claim(bot.now, 10)
    for number in range(9):
        alice.person.sends(f"hi {number}")
    tasks = start_processing(bot)
    await until(lambda: begun)
    delivery = asyncio.create_task(bot.app.relay.deliver_claimed(news))
    await until(lambda: bot.app.relay.in_flight)
    gate.set()
    await delivery
    assert (alice.last.text, len(begun) <= 2) == ("news", True)

    await asyncio.gather(*tasks)
    assert begun == [f"hi {number}" for number in range(9)]


async def test_a_handler_that_fails_leaves_nothing_behind(bot: BotHarness, alice: ChatUser) -> None:
    on_text(bot, "boom", raising(RuntimeError("boom")))
    before = all_rows(bot.app.database.url)
    alice.person.sends("boom")
    await fail(bot, bot.simulator.take_updates(), times=1)
    after = all_rows(bot.app.database.url)

    assert texts(alice) == []
    assert rows(bot.app.database.url, "SELECT attempts, error, set_aside FROM failed_update") == [
        (1, "RuntimeError: boom", 0)
    ]
    assert {**after, "failed_update": []} == before


async def test_an_update_that_keeps_failing_is_set_aside_with_an_apology(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "boom", raising(RuntimeError("boom")))
    on_text(bot, "hi", echo)
    update = alice.person.sends("boom")
    updates = bot.simulator.take_updates()
    await fail(bot, updates)
    await bot.processes(updates)
    await alice.sends("hi")
    bot.simulator.redeliver(update["update_id"])
    await bot.settles()

    assert texts(alice) == [OURS, "heard hi"]
    assert rows(bot.app.database.url, "SELECT attempts, set_aside FROM failed_update") == [
        (MAX_ATTEMPTS, 1)
    ]
    assert rows(bot.app.database.url, "SELECT time_zone FROM person") == [(None,)]


async def test_a_repeated_unique_violation_counts_as_a_failure(
    bot: BotHarness, alice: ChatUser
) -> None:
    async def insert_twice(update: Update, context: Context) -> None:
        for _ in range(2):
            await context.uow.invitations.add(
                Invitation("same", InvitationKind.PROVIDER, bot.now), bot.now
            )

    on_text(bot, "twice", insert_twice)
    alice.person.sends("twice")
    updates = bot.simulator.take_updates()
    await fail(bot, updates)
    await bot.processes(updates)

    assert texts(alice) == [OURS]
    assert rows(bot.app.database.url, "SELECT attempts, set_aside FROM failed_update") == [
        (MAX_ATTEMPTS, 1)
    ]


async def test_a_tap_that_keeps_failing_is_answered_once(bot: BotHarness, alice: ChatUser) -> None:
    on_text(bot, "offer", send_probe_button)
    on_tap(bot, "probe", raising(RuntimeError("boom")))
    await alice.sends("offer")
    alice.person.taps("Probe")
    updates = bot.simulator.take_updates()
    await fail(bot, updates)
    await bot.processes(updates)

    assert answers(bot) == [1]
    assert alice.person.toasts == [(OURS, True)]
    assert texts(alice) == ["Tap it"]


async def test_a_failure_that_passes_goes_unnoticed(bot: BotHarness, alice: ChatUser) -> None:
    failures = iter([RuntimeError("once"), RuntimeError("twice")])

    async def recover(update: Update, context: Context) -> None:
        for failure in failures:
            raise failure
        await echo(update, context)

    on_text(bot, "hi", recover)
    alice.person.sends("hi")
    updates = bot.simulator.take_updates()
    await fail(bot, updates)
    await bot.processes(updates)

    assert texts(alice) == ["heard hi"]


async def test_a_refusal_rolls_back_only_its_savepoint(bot: BotHarness, alice: ChatUser) -> None:
    async def half(update: Update, context: Context) -> None:
        await context.uow.people.choose_language(context.me, "de")
        await context.act(refused(context))

    async def refused(context: Context) -> None:
        await context.uow.people.choose_zone(context.me, "Asia/Tokyo")
        raise errors.ZoneUnknown(zone="Atlantis")

    on_text(bot, "half", half)
    await alice.sends("half")

    assert alice.sees("I don't know that time zone.")
    assert rows(bot.app.database.url, "SELECT language, time_zone FROM person") == [("de", None)]


async def test_a_refused_tap_is_answered_with_the_reason(bot: BotHarness, alice: ChatUser) -> None:
    async def refuse(update: Update, context: Context) -> None:
        raise errors.ZoneUnknown(zone="Atlantis")

    on_text(bot, "offer", send_probe_button)
    on_tap(bot, "probe", refuse)
    await alice.sends("offer")
    await alice.taps("Probe")

    assert alice.toast.startswith("I don't know that time zone.")
    assert answers(bot) == [1]


async def test_a_refusal_that_cannot_be_shown_counts_as_a_failure(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "boom", raising(errors.NameUnusable()))
    alice.person.sends("boom")
    updates = bot.simulator.take_updates()
    await fail(bot, updates)
    await bot.processes(updates)

    assert texts(alice) == [OURS]
    assert rows(bot.app.database.url, "SELECT time_zone FROM person") == [(None,)]


async def test_a_sender_with_fields_that_cannot_be_stored_is_answered(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "hi", echo)
    update = alice.person.sends("hi")
    bot.simulator.take_updates()
    update["message"]["from"] |= {
        "username": "\ud800" + "u" * 65,
        "language_code": "x" * 17,
        "last_name": "n\x00" * 200,
    }
    await bot.processes([update])

    assert texts(alice) == ["heard hi"]
    assert rows(bot.app.database.url, "SELECT username, telegram_language FROM person") == [
        ("u" * 63, "x" * 16)
    ]


@pytest.mark.parametrize("name", [None, "", 7, ["x"], "\x00", "\ud800"])
async def test_a_person_without_a_usable_name_is_answered_and_shown_by_their_number(
    bot: BotHarness, alice: ChatUser, name: object
) -> None:
    on_text(bot, "hi", echo)
    for kind in ("message", "my_chat_member"):
        update = alice.person.sends("hi") if kind == "message" else alice.person.unblocks()
        bot.simulator.take_updates()
        update[kind]["from"] = {**update[kind]["from"], "first_name": name}
        await bot.processes([update])

    assert texts(alice) == ["heard hi"]
    assert rows(bot.app.database.url, "SELECT name FROM person") == [(str(alice.id),)]


@pytest.mark.changes_schema
async def test_an_update_is_set_aside_even_if_its_failures_cannot_be_stored(
    bot: BotHarness, alice: ChatUser
) -> None:
    reject_inserts(bot.app.database.url, "failed_update")
    on_text(bot, "boom", raising(RuntimeError("boom")))
    on_text(bot, "hi", echo)
    alice.person.sends("boom")
    updates = bot.simulator.take_updates()
    await fail(bot, updates)
    await bot.processes(updates)
    await alice.sends("hi")

    assert texts(alice) == ["heard hi"]
    assert rows(bot.app.database.url, "SELECT attempts FROM failed_update") == []


async def test_an_update_that_always_loses_the_database_is_set_aside(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "boom", raising(DatabaseAway("08006")))
    alice.person.sends("boom")
    updates = bot.simulator.take_updates()
    for _ in range(MAX_ATTEMPTS * RETRIES_PER_FAILURE - 1):
        with pytest.raises((UpdateFailed, DatabaseAway)):
            await bot.processes(updates)
    await bot.processes(updates)

    assert texts(alice) == [OURS]


async def test_an_unreadable_update_becomes_an_incident(bot: BotHarness, alice: ChatUser) -> None:
    await bot.processes([{"update_id": 5, "message": {"text": "a private matter"}}])

    assert rows(bot.app.database.url, "SELECT kind, count, error FROM incident") == [
        ("update_set_aside", 1, "ValueError")
    ]


async def test_updates_without_a_sender_are_skipped(bot: BotHarness) -> None:
    channel = {"id": -1, "type": "channel", "title": "News"}
    await bot.processes(
        [
            {"update_id": 1},
            {
                "update_id": 2,
                "channel_post": {"message_id": 1, "date": 0, "chat": channel, "text": "hi"},
            },
        ]
    )

    assert rows(bot.app.database.url, "SELECT update_id FROM processed_update") == []


async def test_the_update_is_committed_before_the_reply(impatient_bot: BotHarness) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    seen: list[Any] = []

    async def write(update: Update, context: Context) -> None:
        await context.uow.people.choose_zone(context.me, "Asia/Tokyo")
        context.request.send(Screen("done"))

    on_text(bot, "hi", write)
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("hi")
    await asyncio.gather(*start_processing(bot))
    seen += rows(bot.app.database.url, "SELECT time_zone FROM person")
    seen += outbox(bot, "state, attempts, lease_until IS NOT NULL")

    assert seen == [("Asia/Tokyo",), ("due", 1, 1)]
    assert texts(alice) == []
    await bot.app.replies.idle()


NOTHING_DONE = [
    (FaultKind.FLOOD, 5),
    (FaultKind.FLOOD, None),
    (FaultKind.SERVER_ERROR, None),
    (FaultKind.BAD_GATEWAY, None),
    (FaultKind.CUT_BEFORE, None),
    (FaultKind.SILENCE, None),
]


@pytest.mark.parametrize(("fault", "retry_after"), NOTHING_DONE)
async def test_an_answer_that_did_not_arrive_is_sent_later_and_in_order(
    impatient_bot: BotHarness, fault: FaultKind, retry_after: int | None
) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    on_text(bot, "hi", echo)
    bot.simulator.faults.add(fault, method="sendMessage", retry_after=retry_after)
    await alice.sends("hi 1")
    await alice.sends("hi 2")
    assert texts(alice) == []

    await bot.advances(seconds=(retry_after or 1) - 0.001)
    assert texts(alice) == []
    await bot.advances(seconds=0.001)
    assert texts(alice) == ["heard hi 1", "heard hi 2"]
    assert outbox(bot) == []


@pytest.mark.parametrize("fault", [FaultKind.CUT_AFTER, FaultKind.SILENCE_AFTER])
async def test_an_answer_that_may_have_arrived_is_repeated(
    impatient_bot: BotHarness, fault: FaultKind
) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    on_text(bot, "hi", echo)
    bot.simulator.faults.add(fault, method="sendMessage")
    await alice.sends("hi 1")
    await alice.sends("hi 2")
    await bot.advances(seconds=1)

    assert texts(alice) == ["heard hi 1", "heard hi 1", "heard hi 2"]
    assert outbox(bot) == []


async def test_an_answer_after_the_wait_still_queues_behind_the_older_one(
    impatient_bot: BotHarness,
) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    on_text(bot, "hi", echo)
    bot.simulator.faults.add(FaultKind.FLOOD, method="sendMessage", retry_after=5)
    await alice.sends("hi 1")
    bot.now += timedelta(seconds=10)
    await alice.sends("hi 2")

    assert texts(alice) == ["heard hi 1", "heard hi 2"]


async def test_a_tap_is_answered_at_once_while_its_messages_wait(impatient_bot: BotHarness) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")

    async def answer(update: Update, context: Context) -> None:
        context.toast("Noted")
        context.request.send(Screen("tapped"))

    on_text(bot, "offer", send_probe_button)
    on_text(bot, "hi", echo)
    on_tap(bot, "probe", answer)
    await alice.sends("offer")
    bot.simulator.faults.add(FaultKind.FLOOD, method="sendMessage", retry_after=60)
    await alice.sends("hi")
    await alice.taps("Probe")
    assert alice.person.toasts == [("Noted", False)]
    assert texts(alice) == ["Tap it"]

    await bot.advances(seconds=60)
    assert texts(alice) == ["Tap it", "heard hi", "tapped"]
    assert answers(bot) == [1]


async def test_a_tap_whose_answer_is_slow_is_answered_once_while_its_messages_fall_due(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "offer", send_probe_button)
    on_text(bot, "hi", echo)
    on_tap(bot, "probe", echo)
    await alice.sends("offer")
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage")
    await alice.sends("hi")
    # Longer than the reply may hold the lock of its chat.
    bot.simulator.faults.add(FaultKind.SLOW, method="answerCallbackQuery", delay=1.5)
    alice.person.taps("Probe")
    await asyncio.gather(*start_processing(bot))
    await bot.advances(seconds=1)
    await bot.settles()
    await bot.app.replies.idle()
    await bot.settles()

    assert answers(bot) == [1]
    assert len(texts(alice)) == 3


async def test_a_tap_is_not_answered_again_when_its_messages_are_retried(
    bot: BotHarness, alice: ChatUser
) -> None:
    on_text(bot, "offer", send_probe_button)
    on_tap(bot, "probe", echo)
    await alice.sends("offer")
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage")
    await alice.taps("Probe")
    await bot.advances(seconds=1)

    assert answers(bot) == [1]
    assert len(texts(alice)) == 2


async def test_a_committed_answer_is_sent_after_a_crash(impatient_bot: BotHarness) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    on_text(bot, "hi", echo)
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("hi")
    await asyncio.gather(*start_processing(bot))
    await bot.crashes()
    bot.simulator.faults.clear()
    assert texts(alice) == []

    await bot.recovers()
    assert texts(alice) == ["heard hi"]


@pytest.mark.parametrize(
    "data",
    [
        "zz",
        "what:ever",
        "bs:1",
        "bs:1:2:x",
        ":::::",
        "ß" * 32,
        "x" * 64,
        "rc:-1",
        "rc:٣",
        "bd:1:20261301:0:0",
    ],
)
async def test_a_tap_with_unknown_data_is_answered(
    bot: BotHarness, alice: ChatUser, data: str
) -> None:
    await alice.sends("/help")
    await alice.taps_data(data, alice.last.id)

    assert answers(bot) == [1]
    assert alice.toast


async def test_concurrent_requests_of_two_people_do_not_mix(
    bot: BotHarness, alice: ChatUser, bob: ChatUser
) -> None:
    async def slow(update: Update, context: Context) -> None:
        mine = context.request
        await asyncio.sleep(0)
        assert context.request is mine
        context.request.send(Screen(f"{context.me} {typed_text(update)}"))

    on_text(bot, "hi", slow)
    for person in (alice, bob) * 5:
        person.person.sends("hi")
    await bot.settles()

    assert set(texts(alice)) == {f"{await alice.number()} hi"}
    assert set(texts(bob)) == {f"{await bob.number()} hi"}
