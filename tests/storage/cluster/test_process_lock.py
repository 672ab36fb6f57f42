"""One bot for each SQLite file: the kernel releases the lock of a dead process."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.cluster import process_lock as process_locks
from storage.cluster.process_lock import process_lock
from storage.engine.sqlite_file import DatabaseUnusable

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture(autouse=True)
def no_retry_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for a process that may be exiting."""
    monkeypatch.setattr(process_locks, "RETRY_SECONDS", 0)


async def test_a_second_process_is_refused_with_the_reason_and_a_remedy(database_url: str) -> None:
    async with process_lock(database_url):
        with pytest.raises(
            DatabaseUnusable,
            match=r"another bot is using .*slotkeeper\.db.*stop the other bot.*PostgreSQL",
        ):
            async with process_lock(database_url):
                pass

    async with process_lock(database_url):
        pass


async def test_each_file_has_one_lock_under_all_its_names(
    database_url: str, tmp_path: Path
) -> None:
    async with process_lock(database_url), process_lock(f"sqlite:///{tmp_path / 'other.db'}"):
        with pytest.raises(DatabaseUnusable, match="another bot"):
            async with process_lock(f"sqlite:///{tmp_path / 'x' / '..' / 'slotkeeper.db'}"):
                pass


async def test_a_leftover_lock_file_does_not_lock(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "slotkeeper.db.lock").touch()

    async with process_lock(database_url):
        pass


async def test_the_lock_does_not_prevent_reads_and_writes(database_url: str) -> None:
    async with process_lock(database_url):
        with (
            closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection,
            connection,
        ):
            connection.execute(
                "INSERT INTO person (telegram_id, name, first_seen_at) VALUES (1, 'Alice', 0)"
            )


async def test_a_database_without_a_file_needs_no_lock() -> None:
    async with (
        process_lock("postgresql://localhost/slots"),
        process_lock("postgresql://localhost/slots"),
    ):
        pass


async def test_a_lock_file_that_cannot_be_opened_is_reported_in_one_sentence(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "slotkeeper.db.lock").mkdir()

    with pytest.raises(
        DatabaseUnusable,
        match=r"the lock file .*slotkeeper\.db\.lock cannot be opened: Is a directory",
    ):
        async with process_lock(database_url):
            pass
