"""Random faults during the soak: failing calls, a locked database, odd updates, and kills."""

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from itertools import count
from pathlib import Path

from simulator.faults import FaultKind
from simulator.simulator import Simulator
from tests.faults.odd_updates import all_odd_updates, valid
from tests.kit.bot_process import Process, kill_process, start_bot

FIRST_STRANGER = 5_000_000
_KINDS = [kind for kind in FaultKind if kind not in {FaultKind.BLOCKED, FaultKind.UNRESOLVED}]
_MAX_WAITING = 3
_METHODS = (None, "sendMessage", "editMessageText", "answerCallbackQuery", "getUpdates")


class BotProcess:
    """The bot as a process that can be killed and restarted; it writes one log file."""

    def __init__(self, folder: Path, env: Mapping[str, str], *, fresh: bool) -> None:
        self.log = folder / "log"
        self._folder = folder
        self._env = env
        self._fresh = fresh
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id, or None."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self._process = await start_bot(
                self._folder, self._env, out=log.fileno(), err=log.fileno(), fresh=self._fresh
            )

    async def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            process, self._process = self._process, None
            await kill_process(process)

    async def stop(self, within: float) -> int | None:
        """Terminate the process and return its exit status."""
        assert self._process is not None
        self._process.terminate()
        async with asyncio.timeout(within):
            return await self._process.wait()


class FaultInjector:
    """Causes a random fault at intervals until cancelled; ``met`` counts them."""

    def __init__(
        self, simulator: Simulator, database: Path, rng: random.Random, every: float
    ) -> None:
        self.met: Counter[str] = Counter()
        self._simulator = simulator
        self._database = database
        self._rng = rng
        self._every = every
        self._odd = all_odd_updates()
        self._strangers = count(FIRST_STRANGER)

    async def run(self) -> None:
        """Cause one fault after the other."""
        while True:
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * self._every)
            fault = self._rng.choices(
                (self._wire, self._odd_updates, self._locked), weights=(6, 6, 1)
            )[0]
            await fault()

    async def _wire(self) -> None:
        # A bot that has just started makes few calls: accumulated faults would last for minutes.
        if len(self._simulator.faults.waiting) >= _MAX_WAITING:
            self._simulator.faults.clear()
        kind, method = self._rng.choice(_KINDS), self._rng.choice(_METHODS)
        self._simulator.faults.add(
            kind,
            method=method,
            times=self._rng.randint(1, 3),
            retry_after=self._rng.choice((1, 2, None)),
        )
        self.met["wire faults"] += 1

    async def _odd_updates(self) -> None:
        world = self._simulator.world
        for _ in range(self._rng.randint(1, 4)):
            odd, stranger = self._rng.choice(self._odd), next(self._strangers)
            self._simulator.person("Stranger", id=stranger)
            world.accounts[stranger].started = True
            world.updates.add_raw(
                odd.as_json({"update_id": world.updates.next_id, **valid(odd.kind, stranger)})
            )
            self.met["odd updates"] += 1

    async def _locked(self) -> None:
        """Hold a write lock for longer than the bot waits."""
        with closing(sqlite3.connect(self._database, isolation_level=None, timeout=0.1)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return
            self.met["database locked"] += 1
            await asyncio.sleep(self._rng.uniform(1, 4))
            other.execute("ROLLBACK")
