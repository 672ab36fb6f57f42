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

from tests.kit.bot_process import killed, unpaced
from tests.kit.fork_server import ForkedProcess
from tests.kit.proxies import ReplicaApi
from tests.kit.raw_database import rows
from tests.kit.waiting import until

# The advisory locks by which PostgreSQL knows who is alive.
_LIVING = """SELECT objid::bigint FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database() AND classid = 5310209 AND objsubid = 2 AND granted"""
_IN_HAND = """SELECT outbox.kind, recipient_id, coalesce(start_cell, 0) FROM outbox LEFT JOIN reservation ON reservation.id = reservation_id
    WHERE state = 'due' AND leased_by = {membership}"""

_LOOK_SECONDS = 0.1
_FIRST_PORT, _PORTS, _WORKERS = 20_000, 1_000, 12

InHand = list[tuple[str, int, int]]
"""Kind, recipient and cell of what a replica had in hand."""


@dataclass(frozen=True, slots=True)
class Member:
    """A replica that runs: its number, by which its calls to Telegram are known, and the number under which it takes leases."""

    number: int
    process: ForkedProcess
    membership: int


class Cluster:
    """Replicas on one database; each has a place, and there the next one is started when it is killed."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], exchange: ReplicaApi, listens: list[str]
    ) -> None:
        self.running: dict[int, Member] = {}
        self.in_hand: dict[int, InHand] = {}
        self.died: dict[int, float] = {}
        self._folder = folder
        self._env = env
        self._url = env["DATABASE_URL"]
        self._exchange = exchange
        self._listens = listens
        self._started = 0
        self._alive: set[ForkedProcess] = set()
        self._one_at_a_time = asyncio.Lock()

    @property
    def places(self) -> range:
        """Return where replicas can be."""
        return range(len(self._listens))

    def place_of(self, number: int) -> int | None:
        """Return where the replica of this number is, None where it is dead."""
        return next(
            (place for place, member in self.running.items() if member.number == number), None
        )

    async def starts(self, place: int) -> None:
        """Start a replica in a place, and wait until the others can see it."""
        async with self._one_at_a_time:
            self._started += 1
            number, before = self._started, self._living()
            told = {
                "LISTEN": self._listens[place],
                "TELEGRAM_API_URL": self._exchange.address(number),
            }
            process = unpaced(self._folder, self._env, **told)
            self._alive.add(process)
            await until(lambda: self._living() - before, every=_LOOK_SECONDS)
            self.running[place] = Member(number, process, (self._living() - before).pop())

    async def kills(self, place: int) -> None:
        """Kill the replica in a place on the spot, note what it had in hand, and wait until it is gone."""
        member = self.running.pop(place)
        # It stands still while one looks: once it is dead, the others give back at once what it had in hand.
        member.process.send_signal(signal.SIGSTOP)
        self.in_hand[member.number] = rows(self._url, _IN_HAND.format(membership=member.membership))
        self.died[member.number] = asyncio.get_running_loop().time()
        self._alive.discard(member.process)
        await killed(member.process)

    async def kills_all(self) -> None:
        """Leave nobody behind."""
        await asyncio.gather(*map(killed, self._alive))

    def _living(self) -> set[int]:
        """Return the numbers of all replicas that PostgreSQL believes to be alive."""
        return {number for (number,) in rows(self._url, _LIVING)}


@asynccontextmanager
async def crew(
    folder: Path, env: Mapping[str, str], exchange: ReplicaApi, listens: list[str]
) -> AsyncIterator[Cluster]:
    """Have a replica at each of these addresses for a block."""
    them = Cluster(folder, env, exchange, listens)
    try:
        await asyncio.gather(*map(them.starts, them.places))
        yield them
    finally:
        await them.kills_all()


def quiet_ports(count: int) -> list[int]:
    """Return free ports below those from which connections are made: of those, one might be taken when a replica comes back to it.

    Each worker has ports of its own to choose from: between the look and the start another one's play might take them.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    found: set[int] = set()
    while len(found) < count:
        with socket.socket() as probe, suppress(OSError):
            port = _FIRST_PORT + worker * _PORTS + random.randrange(_PORTS)  # noqa: S311  (nobody gains by guessing it)
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)
