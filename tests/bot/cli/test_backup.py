"""A backup of a running bot is a complete, restorable copy, or it does not exist at all."""

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.observability.report import ALL_WELL
from domain.person import Contact
from domain.timespan import TimeSpan
from simulator.simulator import Simulator
from simulator.state.people import Person
from storage.database import Database
from tests.kit.bot_process import TOKEN, bot_process, environment, kill_process, run_bot, start_bot
from tests.kit.cells import DAY, QUARTER, grid_cell
from tests.kit.clinic import add_self
from tests.kit.raw_database import rows
from tests.kit.waiting import until

FIRST = grid_cell(datetime.now(UTC)) + 3 * DAY
LIVE = (
    "SELECT telegram_id, status FROM reservation JOIN person ON person.id = client_id"
    " WHERE status IN ('held', 'confirmed') ORDER BY reservation.id"
)
MEGABYTE = 1_000_000


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
async def env(simulator: Simulator, tmp_path: Path, migrated_file: Path) -> dict[str, str]:
    """The environment of a bot whose provider has posted a day's hours."""
    dora = simulator.person("Dora")
    dora.sends("/start")
    database = Database(f"sqlite:///{shutil.copyfile(migrated_file, tmp_path / 'bot.db')}")
    async with database.transaction() as uow:
        someone = await uow.people.record_contact(Contact(dora.id, "Dora"), datetime.now(UTC))
        provider = await add_self(uow, someone.id, "Dora", "dora")
        await uow.availability.replace(provider.id, [], [TimeSpan(FIRST, FIRST + 40 * QUARTER)])
    await database.close()
    return environment(tmp_path, simulator.url)


async def books(person: Person) -> None:
    """Book the next free time."""
    person.sends("/book")
    await until(lambda: any("⚡" in label for label in labels(person)))
    person.taps_data(*button(person, "⚡"))
    await until(lambda: any("Confirm" in label for label in labels(person)))
    person.taps_data(*button(person, "Confirm"))
    await until(lambda: any("Booked" in message.text for message in person.chat.messages))


def labels(person: Person) -> list[str]:
    return [button.text for message in person.chat.newest_first() for button in message.buttons]


def button(person: Person, part: str) -> tuple[str, int]:
    """Return the callback data of the newest button with this part, and its message id."""
    return next(
        (each.data or "", message.id)
        for message in person.chat.newest_first()
        for each in message.buttons
        if part in each.text
    )


async def while_running(
    tmp_path: Path, env: dict[str, str], *acts: Callable[[], Awaitable[object]]
) -> None:
    """Run the bot, run the acts, and stop the bot."""
    async with bot_process(tmp_path, env) as process:
        for act in acts:
            await act()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_restored_backup_is_the_state_of_that_moment_and_the_bot_continues_from_it(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    alice, bob = simulator.person("Alice"), simulator.person("Bob")

    async def backs_up() -> None:
        ended = await asyncio.to_thread(run_bot, tmp_path, env, "backup", "monday.db")
        assert (ended.returncode, ended.stderr) == (0, "")

    await while_running(tmp_path, env, lambda: books(alice), backs_up, lambda: books(bob))
    assert rows(env["DATABASE_URL"], LIVE) == [(alice.id, "confirmed"), (bob.id, "confirmed")]

    # As the README says: replace the database with the copy, and delete the two files beside it.
    shutil.copyfile(tmp_path / "monday.db", tmp_path / "bot.db")
    for beside in ("bot.db-wal", "bot.db-shm"):
        (tmp_path / beside).unlink(missing_ok=True)
    assert rows(env["DATABASE_URL"], LIVE) == [(alice.id, "confirmed")]

    cara = simulator.person("Cara")
    await while_running(tmp_path, env, lambda: books(cara))
    assert rows(env["DATABASE_URL"], LIVE) == [(alice.id, "confirmed"), (cara.id, "confirmed")]
    ended = await asyncio.to_thread(run_bot, tmp_path, env, "doctor")
    assert (ended.returncode, ended.stdout) == (0, f"{ALL_WELL}\n")


def grows(tmp_path: Path, megabytes: int) -> None:
    """Make the database larger."""
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.execute("CREATE TABLE ballast (b BLOB)")
        connection.executemany(
            "INSERT INTO ballast VALUES (randomblob(?))", [(MEGABYTE,)] * megabytes
        )


def test_a_backup_leaves_no_file_if_the_disk_is_full(env: dict[str, str], tmp_path: Path) -> None:
    grows(tmp_path, 3)
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "backup", "copy.db"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE)),
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("copy.db could not be written: ")
    assert len(ended.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == []


async def test_a_killed_backup_does_not_appear_under_its_name(
    env: dict[str, str], tmp_path: Path
) -> None:
    grows(tmp_path, 60)
    with (tmp_path / "log").open("ab") as log:
        process = await start_bot(
            tmp_path, env, "backup", "copy.db", out=log.fileno(), err=log.fileno()
        )
    await until(
        lambda: any(path.stat().st_size for path in tmp_path.glob("copy.db.*.partial/copy.db"))
    )
    await kill_process(process)
    assert not (tmp_path / "copy.db").exists()

    ended = await asyncio.to_thread(run_bot, tmp_path, env, "backup", "copy.db")
    assert ended.returncode == 0
    assert rows(f"sqlite:///{tmp_path / 'copy.db'}", "PRAGMA integrity_check") == [("ok",)]


def test_backup_of_postgresql_prints_the_pg_dump_command_without_the_password(
    tmp_path: Path,
) -> None:
    env = environment(
        tmp_path, "http://127.0.0.1:9", DATABASE_URL="postgresql://keeper:hush-hush@db/slots"
    )
    ended = run_bot(tmp_path, env, "backup", "copy.dump")

    assert (ended.returncode, ended.stdout) == (2, "")
    [sentence] = ended.stderr.splitlines()
    assert sentence.endswith('pg_dump --format=custom --file=copy.dump "$DATABASE_URL"')
    assert "hush" not in sentence


@pytest.mark.parametrize("command", ["run", "migrate"])
def test_a_database_of_a_newer_version_is_rejected_and_not_changed(
    env: dict[str, str], tmp_path: Path, command: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = run_bot(tmp_path, env, command)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "DATABASE_URL: the database was made by a newer version of Slotkeeper: "
        "run that version, or restore a backup from before it.\n"
    )
    assert rows(env["DATABASE_URL"], "SELECT version_num FROM alembic_version") == [("9999",)]
