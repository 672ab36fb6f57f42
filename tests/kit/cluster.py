"""Runs replicas of the bot as processes that can be killed and started again."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.kit.bot_process import kill_process, start_unlimited_bot
from tests.kit.fork_server import ForkedProcess
from tests.kit.proxies import ReplicaApiProxy
from tests.kit.raw_database import rows
from tests.kit.waiting import until

# Each live replica holds an advisory lock.
_LIVE_MEMBERSHIPS = """SELECT objid::bigint FROM pg_locks
    JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
    AND classid = 5310209 AND objsubid = 2 AND granted"""
_LEASED_ROWS = """SELECT outbox.kind, outbox.chat_id, coalesce(start_cell, 0)
    FROM outbox LEFT JOIN reservation
    ON reservation.id = subject_id AND subject_kind = 'reservation'
    WHERE state = 'due' AND leased_by = {membership}"""

_POLL_SECONDS = 0.1
_FIRST_PORT, _PORTS_PER_WORKER, _WORKERS = 20_000, 1_000, 12

LeasedRows = list[tuple[str, int, int]]
"""Kind, chat and start cell of each outbox row that a replica had leased."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A running replica.

    ``number`` identifies its calls to Telegram, ``membership`` the outbox rows it leases.
    """

    number: int
    process: ForkedProcess
    membership: int


class Cluster:
    """Replicas on one database.

    Each listens on a fixed address and is known by its index; a killed replica is replaced there.
    """

    def __init__(
        self, folder: Path, env: Mapping[str, str], api: ReplicaApiProxy, addresses: list[str]
    ) -> None:
        self.running: dict[int, Replica] = {}
        self.leased_rows: dict[int, LeasedRows] = {}
        self.killed_at: dict[int, float] = {}
        self._folder = folder
        self._env = env
        self._url = env["DATABASE_URL"]
        self._api = api
        self._addresses = addresses
        self._last_number = 0
        self._processes: set[ForkedProcess] = set()
        self._start_lock = asyncio.Lock()

    @property
    def indexes(self) -> range:
        """Return the indexes of all replicas, running or not."""
        return range(len(self._addresses))

    def index_of(self, number: int) -> int | None:
        """Return the index of the replica with this number, or None if it is not running."""
        return next(
            (index for index, replica in self.running.items() if replica.number == number), None
        )

    async def start(self, index: int) -> None:
        """Start the replica at an index, and wait until the others can see it."""
        async with self._start_lock:
            self._last_number += 1
            number, before = self._last_number, self._live_memberships()
            settings = {
                "LISTEN": self._addresses[index],
                "TELEGRAM_API_URL": self._api.address(number),
            }
            process = start_unlimited_bot(self._folder, self._env, **settings)
            self._processes.add(process)
            await until(lambda: self._live_memberships() - before, every=_POLL_SECONDS)
            self.running[index] = Replica(
                number, process, (self._live_memberships() - before).pop()
            )

    async def kill(self, index: int) -> None:
        """Kill the replica at an index, and record the outbox rows it had leased."""
        replica = self.running.pop(index)
        # Stop it before reading: once it is dead, the others release its leases at once.
        replica.process.send_signal(signal.SIGSTOP)
        self.leased_rows[replica.number] = rows(
            self._url, _LEASED_ROWS.format(membership=replica.membership)
        )
        self.killed_at[replica.number] = asyncio.get_running_loop().time()
        self._processes.discard(replica.process)
        await kill_process(replica.process)

    async def kill_all(self) -> None:
        """Kill all replicas."""
        await asyncio.gather(*map(kill_process, self._processes))

    def _live_memberships(self) -> set[int]:
        """Return the memberships whose locks PostgreSQL holds."""
        return {number for (number,) in rows(self._url, _LIVE_MEMBERSHIPS)}


@asynccontextmanager
async def running_cluster(
    folder: Path, env: Mapping[str, str], api: ReplicaApiProxy, addresses: list[str]
) -> AsyncIterator[Cluster]:
    """Run a replica at each of these addresses for a block."""
    cluster = Cluster(folder, env, api, addresses)
    try:
        await asyncio.gather(*map(cluster.start, cluster.indexes))
        yield cluster
    finally:
        await cluster.kill_all()


def free_ports(count: int) -> list[int]:
    """Return free ports that stay free while a replica restarts.

    They lie below the ephemeral ports, which outgoing connections could take in the meantime.
    Each xdist worker has a range, so that parallel tests do not choose the same port.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    ports: set[int] = set()
    while len(ports) < count:
        with socket.socket() as probe, suppress(OSError):
            offset = random.randrange(_PORTS_PER_WORKER)  # noqa: S311  (not a secret)
            port = _FIRST_PORT + worker * _PORTS_PER_WORKER + offset
            probe.bind(("127.0.0.1", port))
            ports.add(port)
    return sorted(ports)
