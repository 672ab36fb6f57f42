"""Replicas keep to Telegram's limits together: nothing is refused, answers come first, and none of them goes short."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.clock import system_clock
from bot.messages.actions import Send, packed
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import RateLimiter, Urgency
from simulator.faults import FaultKind
from storage.cluster.shared_rate_limit import SharedRateLimit
from tests.kit.backlog import crowd, let_holds_expire, refusals
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.handlers import calls
from tests.kit.raw_database import changes, rows
from tests.kit.replicas import ReplicaSet
from tests.kit.waiting import until

pytestmark = pytest.mark.engines("postgresql")

OWED = "SELECT count(*) FROM outbox WHERE state = 'due' AND kind <> 'hold_warning'"


@pytest.fixture
async def strict_replicas(
    database_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[ReplicaSet]:
    """A town with several replicas, two unless it is said, whose Telegram keeps to its limits, by the clock on the wall."""
    place = ReplicaSet(database_url, replicas=getattr(request, "param", 2), paced=True)
    await place.starts()
    place.simulator.world.clock = system_clock
    place.simulator.flood_limits.enabled = True
    yield place
    await place.ends()
    assert place.simulator.transcript.warnings == []


def expiries_told(app: App) -> float:
    """Return how many expiries a replica has told."""
    return float(app.metrics._deliveries.labels("hold_expired", "sent")._value.get())


def expiries(bot: BotHarness) -> list[Any]:
    """Return the calls that told of an expiry."""
    return [call for call in calls(bot, "sendMessage") if call.params["text"].startswith("⌛")]


@pytest.mark.parametrize("strict_replicas", [2, 3], indirect=True)
async def test_a_backlog_that_replicas_share_meets_no_refusal_and_each_tells_a_fair_part_of_it(
    strict_replicas: ReplicaSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, size = strict_replicas, 40 * len(strict_replicas.apps)
    # Whoever takes all of it in hand leaves nothing to share.
    monkeypatch.setattr("bot.outbox.relay._BATCH", 10)
    monkeypatch.setattr("bot.outbox.relay._IN_HAND", 20)
    people = await crowd(bot, size + 1)
    await let_holds_expire(bot, people, 1)
    for app in bot.apps:
        await bot.goes_about(app)
    await until(lambda: len(expiries(bot)) >= size / 2)
    told = [expiries_told(app) for app in bot.apps]
    for someone in people[:10]:
        someone.person.sends("/help")
    await asyncio.gather(
        *(bot.worked_by(bot.apps[n % 2], raw) for n, raw in enumerate(bot.simulator.take_updates()))
    )
    await asyncio.gather(*(app.processor.idle() for app in bot.apps))
    assert len(expiries(bot)) < size
    await until(lambda: rows(bot.settings.database_url, OWED) == [(0,)], every=0.2)

    assert refusals(bot) == 0
    assert len(expiries(bot)) == size
    assert min(told) >= sum(told) / len(told) / 2


async def test_answers_of_either_replica_come_before_the_news_of_both(database_url: str) -> None:
    shared = [SharedRateLimit(database_url) for _ in range(2)]
    rate_limiters = [RateLimiter() for _ in shared]
    arrived: list[str] = []

    async def tells(rate_limiter: RateLimiter, what: Urgency, chat: int) -> None:
        async with rate_limiter.permit(what, chat):
            arrived.append(what.name)

    for rate_limiter, telling in zip(rate_limiters, shared, strict=True):
        await rate_limiter.share(telling)
    async with asyncio.TaskGroup() as group:
        for chat in range(120):
            group.create_task(tells(rate_limiters[chat % 2], Urgency.NOTIFICATION, chat))
        await until(lambda: len(arrived) >= 30)
        before = len(arrived)
        await asyncio.gather(
            *(tells(rate_limiters[chat % 2], Urgency.ANSWER, 1000 + chat) for chat in range(20))
        )
        meanwhile = arrived[before:].count("NOTIFICATION")
    for telling in shared:
        await telling.close()

    assert meanwhile <= 20
    assert arrived.count("NOTIFICATION") == 120


async def test_a_server_whose_clock_was_set_back_keeps_no_place_and_no_chat_waiting(
    database_url: str,
) -> None:
    telling = SharedRateLimit(database_url)
    await telling.open(2)
    changes(database_url, "UPDATE place SET free_at = now() + interval '1 hour' WHERE number <> 0")
    changes(database_url, "INSERT INTO chat (id, owed_until) VALUES (7, now() + interval '1 hour')")

    assert {await telling.take(2, 0, urgent=False) for _ in range(3)} == {1, 2, None}
    assert await telling.chat_delay(7) <= 0
    await telling.release(1, 7)
    assert 0 < await telling.chat_delay(7) <= 1.01
    await telling.close()


async def test_two_chats_refused_by_two_replicas_silence_both(strict_replicas: ReplicaSet) -> None:
    bot = strict_replicas
    people = await crowd(bot, 6)
    for person, app in zip(people, bot.apps, strict=False):
        bot.simulator.faults.add(FaultKind.FLOOD, person=person.person, retry_after=3600)
        await _tells(bot, app, person)
    for person, app in zip(people[2:4], bot.apps, strict=True):
        await _tells(bot, app, person)

    assert refusals(bot) == 2
    assert len(calls(bot, "sendMessage")) == 2
    for app in bot.apps:
        assert app.relay.pause > timedelta(minutes=59)


async def test_a_chat_told_something_by_one_replica_rests_for_all(
    strict_replicas: ReplicaSet,
) -> None:
    bot = strict_replicas
    [person] = await crowd(bot, 1)
    a, b = bot.apps
    for _ in range(3):
        await _tells(bot, a, person)

    assert b.rate_limiter
    assert await b.rate_limiter.chat_delay(person.id, Urgency.NOTIFICATION) > 1


async def _tells(bot: ReplicaSet, app: App, person: ChatUser) -> None:
    """Have a replica answer somebody."""
    async with app.database.transaction() as work:
        row = await work.outbox.reply(person.id, packed([Send(Screen("hi"))]), bot.now)
    await app.relay.reply(row)


async def test_a_place_that_a_dead_replica_took_comes_back_by_itself(database_url: str) -> None:
    dead, live_replicas = SharedRateLimit(database_url), SharedRateLimit(database_url)
    await live_replicas.open(2)
    assert {await dead.take(2, 0, urgent=True), await dead.take(2, 0, urgent=True)} == {1, 2}
    await dead.close()
    assert await live_replicas.take(2, 0, urgent=True) is None
    _, wait = await live_replicas.wait(2)
    assert 10 < wait <= 15

    changes(database_url, f"UPDATE place SET free_at = free_at - interval '{wait} seconds'")
    assert await live_replicas.take(2, 0, urgent=True) in {1, 2}
    await live_replicas.close()
