"""What stands in for the bot's machine: network, disk and clock."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yarl

from simulation.world.clock_zone import ClockZone
from simulation.world.disk import Disk
from simulation.world.kernel import MICROSECONDS, Kernel
from simulation.world.network import Network
from simulation.world.streams import Stream
from simulator.faults import FaultKind
from simulator.simulator import Simulator

START = datetime(2040, 1, 1, tzinfo=UTC)
TIMEOUT = aiohttp.ClientTimeout(sock_read=5)


def run(make: Callable[[Any, Simulator], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine that gets a session to a simulated Telegram, and return its result."""
    kernel = Kernel(Stream(1, "schedule"), START)
    simulator = Simulator("1:x", clock=kernel.clock)
    network = Network(kernel.new_loop(), simulator, Stream(1, "network"))
    loop = kernel.new_loop()
    main = loop.start(make(network.open_session(1, "test"), simulator))
    return kernel.run_task(main, within=60 * MICROSECONDS)


async def send(session: Any, method: str, data: Any = None) -> tuple[int, bytes]:
    """Call a method, and return the status and the body of its answer."""
    url = f"http://telegram/bot1:x/{method}"
    async with session.request(
        "POST", url, data=data, headers=None, timeout=TIMEOUT, allow_redirects=False
    ) as response:
        return response.status, await response.read()


def test_a_form_reaches_telegram() -> None:
    async def call(session: Any, simulator: Simulator) -> tuple[int, bytes]:
        alice = simulator.person("Alice")
        alice.sends("hi")
        form = yarl.URL.build(query={"chat_id": str(alice.id), "text": "ä & ="})
        answer = await send(session, "sendMessage", form.raw_query_string.encode())
        assert alice.chat.last_from_bot.text == "ä & ="
        return answer

    status, body = run(call)
    assert status == 200
    assert b'"ok":true' in body.replace(b" ", b"")


def test_a_file_reaches_telegram() -> None:
    async def call(session: Any, simulator: Simulator) -> bytes:
        alice = simulator.person("Alice")
        alice.sends("hi")
        form = aiohttp.FormData({"chat_id": str(alice.id), "caption": "Scan me"})
        form.add_field(
            "photo", b"\x89PNG\r\n\x1a\n\x00--", filename="p.png", content_type="image/png"
        )
        await send(session, "sendPhoto", form)
        shown = alice.chat.last_from_bot
        assert shown.text == "Scan me"
        assert shown.photo is not None
        return shown.photo.content

    assert run(call) == b"\x89PNG\r\n\x1a\n\x00--"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.SILENCE, aiohttp.SocketTimeoutError),
        (FaultKind.CUT_AFTER, aiohttp.ServerDisconnectedError),
    ],
)
def test_a_lost_answer_raises_the_error_of_aiohttp(
    fault: FaultKind, error: type[Exception]
) -> None:
    async def call(session: Any, simulator: Simulator) -> None:
        simulator.faults.add(fault, method="getMe")
        with pytest.raises(error):
            await send(session, "getMe")

    run(call)


def test_jobs_of_a_connection_are_done_in_order_and_take_time(tmp_path: Path) -> None:
    kernel = Kernel(Stream(1, "schedule"), START)
    loop, disk = kernel.new_loop(), Disk(Stream(1, "disk"))

    async def work() -> list[Any]:
        connection = await disk.connect(str(tmp_path / "x.db"), isolation_level=None)
        await connection.execute("CREATE TABLE t (n INTEGER)")
        await asyncio.gather(
            *(connection.execute("INSERT INTO t VALUES (?)", (n,)).__aenter__() for n in range(5))
        )
        rows = await connection.execute_fetchall("SELECT n FROM t ORDER BY rowid")
        await connection.close()
        return list(rows)

    assert kernel.run_task(loop.start(work()), within=MICROSECONDS) == [(n,) for n in range(5)]
    assert kernel.now > 0


def test_a_commit_that_fails_rolls_back(tmp_path: Path) -> None:
    kernel = Kernel(Stream(1, "schedule"), START)
    loop, disk = kernel.new_loop(), Disk(Stream(1, "disk"))

    def fail(connection: sqlite3.Connection) -> None:
        connection.rollback()
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    async def work() -> Any:
        connection = await disk.connect(str(tmp_path / "x.db"), isolation_level=None)
        await connection.execute("CREATE TABLE t (n INTEGER)")
        disk.before_commit = fail
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.OperationalError):
            await connection.commit()
        rows = await connection.execute_fetchall("SELECT count(*) FROM t")
        await connection.close()
        return rows

    assert kernel.run_task(loop.start(work()), within=MICROSECONDS) == [(0,)]


def test_the_zone_of_a_clock_shows_its_time_and_converts_other_instants() -> None:
    zone = ClockZone(lambda: START)

    assert datetime.now(zone) == START
    assert (START + timedelta(days=1)).astimezone(zone) == START + timedelta(days=1)
    assert datetime.now(zone) - START == timedelta()
