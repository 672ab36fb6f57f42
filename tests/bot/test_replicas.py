"""Replicas side by side on one PostgreSQL: people notice nothing of them, whichever works what they do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from telegram import Update

from bot.app import App
from bot.dialogue.context import Context
from bot.messages.actions import Edit, Send, packed
from bot.messages.screen import Screen
from domain.ports import DatabaseAway
from simulator.faults import FaultKind
from tests.kit.bot import ADMIN_ID, Chatter, lived_in, until
from tests.kit.clinic import holds, opens_practice, reservations
from tests.kit.handlers import answering, calls, echo, hears, outbox, texts
from tests.kit.replicas import ReplicaTown, cut, leaders, presence
from tests.storage.audit import claims, overlaps

pytestmark = pytest.mark.engines("postgresql")


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[ReplicaTown]:
    """A town with two replicas; at the end Telegram must have refused nothing and have had every tap answered."""
    async with lived_in(ReplicaTown(database_url)) as place:
        yield place


@pytest.fixture
async def rough_town(database_url: str) -> AsyncIterator[ReplicaTown]:
    """The same, where Telegram is waited for no longer than a moment."""
    async with lived_in(ReplicaTown(database_url, patience=0.5)) as place:
        yield place


@pytest.mark.parametrize("replicas", [2, 3])
async def test_the_whole_story_with_each_update_worked_by_the_next_replica(database_url: str, replicas: int) -> None:
    town = ReplicaTown(database_url, replicas=replicas)
    await town.starts()
    admin, dora, alice, bob = town.joins("Ada", id=ADMIN_ID), town.joins("Dora"), town.joins("Alice"), town.joins("Bob")
    await _dora_joins_and_posts_hours(admin, dora)
    await holds(alice, "09:15", day="25")
    await alice.taps("Other time")
    await alice.taps("25")
    await alice.taps("09:30")
    await alice.taps("Confirm")
    assert alice.card.text.startswith("✅ Booked")
    assert dora.sees("New booking from Alice")

    # Typed at one replica, it goes on with the dialogue that was begun at another.
    await bob.sends("/book")
    await bob.sends("25 November")
    await bob.sends("9:15")
    assert "Held for you" in bob.card.text
    await bob.taps("Release")
    assert bob.card.text.startswith("Released")
    await bob.sends("/settings")
    await bob.sends("/cancel")
    await alice.sends("/bookings")
    await alice.taps("✅ Wed 25 Nov")
    await alice.taps("Cancel booking", message=alice.last)
    await alice.taps("Yes, cancel")
    assert "Alice cancelled" in dora.last.text

    assert overlaps(claims(town.settings.database_url)) == []
    await town.ends()
    assert town.simulator.transcript.warnings == []


async def _dora_joins_and_posts_hours(admin: Chatter, dora: Chatter) -> None:
    await admin.sends("/invite")
    await dora.opens(admin.link("?start=join_"))
    await dora.taps("Keep")
    await dora.sends("berlin")
    await dora.sends("/hours")
    await dora.sends("Wednesday 25 November 8am-10am")
    assert "8 slots" in dora.card.text
    await dora.taps("Publish")
    await dora.taps("Undo")
    await dora.sends("/hours")
    await dora.sends("Wednesday 25 November 9am-11am")
    await dora.taps("Publish")
    assert any(label.endswith("Undo") for label in dora.buttons)


async def test_an_update_given_to_two_replicas_at_once_is_worked_once(town: ReplicaTown) -> None:
    hears(town, "hi", echo)
    people = [town.joins(f"Person {number}") for number in range(20)]
    for someone in people:
        someone.person.sends("hi")
    updates = town.simulator.take_updates()
    await asyncio.gather(*(town.worked_by(app, raw) for raw in updates for app in town.apps))
    await town.idle()

    assert [texts(someone) for someone in people] == [["heard hi"]] * 20


async def test_a_chat_is_worked_by_one_replica_once_the_other_has_tried_to_answer(rough_town: ReplicaTown) -> None:
    town, alice = rough_town, rough_town.joins("Alice")
    begun: list[str] = []

    async def notes(update: Update, context: Context) -> None:
        begun.append(str(update.effective_message and update.effective_message.text))
        await echo(update, context)

    hears(town, "line", notes)
    town.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("line 1")
    alice.person.sends("line 2")
    first, second = town.simulator.take_updates()
    await town.worked_by(town.apps[0], first)
    waiting = asyncio.create_task(town.worked_by(town.apps[1], second))
    await until(lambda: len(calls(town, "sendMessage")) or town.simulator.faults.waiting == [])
    assert begun == ["line 1"]

    await waiting
    assert begun == ["line 1", "line 2"]
    await town.passes(seconds=1)
    assert texts(alice) == ["heard line 1", "heard line 2"]


async def test_updates_of_many_chats_given_to_any_replica_are_answered_in_order(town: ReplicaTown) -> None:
    hears(town, "line", echo)
    people = [town.joins(f"Person {number}") for number in range(10)]
    for number in range(6):
        for someone in people:
            someone.person.sends(f"line {number}")
        # Telegram posts the next line once the one before is acknowledged, to whichever replica.
        updates = town.simulator.take_updates()
        await asyncio.gather(*(town.worked_by(town.apps[(n + number) % 2], raw) for n, raw in enumerate(updates)))
    await town.idle()

    assert {tuple(texts(someone)) for someone in people} == {tuple(f"heard line {number}" for number in range(6))}


async def test_a_message_that_two_replicas_have_edited_is_edited_back_and_never_into_what_it_is(town: ReplicaTown) -> None:
    alice = town.joins("Alice")
    hears(town, "hi", echo)
    await alice.sends("hi")
    number = alice.last.id
    for word in ("one", "two"):
        hears(town, word, answering(Edit(number, Screen(word))))
    shown = []
    for word in ("one", "two", "one", "one"):
        await alice.sends(word)
        shown.append(alice.last.text)

    assert shown == ["one", "two", "one", "one"]
    assert [call.params["text"] for call in calls(town, "editMessageText")] == ["one", "two", "one"]


async def test_a_double_tap_worked_by_two_replicas_at_once_edits_nothing_twice(town: ReplicaTown) -> None:
    await opens_practice(town)
    alice = town.joins("Alice")
    await holds(alice, "09:15")
    for _ in range(2):
        alice.person.taps("Confirm")
    before = len(calls(town, "editMessageText"))
    first, second = town.simulator.take_updates()
    await asyncio.gather(town.worked_by(town.apps[0], first), town.worked_by(town.apps[1], second))
    await town.idle()

    assert len(calls(town, "editMessageText")) == before + 1
    assert [tap.answers for tap in town.simulator.world.taps.values()][-2:] == [1, 1]
    assert len(await reservations(town, alice)) == 1


async def test_news_of_a_replica_whose_courier_is_gone_is_told_by_another_that_heard_of_it(town: ReplicaTown) -> None:
    dora = await opens_practice(town)
    alice = town.joins("Alice")
    await holds(alice, "09:15")
    a, b = town.apps
    # B sweeps never, and A tells nothing: without hearing of it, B would not know.
    await town.goes_about(b)
    await until(lambda: b.jobs.pulse.age is not None and b.alarm._set_for is not None)
    alice.person.taps("Confirm")
    for raw in town.simulator.take_updates():
        await town.worked_by(a, raw)
    await until(lambda: dora.shown)

    assert "New booking from Alice" in dora.last.text


async def test_what_a_dead_replica_had_in_hand_is_told_by_another_in_order(town: ReplicaTown) -> None:
    alice = town.joins("Alice")
    hears(town, "hi", echo)
    a, b = town.apps
    await town.goes_about(b)
    town.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("hi 1")
    for raw in town.simulator.take_updates():
        await town.worked_by(a, raw)
    async with a.database.transaction() as work:
        await work.outbox.reply(alice.id, packed([Send(Screen("behind"))]), town.now)
    assert outbox(town, "attempts") == [(1,), (0,)]
    await town.dies(a)
    town.app = b
    await until(lambda: len(texts(alice)) == 2)

    assert texts(alice) == ["heard hi 1", "behind"]


async def test_even_one_who_came_and_died_between_two_looks_is_missed(town: ReplicaTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.cluster.membership._LOOK_SECONDS", 4)
    alice = town.joins("Alice")
    hears(town, "hi", echo)
    a, b = town.apps
    await town.leaves(a)
    await town.goes_about(b)
    # It has just looked, then.
    await until(lambda: b.presence.leading and not b.jobs._parted)
    c = await town.joins_in()
    town.simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
    alice.person.sends("hi")
    for raw in town.simulator.take_updates():
        await town.worked_by(c, raw)
    await until(lambda: not town.simulator.faults.waiting)
    await town.dies(c)
    town.app = b
    await until(lambda: texts(alice))

    assert texts(alice) == ["heard hi"]


async def test_a_replica_that_ends_leaves_no_task_behind_and_gives_back_what_it_had(town: ReplicaTown) -> None:
    alice = town.joins("Alice")
    hears(town, "hi", echo)
    a, b = town.apps
    for number in range(10):
        alice.person.sends(f"hi {number}")
    for raw in town.simulator.take_updates():
        await town.worked_by(a, raw)
    before = {task for task in asyncio.all_tasks() if "storage/cluster/membership" in repr(task)}
    await town.leaves(a)
    left = {task for task in asyncio.all_tasks() if "storage/cluster/membership" in repr(task)} - before
    town.app = b

    assert not [task for task in presence(a)._giving_back if not task.done()]
    assert left == set()
    assert await presence(b).living() == {b.presence.number}
    await alice.sends("hi again")
    assert alice.last.text == "heard hi again"


async def test_one_replica_leads_and_when_it_ends_another_does(town: ReplicaTown) -> None:
    await until(lambda: leaders(town.apps))
    [leader] = leaders(town.apps)
    await town.leaves(leader)
    town.app = town.apps[0]
    await until(lambda: leaders(town.apps))

    assert leaders(town.apps) == town.apps


async def test_a_replica_cut_off_from_the_database_leads_no_longer_and_comes_back(town: ReplicaTown) -> None:
    await until(lambda: leaders(town.apps))
    [leader] = leaders(town.apps)
    deposed = asyncio.create_task(leader.presence.follows())
    cut(town.settings.database_url)
    await deposed
    await until(lambda: len(leaders(town.apps)) == 1)
    await until(lambda: all(presence(app)._connection is not None for app in town.apps))

    assert set(await presence(town.apps[0]).living()) == {app.presence.number for app in town.apps}


async def test_a_replica_comes_back_although_it_is_asked_for_turns_all_the_while(town: ReplicaTown) -> None:
    busy = True

    async def takes_turns(app: App, chat: int) -> None:
        while busy:
            with suppress(DatabaseAway):
                await app.presence.take(chat)
                app.presence.give_back(chat)
            await asyncio.sleep(0)

    turns = [asyncio.create_task(takes_turns(app, chat)) for app in town.apps for chat in range(8)]
    for _ in range(3):
        deposed = [asyncio.create_task(app.presence.follows()) for app in leaders(town.apps)]
        cut(town.settings.database_url)
        await asyncio.gather(*deposed)
        await until(lambda: len(leaders(town.apps)) == 1 and all(presence(app)._connection for app in town.apps))
    busy = False
    await asyncio.gather(*turns)

    assert set(await presence(town.apps[0]).living()) == {app.presence.number for app in town.apps}
