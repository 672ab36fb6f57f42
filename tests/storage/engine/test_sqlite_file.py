"""A file is looked at before it is written to: another program's, or one that does not fit its log, is refused and stays as it is."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.cluster.process_lock import sole_use
from storage.database import check_file
from storage.engine.sqlite_file import DatabaseUnusable, check_log, check_ours
from storage.maintenance.backup import back_up
from storage.maintenance.migrate import migrate
from tests.kit.raw_database import rows

pytestmark = pytest.mark.engines("sqlite")

# Writes clients and drafts without a checkpoint, and dies: the log alone has them.
WRITER = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA wal_autocheckpoint = 0")
for step in range({steps}):
    c.execute("BEGIN")
    people = [(10_000 + step * 100 + n, "x" * 90) for n in range(100)]
    c.executemany("INSERT INTO client (id, name, first_seen_at) VALUES (?, ?, 0)", people)
    c.execute("DELETE FROM worked_update WHERE update_id % {steps} = ?", (step,))
    c.execute("COMMIT")
os.kill(os.getpid(), 9)
"""
# Commits one statement to the log alone.
COMMITS = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("{statement}")
c.commit()
os.kill(os.getpid(), 9)
"""
# Dies in the middle of a transaction that SQLite has written to the file already: the rollback journal has what was there before.
HALF_DONE = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = DELETE")
c.execute("PRAGMA cache_size = 1")
c.execute("BEGIN")
c.execute("UPDATE worked_update SET worked_at = 7")
os.kill(os.getpid(), 9)
"""


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


def dies(script: str, file: Path) -> None:
    """Run a script on a file; it kills itself."""
    assert (
        subprocess.run([sys.executable, "-c", script, file], check=False).returncode
        == -signal.SIGKILL
    )


def removes(*files: Path) -> None:
    for file in files:
        file.unlink()


def contents(file: Path) -> dict[str, bytes]:
    """Return the bytes of a file and of its logs; the index of a log is no part of the data."""
    return {
        each.name: each.read_bytes()
        for each in file.parent.glob(f"{file.name}*")
        if not each.name.endswith(("-shm", ".lock"))
    }


async def starts(file: Path) -> None:
    """Open a database as ``run`` does."""
    async with sole_use(url_of(file)):
        await migrate(url_of(file))


async def migrates(file: Path) -> None:
    """Open a database as ``migrate`` does."""
    await migrate(url_of(file))


async def looks(file: Path) -> None:
    """Open a database as ``doctor`` and ``backup`` do."""
    check_file(url_of(file))


WAYS = [starts, migrates, looks]


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> Path:
    """A database with some thousand rows."""
    made = Path(shutil.copyfile(migrated_file, tmp_path / "slotkeeper.db"))
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.executemany(
            "INSERT INTO worked_update (update_id, worked_at) VALUES (?, 0)",
            ((n,) for n in range(20_000)),
        )
    return made


def vacuumed(file: Path, target: Path) -> None:
    back_up(file, target)


def copied(file: Path, target: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(file, target)


def by_sqlite(file: Path, target: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


@pytest.fixture(params=[vacuumed, copied, by_sqlite], ids=lambda way: way.__name__)
def restored(file: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A backup copied over the file after a crash, with the log of that crash still beside it."""
    backup = tmp_path / "backup.db"
    request.param(file, backup)
    # Much has moved since the backup, and is in the file.
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM worked_update WHERE update_id < 15000")
        connection.executemany(
            "INSERT INTO draft VALUES (?, 1, '[]', ?, 'open', NULL, 0)",
            ((n, "y" * 500) for n in range(2_000)),
        )
    dies(WRITER.format(steps=20), file)
    assert file.with_name("slotkeeper.db-wal").stat().st_size > 100_000
    shutil.copyfile(backup, file)
    file.with_name("slotkeeper.db-shm").unlink()
    return file


@pytest.mark.parametrize("opens", WAYS)
async def test_a_restored_file_beside_the_old_log_is_refused_and_nothing_is_changed(
    restored: Path, opens: Callable[[Path], Awaitable[None]]
) -> None:
    before = contents(restored)
    with pytest.raises(
        DatabaseUnusable,
        match=r"does not fit the write-ahead log .* remove slotkeeper\.db-wal and slotkeeper\.db-shm",
    ) as told:
        await opens(restored)

    assert len(str(told.value).splitlines()) == 1
    assert "xxx" not in str(told.value)
    assert contents(restored) == before


async def test_as_the_sentence_says_it_starts_once_the_log_is_gone(restored: Path) -> None:
    with pytest.raises(DatabaseUnusable):
        await starts(restored)
    removes(restored.with_name(f"{restored.name}-wal"), restored.with_name(f"{restored.name}-shm"))
    await starts(restored)

    assert rows(url_of(restored), "SELECT count(*) FROM worked_update") == [(20_000,)]
    assert rows(url_of(restored), "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("opens", WAYS)
async def test_after_a_crash_it_starts_with_everything_in_the_log(
    file: Path, opens: Callable[[Path], Awaitable[None]]
) -> None:
    dies(WRITER.format(steps=5), file)
    assert file.with_name("slotkeeper.db-wal").stat().st_size
    await opens(file)

    assert rows(url_of(file), "SELECT count(*) FROM client") == [(500,)]


async def test_a_restored_backup_starts_beside_a_log_that_was_never_written(
    file: Path, tmp_path: Path
) -> None:
    back_up(file, tmp_path / "backup.db")
    shutil.copyfile(tmp_path / "backup.db", file)
    file.with_name("slotkeeper.db-wal").touch()

    await starts(file)


async def test_a_log_whose_salt_does_not_fit_is_ignored_as_sqlite_ignores_it(
    restored: Path,
) -> None:
    log = restored.with_name("slotkeeper.db-wal")
    with log.open("r+b") as opened:
        opened.seek(16)
        opened.write(bytes(8))
    await starts(restored)

    assert rows(url_of(restored), "SELECT count(*) FROM worked_update") == [(20_000,)]


async def test_a_restored_backup_is_refused_even_where_the_log_has_the_whole_database(
    file: Path, tmp_path: Path
) -> None:
    """SQLite would bring back the state before the restore without any damage and without a word."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM worked_update")
    back_up(file, tmp_path / "backup.db")
    dies(COMMITS.format(statement="VACUUM"), file)
    shutil.copyfile(tmp_path / "backup.db", file)
    file.with_name("slotkeeper.db-shm").unlink()
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    with pytest.raises(DatabaseUnusable, match="never written to since it was made as a backup"):
        await starts(file)


async def test_rows_that_point_to_nothing_are_seen_too(file: Path) -> None:
    dies(COMMITS.format(statement="INSERT INTO dialogue VALUES (1, NULL, NULL, 0, NULL, 0)"), file)

    with pytest.raises(DatabaseUnusable, match="rows that point to nothing"):
        await starts(file)


async def test_a_new_database_that_was_killed_at_once_starts(tmp_path: Path) -> None:
    made = tmp_path / "new.db"
    root = str(Path(__file__).parents[3])
    script = f"import asyncio, os, sys\nsys.path.insert(0, {root!r})\nfrom storage.maintenance.migrate import migrate\n"
    dies(f"{script}asyncio.run(migrate('sqlite:///' + sys.argv[1]))\nos.kill(os.getpid(), 9)", made)
    await starts(made)
    dies(WRITER.format(steps=2), made)

    await starts(made)


async def test_a_log_without_its_file_is_no_obstacle(restored: Path) -> None:
    removes(restored)
    await starts(restored)

    assert rows(url_of(restored), "SELECT count(*) FROM client") == [(0,)]


async def test_a_transaction_that_a_crash_left_half_done_is_undone(file: Path) -> None:
    dies(HALF_DONE, file)
    assert file.with_name("slotkeeper.db-journal").stat().st_size
    await starts(file)

    assert rows(url_of(file), "SELECT count(*) FROM worked_update WHERE worked_at = 7") == [(0,)]


async def test_the_log_of_a_bot_at_work_is_not_looked_at(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sole_use(url_of(file)):
        dies(WRITER.format(steps=1), file)
        with file.open("r+b") as opened:
            opened.seek(18)
            opened.write(b"\x01\x01")
        await looks(file)
    with pytest.raises(DatabaseUnusable):
        await looks(file)


def other_tables(file: Path) -> None:
    execute(
        file,
        "CREATE TABLE note (id INTEGER PRIMARY KEY, words TEXT)",
        "INSERT INTO note VALUES (1, 'milk')",
    )


def tables_of_our_names(file: Path) -> None:
    execute(
        file,
        *(
            f"CREATE TABLE {name} (id INTEGER)"
            for name in ("reservation", "busy", "outbox", "worked_update")
        ),
    )


def another_history(file: Path) -> None:
    execute(
        file,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('1975ea83b712')",
        "CREATE TABLE client (id INTEGER)",
    )


def a_history_numbered_like_ours(file: Path) -> None:
    execute(
        file,
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('0001')",
        "CREATE TABLE t (i)",
    )


def a_history_of_its_own_kind(file: Path) -> None:
    execute(file, "CREATE TABLE alembic_version (what TEXT)")


def a_view_alone(file: Path) -> None:
    execute(file, "CREATE VIEW one AS SELECT 1")


def with_a_log(file: Path) -> None:
    execute(
        file, "PRAGMA journal_mode = WAL", "CREATE TABLE note (id INTEGER PRIMARY KEY, words TEXT)"
    )
    dies(COMMITS.format(statement="INSERT INTO note VALUES (1, 2)"), file)
    assert file.with_name(f"{file.name}-wal").stat().st_size


def execute(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


FOREIGN = [
    other_tables,
    tables_of_our_names,
    another_history,
    a_history_numbered_like_ours,
    a_history_of_its_own_kind,
    a_view_alone,
    with_a_log,
]


@pytest.mark.parametrize("opens", WAYS)
@pytest.mark.parametrize("makes", FOREIGN)
async def test_the_database_of_another_program_is_refused_and_left_as_it_was(
    tmp_path: Path, makes: Callable[[Path], None], opens: Callable[[Path], Awaitable[None]]
) -> None:
    foreign = tmp_path / "other.db"
    makes(foreign)
    before = contents(foreign)

    with pytest.raises(DatabaseUnusable, match=r"other\.db is the database of another program"):
        await opens(foreign)
    assert contents(foreign) == before
    assert not (tmp_path / "other.db.lock").exists()


@pytest.mark.parametrize("opens", WAYS)
@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"a letter to a friend\n" * 500,
        os.urandom(8192),
        b"SQLite format 3\0",
        b"SQLite format 3\0" + bytes(4080),
    ],
)
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(
    tmp_path: Path, content: bytes, opens: Callable[[Path], Awaitable[None]]
) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(content)
    with pytest.raises(
        DatabaseUnusable, match="letter cannot be used as a database: file is not a database"
    ):
        await opens(letter)

    assert contents(letter) == {"letter": content}


@pytest.mark.parametrize("opens", WAYS)
async def test_a_directory_and_a_device_are_refused(
    tmp_path: Path, opens: Callable[[Path], Awaitable[None]]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for file, what in (
        (tmp_path, "a directory"),
        (tmp_path / "fifo", "not a regular file"),
        (Path("/dev/null"), "not a regular file"),
    ):
        with pytest.raises(DatabaseUnusable, match=f"is {what}: name a file"):
            await opens(file)


async def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    check_ours(empty)
    check_log(empty)
    await starts(empty)

    assert rows(url_of(empty), "SELECT count(*) FROM client") == [(0,)]
