"""Each thing the doctor can find, made in a database and found through the command."""

import logging
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.__main__ import main
from bot.observability.report import ALL_WELL
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.hold_slot import SlotChoice, hold_slot
from storage.database import Database
from tests.kit.clinic import ALICE, BOB, open_clinic
from tests.kit.raw_database import everything, micros

START = int((datetime.now(UTC) + timedelta(days=3)).timestamp()) // 900
# What a statement says instead of an instant: it is put in when the test runs, which may be long after this was read.
INSTANTS = {"LONG_AGO": timedelta(hours=-1), "TOMORROW": timedelta(days=1, minutes=1)}

pytestmark = pytest.mark.engines("sqlite")

Examined = Callable[[], tuple[int, list[str]]]


@pytest.fixture
async def books(database_url: str) -> str:
    """A database with a booking (1), a hold (2) with another provider, and posted hours."""
    database = Database(database_url)
    async with database.transaction() as work:
        dora, emil = await open_clinic(work)
        await work._connection.execute(
            text(f"UPDATE availability SET start_cell = {START}, end_cell = {START + 32}")
        )
        now = datetime.now(UTC)
        for client, provider in ((ALICE, dora), (BOB, emil)):
            await hold_slot(
                work, BookingPolicy(), SlotChoice(client, provider.id, START, None), now
            )
        await confirm_hold(work, BookingPolicy(), 1, ALICE, now)
        await work._connection.execute(text("UPDATE outbox SET state = 'sent', settled_at = 0"))
    await database.close()
    return database_url


@pytest.fixture
def examined(
    books: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Examined]:
    """The command, which may not change what it looks at."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", books)

    def command() -> tuple[int, list[str]]:
        before = (tmp_path / "slotkeeper.db").read_bytes()
        status = main(["doctor"])
        assert (tmp_path / "slotkeeper.db").read_bytes() == before
        said = capsys.readouterr()
        assert said.err == ""
        return status, said.out.splitlines()

    yield command
    root.handlers = handlers
    root.setLevel(level)


def tampers(url: str, *statements: str, before: str = "") -> None:
    """Change a database behind the bot's back, with nothing that would refuse it."""
    with closing(
        sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    ) as connection:
        for statement in (before, *statements):
            connection.execute(
                re.sub(
                    "|".join(INSTANTS),
                    lambda name: str(micros(datetime.now(UTC) + INSTANTS[name[0]])),
                    statement,
                )
            )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_books_in_order_are_well(examined: Examined) -> None:
    assert examined() == (0, [ALL_WELL])


PARKED = "INSERT INTO outbox (recipient_id, kind, due_at, attempts, state, settled_at, error)"
DUE = "INSERT INTO outbox (recipient_id, kind, due_at, attempts, state, lease_until)"


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE reservation SET provider_id = 1 WHERE id = 2",
            "overlap an earlier one of the same provider: #2.",
        ),
        (
            f"UPDATE reservation SET client_id = {ALICE} WHERE id = 2",
            "overlap an earlier one of the same client: #2.",
        ),
        ("UPDATE reservation SET expires_at = LONG_AGO WHERE id = 2", "still take time: #2."),
        (
            "UPDATE reservation SET status = 'cancelled' WHERE id = 1",
            "Reservations that are over still take time: #1.",
        ),
        (
            "DELETE FROM busy WHERE reservation_id = 1 AND kind = 0",
            "do not take all of their time, so that others could: #1.",
        ),
        (
            "DELETE FROM busy WHERE reservation_id = 2 AND kind = 1",
            "do not take all of their time, so that others could: #2.",
        ),
        (
            "UPDATE busy SET hold_until = TOMORROW WHERE reservation_id = 1",
            "do not take all of their time, so that others could: #1.",
        ),
        (
            "UPDATE busy SET subject = 77 WHERE reservation_id = 1 AND kind = 1",
            "do not take all of their time, so that others could: #1.",
        ),
        (
            "INSERT INTO availability SELECT 2, end_cell + 8, end_cell - 1 FROM availability WHERE provider_id = 2",
            "hours overlap or were not joined: #2.",
        ),
        (
            "INSERT INTO availability SELECT 1, end_cell + 8, end_cell FROM availability WHERE provider_id = 1",
            "hours overlap or were not joined: #1.",
        ),
        (
            f"{PARKED} VALUES (1, 'reply', 0, 3, 'parked', LONG_AGO, 'no such thing')",
            "(reply) was parked 1 hour ago: no such thing.",
        ),
        (
            f"{DUE} VALUES (1, 'reply', LONG_AGO, 0, 'due', NULL)",
            "The oldest message has waited for 1 hour.",
        ),
        (
            f"{DUE} VALUES (1, 'reply', TOMORROW, 1, 'due', LONG_AGO)",
            "took in hand and neither sent nor gave back: 1.",
        ),
        (
            f"{DUE} VALUES (1, 'reply', TOMORROW, 1, 'due', TOMORROW)",
            "took in hand and neither sent nor gave back: 1.",
        ),
        (
            "INSERT INTO failed_update VALUES (1, 3, 'KeyError: 1', LONG_AGO, 1)",
            "set aside: 1. The last one's error: KeyError: 1.",
        ),
        (
            "INSERT INTO worked_update (update_id, worked_at) VALUES (1, TOMORROW)",
            "The newest entry is dated 1 day ahead.",
        ),
        (
            "UPDATE outbox SET settled_at = TOMORROW WHERE reservation_id = 2",
            "The newest entry is dated 1 day ahead.",
        ),
        (
            "INSERT INTO dialogue VALUES (4711, NULL, NULL, '{}', NULL, 0)",
            "Rows point to others that are not there, in: dialogue.",
        ),
        ("UPDATE alembic_version SET version_num = '0000'", "The database is not of this version."),
    ],
)
def test_each_thing_that_is_wrong_is_found_and_told_with_what_to_do(
    books: str, examined: Examined, tampering: str, told: str
) -> None:
    tampers(books, tampering)
    status, findings = examined()

    assert status == 1
    # Reservations in the same time cannot both have their cells, so that is found as well.
    assert len(findings) == (2 if "overlap an earlier one" in told else 1)
    assert told in findings[0]
    assert all("What to do: " in finding for finding in findings)


def test_what_the_database_has_to_say_of_its_file_is_told(books: str, examined: Examined) -> None:
    tampers(
        books,
        "UPDATE draft SET state = 'lost'",
        "INSERT INTO draft VALUES (1, 1, '[]', '[]', 'lost', NULL, 0)",
        before=IGNORE,
    )
    status, [finding] = examined()

    assert status == 1
    assert finding.startswith(
        "The database file is damaged: CHECK constraint failed in draft. What to do: "
    )


IGNORE = "PRAGMA ignore_check_constraints = ON"


def test_a_file_too_damaged_to_be_read_through_is_told_in_one_sentence(
    books: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tampers(books)
    with closing(sqlite3.connect(tmp_path / "slotkeeper.db")) as connection:
        [(page,)] = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'reservation'"
        )
        [(size,)] = connection.execute("PRAGMA page_size")
    with (tmp_path / "slotkeeper.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    monkeypatch.setenv("DATABASE_URL", books)
    monkeypatch.chdir(tmp_path)

    assert main(["doctor"]) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert (
        sentence
        == "DATABASE_URL: the database is damaged: database disk image is malformed. Stop the bot and restore a backup."
    )


def test_people_who_cannot_be_reached_are_a_remark(books: str, examined: Examined) -> None:
    tampers(books, "UPDATE client SET unreachable_since = 0 WHERE id = 101")
    status, [well, remark] = examined()

    assert (status, well) == (0, ALL_WELL)
    assert "1 of the people known here cannot be reached" in remark


def test_what_is_over_for_long_may_lack_its_cells(books: str, examined: Examined) -> None:
    past = int((datetime.now(UTC) - timedelta(days=1, hours=1)).timestamp()) // 900
    tampers(
        books,
        f"UPDATE reservation SET start_cell = {past}, end_cell = {past + 1} WHERE id = 1",
        "DELETE FROM busy WHERE reservation_id = 1",
    )
    assert examined() == (0, [ALL_WELL])
    assert everything(books)["reservation"]
