"""A file is checked before it is written; foreign and inconsistent ones are refused unchanged."""

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

from storage.cluster.process_lock import process_lock
from storage.database import check_file
from storage.engine.sqlite_file import DatabaseUnusable, check_ownership, check_wal
from storage.maintenance.backup import back_up
from storage.maintenance.migrate import migrate
from tests.kit.raw_database import rows

pytestmark = pytest.mark.engines("sqlite")

# Writes people without a checkpoint and kills itself, so that only the WAL contains them.
WRITER = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA wal_autocheckpoint = 0")
for step in range({steps}):
    c.execute("BEGIN")
    people = [(10_000 + step * 100 + n, "x" * 90) for n in range(100)]
    c.executemany("INSERT INTO person (telegram_id, name, first_seen_at) VALUES (?, ?, 0)", people)
    c.execute("DELETE FROM processed_update WHERE update_id % {steps} = ?", (step,))
    c.execute("COMMIT")
os.kill(os.getpid(), 9)
"""
# Commits one statement to the WAL only, and kills itself.
COMMITS = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("{statement}")
c.commit()
os.kill(os.getpid(), 9)
"""
# Kills itself during a transaction that is partly written to the file; the rollback journal has the
# previous contents.
HALF_DONE = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = DELETE")
c.execute("PRAGMA cache_size = 1")
c.execute("BEGIN")
c.execute("UPDATE processed_update SET processed_at = 7")
os.kill(os.getpid(), 9)
"""


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


def run_until_killed(script: str, file: Path) -> None:
    """Run a script on a file; the script kills itself."""
    assert (
        subprocess.run([sys.executable, "-c", script, file], check=False).returncode
        == -signal.SIGKILL
    )


def remove(*files: Path) -> None:
    for file in files:
        file.unlink()


def contents(file: Path) -> dict[str, bytes]:
    """Return the bytes of a file and its logs. The index of a WAL holds no data."""
    return {
        each.name: each.read_bytes()
        for each in file.parent.glob(f"{file.name}*")
        if not each.name.endswith(("-shm", ".lock"))
    }


async def start(file: Path) -> None:
    """Open a database like ``run``."""
    async with process_lock(url_of(file)):
        await migrate(url_of(file))


async def migrate_only(file: Path) -> None:
    """Open a database like ``migrate``."""
    await migrate(url_of(file))


async def inspect(file: Path) -> None:
    """Open a database like ``doctor`` and ``backup``."""
    check_file(url_of(file))


OPENERS = [start, migrate_only, inspect]


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> Path:
    """A database with 20,000 rows."""
    made = Path(shutil.copyfile(migrated_file, tmp_path / "slotkeeper.db"))
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.executemany(
            "INSERT INTO processed_update (update_id, processed_at) VALUES (?, 0)",
            ((n,) for n in range(20_000)),
        )
    return made


def vacuumed(file: Path, target: Path) -> None:
    back_up(file, target)


def copied(file: Path, target: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(file, target)


def sqlite_backup(file: Path, target: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


@pytest.fixture(params=[vacuumed, copied, sqlite_backup], ids=lambda way: way.__name__)
def restored(file: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A backup copied over the file after a crash, beside the WAL of the crash."""
    backup = tmp_path / "backup.db"
    request.param(file, backup)
    # Many changes since the backup are in the file.
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM processed_update WHERE update_id < 15000")
        connection.executemany(
            "INSERT INTO draft VALUES (?, 1, '[]', ?, 'open', NULL, 0)",
            ((n, "y" * 500) for n in range(2_000)),
        )
    run_until_killed(WRITER.format(steps=20), file)
    assert file.with_name("slotkeeper.db-wal").stat().st_size > 100_000
    shutil.copyfile(backup, file)
    file.with_name("slotkeeper.db-shm").unlink()
    return file


@pytest.mark.parametrize("opens", OPENERS)
async def test_a_restored_file_beside_the_old_wal_is_refused_unchanged(
    restored: Path, opens: Callable[[Path], Awaitable[None]]
) -> None:
    before = contents(restored)
    with pytest.raises(
        DatabaseUnusable,
        match=r"not match the write-ahead log .* remove slotkeeper\.db-wal and slotkeeper\.db-shm",
    ) as caught:
        await opens(restored)

    assert len(str(caught.value).splitlines()) == 1
    assert "xxx" not in str(caught.value)
    assert contents(restored) == before


async def test_removing_the_wal_as_the_message_says_allows_the_start(restored: Path) -> None:
    with pytest.raises(DatabaseUnusable):
        await start(restored)
    remove(restored.with_name(f"{restored.name}-wal"), restored.with_name(f"{restored.name}-shm"))
    await start(restored)

    assert rows(url_of(restored), "SELECT count(*) FROM processed_update") == [(20_000,)]
    assert rows(url_of(restored), "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("opens", OPENERS)
async def test_after_a_crash_the_contents_of_the_wal_are_kept(
    file: Path, opens: Callable[[Path], Awaitable[None]]
) -> None:
    run_until_killed(WRITER.format(steps=5), file)
    assert file.with_name("slotkeeper.db-wal").stat().st_size
    await opens(file)

    assert rows(url_of(file), "SELECT count(*) FROM person") == [(500,)]


async def test_a_restored_backup_beside_an_empty_wal_is_accepted(
    file: Path, tmp_path: Path
) -> None:
    back_up(file, tmp_path / "backup.db")
    shutil.copyfile(tmp_path / "backup.db", file)
    file.with_name("slotkeeper.db-wal").touch()

    await start(file)


async def test_a_wal_with_another_salt_is_ignored_as_in_sqlite(restored: Path) -> None:
    log = restored.with_name("slotkeeper.db-wal")
    with log.open("r+b") as opened:
        opened.seek(16)
        opened.write(bytes(8))
    await start(restored)

    assert rows(url_of(restored), "SELECT count(*) FROM processed_update") == [(20_000,)]


async def test_a_restored_backup_is_refused_even_if_the_wal_has_the_whole_database(
    file: Path, tmp_path: Path
) -> None:
    """SQLite would silently bring back the state before the restore."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM processed_update")
    back_up(file, tmp_path / "backup.db")
    run_until_killed(COMMITS.format(statement="VACUUM"), file)
    shutil.copyfile(tmp_path / "backup.db", file)
    file.with_name("slotkeeper.db-shm").unlink()
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    with pytest.raises(DatabaseUnusable, match="not written to after it was made as a backup"):
        await start(file)


async def test_broken_foreign_keys_are_detected(file: Path) -> None:
    run_until_killed(
        COMMITS.format(statement="INSERT INTO dialogue VALUES (1, NULL, NULL, 0, NULL, 0)"), file
    )

    with pytest.raises(DatabaseUnusable, match="rows that point to nothing"):
        await start(file)


async def test_a_new_database_survives_a_kill_right_after_the_migration(tmp_path: Path) -> None:
    made = tmp_path / "new.db"
    root = str(Path(__file__).parents[3])
    script = f"import asyncio, os, sys\nsys.path.insert(0, {root!r})\n"
    script += "from storage.maintenance.migrate import migrate\n"
    run_until_killed(
        f"{script}asyncio.run(migrate('sqlite:///' + sys.argv[1]))\nos.kill(os.getpid(), 9)", made
    )
    await start(made)
    run_until_killed(WRITER.format(steps=2), made)

    await start(made)


async def test_a_wal_without_its_database_is_ignored(restored: Path) -> None:
    remove(restored)
    await start(restored)

    assert rows(url_of(restored), "SELECT count(*) FROM person") == [(0,)]


async def test_a_transaction_interrupted_by_a_crash_is_rolled_back(file: Path) -> None:
    run_until_killed(HALF_DONE, file)
    assert file.with_name("slotkeeper.db-journal").stat().st_size
    await start(file)

    changed = "SELECT count(*) FROM processed_update WHERE processed_at = 7"
    assert rows(url_of(file), changed) == [(0,)]


async def test_the_wal_of_a_running_bot_is_not_checked(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process_lock(url_of(file)):
        run_until_killed(WRITER.format(steps=1), file)
        with file.open("r+b") as opened:
            opened.seek(18)
            opened.write(b"\x01\x01")
        await inspect(file)
    with pytest.raises(DatabaseUnusable):
        await inspect(file)


def other_tables(file: Path) -> None:
    execute(
        file,
        "CREATE TABLE note (id INTEGER PRIMARY KEY, words TEXT)",
        "INSERT INTO note VALUES (1, 'milk')",
    )


def tables_with_our_names(file: Path) -> None:
    execute(
        file,
        *(
            f"CREATE TABLE {name} (id INTEGER)"
            for name in ("reservation", "busy", "outbox", "processed_update")
        ),
    )


def foreign_alembic_version(file: Path) -> None:
    execute(
        file,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('1975ea83b712')",
        "CREATE TABLE person (id INTEGER)",
    )


def alembic_version_like_ours(file: Path) -> None:
    execute(
        file,
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('0001')",
        "CREATE TABLE t (i)",
    )


def alembic_version_without_version_num(file: Path) -> None:
    execute(file, "CREATE TABLE alembic_version (what TEXT)")


def only_a_view(file: Path) -> None:
    execute(file, "CREATE VIEW one AS SELECT 1")


def with_a_wal(file: Path) -> None:
    execute(
        file, "PRAGMA journal_mode = WAL", "CREATE TABLE note (id INTEGER PRIMARY KEY, words TEXT)"
    )
    run_until_killed(COMMITS.format(statement="INSERT INTO note VALUES (1, 2)"), file)
    assert file.with_name(f"{file.name}-wal").stat().st_size


def execute(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


FOREIGN = [
    other_tables,
    tables_with_our_names,
    foreign_alembic_version,
    alembic_version_like_ours,
    alembic_version_without_version_num,
    only_a_view,
    with_a_wal,
]


@pytest.mark.parametrize("opens", OPENERS)
@pytest.mark.parametrize("makes", FOREIGN)
async def test_a_foreign_database_is_refused_unchanged(
    tmp_path: Path, makes: Callable[[Path], None], opens: Callable[[Path], Awaitable[None]]
) -> None:
    foreign = tmp_path / "other.db"
    makes(foreign)
    before = contents(foreign)

    with pytest.raises(DatabaseUnusable, match=r"other\.db is the database of another program"):
        await opens(foreign)
    assert contents(foreign) == before
    assert not (tmp_path / "other.db.lock").exists()


@pytest.mark.parametrize("opens", OPENERS)
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
async def test_a_file_that_is_no_database_is_refused_unchanged(
    tmp_path: Path, content: bytes, opens: Callable[[Path], Awaitable[None]]
) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(content)
    with pytest.raises(
        DatabaseUnusable, match="letter cannot be used as a database: file is not a database"
    ):
        await opens(letter)

    assert contents(letter) == {"letter": content}


@pytest.mark.parametrize("opens", OPENERS)
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
    check_ownership(empty)
    check_wal(empty)
    await start(empty)

    assert rows(url_of(empty), "SELECT count(*) FROM person") == [(0,)]
