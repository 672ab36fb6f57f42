"""The stage of a run: the simulated Telegram, the bot's processes, their disk and their clock."""

import asyncio
import re
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot import lifecycle
from bot.host import Host
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import Settings
from simulation.plan import HOLD_SECONDS, Plan
from simulation.world.clock_zone import ClockZone
from simulation.world.cluster import Cluster
from simulation.world.disk import Disk, is_busy
from simulation.world.error_log import SIMULATED, ErrorLog, causes
from simulation.world.kernel import MICROSECONDS, Kernel
from simulation.world.network import Network
from simulation.world.process import BotProcess
from simulation.world.setting import Setting
from simulation.world.streams import Stream
from simulation.world.webhook import Poster
from simulator.simulator import Simulator

TOKEN = "1:simulated"  # noqa: S105  (valid in the simulator only)
_ADMIN_ID = 1000
_DATABASE = "bot-{number}.db"
_DUE = "SELECT id FROM outbox WHERE state = 'due' AND lease_until IS NULL"
_FAILED_UPDATE = re.compile(r"\bupdate (\d+)")
# Errors of a lock are reported later than it ended.
_REPORTED_WITHIN = 20 * MICROSECONDS
_WEBHOOK, _REPLICAS = 0.4, 0.25
"""How many of the seeds use the webhook, and two processes."""
_WEBHOOK_URL = "http://127.0.0.1/telegram"


class Stage:
    """Everything that surrounds the bot.

    ``processes`` are those that run, ``lives`` counts all that were started, and ``deaths`` those
    that have ended. ``on_commit`` is called after each commit, with the database open for reading.
    ``is_quiet`` says whether people pause for hours.
    """

    def __init__(self, plan: Plan, folder: Path, setting: Setting) -> None:
        self.seed = plan.seed
        self.folder = folder
        self.setting = setting
        self.kernel = Kernel(self.stream("schedule"), setting.start)
        self.people_loop = self.kernel.new_loop()
        self.telegram_loop = self.kernel.new_loop()
        self.simulator = Simulator(TOKEN, clock=self.kernel.clock)
        self.simulator.transcript.calls = deque()
        self.simulator.transcript.deliveries = deque()
        self.network = Network(self.telegram_loop, self.simulator, self.stream("network"))
        self.disk = Disk(self.stream("disk"))
        self.clock_error, self.clock_set_at = timedelta(), 0
        self.lives = self.deaths = self.changed_at = 0
        self.processes: list[BotProcess] = []
        self.log = ErrorLog(self._caused)
        self.odd_updates: set[int] = set()
        """The numbers of updates that no Telegram would send."""
        self.file_locks = self._locked_until = 0
        self.invitations: Callable[[], list[str]] = list
        self.on_commit: Callable[[sqlite3.Connection], None] = lambda _database: None
        self.note: Callable[[str], None] = lambda _what: None
        self.is_quiet: Callable[[], bool] = lambda: False
        self.uses_webhook = plan.has("webhook") and self.stream("way").chance(_WEBHOOK)
        has_replicas = plan.has("replicas") and self.stream("replicas").chance(_REPLICAS)
        self.process_count = 2 if has_replicas else 1
        self.poster = Poster(lambda: self.processes, self.stream("webhook"))
        self._cluster = Cluster() if has_replicas else None
        self._left: list[BotProcess] = []
        self._due: set[int] = set()
        self._file = 0
        self._open_reader: sqlite3.Connection | None = None
        self._of_parent: Sequence[sqlite3.Connection | None] = ()
        self.disk.after_commit = self._committed
        self._error_of_checks: Exception | None = None
        self._secrets = self.stream("secrets")

    def stream(self, purpose: str) -> Stream:
        """Return the random numbers for a purpose."""
        return Stream(self.seed, purpose)

    def after(self, time: timedelta) -> int:
        """Return the instant after so much time, in microseconds since the start."""
        return self.kernel.now + time // timedelta(microseconds=1)

    @property
    def database(self) -> Path:
        """Return the file that the running processes use."""
        return self.folder / _DATABASE.format(number=self._file)

    @property
    def replicas(self) -> Sequence[int]:
        """Return the numbers of the running processes."""
        return [process.number for process in self.processes]

    def host_clock(self) -> datetime:
        """Return the time by the clock of the bot's machine, which may be wrong."""
        return self.kernel.clock() + self.clock_error

    @property
    def host_now(self) -> int:
        """Return the time of the bot's machine in microseconds since 1970, as it is stored."""
        return int(self.host_clock().timestamp() * MICROSECONDS)

    def open(self) -> None:
        """Let Telegram post updates, if a webhook is set, and start the bot."""
        if self.uses_webhook:
            self.simulator.webhook.open_session = lambda: self.poster
            self.telegram_loop.start(self.simulator.webhook.run())
        self.start_processes()

    def start_processes(self) -> None:
        """Start the processes that do not run."""
        while len(self.processes) < self.process_count:
            self._start_process()

    def _start_process(self) -> None:
        """Start a process; the first one gets a copy of what the last one left on the disk."""
        if not self.processes:
            self._use_copy()
        process = BotProcess(self.kernel.new_loop(), self.kernel.now)
        self.lives, self.changed_at = self.lives + 1, self.kernel.now
        self.processes.append(process)
        process.main = process.loop.start(
            lifecycle.run(
                self._settings(),
                TOKEN,
                clock=self.host_clock,
                rate_limiter=RateLimiter(),
                ready=process.ready,
                serve=False,
                host=self._host(process),
            )
        )

    def _use_copy(self) -> None:
        """Let the next processes use a copy of the file, because dead ones have it open."""
        left, self._open_reader = self.database, None
        self._file += 1
        _copy_database(left, self.database)
        while self._left:
            self.disk.abandon(self._left.pop().loop)
        for file in self.folder.glob(f"{left.name}*"):
            file.unlink()

    def use_copies(self, folder: Path) -> None:
        """After a fork: use copies of the files, and leave files and connections to the parent."""
        self._of_parent = (*self.disk.forget(), self._open_reader)
        _copy_database(self.database, folder / self.database.name)
        self.folder, self._open_reader = folder, None

    @property
    def has_run_bot(self) -> bool:
        """Whether the last step was one of the bot's."""
        return any(process.loop is self.kernel.last_loop for process in self.processes)

    def take_exit_error(self, process: BotProcess) -> None:
        """Report why a process has exited, unless the simulation made the error."""
        self.log.add("the bot has exited:", process.exit_error)

    def _caused(self, line: str, error: BaseException | None) -> bool:
        """Return whether the simulation caused a line of the log."""
        update = _FAILED_UPDATE.search(line)
        return (
            any(SIMULATED in str(each) for each in causes(error))
            or (update is not None and int(update[1]) in self.odd_updates)
            # After a kill, the request of the dead process may still be open.
            or "another program polls" in line
            or (self._is_locked and any(is_busy(each) for each in causes(error)))
        )

    def expect_locked(self, seconds: float) -> None:
        """Expect that the bot finds the file locked for so long."""
        self._locked_until = max(self._locked_until, self.after(timedelta(seconds=seconds)))

    @property
    def _is_locked(self) -> bool:
        """Whether the file may be locked, or was a moment ago."""
        return self.kernel.now <= self._locked_until + _REPORTED_WITHIN

    def kill(self, process: BotProcess) -> None:
        """Kill a process, as with SIGKILL: what was not committed is lost."""
        process.loop.kill()
        self.deaths, self.changed_at = self.deaths + 1, self.kernel.now
        self.processes.remove(process)
        self._left.append(process)
        if self._cluster is not None:
            self._cluster.remove(process.number)
        if self.processes:
            self.disk.abandon(self._left.pop().loop)

    def _committed(self) -> None:
        """Report a commit; an error of the checks must not reach the bot."""
        if self._cluster is not None:
            self._tell_others(self._cluster)
        try:
            self.on_commit(self.reader())
        except Exception as error:  # noqa: BLE001  (raised by ``raise_error_of_checks``)
            self._error_of_checks = self._error_of_checks or error

    def _tell_others(self, cluster: Cluster) -> None:
        """Tell the other processes if a commit added messages to send."""
        due = {number for (number,) in self.rows(_DUE)}
        if not due <= self._due:
            cluster.committed(asyncio.get_running_loop(), self.host_clock())
        self._due = due

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
            time_zone=self.setting.zone,
            hold_duration=timedelta(seconds=HOLD_SECONDS),
            webhook_secret=SecretStr("x" * 32),
            webhook_url=_WEBHOOK_URL if self.uses_webhook else None,
        )

    def _host(self, process: BotProcess) -> Host:
        """Return the machine for a process."""

        def new_number() -> int:
            process.number = self._secrets.below(1 << 30) + 1
            return process.number

        return Host(
            clock=self.host_clock,
            scheduler_zone=ClockZone(self.host_clock),
            monotonic=process.loop.time,
            open_session=self.network.open_session,
            connect=self.disk.connect,
            new_code=lambda: f"{self._secrets.below(1 << 48):x}",
            new_replica_number=new_number,
            replicas=self._cluster,
            has_threads=False,
            sweep=self.setting.sweep,
            clock_check=self.setting.clock_check,
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


def _copy_database(left: Path, copy: Path) -> None:
    """Copy a database and its write-ahead log, as they are on the disk after a crash."""
    for suffix in ("", "-wal"):
        source = left.with_name(left.name + suffix)
        if source.exists():
            shutil.copyfile(source, copy.with_name(copy.name + suffix))
