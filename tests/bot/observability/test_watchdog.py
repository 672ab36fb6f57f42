"""The watchdog ends a process whose event loop stalls, and no other."""

import asyncio
import threading
import time

from bot.observability.watchdog import watched


async def test_a_stalled_loop_ends_the_process() -> None:
    stalled = threading.Event()
    async with watched(stall_seconds=0.1, on_stall=stalled.set):
        time.sleep(0.5)  # noqa: ASYNC251  (the stall under test)
        assert stalled.wait(10)


async def test_a_running_loop_is_left_alone() -> None:
    stalled = threading.Event()
    async with watched(stall_seconds=0.4, on_stall=stalled.set):
        await asyncio.sleep(1)
    assert not stalled.is_set()


async def test_the_watchdog_thread_ends_with_the_block() -> None:
    stalled = threading.Event()
    async with watched(stall_seconds=0.1, on_stall=stalled.set):
        pass
    assert not [
        thread
        for thread in threading.enumerate()
        if thread.name == "watchdog" and _is_running(thread)
    ]
    assert not stalled.is_set()


def _is_running(thread: threading.Thread) -> bool:
    thread.join(10)
    return thread.is_alive()
