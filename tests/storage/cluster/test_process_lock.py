"""One bot for each SQLite file: the lock is the kernel's, so that no dead process ever keeps it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.cluster import process_lock as locking
from storage.cluster.process_lock import sole_use
from storage.engine.sqlite_file import DatabaseUnusable

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who has the lock is about to die here."""
    monkeypatch.setattr(locking, "_PAUSE_SECONDS", 0)


async def test_whoever_comes_second_is_told_who_has_it_and_what_to_do(database_url: str) -> None:
    async with sole_use(database_url):
        with pytest.raises(
            DatabaseUnusable,
            match=r"another bot is at work on .*slotkeeper\.db.*stop that one.*PostgreSQL",
        ):
            async with sole_use(database_url):
                pass

    async with sole_use(database_url):
        pass


async def test_another_file_is_another_lock_and_one_file_by_two_names_is_one(
    database_url: str, tmp_path: Path
) -> None:
    async with sole_use(database_url), sole_use(f"sqlite:///{tmp_path / 'other.db'}"):
        with pytest.raises(DatabaseUnusable, match="another bot"):
            async with sole_use(f"sqlite:///{tmp_path / 'x' / '..' / 'slotkeeper.db'}"):
                pass


async def test_a_lock_file_that_was_left_behind_is_no_lock(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "slotkeeper.db.lock").touch()

    async with sole_use(database_url):
        pass


async def test_everybody_else_may_read_and_write_meanwhile(database_url: str) -> None:
    async with sole_use(database_url):
        with (
            closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection,
            connection,
        ):
            connection.execute(
                "INSERT INTO client (id, name, first_seen_at) VALUES (1, 'Alice', 0)"
            )


async def test_a_database_that_is_no_file_needs_no_lock() -> None:
    async with sole_use("postgresql://localhost/slots"), sole_use("postgresql://localhost/slots"):
        pass


async def test_a_lock_that_cannot_be_opened_is_told_in_a_sentence(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "slotkeeper.db.lock").mkdir()

    with pytest.raises(
        DatabaseUnusable,
        match=r"slotkeeper\.db\.lock, the lock of the database, cannot be opened: Is a directory",
    ):
        async with sole_use(database_url):
            pass
