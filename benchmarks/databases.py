"""Databases for benchmarks: SQLite files of this run, and a durable PostgreSQL server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from storage.maintenance.migrate import migrate
from tests.kit.postgres import (
    VOLATILE_SETTINGS,
    ServerUnavailable,
    database_copy,
    run_blocking,
    running_server,
)

SQLITE, POSTGRES = "SQLite", "PostgreSQL"

# Settings of a production server: committed data is on the disk, as in SQLite's file.
_KEEPS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_DURABLE = {**VOLATILE_SETTINGS, **_KEEPS, "shared_buffers": "256MB", "autovacuum": "off"}


class Databases:
    """Creates migrated databases without rows on each available engine."""

    def __init__(self, folder: Path, server: str | None, stack: ExitStack) -> None:
        """Migrate one database per engine to copy from; the ``stack`` deletes the copies."""
        self.folder = folder
        self.engines = (SQLITE, POSTGRES) if server else (SQLITE,)
        self._server = server
        self._stack = stack
        self._numbers = count(1)
        self._template = f"slotkeeper_bench_{os.getpid()}"
        self._file = folder / "migrated.db"
        run_blocking(migrate(f"sqlite:///{self._file}"))
        if server:
            run_blocking(
                migrate(stack.enter_context(database_copy(server, "template0", self._template)))
            )

    def new(self, engine: str) -> str:
        """Return the URL of a new database."""
        number = next(self._numbers)
        if engine == SQLITE:
            return f"sqlite:///{shutil.copyfile(self._file, self.folder / f'{number}.db')}"
        assert self._server
        return self._stack.enter_context(
            database_copy(self._server, self._template, f"{self._template}_{number}")
        )


@contextmanager
def durable_server() -> Iterator[str | None]:
    """Start a durable PostgreSQL server for a block; print why and yield None without one."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server(_DURABLE))
        except ServerUnavailable as error:
            print(f"PostgreSQL is not measured: {error}.")
            server = None
        yield server


@contextmanager
def databases(server: str | None) -> Iterator[Databases]:
    """Provide databases for a block, on PostgreSQL too if there is a server."""
    with tempfile.TemporaryDirectory(prefix="slotkeeper-bench-") as folder, ExitStack() as stack:
        yield Databases(Path(folder), server, stack)
