"""The stage of a run: the simulated Telegram, the bot's processes, their disk and their clock."""

import asyncio
import logging
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import lifecycle
from bot.host import Host
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import Settings
from simulation.plan import HOLD_SECONDS
from simulation.world.clock_zone import ClockZone
from simulation.world.disk import Disk
from simulation.world.kernel import MICROSECONDS, Kernel, ProcessLoop
from simulation.world.network import Network
from simulation.world.streams import Stream
from simulator.simulator import Simulator

TOKEN = "1:simulated"  # noqa: S105  (valid in the simulator only)
START = datetime(2040, 3, 19, 7, tzinfo=UTC)
"""The first start: a Monday before the clocks change in Europe, far from the present.

See ``ClockZone``. The seed chooses a minute of that week.
"""
SIMULATED = "(simulated)"
"""In the message of each error that the simulation makes."""
_MINUTES_OF_A_WEEK = 7 * 24 * 60
_ADMIN_ID = 1000
_DATABASE = "life-{number}.db"


class Stage:
    """Everything that surrounds the bot.

    ``lives`` counts the processes that ran, one after the other. ``on_commit`` is called after each
    commit, with the database open for reading.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.folder = folder
        start = START + timedelta(minutes=self.stream("start").below(_MINUTES_OF_A_WEEK))
        self.kernel = Kernel(self.stream("schedule"), start)
        self.people_loop = self.kernel.new_loop()
        telegram = self.kernel.new_loop()
        self.simulator = Simulator(TOKEN, clock=self.kernel.clock)
        self.simulator.transcript.calls = deque()
        self.simulator.transcript.deliveries = deque()
        self.network = Network(telegram, self.simulator, self.stream("network"))
        self.disk = Disk(self.stream("disk"))
        self.clock_error = timedelta()
        self.lives = self.replica = self.started_at = 0
        self.bot: ProcessLoop | None = None
        self.main: asyncio.Task[None] | None = None
        self.log = _Log()
        self.invitations: Callable[[], list[str]] = list
        self.on_commit: Callable[[sqlite3.Connection], None] = lambda _database: None
        self.note: Callable[[str], None] = lambda _what: None
        self._open_reader: sqlite3.Connection | None = None
        self.disk.after_commit = self._committed
        self._error_of_checks: Exception | None = None
        self._secrets = self.stream("secrets")

    def stream(self, purpose: str) -> Stream:
        """Return the random numbers for a purpose."""
        return Stream(self.seed, purpose)

    def after(self, **time: float) -> int:
        """Return the instant after so much time, in microseconds since the start."""
        return self.kernel.now + timedelta(**time) // timedelta(microseconds=1)

    @property
    def database(self) -> Path:
        """Return the file that the present process uses."""
        return self.folder / _DATABASE.format(number=self.lives)

    def host_clock(self) -> datetime:
        """Return the time by the clock of the bot's machine, which may be wrong."""
        return self.kernel.clock() + self.clock_error

    @property
    def host_now(self) -> int:
        """Return the time of the bot's machine in microseconds since 1970, as it is stored."""
        return int(self.host_clock().timestamp() * MICROSECONDS)

    def start_bot(self) -> None:
        """Start a process of the bot on a copy of what the one before it left on the disk."""
        left, self._open_reader = self.database, None
        self.lives += 1
        _copy_database(left, self.database)
        self.disk.abandon()
        for file in self.folder.glob(f"{left.name}*"):
            file.unlink()
        self.bot = self.kernel.new_loop()
        self.main = self.bot.start(
            lifecycle.run(
                self._settings(),
                TOKEN,
                clock=self.host_clock,
                rate_limiter=RateLimiter(),
                serve=False,
                host=self._host(self.bot),
            )
        )

    @property
    def has_exited(self) -> bool:
        """Whether the bot's process has ended by itself, because of an error at its start."""
        return self.main is not None and self.main.done()

    def take_exit_error(self) -> None:
        """Report why the bot has exited, unless the simulation made the error."""
        error = self.main.exception() if self.main else None
        if not _is_simulated(error):
            self.log.errors.append(f"the bot has exited: {error!r}")

    def kill_bot(self) -> None:
        """Kill the bot's process, as with SIGKILL: what was not committed is lost."""
        if self.bot is not None:
            self.bot.kill()
            self.bot = self.main = None

    def _committed(self) -> None:
        """Report a commit; an error of the checks must not reach the bot."""
        try:
            self.on_commit(self.reader())
        except Exception as error:  # noqa: BLE001  (raised by ``raise_error_of_checks``)
            self._error_of_checks = self._error_of_checks or error

    def raise_error_of_checks(self) -> None:
        """Raise the first error of the checks, if there was one."""
        if self._error_of_checks is not None:
            raise self._error_of_checks

    def seconds_to(self, instant: int) -> float:
        """Return how long it is to an instant in microseconds, by the bot's machine."""
        return instant / MICROSECONDS - self.host_clock().timestamp()

    def seconds_to_next_deadline(self) -> float | None:
        """Return how long it is to the end of the next hold, None if there is none."""
        [(deadline,)] = self.rows("SELECT min(expires_at) FROM reservation WHERE status = 'held'")
        return None if deadline is None else self.seconds_to(deadline)

    def reader(self) -> sqlite3.Connection:
        """Return a reading connection to the database of the present process."""
        if self._open_reader is None:
            self._open_reader = sqlite3.connect(
                f"file:{self.database}?mode=ro", uri=True, isolation_level=None
            )
        return self._open_reader

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Return the rows of a query."""
        return self.reader().execute(sql, values).fetchall()

    def _settings(self) -> Settings:
        return _FixedSettings(
            _env_file=None,
            database_url=f"sqlite:///{self.database}",
            telegram_api_url="http://telegram",
            admin_ids=frozenset({_ADMIN_ID}),
            time_zone="Europe/Berlin",
            hold_duration=timedelta(seconds=HOLD_SECONDS),
        )

    def _new_replica_number(self) -> int:
        """Return the number of a process that starts, and note it."""
        self.replica, self.started_at = self._secrets.below(1 << 30) + 1, self.kernel.now
        return self.replica

    def _host(self, loop: ProcessLoop) -> Host:
        """Return the machine for a process."""
        return Host(
            clock=self.host_clock,
            scheduler_zone=ClockZone(self.host_clock),
            monotonic=loop.time,
            open_session=self.network.open_session,
            connect=self.disk.connect,
            new_code=lambda: f"{self._secrets.below(1 << 48):x}",
            new_replica_number=self._new_replica_number,
            has_threads=False,
        )


class _FixedSettings(Settings):
    """Settings that are given alone: the environment has no effect."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: Any, init_settings: Any, *others: Any, **more: Any
    ) -> tuple[Any, ...]:
        """Return the only source."""
        del settings_cls, others, more
        return (init_settings,)


class _Log(logging.Handler):
    """Keeps what the bot logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, unless its error was made by the simulation."""
        error = record.exc_info[1] if record.exc_info else None
        line = f"{record.name}: {record.getMessage()}"
        # After a kill, the request of the dead process may still be open.
        if not _is_simulated(error) and "another program polls" not in line:
            self.errors.append(f"{line} {error!r}")

    def take(self) -> list[str]:
        """Return the lines and forget them."""
        taken, self.errors = self.errors, []
        return taken


def _is_simulated(error: BaseException | None) -> bool:
    """Return whether the simulation made an error, or the one that it was translated from."""
    return error is not None and (
        SIMULATED in str(error) or _is_simulated(error.__cause__ or error.__context__)
    )


@contextmanager
def logging_to(handler: logging.Handler) -> Iterator[None]:
    """Send all log lines to this handler alone for a block."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [handler]
    try:
        yield
    finally:
        root.handlers[:] = before


def _copy_database(left: Path, copy: Path) -> None:
    """Copy a database and its write-ahead log, as they are on the disk after a crash."""
    for suffix in ("", "-wal"):
        source = left.with_name(left.name + suffix)
        if source.exists():
            shutil.copyfile(source, copy.with_name(copy.name + suffix))
