"""Several processes on one database. A server process imports everything once and forks the others, so that each begins at once."""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess

from storage.maintenance.migrate import migrate

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "tests.storage.worker_processes",
        "tests.storage.race_worker",
        "tests.storage.crash_writer",
        "tests.storage.cluster.replica_worker",
    ]
)


def spawn(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Return a process, not started yet, that does this work: a function at the top of an importable module."""
    return _CONTEXT.Process(target=work, args=arguments, daemon=True)


def run_together(processes: Sequence[BaseProcess]) -> list[int | None]:
    """Start them all, wait for them all, and return how each ended: 0 is well."""
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
        process.join()
        process.close()
    return codes


def spawn_migration(url: str) -> BaseProcess:
    """Return a process that migrates this database."""
    return spawn(_migrate, url)


def _migrate(url: str) -> None:
    asyncio.run(migrate(url))
