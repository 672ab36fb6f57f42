"""The scheduler of the simulation: virtual time, order by seed, pauses and kills."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulation.world.kernel import MICROSECONDS, Deadlock, Kernel, Livelock, ProcessLoop
from simulation.world.streams import Stream

START = datetime(2040, 1, 1, tzinfo=UTC)


def kernel_of(seed: int = 1) -> Kernel:
    """Return a kernel whose order depends on a seed."""
    return Kernel(Stream(seed, "schedule"), START)


def run_alone(make: Callable[[ProcessLoop], Coroutine[Any, Any, Any]], seed: int = 1) -> Any:
    """Run one coroutine in a process of its own, and return its result."""
    kernel = kernel_of(seed)
    loop = kernel.new_loop()
    return kernel.run_task(loop.start(make(loop)), within=3600 * MICROSECONDS)


async def finishing_order(tasks: int) -> list[int]:
    """Return the order in which tasks with two steps end."""
    order: list[int] = []

    async def finish(number: int) -> None:
        await asyncio.sleep(0)
        order.append(number)

    await asyncio.gather(*(finish(number) for number in range(tasks)))
    return order


def test_time_leaps_to_the_next_timer() -> None:
    async def nap(loop: ProcessLoop) -> float:
        await asyncio.sleep(1234.5)
        return loop.time()

    assert run_alone(nap) == 1234.5


def test_the_order_of_tasks_depends_on_the_seed_alone() -> None:
    orders = [run_alone(lambda _loop: finishing_order(8), seed) for seed in (1, 1, 2)]

    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list(range(8))


def test_tasks_start_in_the_order_in_which_they_are_created() -> None:
    async def starting(_loop: ProcessLoop) -> list[int]:
        order: list[int] = []

        async def start(number: int) -> None:
            order.append(number)

        await asyncio.gather(*(start(number) for number in range(20)))
        return order

    assert run_alone(starting) == list(range(20))


def test_equal_runs_have_equal_digests_and_others_do_not() -> None:
    def digest(seed: int) -> str:
        kernel = kernel_of(seed)
        loop = kernel.new_loop()
        kernel.run_task(loop.start(finishing_order(8)), within=MICROSECONDS)
        return kernel.digest.hexdigest()

    assert digest(1) == digest(1) != digest(2)


def test_timeouts_executors_and_cancellation_work() -> None:
    async def use(_loop: ProcessLoop) -> tuple[str, str]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.Event().wait()
        task = asyncio.create_task(asyncio.sleep(100, "never"))
        await asyncio.sleep(0)
        task.cancel()
        [ended] = await asyncio.gather(task, return_exceptions=True)
        return await asyncio.to_thread(str.upper, "done"), type(ended).__name__

    assert run_alone(use) == ("DONE", "CancelledError")


def test_a_killed_process_runs_nothing_more_and_cleans_nothing_up() -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            while True:
                seen.append("works")
                await asyncio.sleep(1)
        finally:
            seen.append("cleans up")

    kernel, main = kernel_of(), work()
    loop = kernel.new_loop()
    loop.start(main)
    kernel.run(int(2.5 * MICROSECONDS))
    loop.kill()
    kernel.run(10 * MICROSECONDS)
    assert seen == ["works"] * 3

    main.close()
    assert seen[-1] == "cleans up"


def test_a_paused_process_does_late_what_fell_due() -> None:
    kernel = kernel_of()
    loop = kernel.new_loop()
    woken: list[float] = []

    async def wake() -> None:
        await asyncio.sleep(1)
        woken.append(loop.time())

    loop.start(wake())
    kernel.run(MICROSECONDS // 2)
    loop.pause(3)
    kernel.run(10 * MICROSECONDS)

    assert woken == [3.5]


def test_a_result_for_a_killed_process_is_dropped() -> None:
    kernel = kernel_of()
    one, other = kernel.new_loop(), kernel.new_loop()
    future = one.create_future()

    async def wait() -> None:
        await future

    main = wait()
    waiting = one.start(main)
    kernel.run(MICROSECONDS)
    one.kill()
    other.call_later(1, future.set_result, None)
    kernel.run(3 * MICROSECONDS)

    assert future.done()
    assert not waiting.done()
    main.close()


def test_a_wait_shorter_than_a_microsecond_ends_later() -> None:
    async def wait(loop: ProcessLoop) -> bool:
        until = loop.time() + 1e-10
        woken = loop.create_future()
        loop.call_at(until, woken.set_result, None)
        await woken
        return loop.time() >= until

    assert run_alone(wait)


def test_code_that_never_waits_is_reported() -> None:
    async def spin(_loop: ProcessLoop) -> None:
        while True:  # noqa: ASYNC110  (the fault that is to be found)
            await asyncio.sleep(0)

    with pytest.raises(Livelock):
        run_alone(spin)


def test_a_wait_for_nothing_is_reported() -> None:
    async def wait(_loop: ProcessLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run_alone(wait)


def test_the_clock_shows_virtual_time() -> None:
    kernel = kernel_of()
    loop = kernel.new_loop()
    loop.start(asyncio.sleep(90))
    kernel.run(90 * MICROSECONDS)

    assert kernel.clock() == START + timedelta(seconds=90)
