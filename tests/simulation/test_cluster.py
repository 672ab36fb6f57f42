"""Two simulated processes on one SQLite file: leader, chat locks and locks of the file."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.runtime.membership import Membership
from simulation.world.cluster import Cluster
from simulation.world.disk import Disk
from simulation.world.kernel import MICROSECONDS, Kernel, ProcessLoop
from simulation.world.streams import Stream

START = datetime(2040, 1, 1, tzinfo=UTC)


class Pair:
    """Two processes that have joined a cluster, numbered 1 and 2."""

    def __init__(self) -> None:
        self.kernel = Kernel(Stream(1, "schedule"), START)
        self.cluster = Cluster()
        self.loops = [self.kernel.new_loop() for _ in range(2)]
        self.members = [self._joined(loop, n) for n, loop in enumerate(self.loops, start=1)]

    def run(self, loop: ProcessLoop, work: Any) -> Any:
        """Run a coroutine in a process, and return its result."""
        return self.kernel.run_task(loop.start(work), within=60 * MICROSECONDS)

    def pass_time(self, seconds: float) -> None:
        """Run both processes for some seconds."""
        self.kernel.run(self.kernel.now + int(seconds * MICROSECONDS))

    def _joined(self, loop: ProcessLoop, number: int) -> Membership:
        member = self.cluster.membership(number)
        self.run(loop, member.join())
        return member


def test_the_survivor_becomes_the_leader_and_hears_of_the_departure() -> None:
    pair = Pair()
    first, second = pair.members
    departures: list[float] = []
    second.watch(
        on_commit=lambda _due: None,
        on_departure=lambda: departures.append(pair.kernel.now / MICROSECONDS),
        on_reconnect=lambda _away: None,
    )
    assert (first.is_leader, second.is_leader) == (True, False)

    pair.loops[0].kill()
    pair.cluster.remove(first.number)
    pair.pass_time(10)

    assert second.is_leader
    assert len(departures) == 1
    assert pair.run(pair.loops[1], second.departed({1, 2})) == {1}


def test_a_chat_is_locked_by_one_process_at_a_time_and_freed_by_a_kill() -> None:
    pair = Pair()
    (one, other), (first, second) = pair.loops, pair.members
    pair.run(one, first.lock_chat(7))
    waiting = other.start(second.lock_chat(7))
    pair.pass_time(1)
    assert not waiting.done()

    first.unlock_chat(7)
    pair.pass_time(1)
    assert waiting.done()

    again = one.start(first.lock_chat(7))
    other.kill()
    pair.cluster.remove(second.number)
    pair.pass_time(1)
    assert again.done()


def test_commits_are_told_to_the_other_process_alone() -> None:
    pair = Pair()
    heard: list[int] = []
    for member in pair.members:
        member.watch(
            on_commit=partial(lambda number, _due: heard.append(number), member.number),
            on_departure=lambda: None,
            on_reconnect=lambda _away: None,
        )
    pair.cluster.committed(pair.loops[0], START)
    pair.pass_time(1)

    assert heard == [2]


def test_a_locked_file_is_waited_for_in_virtual_time(tmp_path: Path) -> None:
    kernel = Kernel(Stream(1, "schedule"), START)
    loop, disk = kernel.new_loop(), Disk(Stream(1, "disk"))
    file = tmp_path / "x.db"

    async def write() -> str:
        connection = await disk.connect(str(file), isolation_level=None)
        try:
            await connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return str(error)
        finally:
            await connection.close()
        return "began"

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert kernel.run_task(loop.start(write()), within=9 * MICROSECONDS) == "database is locked"
        assert 5 <= kernel.now / MICROSECONDS < 6
        assert disk.waits > 0
        loop.call_later(2, other.rollback)
        assert kernel.run_task(loop.start(write()), within=9 * MICROSECONDS) == "began"


def test_closing_the_connections_of_a_killed_process_rolls_back(tmp_path: Path) -> None:
    kernel = Kernel(Stream(1, "schedule"), START)
    loop, disk = kernel.new_loop(), Disk(Stream(1, "disk"))
    file = tmp_path / "x.db"

    async def leave_open() -> None:
        connection = await disk.connect(str(file), isolation_level=None)
        await connection.execute("CREATE TABLE t (n INTEGER)")
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO t VALUES (1)")
        await asyncio.Event().wait()

    loop.start(leave_open())
    kernel.run(MICROSECONDS)
    loop.kill()
    disk.abandon(loop)

    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
