"""A bot whose loop stands still is ended, and no other one."""

import asyncio
import threading
import time

from bot.observability.watchdog import watched


async def test_a_loop_that_stands_still_ends_the_process() -> None:
    died = threading.Event()
    async with watched(still=0.1, dies=died.set):
        time.sleep(0.5)  # noqa: ASYNC251  (this is what it is about)
        assert died.wait(10)


async def test_a_loop_that_runs_is_left_alone_however_long_it_waits() -> None:
    died = threading.Event()
    async with watched(still=0.4, dies=died.set):
        await asyncio.sleep(1)
    assert not died.is_set()


async def test_nobody_watches_once_the_bot_has_ended() -> None:
    died = threading.Event()
    async with watched(still=0.1, dies=died.set):
        pass
    assert not [
        thread for thread in threading.enumerate() if thread.name == "watchdog" and _goes_on(thread)
    ]
    assert not died.is_set()


def _goes_on(thread: threading.Thread) -> bool:
    thread.join(10)
    return thread.is_alive()
