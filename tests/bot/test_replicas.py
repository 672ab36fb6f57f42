"""Replicas on one PostgreSQL database: people do not notice which one processes their update."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from telegram import Update

from bot.app import App
from bot.dialogue.context import Context
from bot.messages.actions import Edit, Send
from bot.messages.screen import Screen
from domain.failures import DatabaseAway
from simulator.faults import FaultKind
from tests.kit.bot import ADMIN_ID, running
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.handlers import add_reply, calls, echo, on_text, outbox, replying, texts
from tests.kit.replicas import ReplicaSet, drop_connections, leaders, membership
from tests.kit.waiting import until
from tests.storage.audit import claims, overlaps

pytestmark = pytest.mark.engines("postgresql")


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[ReplicaSet]:
    """Two replicas; at the end Telegram has refused nothing and every tap is answered."""
    async with running(ReplicaSet(database_url)) as replicas:
        yield replicas


@pytest.fixture
async def impatient_bot(database_url: str) -> AsyncIterator[ReplicaSet]:
    """Two replicas that wait for Telegram only half a second."""
    async with running(ReplicaSet(database_url, read_timeout=0.5)) as replicas:
        yield replicas


@pytest.mark.parametrize("replicas", [2, 3])
async def test_a_whole_story_with_each_update_processed_by_the_next_replica(
    database_url: str, replicas: int
) -> None:
    bot = ReplicaSet(database_url, replicas=replicas)
    await bot.starts()
    admin, dora, alice, bob = (
        bot.joins("Ada", id=ADMIN_ID),
        bot.joins("Dora"),
        bot.joins("Alice"),
        bot.joins("Bob"),
    )
    await _dora_joins_and_posts_hours(admin, dora)
    await alice.holds("09:15", day="25")
    await alice.taps("Change time")
    await alice.taps("25")
    await alice.taps("09:30")
    await alice.taps("Confirm")
    assert alice.card.text.startswith("✅ Booked")
    assert dora.sees("New booking from Alice")

    # A message to one replica continues the dialogue that began at another.
    await bob.sends("/book")
    await bob.sends("25 November")
    await bob.sends("9:15")
    bob.card.shows("Held for you")
    await bob.taps("Release")
    assert bob.card.text.startswith("Released")
    await bob.sends("/settings")
    await bob.sends("/cancel")
    await alice.sends("/bookings")
    await alice.taps("✅ Wed 25 Nov")
    await alice.taps("Cancel booking", message=alice.last)
    await alice.taps("Yes, cancel")
    dora.last.shows("Alice cancelled")

    assert overlaps(claims(bot.settings.database_url)) == []
    await bot.ends()
    assert bot.simulator.transcript.warnings == []


async def _dora_joins_and_posts_hours(admin: ChatUser, dora: ChatUser) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider")
    await dora.opens(admin.link("?start=join_"))
    await dora.taps("Keep")
    await dora.sends("berlin")
    await dora.sends("/hours")
    await dora.sends("Wednesday 25 November 8am-10am")
    dora.card.shows("8 slots")
    await dora.taps("Publish")
    await dora.taps("Undo")
    await dora.sends("/hours")
    await dora.sends("Wednesday 25 November 9am-11am")
    await dora.taps("Publish")
    assert any(label.endswith("Undo") for label in dora.buttons)


async def test_an_update_given_to_two_replicas_at_once_is_processed_once(bot: ReplicaSet) -> None:
    on_text(bot, "hi", echo)
    people = [bot.joins(f"Person {number}") for number in range(20)]
    for person in people:
        person.person.sends("hi")
    updates = bot.simulator.take_updates()
    await asyncio.gather(*(bot.processes_on(app, raw) for raw in updates for app in bot.apps))
    await bot.idle()

    assert [texts(person) for person in people] == [["heard hi"]] * 20


async def test_a_replica_processes_a_chat_after_the_other_has_tried_to_answer(
    impatient_bot: ReplicaSet,
) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    begun: list[str] = []

    async def record(update: Update, context: Context) -> None:
        begun.append(str(update.effective_message and update.effective_message.text))
        await echo(update, context)

    on_text(bot, "line", record)
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("line 1")
    alice.person.sends("line 2")
    first, second = bot.simulator.take_updates()
    await bot.processes_on(bot.apps[0], first)
    waiting = asyncio.create_task(bot.processes_on(bot.apps[1], second))
    await until(lambda: len(calls(bot, "sendMessage")) or bot.simulator.faults.waiting == [])
    assert begun == ["line 1"]

    await waiting
    assert begun == ["line 1", "line 2"]
    await bot.advances(seconds=1)
    assert texts(alice) == ["heard line 1", "heard line 2"]


async def test_a_replica_processes_a_chat_while_the_other_waits_to_try_again(
    bot: ReplicaSet,
) -> None:
    tries: list[str] = []

    async def fail(update: Update, context: Context) -> None:
        tries.append("boom")
        raise DatabaseAway("08006")

    alice = bot.joins("Alice")
    on_text(bot, "boom", fail)
    on_text(bot, "hi", echo)
    alice.person.sends("boom")
    alice.person.sends("hi")
    failing, other = bot.simulator.take_updates()
    receiver = bot.apps[0].receiver
    waiting = asyncio.create_task(receiver.process_until_committed(receiver.read(failing)))
    await until(lambda: tries)
    await bot.processes_on(bot.apps[1], other)
    await bot.idle()
    assert (texts(alice), waiting.done()) == (["heard hi"], False)

    await until(lambda: len(tries) > 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_updates_of_many_chats_given_to_any_replica_are_answered_in_order(
    bot: ReplicaSet,
) -> None:
    on_text(bot, "line", echo)
    people = [bot.joins(f"Person {number}") for number in range(10)]
    for number in range(6):
        for person in people:
            person.person.sends(f"line {number}")
        # Telegram posts the next update to any replica after the previous one is acknowledged.
        updates = bot.simulator.take_updates()
        await asyncio.gather(
            *(bot.processes_on(bot.apps[(n + number) % 2], raw) for n, raw in enumerate(updates))
        )
    await bot.idle()

    assert {tuple(texts(person)) for person in people} == {
        tuple(f"heard line {number}" for number in range(6))
    }


async def test_a_message_edited_by_two_replicas_is_never_edited_to_what_it_shows(
    bot: ReplicaSet,
) -> None:
    alice = bot.joins("Alice")
    on_text(bot, "hi", echo)
    await alice.sends("hi")
    number = alice.last.id
    for word in ("one", "two"):
        on_text(bot, word, replying(Edit(number, Screen(word))))
    shown = []
    for word in ("one", "two", "one", "one"):
        await alice.sends(word)
        shown.append(alice.last.text)

    assert shown == ["one", "two", "one", "one"]
    assert [call.params["text"] for call in calls(bot, "editMessageText")] == ["one", "two", "one"]


async def test_a_double_tap_processed_by_two_replicas_at_once_edits_once(bot: ReplicaSet) -> None:
    await add_provider(bot)
    alice = bot.joins("Alice")
    await alice.holds("09:15")
    for _ in range(2):
        alice.person.taps("Confirm")
    before = len(calls(bot, "editMessageText"))
    first, second = bot.simulator.take_updates()
    await asyncio.gather(
        bot.processes_on(bot.apps[0], first), bot.processes_on(bot.apps[1], second)
    )
    await bot.idle()

    assert len(calls(bot, "editMessageText")) == before + 1
    assert [tap.answers for tap in bot.simulator.world.taps.values()][-2:] == [1, 1]
    assert len(await alice.reservations()) == 1


async def test_a_notification_of_a_replica_without_a_relay_is_sent_by_another(
    bot: ReplicaSet,
) -> None:
    dora = await add_provider(bot)
    alice = bot.joins("Alice")
    await alice.holds("09:15")
    a, b = bot.apps
    # B never sweeps, and A delivers nothing: B depends on being notified of the commit.
    await bot.starts_jobs(b)
    await until(lambda: b.jobs.heartbeat.age is not None and b.alarm.set_for is not None)
    alice.person.taps("Confirm")
    for raw in bot.simulator.take_updates():
        await bot.processes_on(a, raw)
    await until(lambda: dora.shown)

    dora.last.shows("New booking from Alice")


async def test_rows_leased_to_a_dead_replica_are_delivered_by_another_in_order(
    bot: ReplicaSet,
) -> None:
    alice = bot.joins("Alice")
    on_text(bot, "hi", echo)
    a, b = bot.apps
    await bot.starts_jobs(b)
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("hi 1")
    for raw in bot.simulator.take_updates():
        await bot.processes_on(a, raw)
    async with a.database.transaction() as uow:
        await add_reply(uow, alice, bot.now, Send(Screen("behind")))
    assert outbox(bot, "attempts") == [(1,), (0,)]
    await bot.crashes_replica(a)
    bot.app = b
    await until(lambda: len(texts(alice)) == 2)

    assert texts(alice) == ["heard hi 1", "behind"]


@pytest.fixture
def rare_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.cluster.membership.CHECK_SECONDS", 4)


async def test_a_replica_that_joined_and_died_between_two_checks_is_noticed(
    rare_checks: None, bot: ReplicaSet
) -> None:
    alice = bot.joins("Alice")
    on_text(bot, "hi", echo)
    a, b = bot.apps
    await bot.stops_replica(a)
    await bot.starts_jobs(b)
    # By then it has just checked.
    await until(lambda: b.membership.is_leader and not b.jobs.recovery.pending)
    c = await bot.adds_replica()
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("hi")
    for raw in bot.simulator.take_updates():
        await bot.processes_on(c, raw)
    await until(lambda: not bot.simulator.faults.waiting)
    await bot.crashes_replica(c)
    bot.app = b
    await until(lambda: texts(alice))

    assert texts(alice) == ["heard hi"]


async def test_a_replica_that_leaves_ends_its_tasks_and_releases_its_locks(bot: ReplicaSet) -> None:
    alice = bot.joins("Alice")
    on_text(bot, "hi", echo)
    a, b = bot.apps
    for number in range(10):
        alice.person.sends(f"hi {number}")
    for raw in bot.simulator.take_updates():
        await bot.processes_on(a, raw)
    before = {task for task in asyncio.all_tasks() if "storage/cluster/membership" in repr(task)}
    await bot.stops_replica(a)
    left = {
        task for task in asyncio.all_tasks() if "storage/cluster/membership" in repr(task)
    } - before
    bot.app = b

    assert not [task for task in asyncio.all_tasks() if "_unlock" in repr(task)]
    assert left == set()
    assert await membership(b).live_replicas() == {b.membership.number}
    await alice.sends("hi again")
    assert alice.last.text == "heard hi again"


async def test_when_the_leader_leaves_another_replica_leads(bot: ReplicaSet) -> None:
    await until(lambda: leaders(bot.apps))
    [leader] = leaders(bot.apps)
    await bot.stops_replica(leader)
    bot.app = bot.apps[0]
    await until(lambda: leaders(bot.apps))

    assert leaders(bot.apps) == bot.apps


async def test_a_replica_that_loses_the_database_stops_leading_and_reconnects(
    bot: ReplicaSet,
) -> None:
    await until(lambda: leaders(bot.apps))
    [leader] = leaders(bot.apps)
    deposed = asyncio.create_task(leader.membership.wait_until_follower())
    drop_connections(bot.settings.database_url)
    await deposed
    await until(lambda: len(leaders(bot.apps)) == 1)
    await until(lambda: all(membership(app).is_connected for app in bot.apps))

    assert set(await membership(bot.apps[0]).live_replicas()) == {
        app.membership.number for app in bot.apps
    }


async def test_a_replica_reconnects_while_chat_locks_are_requested(bot: ReplicaSet) -> None:
    busy = True

    async def lock_and_unlock(app: App, chat: int) -> None:
        while busy:
            with suppress(DatabaseAway):
                await app.membership.lock_chat(chat)
                app.membership.unlock_chat(chat)
            await asyncio.sleep(0)

    tasks = [
        asyncio.create_task(lock_and_unlock(app, chat)) for app in bot.apps for chat in range(8)
    ]
    for _ in range(3):
        deposed = [
            asyncio.create_task(app.membership.wait_until_follower()) for app in leaders(bot.apps)
        ]
        drop_connections(bot.settings.database_url)
        await asyncio.gather(*deposed)
        await until(
            lambda: (
                len(leaders(bot.apps)) == 1
                and all(membership(app).is_connected for app in bot.apps)
            )
        )
    busy = False
    await asyncio.gather(*tasks)

    assert set(await membership(bot.apps[0]).live_replicas()) == {
        app.membership.number for app in bot.apps
    }
