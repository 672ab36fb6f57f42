"""Jumps of the wall clock are reported within a second, and slow corrections are not."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from bot.runtime.clock_guard import CLOCK_CHECK, ClockGuard
from tests.kit.clock_loop import run_on_virtual_clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clocks:
    """A wall clock and a monotonic clock, both on the loop's time."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.stops_between_readings = 0
        self._stopped = 0.0

    def wall(self) -> datetime:
        """Return the wall clock time; the process may be stopped for a minute after the reading."""
        now = NOON + self.offset + timedelta(seconds=self.monotonic())
        if self.stops_between_readings:
            self.stops_between_readings -= 1
            self._stopped += 60.0
        return now

    def monotonic(self) -> float:
        """Return the monotonic clock time."""
        return asyncio.get_running_loop().time() + self._stopped


def jumps_seen(
    clocks: Clocks,
    steps: Iterable[timedelta],
    *,
    seconds: float = 1.0,
    moved: Callable[[timedelta], None] | None = None,
    interval: timedelta = CLOCK_CHECK,
) -> list[timedelta]:
    """Move the wall clock by each step, ``seconds`` apart, and return the reported jumps."""
    seen: list[timedelta] = []

    async def scenario() -> None:
        watching = asyncio.create_task(
            ClockGuard(wall=clocks.wall, monotonic=clocks.monotonic, interval=interval).watch(
                moved or seen.append
            )
        )
        for step in steps:
            await asyncio.sleep(seconds)
            clocks.offset += step
        await asyncio.sleep(5)
        assert not watching.done()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    run_on_virtual_clock(scenario())
    return seen


def about(jump: timedelta) -> timedelta:
    """Return a jump rounded to the second, because clocks are read as floats."""
    return timedelta(seconds=round(jump.total_seconds()))


@pytest.mark.parametrize(
    "jump",
    [
        -HOUR,
        HOUR,
        -365 * 24 * HOUR,
        56 * 365 * 24 * HOUR,
        timedelta(seconds=-2),
        timedelta(seconds=2),
    ],
)
def test_a_jump_is_reported_once_with_its_size(
    jump: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    assert [about(seen) for seen in jumps_seen(Clocks(), [jump])] == [jump]

    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert f"jumped by {jump.total_seconds():+.1f} s" in record.getMessage()


def test_each_of_several_jumps_is_reported() -> None:
    jumps = [-HOUR, HOUR, 24 * HOUR]

    assert [about(seen) for seen in jumps_seen(Clocks(), jumps, seconds=3.0)] == jumps


def test_a_guard_with_a_longer_interval_looks_less_often() -> None:
    there_and_back = [-HOUR, HOUR]

    assert jumps_seen(Clocks(), there_and_back, interval=timedelta(seconds=4)) == []
    assert len(jumps_seen(Clocks(), there_and_back)) == 2


@pytest.mark.parametrize("step", [timedelta(seconds=0.5), timedelta(seconds=-0.5)])
def test_a_slow_correction_is_not_a_jump(step: timedelta) -> None:
    clocks = Clocks()

    assert jumps_seen(clocks, [step] * 200) == []
    assert abs(clocks.offset) == timedelta(seconds=100)


@pytest.mark.parametrize("stops", [1, 2])
def test_a_process_stopped_between_two_readings_reports_no_jump(stops: int) -> None:
    clocks = Clocks()
    clocks.stops_between_readings = stops

    assert jumps_seen(clocks, []) == []


def test_a_jump_whose_handler_fails_is_reported_again(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[timedelta] = []

    def fails_twice(jump: timedelta) -> None:
        seen.append(about(jump))
        if len(seen) < 3:
            raise RuntimeError("not now")

    jumps_seen(Clocks(), [-HOUR], moved=fails_twice)

    assert seen == [-HOUR] * 3
    assert caplog.text.count("RuntimeError: not now") == 2
