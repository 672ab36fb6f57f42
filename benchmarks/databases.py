"""Databases to measure on: SQLite files in a folder of this run, and databases on a PostgreSQL server that keeps what it commits."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from storage.maintenance.migrate import migrate
from tests.kit.postgres import FORGETFUL, ServerUnavailable, aside, copied, served

SQLITE, POSTGRES = "SQLite", "PostgreSQL"

# As a server that people run: what it says is committed is on the disk. SQLite's file is not spared that either.
_KEEPS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_DURABLE = {**FORGETFUL, **_KEEPS, "shared_buffers": "256MB", "autovacuum": "off"}


class Databases:
    """Gives out migrated databases without rows, on each engine that is there."""

    def __init__(self, folder: Path, server: str | None, stack: ExitStack) -> None:
        """Migrate one database of each kind; those that are given out are copies, and go when the ``stack`` is unwound."""
        self.folder = folder
        self.engines = (SQLITE, POSTGRES) if server else (SQLITE,)
        self._server = server
        self._stack = stack
        self._numbers = count(1)
        self._template = f"slotkeeper_bench_{os.getpid()}"
        self._file = folder / "migrated.db"
        aside(migrate(f"sqlite:///{self._file}"))
        if server:
            aside(migrate(stack.enter_context(copied(server, "template0", self._template))))

    def new(self, engine: str) -> str:
        """Return the URL of one more database."""
        number = next(self._numbers)
        if engine == SQLITE:
            return f"sqlite:///{shutil.copyfile(self._file, self.folder / f'{number}.db')}"
        assert self._server
        return self._stack.enter_context(
            copied(self._server, self._template, f"{self._template}_{number}")
        )


@contextmanager
def durable_server() -> Iterator[str | None]:
    """Have a PostgreSQL server that keeps what it commits for a block, or None, with a word, where none can be had."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(served(_DURABLE))
        except ServerUnavailable as error:
            print(f"PostgreSQL is not measured: {error}.")
            server = None
        yield server


@contextmanager
def databases(server: str | None) -> Iterator[Databases]:
    """Have databases for a block, on a PostgreSQL server as well where there is one."""
    with tempfile.TemporaryDirectory(prefix="slotkeeper-bench-") as folder, ExitStack() as stack:
        yield Databases(Path(folder), server, stack)
