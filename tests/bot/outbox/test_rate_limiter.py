"""The bot keeps within Telegram's limits without a refusal, and waits no longer than needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import system_clock
from bot.messages.actions import Send
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import Paused, RateLimiter, Urgency
from simulator.faults import FaultKind, FloodLimits
from tests.kit.backlog import add_people, count_rate_limited, let_holds_expire
from tests.kit.bot import BotHarness
from tests.kit.clock_loop import run_on_virtual_clock
from tests.kit.databases import drawn_engine
from tests.kit.handlers import add_reply, calls
from tests.kit.raw_database import rows
from tests.kit.waiting import until

ANSWER, NOTIFICATION = Urgency.ANSWER, Urgency.NOTIFICATION


class Network:
    """A slow network with a Telegram behind it, which counts what it had to refuse."""

    def __init__(self, rate_limiter: RateLimiter) -> None:
        self.rate_limiter = rate_limiter
        self.limits = FloodLimits(enabled=True)
        self.arrived: list[str] = []
        self.refused = 0

    async def send(
        self, name: str, urgency: Urgency, chat: int | None, there: float = 0.02, back: float = 0.02
    ) -> None:
        """Make one request, which takes so many seconds there and back."""
        async with self.rate_limiter.acquire(urgency, chat):
            await asyncio.sleep(there)
            self.arrived.append(name)
            # A request without a chat counts against the total limit only.
            key = chat if chat is not None else -len(self.arrived)
            self.refused += self.limits.wait_for(key, asyncio.get_running_loop().time()) is not None
            await asyncio.sleep(back)


REQUEST = st.tuples(st.sampled_from(Urgency), st.floats(0, 2), st.floats(0, 2), st.floats(0, 3))


@settings(max_examples=60, deadline=None)
@given(chats=st.lists(st.lists(REQUEST, min_size=1, max_size=12), min_size=1, max_size=30))
def test_telegram_refuses_nothing_however_long_requests_take(
    chats: list[list[tuple[Urgency, float, float, float]]],
) -> None:
    async def scenario() -> int:
        network = Network(RateLimiter())

        async def chatting(chat: int, requests: list[tuple[Urgency, float, float, float]]) -> None:
            for urgency, there, back, chat_delay in requests:
                await network.send("", urgency, chat, there, back)
                await asyncio.sleep(chat_delay)

        await asyncio.gather(*(chatting(n, requests) for n, requests in enumerate(chats)))
        return network.refused

    assert run_on_virtual_clock(scenario()) == 0


def test_a_crowd_is_notified_as_fast_as_telegram_allows() -> None:
    async def scenario() -> tuple[int, float]:
        network = Network(RateLimiter())
        await asyncio.gather(*(network.send("", NOTIFICATION, chat, 0, 0) for chat in range(300)))
        return network.refused, asyncio.get_running_loop().time()

    refused, seconds = run_on_virtual_clock(scenario())
    assert refused == 0
    assert 9 < seconds < 10.5


def test_without_even_spacing_telegram_would_refuse() -> None:
    async def scenario() -> int:
        network = Network(RateLimiter(per_second=31, burst=31))
        await asyncio.gather(*(network.send("", NOTIFICATION, chat, 0, 0) for chat in range(31)))
        return network.refused

    assert run_on_virtual_clock(scenario()) == 1


def test_answers_overtake_waiting_notifications() -> None:
    async def scenario() -> list[str]:
        network = Network(RateLimiter())
        waiting = [
            asyncio.create_task(network.send("notice", NOTIFICATION, chat)) for chat in range(60)
        ]
        await asyncio.sleep(0.5)
        await asyncio.gather(network.send("tap", ANSWER, None), network.send("answer", ANSWER, 100))
        early = list(network.arrived)
        await asyncio.gather(*waiting)
        return early

    early = run_on_virtual_clock(scenario())
    assert {"tap", "answer"} <= set(early)
    assert early.count("notice") < 30


def test_a_delayed_chat_delays_no_other_and_answers_may_come_in_a_short_burst() -> None:
    async def scenario() -> list[str]:
        network = Network(RateLimiter())

        async def several(name: str, urgency: Urgency, chat: int) -> None:
            for _ in range(4):
                await network.send(name, urgency, chat)

        await asyncio.gather(
            several("a", ANSWER, 1),
            several("n", NOTIFICATION, 2),
            *(network.send("other", NOTIFICATION, chat) for chat in range(3, 8)),
        )
        return network.arrived

    arrived = run_on_virtual_clock(scenario())
    assert arrived[:10].count("other") == 5
    assert arrived[:10].count("a") == 3
    assert arrived.count("n") == 4
    assert arrived[-1] == "n"


def test_sending_pauses_for_as_long_as_telegram_asks() -> None:
    async def scenario() -> list[float]:
        rate_limiter, sent_at = RateLimiter(), list[float]()

        async def send(chat: int) -> None:
            async with rate_limiter.acquire(ANSWER, chat):
                sent_at.append(asyncio.get_running_loop().time())

        rate_limiter.halt(5)
        rate_limiter.halt(2)
        await asyncio.gather(*(send(chat) for chat in range(40)))
        return sent_at

    assert min(run_on_virtual_clock(scenario())) == 5


def test_no_request_waits_out_a_long_pause() -> None:
    async def scenario() -> tuple[int, float]:
        rate_limiter = RateLimiter()
        for chat in range(30):
            async with rate_limiter.acquire(ANSWER, chat):
                pass

        async def request(urgency: Urgency, chat: int) -> None:
            async with rate_limiter.acquire(urgency, chat):
                pass

        waiting = asyncio.create_task(request(NOTIFICATION, 31))
        await asyncio.sleep(0)
        rate_limiter.halt(3600)
        given_up = 0
        for pending in (waiting, request(ANSWER, 32)):
            with suppress(Paused):
                await pending
            given_up += 1
        return given_up, asyncio.get_running_loop().time()

    given_up, seconds = run_on_virtual_clock(scenario())
    assert given_up == 2
    assert seconds < 5


@pytest.mark.parametrize("granted", [False, True])
def test_a_cancelled_request_leaves_its_permit_to_others(granted: bool) -> None:
    async def scenario() -> float:
        rate_limiter, loop = RateLimiter(per_second=1), asyncio.get_running_loop()

        async def request(chat: int) -> None:
            async with rate_limiter.acquire(NOTIFICATION, chat):
                pass

        await request(1)
        waiting = asyncio.create_task(request(2))
        await asyncio.sleep(0.5)
        # The permit is free again at 1.01 s. Its timer was set first, so it fires before this one.
        loop.call_at(1.01 if granted else 0.9, waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await request(3)
        return loop.time()

    assert run_on_virtual_clock(scenario()) < 2.05


@pytest.mark.parametrize("busy", [10, 45, 100, 300])
@pytest.mark.parametrize("urgency", [ANSWER, NOTIFICATION])
def test_a_quiet_chat_does_not_wait_for_busy_ones(busy: int, urgency: Urgency) -> None:
    async def scenario() -> tuple[float, bool]:
        network, loop = Network(RateLimiter()), asyncio.get_running_loop()

        async def write(chat: int) -> None:
            while loop.time() < 60:
                await network.send("busy", ANSWER, chat)

        writing = [asyncio.create_task(write(chat)) for chat in range(1, busy + 1)]
        # Each busy chat is sent a message first; until then it is as quiet as the others.
        await asyncio.sleep(2 + busy / 30)
        waits = []
        for number in range(20):
            await asyncio.sleep(1)
            began = loop.time()
            await network.send("quiet", urgency, 10_000 + number, 0, 0)
            waits.append(loop.time() - began)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        return max(waits), network.refused == 0

    longest, kept = run_on_virtual_clock(scenario())
    assert kept
    # A few permits of a thirtieth of a second each, on the virtual clock.
    assert longest < 0.3


def test_the_wait_is_predicted_while_all_permits_are_in_use() -> None:
    async def scenario() -> tuple[float, float, float]:
        network, loop = Network(RateLimiter()), asyncio.get_running_loop()
        slow = [
            asyncio.create_task(network.send("slow", ANSWER, chat, 0, 12)) for chat in range(40)
        ]
        await asyncio.sleep(11)
        unknown = network.rate_limiter.expected_wait(ANSWER, 1_000)
        await asyncio.sleep(1.5)
        predicted, began = network.rate_limiter.expected_wait(ANSWER, 1_000), loop.time()
        await network.send("quiet", ANSWER, 1_000, 0, 0)
        waited = loop.time() - began
        await asyncio.gather(*slow)
        return unknown, predicted, waited

    unknown, predicted, waited = run_on_virtual_clock(scenario())
    assert unknown > 60
    assert abs(predicted - waited) < 0.2


def test_a_permit_is_not_lost_if_a_request_is_cancelled_during_its_chats_delay() -> None:
    async def scenario() -> float:
        rate_limiter, loop = RateLimiter(per_second=1), asyncio.get_running_loop()

        async def give_up() -> None:
            async with rate_limiter.reserve(ANSWER, 1) as permit:
                for _ in range(3):
                    rate_limiter.history.record(1, loop.time())
                async with rate_limiter.use(permit):
                    pass

        giving_up = asyncio.create_task(give_up())
        await asyncio.sleep(0.1)
        giving_up.cancel()
        await asyncio.gather(giving_up, return_exceptions=True)
        began = loop.time()
        async with rate_limiter.acquire(ANSWER, 2):
            return loop.time() - began

    assert run_on_virtual_clock(scenario()) < 1.5


def test_notifications_get_a_share_however_many_answers_wait() -> None:
    async def scenario() -> int:
        network, loop = Network(RateLimiter()), asyncio.get_running_loop()

        async def write(chat: int) -> None:
            while loop.time() < 20:
                await network.send("busy", ANSWER, chat)

        writing = [asyncio.create_task(write(chat)) for chat in range(1, 101)]
        await asyncio.sleep(2)
        waiting = [
            asyncio.create_task(network.send("notice", NOTIFICATION, 10_000 + chat))
            for chat in range(200)
        ]
        await asyncio.sleep(10)
        arrived = network.arrived.count("notice")
        await asyncio.gather(*writing, *waiting)
        return arrived

    assert 50 <= run_on_virtual_clock(scenario()) <= 70


@pytest.fixture
async def strict_bot(database_url: str) -> AsyncIterator[BotHarness]:
    """A bot whose simulated Telegram enforces its limits on the system clock."""
    harness = BotHarness(database_url, rate_limiter=RateLimiter())
    await harness.starts()
    harness.simulator.world.clock = system_clock
    harness.simulator.flood_limits.enabled = True
    yield harness
    await harness.ends()
    assert harness.simulator.transcript.warnings == []


@drawn_engine("crowd")
async def test_a_crowd_is_notified_without_a_refusal_and_answers_come_first(
    strict_bot: BotHarness,
) -> None:
    bot = strict_bot
    people = await add_people(bot, 61)
    await let_holds_expire(bot, people, 2)
    draining = asyncio.create_task(bot.run_due())
    await until(lambda: draining.done() or len(calls(bot, "sendMessage")) > 10)
    for person in people[:10]:
        person.person.sends("/help")
    await bot.processes(bot.simulator.take_updates())
    notified_before = sum("expired" in call.params["text"] for call in calls(bot, "sendMessage"))
    await draining
    while rows(
        bot.app.database.url, "SELECT 1 FROM outbox WHERE state = 'due' AND kind <> 'hold_warning'"
    ):
        await bot.run_due()

    assert count_rate_limited(bot) == 0
    assert notified_before < 120
    assert sum("expired" in call.params["text"] for call in calls(bot, "sendMessage")) == 120


@pytest.mark.parametrize("refused", [1, 2])
async def test_one_refused_chat_delays_itself_and_two_pause_all_sending(
    strict_bot: BotHarness, refused: int
) -> None:
    bot = strict_bot
    people = await add_people(bot, 6)
    await let_holds_expire(bot, people, 1)
    for person in people[:refused]:
        bot.simulator.faults.add(FaultKind.FLOOD, person=person.person, retry_after=3600)
        async with bot.app.database.transaction() as uow:
            await add_reply(uow, person, bot.now - timedelta(hours=1), Send(Screen("hi")))
            row, *_ = await uow.outbox.claim(bot.now - timedelta(minutes=59), 1)
        assert await bot.app.relay.deliver(row) == bot.now + timedelta(hours=1)
    people[-1].person.sends("/help")
    await bot.processes(bot.simulator.take_updates())
    await bot.run_due()

    notified = {int(call.params["chat_id"]) for call in calls(bot, "sendMessage")} - {
        person.id for person in people[:refused]
    }
    due = await bot.app.jobs.next_due()
    assert due is not None
    if refused == 1:
        assert notified == {person.id for person in people[1:]}
    else:
        assert not notified
        assert due > bot.now + timedelta(minutes=59)
