"""Each problem that doctor finds, created in a database and found by the command."""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.observability.report import ALL_WELL
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from tests.kit.cells import QUARTER, grid_cell
from tests.kit.clinic import ALICE, BOB, open_clinic
from tests.kit.raw_database import all_rows, micros, run_sql

START = grid_cell(datetime.now(UTC) + timedelta(days=3))
# Placeholders for instants in statements; they are resolved when the test runs.
INSTANTS = {"LONG_AGO": timedelta(hours=-1), "TOMORROW": timedelta(days=1, minutes=1)}

pytestmark = pytest.mark.engines("sqlite")

Doctor = Callable[[], tuple[int, list[str]]]


@pytest.fixture
async def prepared_url(database_url: str) -> str:
    """A database with a booking (1), a hold (2) with another provider, and posted hours."""
    database = Database(database_url)
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
    run_sql(
        database_url,
        f"UPDATE availability SET start_cell = {START}, end_cell = {START + 32 * QUARTER}",
    )
    now = datetime.now(UTC)
    async with database.transaction() as uow:
        for client, provider in ((ALICE, dora), (BOB, emil)):
            await hold_slot(uow, BookingPolicy(), client, SlotChoice(provider.id, START), now)
        await confirm_hold(uow, BookingPolicy(), 1, ALICE, now)
    await database.close()
    run_sql(database_url, "UPDATE outbox SET state = 'sent', settled_at = 0")
    return database_url


@pytest.fixture
def doctor(
    prepared_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    logging_as_before: None,
) -> Doctor:
    """The command, which must not change the database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", prepared_url)

    def command() -> tuple[int, list[str]]:
        before = (tmp_path / "slotkeeper.db").read_bytes()
        status = main(["doctor"])
        assert (tmp_path / "slotkeeper.db").read_bytes() == before
        output = capsys.readouterr()
        assert output.err == ""
        return status, output.out.splitlines()

    return command


def tampers(url: str, *statements: str, before: str = "") -> None:
    """Change a database outside the bot, without its constraints."""
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


def test_a_sound_database_has_no_problems(doctor: Doctor) -> None:
    assert doctor() == (0, [ALL_WELL])


PARKED = "INSERT INTO outbox (channel, chat_id, kind, due_at, attempts, state, settled_at, error)"
DUE = "INSERT INTO outbox (channel, chat_id, kind, due_at, attempts, state, lease_until)"


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        (
            "UPDATE reservation SET provider_id = 1 WHERE id = 2",
            "overlap an earlier one of the same provider: #2.",
        ),
        (
            f"UPDATE reservation SET client_id = {ALICE} WHERE id = 2",
            "overlap an earlier one of the same client: #2.",
        ),
        (
            "UPDATE reservation SET expires_at = LONG_AGO WHERE id = 2",
            "still block their time: #2.",
        ),
        (
            "UPDATE reservation SET status = 'cancelled' WHERE id = 1",
            "Reservations that have ended still block their time: #1.",
        ),
        (
            "DELETE FROM busy WHERE reservation_id = 1 AND kind = 0",
            "do not block all of their time, so others can book it: #1.",
        ),
        (
            "DELETE FROM busy WHERE reservation_id = 2 AND kind = 1",
            "do not block all of their time, so others can book it: #2.",
        ),
        (
            "UPDATE busy SET hold_until = TOMORROW WHERE reservation_id = 1",
            "do not block all of their time, so others can book it: #1.",
        ),
        (
            "UPDATE busy SET subject = 77 WHERE reservation_id = 1 AND kind = 1",
            "do not block all of their time, so others can book it: #1.",
        ),
        (
            (
                "INSERT INTO availability SELECT 2, end_cell + 8, end_cell - 1 "
                "FROM availability WHERE provider_id = 2"
            ),
            "hours overlap or are not merged: #2.",
        ),
        (
            (
                "INSERT INTO availability SELECT 1, end_cell + 8, end_cell "
                "FROM availability WHERE provider_id = 1"
            ),
            "hours overlap or are not merged: #1.",
        ),
        (
            f"{PARKED} VALUES ('telegram', 1, 'reply', 0, 3, 'parked', LONG_AGO, 'no such thing')",
            "(reply) was parked 1 hour ago: no such thing.",
        ),
        (
            f"{DUE} VALUES ('telegram', 1, 'reply', LONG_AGO, 0, 'due', NULL)",
            "The oldest message has been waiting for 1 hour.",
        ),
        (
            f"{DUE} VALUES ('telegram', 1, 'reply', TOMORROW, 1, 'due', LONG_AGO)",
            "were claimed and neither sent nor returned: 1.",
        ),
        (
            f"{DUE} VALUES ('telegram', 1, 'reply', TOMORROW, 1, 'due', TOMORROW)",
            "were claimed and neither sent nor returned: 1.",
        ),
        (
            "INSERT INTO failed_update VALUES (1, 3, 'KeyError: 1', LONG_AGO, 1)",
            "set aside: 1. Last error: KeyError: 1.",
        ),
        (
            "INSERT INTO processed_update (update_id, processed_at) VALUES (1, TOMORROW)",
            "The newest entry is dated 1 day in the future.",
        ),
        (
            "UPDATE outbox SET settled_at = TOMORROW WHERE subject_id = 2",
            "The newest entry is dated 1 day in the future.",
        ),
        (
            "INSERT INTO dialogue VALUES (4711, NULL, NULL, '{}', NULL, 0)",
            "Rows refer to missing rows, in: dialogue.",
        ),
        (
            "UPDATE alembic_version SET version_num = '0000'",
            "The database schema is not of this version.",
        ),
    ],
)
def test_each_problem_is_found_and_the_finding_says_what_to_do(
    prepared_url: str, doctor: Doctor, tampering: str, expected: str
) -> None:
    tampers(prepared_url, tampering)
    status, findings = doctor()

    assert status == 1
    # Overlapping reservations cannot both have their cells, which is a finding as well.
    assert len(findings) == (2 if "overlap an earlier one" in expected else 1)
    assert expected in findings[0]
    assert all("What to do: " in finding for finding in findings)


def test_integrity_errors_of_the_database_file_are_reported(
    prepared_url: str, doctor: Doctor
) -> None:
    tampers(
        prepared_url,
        "UPDATE draft SET state = 'lost'",
        "INSERT INTO draft VALUES (1, 1, '[]', '[]', 'lost', NULL, 0)",
        before=IGNORE,
    )
    status, [finding] = doctor()

    assert status == 1
    assert finding.startswith(
        "The database file is damaged: CHECK constraint failed in draft. What to do: "
    )


IGNORE = "PRAGMA ignore_check_constraints = ON"


def test_a_file_too_damaged_to_read_is_reported_in_one_sentence(
    prepared_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tampers(prepared_url)
    with closing(sqlite3.connect(tmp_path / "slotkeeper.db")) as connection:
        [(page,)] = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'reservation'"
        )
        [(size,)] = connection.execute("PRAGMA page_size")
    with (tmp_path / "slotkeeper.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    monkeypatch.setenv("DATABASE_URL", prepared_url)
    monkeypatch.chdir(tmp_path)

    assert main(["doctor"]) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert (
        sentence == "DATABASE_URL: the database is damaged: database disk image is malformed. "
        "Stop the bot and restore a backup."
    )


def test_unreachable_people_are_a_remark(prepared_url: str, doctor: Doctor) -> None:
    tampers(prepared_url, "UPDATE person SET unreachable_since = 0 WHERE id = 101")
    status, [well, remark] = doctor()

    assert (status, well) == (0, ALL_WELL)
    assert "1 of the known people cannot be reached" in remark


def test_reservations_that_ended_long_ago_may_lack_their_cells(
    prepared_url: str, doctor: Doctor
) -> None:
    past = grid_cell(datetime.now(UTC) - timedelta(days=1, hours=1))
    tampers(
        prepared_url,
        f"UPDATE reservation SET start_cell = {past}, end_cell = {past + QUARTER} WHERE id = 1",
        "DELETE FROM busy WHERE reservation_id = 1",
    )
    assert doctor() == (0, [ALL_WELL])
    assert all_rows(prepared_url)["reservation"]
