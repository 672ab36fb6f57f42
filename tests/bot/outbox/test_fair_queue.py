"""The fair queue: whose turn it is to be sent something."""

import asyncio
from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bot.outbox.fair_queue import FairQueue, Urgency
from tests.kit.clock_loop import run_on_virtual_clock

ANSWER, NOTIFICATION = Urgency.ANSWER, Urgency.NOTIFICATION


def order_of(queue: FairQueue) -> list[int]:
    """Take out all tickets, and return their chats."""
    chats = []
    while (ticket := queue.take_next()) is not None:
        chats.append(ticket.chat)
        ticket.granted.cancel()
    return chats


def with_queue(story: Callable[[FairQueue], list[int]]) -> list[int]:
    """Tell a story of a new queue in a running loop."""

    async def record_sent() -> list[int]:
        return story(FairQueue())

    return run_on_virtual_clock(record_sent())


def test_the_chat_that_was_told_something_longest_ago_is_first() -> None:
    def story(queue: FairQueue) -> list[int]:
        for chat, at in ((1, 100.0), (2, 102.0), (3, 101.0)):
            queue.record_sent(chat, at)
        for chat in (1, 2, 3, 4):
            queue.join(ANSWER, chat, 110.0)
        return order_of(queue)

    assert with_queue(story) == [4, 1, 3, 2]


def test_a_chat_that_was_told_nothing_for_a_while_counts_as_new() -> None:
    def story(queue: FairQueue) -> list[int]:
        queue.record_sent(1, 100.0)
        queue.record_sent(2, 101.0)
        queue.join(ANSWER, 2, 120.5)
        queue.join(ANSWER, 3, 120.5)
        queue.join(ANSWER, 1, 120.5)
        return order_of(queue)

    assert with_queue(story) == [3, 1, 2]


def test_a_chat_in_the_middle_of_a_dialogue_is_not_passed_by_newcomers_for_ever() -> None:
    def story(queue: FairQueue) -> list[int]:
        queue.record_sent(1, 100.0)
        queue.join(ANSWER, 1, 105.0)
        queue.join(ANSWER, 2, 119.0)
        queue.join(ANSWER, 3, 121.0)
        return order_of(queue)

    assert with_queue(story) == [2, 1, 3]


def test_what_is_remembered_of_chats_stays_small() -> None:
    def story(queue: FairQueue) -> list[int]:
        for chat in range(10_000):
            queue.record_sent(chat, float(chat))
        return [queue.remembered]

    assert with_queue(story)[0] <= 21


def test_of_chats_that_are_new_the_first_to_join_is_first() -> None:
    def story(queue: FairQueue) -> list[int]:
        for chat in (3, 1, 2):
            queue.join(ANSWER, chat, 120.5)
        return order_of(queue)

    assert with_queue(story) == [3, 1, 2]


def test_every_fifth_permit_is_for_news_where_both_wait() -> None:
    def story(queue: FairQueue) -> list[int]:
        for chat in range(8):
            queue.join(ANSWER, chat, 0.0)
            queue.join(NOTIFICATION, 100 + chat, 0.0)
        return order_of(queue)

    assert with_queue(story) == [0, 1, 2, 3, 100, 4, 5, 6, 7, 101, 102, 103, 104, 105, 106, 107]


def test_a_ticket_that_was_given_up_is_passed_over() -> None:
    def story(queue: FairQueue) -> list[int]:
        given_up = queue.join(ANSWER, 1, 0.0)
        queue.join(ANSWER, 2, 0.0)
        given_up.granted.cancel()
        return order_of(queue)

    assert with_queue(story) == [2]


@given(
    waiting=st.lists(st.tuples(st.sampled_from(Urgency), st.integers(1, 9)), max_size=30),
    record_sent=st.lists(st.integers(1, 9), max_size=9),
)
def test_a_newcomer_waits_for_as_many_as_it_was_told(
    waiting: list[tuple[Urgency, int]], record_sent: list[int]
) -> None:
    def story(queue: FairQueue) -> list[int]:
        for at, chat in enumerate(record_sent):
            queue.record_sent(chat, 1.0 + at)
        for urgency, chat in waiting:
            queue.join(urgency, chat, 20.0)
        ahead = queue.ahead_of(ANSWER, 5, 20.0)
        mine = queue.join(ANSWER, 5, 20.0)
        granted = 0
        while (ticket := queue.take_next()) is not mine and ticket is not None:
            granted += 1
        return [ahead, granted]

    ahead, granted = with_queue(story)
    assert ahead == granted


@given(busy=st.integers(2, 60), rounds=st.integers(2, 5))
def test_busy_chats_share_evenly(busy: int, rounds: int) -> None:
    async def story() -> Counter[int]:
        queue, record_sent = FairQueue(), Counter[int]()
        for chat in range(1, busy + 1):
            queue.join(ANSWER, chat, asyncio.get_running_loop().time())
        for _ in range(busy * rounds):
            await asyncio.sleep(1 / 30)
            ticket = queue.take_next()
            assert ticket is not None
            record_sent[ticket.chat] += 1
            now = asyncio.get_running_loop().time()
            queue.record_sent(ticket.chat, now)
            # It has more to say at once.
            queue.join(ANSWER, ticket.chat, now)
        return record_sent

    shares = run_on_virtual_clock(story())
    assert set(shares.values()) == {rounds}
