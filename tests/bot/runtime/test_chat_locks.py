"""A chat's lock has one holder; updates get it in order, and sends ahead of them."""

import asyncio
from contextlib import suppress
from typing import Literal, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.chat_locks import ChatLock, ChatLocks
from tests.kit.clock_loop import run_on_virtual_clock

CHAT = 7
Kind = Literal["update", "send"]


class Chat:
    """Tasks that use one chat's lock, and the names of those that got it."""

    def __init__(self) -> None:
        self.locks = ChatLocks()
        self.got: list[str] = []
        self.holders = 0

    def starts(self, kind: Kind, name: str, hold: float = 0.0) -> "asyncio.Task[None]":
        """Start a task that waits for the lock and holds it for some seconds."""
        return asyncio.create_task(self._use(kind, name, hold))

    async def acquires(self, kind: Kind) -> ChatLock:
        """Acquire the lock for an update or a send."""
        if kind == "send":
            return await self.locks.acquire_for_send(CHAT)
        return await self.locks.acquire_for_update(CHAT)

    async def _use(self, kind: Kind, name: str, hold: float) -> None:
        chat_lock = await self.acquires(kind)
        self.holders += 1
        assert self.holders == 1
        self.got.append(name)
        try:
            await asyncio.sleep(hold)
        finally:
            self.holders -= 1
            chat_lock.release()


async def test_updates_get_the_lock_in_order_and_sends_ahead_of_them() -> None:
    chat = Chat()
    held = await chat.acquires("update")
    tasks = [
        chat.starts("update", "first"),
        chat.starts("update", "second"),
        chat.starts("send", "news"),
        chat.starts("send", "more news"),
    ]
    await asyncio.sleep(0)
    assert chat.got == []

    held.release()
    await asyncio.gather(*tasks)
    assert chat.got == ["news", "more news", "first", "second"]


async def test_chats_do_not_wait_for_each_other() -> None:
    locks = ChatLocks()
    held = await locks.acquire_for_update(1)
    other = await locks.acquire_for_update(2)
    held.release()
    other.release()


async def test_a_lock_that_is_released_twice_is_not_taken_from_its_next_holder() -> None:
    chat = Chat()
    first = await chat.acquires("update")
    first.release()
    second = await chat.acquires("update")
    first.release()
    waiting = chat.starts("update", "third")
    await asyncio.sleep(0)
    assert chat.got == []

    second.release()
    await waiting
    assert chat.got == ["third"]


def test_a_pause_admits_sends_but_no_update() -> None:
    async def scenario() -> None:
        chat = Chat()
        failing = await chat.acquires("update")
        later, news = chat.starts("update", "later"), chat.starts("send", "news")
        await failing.pause(5)
        assert (chat.got, news.done(), later.done()) == (["news"], True, False)

        failing.release()
        await later

    run_on_virtual_clock(scenario())


def test_after_a_pause_the_lock_is_held_again() -> None:
    async def scenario() -> None:
        chat = Chat()
        failing = await chat.acquires("update")
        news = chat.starts("send", "slow news", hold=8)
        await failing.pause(5)
        assert news.done()

        more = chat.starts("send", "more news")
        await asyncio.sleep(1)
        assert chat.got == ["slow news"]
        failing.release()
        await more

    run_on_virtual_clock(scenario())


def test_a_cancelled_pause_passes_the_lock_on() -> None:
    async def scenario() -> None:
        chat = Chat()
        failing = await chat.acquires("update")
        later = chat.starts("update", "later")
        pausing = asyncio.create_task(failing.pause(5))
        await asyncio.sleep(1)
        pausing.cancel()
        with suppress(asyncio.CancelledError):
            await pausing
        failing.release()
        await later

    run_on_virtual_clock(scenario())


async def test_a_task_cancelled_as_it_gets_the_lock_passes_it_on() -> None:
    chat = Chat()
    held = await chat.acquires("update")
    cancelled, next_one = chat.starts("update", "cancelled"), chat.starts("update", "next")
    await asyncio.sleep(0)
    held.release()
    cancelled.cancel()
    await next_one

    assert chat.got == ["next"]


def test_a_lock_is_held_for_the_given_time_at_most() -> None:
    async def scenario() -> None:
        chat = Chat()
        held = await chat.acquires("update")
        later = chat.starts("update", "later")
        with held.hold_at_most(1):
            await asyncio.sleep(0.9)
            assert chat.got == []
            await asyncio.sleep(0.2)
            assert chat.got == ["later"]
        await later

    run_on_virtual_clock(scenario())


class Use(NamedTuple):
    """A task that asks for the lock at ``start`` and is cancelled after ``patience`` seconds."""

    kind: Kind
    start: int
    hold: int
    patience: int


uses = st.builds(
    Use,
    st.sampled_from(["update", "send"]),
    st.integers(0, 5),
    st.integers(0, 3),
    st.integers(0, 9),
)


@given(st.lists(uses, max_size=12))
def test_whatever_is_cancelled_there_is_one_holder_and_the_lock_is_free_at_the_end(
    plan: list[Use],
) -> None:
    async def scenario() -> None:
        chat = Chat()
        tasks = []
        for number, use in enumerate(sorted(plan, key=lambda use: use.start)):
            await asyncio.sleep(use.start - asyncio.get_running_loop().time())
            task = chat.starts(use.kind, f"{use.kind} {number:02}", use.hold)
            asyncio.get_running_loop().call_later(use.patience, task.cancel)
            tasks.append(task)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(each) for each in ended} <= {type(None), asyncio.CancelledError}
        updates = [name for name in chat.got if name.startswith("update")]
        assert updates == sorted(updates)
        (await chat.acquires("send")).release()
        (await chat.acquires("update")).release()

    run_on_virtual_clock(scenario())
