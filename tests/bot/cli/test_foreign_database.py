"""Each command rejects a database that is not Slotkeeper's with status 2, unchanged."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.bot_process import environment, run_bot
from tests.kit.postgres import execute, fetch
from tests.storage.engine.test_sqlite_file import WRITER, contents, run_until_killed

COMMANDS = [("run",), ("migrate",), ("doctor",), ("backup", "copy.db"), ("health",)]
NOWHERE = "http://127.0.0.1:9"


def refused(ended: "subprocess.CompletedProcess[str]") -> str:
    """Return the one sentence of a command that rejected its database."""
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("DATABASE_URL: ")
    return sentence


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_file_of_another_program_is_rejected(tmp_path: Path, command: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, words TEXT)")
    before = contents(tmp_path / "bot.db")

    assert "is the database of another program" in refused(
        run_bot(tmp_path, environment(tmp_path, NOWHERE), *command)
    )
    assert contents(tmp_path / "bot.db") == before


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_text_file_is_rejected(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "bot.db").write_text("Dear Dora,")

    assert "file is not a database" in refused(
        run_bot(tmp_path, environment(tmp_path, NOWHERE), *command)
    )
    assert (tmp_path / "bot.db").read_text() == "Dear Dora,"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_directory_is_rejected(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "bot.db").mkdir()

    assert "is a directory" in refused(run_bot(tmp_path, environment(tmp_path, NOWHERE), *command))
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "bot.db"
    ]


@pytest.mark.parametrize("command", COMMANDS[:4], ids=lambda command: command[0])
def test_a_restored_backup_with_the_old_write_ahead_log_is_rejected(
    tmp_path: Path, migrated_file: Path, command: tuple[str, ...]
) -> None:
    file = Path(shutil.copyfile(migrated_file, tmp_path / "bot.db"))
    env = environment(tmp_path, NOWHERE)
    assert run_bot(tmp_path, env, "backup", "monday.db").returncode == 0
    run_until_killed(WRITER.format(steps=20), file)
    shutil.copyfile(tmp_path / "monday.db", file)
    before = contents(file)

    assert "remove bot.db-wal and bot.db-shm" in refused(run_bot(tmp_path, env, *command))
    assert contents(file) == before


SCHEMAS = {
    "a table with one of our names": ["CREATE TABLE person (id INT)"],
    "a view with one of our names": ["CREATE VIEW reservation AS SELECT 1 AS id"],
    "another history": [
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('1975ea83b712')",
    ],
    "another history with numbers": [
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('0001')",
        "CREATE TABLE outbox (id INT)",
    ],
}
TABLES = (
    "SELECT relname::text FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
)


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_postgresql_schema_of_another_program_is_rejected(
    tmp_path: Path, empty_database_url: str, schema: str
) -> None:
    execute(empty_database_url, *SCHEMAS[schema])
    before = fetch(empty_database_url, TABLES)
    for command in ("run", "migrate", "doctor"):
        ended = run_bot(
            tmp_path, environment(tmp_path, NOWHERE, DATABASE_URL=empty_database_url), command
        )
        assert "another program has its tables there" in refused(ended), command

    assert fetch(empty_database_url, TABLES) == before


@pytest.mark.engines("postgresql")
def test_a_postgresql_schema_is_shared_with_tables_of_other_names(
    tmp_path: Path, empty_database_url: str
) -> None:
    execute(empty_database_url, "CREATE TABLE note (id INT)")

    ended = run_bot(
        tmp_path, environment(tmp_path, NOWHERE, DATABASE_URL=empty_database_url), "migrate"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
