"""Databases to measure on: SQLite files in a folder of this run, and databases on a PostgreSQL server that keeps what it commits."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from storage.migrate import migrate
from tests.fixtures.postgres import FORGETFUL, NoServer, aside, execute, named, served

SQLITE, POSTGRES = "SQLite", "PostgreSQL"

# As a server that people run: what it says is committed is on the disk. SQLite's file is not spared that either.
_KEEPS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_DURABLE = {**FORGETFUL, **_KEEPS, "shared_buffers": "256MB", "autovacuum": "off"}


class Databases:
    """Gives out migrated databases without rows, on each engine that is there."""

    def __init__(self, folder: Path, server: str | None) -> None:
        """Migrate one database of each kind; those that are given out are copies."""
        self.folder = folder
        self._server = server
        self._numbers = count(1)
        self._prefix = f"slotkeeper_bench_{os.getpid()}"
        self._file = folder / "migrated.db"
        self.engines = (SQLITE, POSTGRES) if server else (SQLITE,)

    def open(self) -> None:
        """Migrate what is copied."""
        aside(migrate(f"sqlite:///{self._file}"))
        if self._server:
            execute(self._server, f"CREATE DATABASE {self._prefix}")
            aside(migrate(named(self._server, self._prefix)))

    def new(self, engine: str) -> str:
        """Return the URL of one more database."""
        number = next(self._numbers)
        if engine == SQLITE:
            return f"sqlite:///{shutil.copyfile(self._file, self.folder / f'{number}.db')}"
        assert self._server
        name = f"{self._prefix}_{number}"
        execute(self._server, f"CREATE DATABASE {name} TEMPLATE {self._prefix}")
        return named(self._server, name)

    def drop(self) -> None:
        """Leave nothing behind on a server that is not ours."""
        if self._server and "TEST_DATABASE_URL" in os.environ:
            names = [self._prefix, *(f"{self._prefix}_{n}" for n in range(1, next(self._numbers)))]
            execute(self._server, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names))


@contextmanager
def durable_server() -> Iterator[str | None]:
    """Have a PostgreSQL server that keeps what it commits for a block, or None, with a word, where none can be had."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(served(_DURABLE))
        except NoServer as error:
            print(f"PostgreSQL is not measured: {error}.")
            server = None
        yield server


@contextmanager
def databases(server: str | None) -> Iterator[Databases]:
    """Have databases for a block, on a PostgreSQL server as well where there is one."""
    with tempfile.TemporaryDirectory(prefix="slotkeeper-bench-") as folder:
        given = Databases(Path(folder), server)
        given.open()
        try:
            yield given
        finally:
            given.drop()
