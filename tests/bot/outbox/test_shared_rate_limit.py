"""Replicas share Telegram's limits: no refusals, answers first, and a fair share for each."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.clock import system_clock
from bot.messages.actions import Send
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import RateLimiter, Urgency
from simulator.faults import FaultKind
from storage.cluster.shared_rate_limit import SharedRateLimit
from tests.kit.backlog import add_people, count_rate_limited, let_holds_expire
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.handlers import add_reply, calls
from tests.kit.raw_database import rows, run_sql
from tests.kit.replicas import ReplicaSet
from tests.kit.sampling import PROFILE, SEED, seeded
from tests.kit.waiting import until

pytestmark = pytest.mark.engines("postgresql")

OWED = "SELECT count(*) FROM outbox WHERE state = 'due' AND kind <> 'hold_warning'"
# How many replicas share a backlog.
SIZES = PROFILE.pick(fast=seeded(f"shares {SEED}").sample([2, 3], 1), full=[2, 3])


@pytest.fixture
async def strict_replicas(
    database_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[ReplicaSet]:
    """Replicas, two by default, whose Telegram enforces its limits on the system clock."""
    replicas = ReplicaSet(database_url, replicas=getattr(request, "param", 2), rate_limited=True)
    await replicas.starts()
    replicas.simulator.world.clock = system_clock
    replicas.simulator.flood_limits.enabled = True
    yield replicas
    await replicas.ends()
    assert replicas.simulator.transcript.warnings == []


def expiries_sent(app: App) -> float:
    """Return how many notifications of an expiry a replica has sent."""
    series = r'slotkeeper_deliveries_total\{kind="hold_expired",outcome="sent"\} (\S+)'
    [count] = re.findall(series, app.metrics.exposition().decode())
    return float(count)


def expiries(bot: BotHarness) -> list[Any]:
    """Return the calls that sent a notification of an expiry."""
    return [call for call in calls(bot, "sendMessage") if call.params["text"].startswith("⌛")]


@pytest.mark.parametrize("strict_replicas", SIZES, indirect=True)
async def test_replicas_send_a_backlog_without_a_refusal_and_in_fair_shares(
    strict_replicas: ReplicaSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, size = strict_replicas, 40 * len(strict_replicas.apps)
    # A replica that claims all rows at once would leave none to share.
    monkeypatch.setattr("bot.outbox.relay.BATCH_SIZE", 10)
    monkeypatch.setattr("bot.outbox.relay.MAX_IN_FLIGHT", 20)
    people = await add_people(bot, size + 1)
    await let_holds_expire(bot, people, 1)
    for app in bot.apps:
        await bot.starts_jobs(app)
    await until(lambda: len(expiries(bot)) >= size / 2)
    sent = [expiries_sent(app) for app in bot.apps]
    for person in people[:10]:
        person.person.sends("/help")
    await asyncio.gather(
        *(
            bot.processes_on(bot.apps[n % 2], raw)
            for n, raw in enumerate(bot.simulator.take_updates())
        )
    )
    await asyncio.gather(*(app.replies.idle() for app in bot.apps))
    assert len(expiries(bot)) < size
    await until(lambda: rows(bot.settings.database_url, OWED) == [(0,)], every=0.2)

    assert count_rate_limited(bot) == 0
    assert len(expiries(bot)) == size
    assert min(sent) >= sum(sent) / len(sent) / 2


async def test_answers_of_either_replica_come_before_notifications_of_both(
    database_url: str,
) -> None:
    shared = [SharedRateLimit(database_url) for _ in range(2)]
    rate_limiters = [RateLimiter() for _ in shared]
    arrived: list[str] = []

    async def send(rate_limiter: RateLimiter, what: Urgency, chat: int) -> None:
        async with rate_limiter.acquire(what, chat):
            arrived.append(what.name)

    for rate_limiter, shared_limit in zip(rate_limiters, shared, strict=True):
        await rate_limiter.share(shared_limit)
    async with asyncio.TaskGroup() as group:
        for chat in range(120):
            group.create_task(send(rate_limiters[chat % 2], Urgency.NOTIFICATION, chat))
        await until(lambda: len(arrived) >= 30)
        before = len(arrived)
        await asyncio.gather(
            *(send(rate_limiters[chat % 2], Urgency.ANSWER, 1000 + chat) for chat in range(20))
        )
        meanwhile = arrived[before:].count("NOTIFICATION")
    for shared_limit in shared:
        await shared_limit.close()

    assert meanwhile <= 20
    assert arrived.count("NOTIFICATION") == 120


async def test_a_server_clock_that_was_set_back_blocks_no_permit_and_no_chat(
    database_url: str,
) -> None:
    shared = SharedRateLimit(database_url)
    await shared.open(2)
    run_sql(database_url, "UPDATE permit SET free_at = now() + interval '1 hour' WHERE number <> 0")
    run_sql(database_url, "INSERT INTO chat (id, owed_until) VALUES (7, now() + interval '1 hour')")

    assert {await shared.take(2, 0, urgent=False) for _ in range(3)} == {1, 2, None}
    assert await shared.chat_delay(7) <= 0
    await shared.release(1, 7)
    assert 0 < await shared.chat_delay(7) <= 1.01
    await shared.close()


async def test_two_chats_refused_at_two_replicas_pause_both(strict_replicas: ReplicaSet) -> None:
    bot = strict_replicas
    people = await add_people(bot, 6)
    for person, app in zip(people, bot.apps, strict=False):
        bot.simulator.faults.add(FaultKind.FLOOD, person=person.person, retry_after=3600)
        await _reply(bot, app, person)
    for person, app in zip(people[2:4], bot.apps, strict=True):
        await _reply(bot, app, person)

    assert count_rate_limited(bot) == 2
    assert len(calls(bot, "sendMessage")) == 2
    for app in bot.apps:
        assert app.relay.pause > timedelta(minutes=59)


async def test_a_message_of_one_replica_delays_the_chat_for_all(
    strict_replicas: ReplicaSet,
) -> None:
    bot = strict_replicas
    [person] = await add_people(bot, 1)
    a, b = bot.apps
    for _ in range(3):
        await _reply(bot, a, person)

    assert b.rate_limiter
    assert await b.rate_limiter.chat_delay(person.id, Urgency.NOTIFICATION) > 1


async def _reply(bot: ReplicaSet, app: App, person: ChatUser) -> None:
    """Have a replica send an answer to a person."""
    async with app.database.transaction() as uow:
        row = await add_reply(uow, person, bot.now, Send(Screen("hi")))
    await app.relay.reply(row, [Send(Screen("hi"))])


async def test_a_permit_of_a_dead_replica_is_freed_after_a_while(database_url: str) -> None:
    dead, live = SharedRateLimit(database_url), SharedRateLimit(database_url)
    await live.open(2)
    assert {await dead.take(2, 0, urgent=True), await dead.take(2, 0, urgent=True)} == {1, 2}
    await dead.close()
    assert await live.take(2, 0, urgent=True) is None
    _, wait = await live.wait(2)
    assert 10 < wait <= 15

    run_sql(database_url, f"UPDATE permit SET free_at = free_at - interval '{wait} seconds'")
    assert await live.take(2, 0, urgent=True) in {1, 2}
    await live.close()
