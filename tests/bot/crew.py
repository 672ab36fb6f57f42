"""Several replicas of the bot, each a process of its own, which can be killed and started again."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bot.exchange import Exchange
from tests.bot.harness import until
from tests.bot.processes import Nursery, nursery
from tests.storage.venue import rows

# The advisory locks by which PostgreSQL knows who is alive.
_LIVING = """SELECT objid::bigint FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database() AND classid = 5310209 AND objsubid = 2 AND granted"""
_IN_HAND = """SELECT outbox.kind, recipient_id, coalesce(start_cell, 0) FROM outbox LEFT JOIN reservation ON reservation.id = reservation_id
    WHERE state = 'due' AND leased_by = {presence}"""

_LOOK_SECONDS = 0.1

InHand = list[tuple[str, int, int]]
"""Kind, recipient and cell of what a replica had in hand."""


@dataclass(frozen=True, slots=True)
class Process:
    """A replica that runs: its number, by which its calls to Telegram are known, and the number under which it takes leases."""

    number: int
    pid: int
    presence: int


class Crew:
    """Replicas on one database; each has a place, and there the next one is started when it is killed."""

    def __init__(self, home: Nursery, exchange: Exchange, url: str, listens: list[str]) -> None:
        self.running: dict[int, Process] = {}
        self.in_hand: dict[int, InHand] = {}
        self.died: dict[int, float] = {}
        self._home = home
        self._exchange = exchange
        self._url = url
        self._listens = listens
        self._started = 0
        self._pids: set[int] = set()
        self._one_at_a_time = asyncio.Lock()

    @property
    def places(self) -> range:
        """Return where replicas can be."""
        return range(len(self._listens))

    def place_of(self, number: int) -> int | None:
        """Return where the replica of this number is, None where it is dead."""
        return next((place for place, process in self.running.items() if process.number == number), None)

    async def starts(self, place: int) -> None:
        """Start a replica in a place, and wait until the others can see it."""
        async with self._one_at_a_time:
            self._started += 1
            number, before = self._started, self._living()
            pid = await self._home.starts(LISTEN=self._listens[place], TELEGRAM_API_URL=self._exchange.address(number))
            self._pids.add(pid)
            await until(lambda: self._living() - before, every=_LOOK_SECONDS)
            self.running[place] = Process(number, pid, (self._living() - before).pop())

    async def kills(self, place: int) -> None:
        """Kill the replica in a place on the spot, note what it had in hand, and wait until it is gone."""
        process = self.running.pop(place)
        # It stands still while one looks: once it is dead, the others give back at once what it had in hand.
        os.kill(process.pid, signal.SIGSTOP)
        self.in_hand[process.number] = rows(self._url, _IN_HAND.format(presence=process.presence))
        self.died[process.number] = asyncio.get_running_loop().time()
        os.kill(process.pid, signal.SIGKILL)
        self._pids.discard(process.pid)
        await until(lambda: not _is_there(process.pid))

    def kill_all(self) -> None:
        """Leave nobody behind."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _living(self) -> set[int]:
        """Return the numbers of all replicas that PostgreSQL believes to be alive."""
        return {number for (number,) in rows(self._url, _LIVING)}


@asynccontextmanager
async def crew(folder: Path, env: Mapping[str, str], exchange: Exchange, listens: list[str]) -> AsyncIterator[Crew]:
    """Have a replica at each of these addresses for a block."""
    async with nursery(folder, env) as home:
        them = Crew(home, exchange, env["DATABASE_URL"], listens)
        try:
            await asyncio.gather(*map(them.starts, them.places))
            yield them
        finally:
            them.kill_all()


def _is_there(pid: int) -> bool:
    """Tell whether a process has not ended yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def quiet_ports(count: int) -> list[int]:
    """Return free ports below those from which connections are made: of those, one might be taken when a replica comes back to it."""
    found: set[int] = set()
    while len(found) < count:
        with socket.socket() as probe, suppress(OSError):
            port = random.randrange(20_000, 32_000)  # noqa: S311  (nobody gains by guessing it)
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)
