"""The fair queue: which chat gets the next permit to send."""

import asyncio
from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bot.outbox.fair_queue import FairQueue, Urgency
from bot.outbox.send_history import SendHistory
from tests.kit.clock_loop import run_on_virtual_clock

ANSWER, NOTIFICATION = Urgency.ANSWER, Urgency.NOTIFICATION


def order_of(queue: FairQueue) -> list[int]:
    """Remove all requests, and return their chats."""
    chats = []
    while (request := queue.take_next()) is not None:
        chats.append(request.chat)
        request.granted.cancel()
    return chats


def with_queue(scenario: Callable[[FairQueue], list[int]]) -> list[int]:
    """Run a scenario with a new queue in a running loop."""

    async def run() -> list[int]:
        return scenario(FairQueue(SendHistory()))

    return run_on_virtual_clock(run())


def test_the_chat_whose_last_message_is_oldest_is_first() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        for chat, at in ((1, 100.0), (2, 102.0), (3, 101.0)):
            queue.history.record(chat, at)
        for chat in (1, 2, 3, 4):
            queue.join(ANSWER, chat, 110.0)
        return order_of(queue)

    assert with_queue(scenario) == [4, 1, 3, 2]


def test_a_chat_without_a_recent_message_counts_as_new() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        queue.history.record(1, 100.0)
        queue.history.record(2, 101.0)
        queue.join(ANSWER, 2, 120.5)
        queue.join(ANSWER, 3, 120.5)
        queue.join(ANSWER, 1, 120.5)
        return order_of(queue)

    assert with_queue(scenario) == [3, 1, 2]


def test_newcomers_do_not_overtake_a_chat_in_a_dialogue_for_ever() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        queue.history.record(1, 100.0)
        queue.join(ANSWER, 1, 105.0)
        queue.join(ANSWER, 2, 119.0)
        queue.join(ANSWER, 3, 121.0)
        return order_of(queue)

    assert with_queue(scenario) == [2, 1, 3]


def test_the_send_history_stays_small() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        for chat in range(10_000):
            queue.history.record(chat, float(chat))
        return [len(queue.history)]

    assert with_queue(scenario)[0] <= 21


def test_among_new_chats_the_first_to_join_is_first() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        for chat in (3, 1, 2):
            queue.join(ANSWER, chat, 120.5)
        return order_of(queue)

    assert with_queue(scenario) == [3, 1, 2]


def test_every_fifth_permit_goes_to_a_notification_while_both_kinds_wait() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        for chat in range(8):
            queue.join(ANSWER, chat, 0.0)
            queue.join(NOTIFICATION, 100 + chat, 0.0)
        return order_of(queue)

    assert with_queue(scenario) == [0, 1, 2, 3, 100, 4, 5, 6, 7, 101, 102, 103, 104, 105, 106, 107]


def test_a_cancelled_request_is_skipped() -> None:
    def scenario(queue: FairQueue) -> list[int]:
        cancelled = queue.join(ANSWER, 1, 0.0)
        queue.join(ANSWER, 2, 0.0)
        cancelled.granted.cancel()
        return order_of(queue)

    assert with_queue(scenario) == [2]


@given(
    waiting=st.lists(st.tuples(st.sampled_from(Urgency), st.integers(1, 9)), max_size=30),
    sent=st.lists(st.integers(1, 9), max_size=9),
)
def test_a_newcomer_waits_for_as_many_requests_as_predicted(
    waiting: list[tuple[Urgency, int]], sent: list[int]
) -> None:
    def scenario(queue: FairQueue) -> list[int]:
        for at, chat in enumerate(sent):
            queue.history.record(chat, 1.0 + at)
        for urgency, chat in waiting:
            queue.join(urgency, chat, 20.0)
        ahead = queue.ahead_of(ANSWER, 5, 20.0)
        mine = queue.join(ANSWER, 5, 20.0)
        granted = 0
        while (request := queue.take_next()) is not mine and request is not None:
            granted += 1
        return [ahead, granted]

    ahead, granted = with_queue(scenario)
    assert ahead == granted


@given(busy=st.integers(2, 60), rounds=st.integers(2, 5))
def test_busy_chats_share_evenly(busy: int, rounds: int) -> None:
    async def scenario() -> Counter[int]:
        queue, sent = FairQueue(SendHistory()), Counter[int]()
        for chat in range(1, busy + 1):
            queue.join(ANSWER, chat, asyncio.get_running_loop().time())
        for _ in range(busy * rounds):
            await asyncio.sleep(1 / 30)
            request = queue.take_next()
            assert request is not None
            sent[request.chat] += 1
            now = asyncio.get_running_loop().time()
            queue.history.record(request.chat, now)
            # The chat has another message at once.
            queue.join(ANSWER, request.chat, now)
        return sent

    shares = run_on_virtual_clock(scenario())
    assert set(shares.values()) == {rounds}
