"""Telegram's limits are kept without its having to refuse anything, and nobody waits for longer than they ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import system_clock
from bot.messages.actions import Send, packed
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import Paused, RateLimiter, Urgency
from simulator.faults import FaultKind, FloodLimits
from tests.kit.backlog import crowd, let_holds_expire, refusals
from tests.kit.bot import BotHarness
from tests.kit.clock_loop import run_on_virtual_clock
from tests.kit.handlers import calls
from tests.kit.raw_database import rows
from tests.kit.waiting import until

ANSWER, NOTIFICATION = Urgency.ANSWER, Urgency.NOTIFICATION


class Wire:
    """A Telegram at the far end of a slow wire, which notes who arrived and whom it had to refuse."""

    def __init__(self, rate_limiter: RateLimiter) -> None:
        self.rate_limiter = rate_limiter
        self.limits = FloodLimits(enabled=True)
        self.arrived: list[str] = []
        self.refused = 0

    async def tells(
        self, name: str, urgency: Urgency, chat: int | None, there: float = 0.02, back: float = 0.02
    ) -> None:
        """Make one request, which is so many seconds on its way there and back."""
        async with self.rate_limiter.permit(urgency, chat):
            await asyncio.sleep(there)
            self.arrived.append(name)
            # Whoever is told nothing in a chat counts with all others alone.
            everybody = chat if chat is not None else -len(self.arrived)
            self.refused += (
                self.limits.wait_for(everybody, asyncio.get_running_loop().time()) is not None
            )
            await asyncio.sleep(back)


REQUEST = st.tuples(st.sampled_from(Urgency), st.floats(0, 2), st.floats(0, 2), st.floats(0, 3))


@settings(max_examples=60, deadline=None)
@given(chats=st.lists(st.lists(REQUEST, min_size=1, max_size=12), min_size=1, max_size=30))
def test_telegram_refuses_nothing_however_long_requests_are_on_their_way(
    chats: list[list[tuple[Urgency, float, float, float]]],
) -> None:
    async def story() -> int:
        wire = Wire(RateLimiter())

        async def chatting(chat: int, requests: list[tuple[Urgency, float, float, float]]) -> None:
            for urgency, there, back, chat_delay in requests:
                await wire.tells("", urgency, chat, there, back)
                await asyncio.sleep(chat_delay)

        await asyncio.gather(*(chatting(number, requests) for number, requests in enumerate(chats)))
        return wire.refused

    assert run_on_virtual_clock(story()) == 0


def test_a_crowd_is_told_as_fast_as_telegram_allows() -> None:
    async def story() -> tuple[int, float]:
        wire = Wire(RateLimiter())
        await asyncio.gather(*(wire.tells("", NOTIFICATION, chat, 0, 0) for chat in range(300)))
        return wire.refused, asyncio.get_running_loop().time()

    refused, seconds = run_on_virtual_clock(story())
    assert refused == 0
    assert 9 < seconds < 10.5


def test_without_the_pace_telegram_would_refuse() -> None:
    async def story() -> int:
        wire = Wire(RateLimiter(per_second=31, burst=31))
        await asyncio.gather(*(wire.tells("", NOTIFICATION, chat, 0, 0) for chat in range(31)))
        return wire.refused

    assert run_on_virtual_clock(story()) == 1


def test_answers_overtake_news_that_waits() -> None:
    async def story() -> list[str]:
        wire = Wire(RateLimiter())
        news = [asyncio.create_task(wire.tells("news", NOTIFICATION, chat)) for chat in range(60)]
        await asyncio.sleep(0.5)
        await asyncio.gather(wire.tells("tap", ANSWER, None), wire.tells("answer", ANSWER, 100))
        early = list(wire.arrived)
        await asyncio.gather(*news)
        return early

    early = run_on_virtual_clock(story())
    assert {"tap", "answer"} <= set(early)
    assert early.count("news") < 30


def test_a_chat_that_rests_holds_up_nobody_else_and_answers_may_come_in_a_short_burst() -> None:
    async def story() -> list[str]:
        wire = Wire(RateLimiter())

        async def several(name: str, urgency: Urgency, chat: int) -> None:
            for _ in range(4):
                await wire.tells(name, urgency, chat)

        await asyncio.gather(
            several("a", ANSWER, 1),
            several("n", NOTIFICATION, 2),
            *(wire.tells("other", NOTIFICATION, chat) for chat in range(3, 8)),
        )
        return wire.arrived

    arrived = run_on_virtual_clock(story())
    assert arrived[:10].count("other") == 5
    assert arrived[:10].count("a") == 3
    assert arrived.count("n") == 4
    assert arrived[-1] == "n"


def test_all_are_silent_for_as_long_as_telegram_asks() -> None:
    async def story() -> list[float]:
        rate_limiter, told = RateLimiter(), list[float]()

        async def tells(chat: int) -> None:
            async with rate_limiter.permit(ANSWER, chat):
                told.append(asyncio.get_running_loop().time())

        rate_limiter.halt(5)
        rate_limiter.halt(2)
        await asyncio.gather(*(tells(chat) for chat in range(40)))
        return told

    assert min(run_on_virtual_clock(story())) == 5


def test_nobody_stands_and_waits_for_a_long_silence() -> None:
    async def story() -> tuple[int, float]:
        rate_limiter = RateLimiter()
        for chat in range(30):
            async with rate_limiter.permit(ANSWER, chat):
                pass

        async def asks(urgency: Urgency, chat: int) -> None:
            async with rate_limiter.permit(urgency, chat):
                pass

        waiting = asyncio.create_task(asks(NOTIFICATION, 31))
        await asyncio.sleep(0)
        rate_limiter.halt(3600)
        given_up = 0
        for request in (waiting, asks(ANSWER, 32)):
            with suppress(Paused):
                await request
            given_up += 1
        return given_up, asyncio.get_running_loop().time()

    given_up, seconds = run_on_virtual_clock(story())
    assert given_up == 2
    assert seconds < 5


@pytest.mark.parametrize("granted", [False, True])
def test_whoever_gives_up_waiting_leaves_his_place_to_others(granted: bool) -> None:
    async def story() -> float:
        rate_limiter, loop = RateLimiter(per_second=1), asyncio.get_running_loop()

        async def asks(chat: int) -> None:
            async with rate_limiter.permit(NOTIFICATION, chat):
                pass

        await asks(1)
        waiting = asyncio.create_task(asks(2))
        await asyncio.sleep(0.5)
        # The place is free again at 1.01 s: a timer of that moment was set before, so it is granted first and given up afterwards.
        loop.call_at(1.01 if granted else 0.9, waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asks(3)
        return loop.time()

    assert run_on_virtual_clock(story()) < 2.05


@pytest.mark.parametrize("busy", [10, 45, 100, 300])
@pytest.mark.parametrize("urgency", [ANSWER, NOTIFICATION])
def test_a_quiet_person_waits_for_no_busy_one(busy: int, urgency: Urgency) -> None:
    async def story() -> tuple[float, bool]:
        wire, loop = Wire(RateLimiter()), asyncio.get_running_loop()

        async def writes(chat: int) -> None:
            while loop.time() < 60:
                await wire.tells("busy", ANSWER, chat)

        writing = [asyncio.create_task(writes(chat)) for chat in range(1, busy + 1)]
        # Each of them is told something once before; until then they are as quiet as anybody.
        await asyncio.sleep(2 + busy / 30)
        waits = []
        for permit in range(20):
            await asyncio.sleep(1)
            began = loop.time()
            await wire.tells("quiet", urgency, 10_000 + permit, 0, 0)
            waits.append(loop.time() - began)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        return max(waits), wire.refused == 0

    longest, kept = run_on_virtual_clock(story())
    assert kept
    # On the clock of this test: a few places of a thirtieth of a second each.
    assert longest < 0.3


def test_the_wait_is_foreseen_while_all_places_are_out() -> None:
    async def story() -> tuple[float, float, float]:
        wire, loop = Wire(RateLimiter()), asyncio.get_running_loop()
        slow = [asyncio.create_task(wire.tells("slow", ANSWER, chat, 0, 12)) for chat in range(40)]
        await asyncio.sleep(11)
        unknown = wire.rate_limiter.wait(ANSWER, 1_000)
        await asyncio.sleep(1.5)
        foreseen, began = wire.rate_limiter.wait(ANSWER, 1_000), loop.time()
        await wire.tells("quiet", ANSWER, 1_000, 0, 0)
        waited = loop.time() - began
        await asyncio.gather(*slow)
        return unknown, foreseen, waited

    unknown, foreseen, waited = run_on_virtual_clock(story())
    assert unknown > 60
    assert abs(foreseen - waited) < 0.2


def test_a_place_is_not_lost_where_a_request_is_given_up_while_its_chat_rests() -> None:
    async def story() -> float:
        rate_limiter, loop = RateLimiter(per_second=1), asyncio.get_running_loop()

        async def gives_up() -> None:
            async with rate_limiter.permitted(ANSWER, 1) as permit:
                for _ in range(3):
                    rate_limiter._charge(1, loop.time())
                async with rate_limiter.using(permit):
                    pass

        giving_up = asyncio.create_task(gives_up())
        await asyncio.sleep(0.1)
        giving_up.cancel()
        await asyncio.gather(giving_up, return_exceptions=True)
        began = loop.time()
        async with rate_limiter.permit(ANSWER, 2):
            return loop.time() - began

    assert run_on_virtual_clock(story()) < 1.5


def test_news_gets_a_share_however_many_answers_wait() -> None:
    async def story() -> int:
        wire, loop = Wire(RateLimiter()), asyncio.get_running_loop()

        async def writes(chat: int) -> None:
            while loop.time() < 20:
                await wire.tells("busy", ANSWER, chat)

        writing = [asyncio.create_task(writes(chat)) for chat in range(1, 101)]
        await asyncio.sleep(2)
        news = [
            asyncio.create_task(wire.tells("news", NOTIFICATION, 10_000 + chat))
            for chat in range(200)
        ]
        await asyncio.sleep(10)
        told = wire.arrived.count("news")
        await asyncio.gather(*writing, *news)
        return told

    assert 50 <= run_on_virtual_clock(story()) <= 70


@pytest.fixture
async def strict_replicas(database_url: str) -> AsyncIterator[BotHarness]:
    """A town whose Telegram keeps to its limits, by the clock on the wall."""
    place = BotHarness(database_url, rate_limiter=RateLimiter())
    await place.starts()
    place.simulator.world.clock = system_clock
    place.simulator.flood_limits.enabled = True
    yield place
    await place.ends()
    assert place.simulator.transcript.warnings == []


async def test_a_crowd_gets_its_news_without_a_refusal_and_answers_come_before_it(
    strict_replicas: BotHarness,
) -> None:
    bot = strict_replicas
    people = await crowd(bot, 61)
    await let_holds_expire(bot, people, 2)
    draining = asyncio.create_task(bot.run_due())
    await until(lambda: len(calls(bot, "sendMessage")) > 10)
    for someone in people[:10]:
        someone.person.sends("/help")
    await bot.processes(bot.simulator.take_updates())
    told_before = sum("expired" in call.params["text"] for call in calls(bot, "sendMessage"))
    await draining
    while rows(
        bot.app.database.url, "SELECT 1 FROM outbox WHERE state = 'due' AND kind <> 'hold_warning'"
    ):
        await bot.run_due()

    assert refusals(bot) == 0
    assert told_before < 120
    assert sum("expired" in call.params["text"] for call in calls(bot, "sendMessage")) == 120


@pytest.mark.parametrize("refused", [1, 2])
async def test_a_refusal_of_one_is_his_own_and_of_two_silences_all_until_it_is_over(
    strict_replicas: BotHarness, refused: int
) -> None:
    bot = strict_replicas
    people = await crowd(bot, 6)
    await let_holds_expire(bot, people, 1)
    for person in people[:refused]:
        bot.simulator.faults.add(FaultKind.FLOOD, person=person.person, retry_after=3600)
        async with bot.app.database.transaction() as work:
            await work.outbox.reply(
                person.id, packed([Send(Screen("hi"))]), bot.now - timedelta(hours=1)
            )
            row, *_ = await work.outbox.claim(bot.now - timedelta(minutes=59), 1)
        assert await bot.app.relay.deliver(row) == bot.now + timedelta(hours=1)
    people[-1].person.sends("/help")
    await bot.processes(bot.simulator.take_updates())
    await bot.run_due()

    told = {int(call.params["chat_id"]) for call in calls(bot, "sendMessage")} - {
        person.id for person in people[:refused]
    }
    due = await bot.app.jobs.next_due()
    assert due is not None
    if refused == 1:
        assert told == {person.id for person in people[1:]}
    else:
        assert not told
        assert due > bot.now + timedelta(minutes=59)
