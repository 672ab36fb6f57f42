"""The text of the doctor's findings, and the command that prints it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.observability.redaction import redact
from bot.observability.report import (
    ALL_WELL,
    NO_DATABASE,
    OLD_SCHEMA,
    findings,
    remarks,
)
from domain.operations.integrity import Checkup, Parked, SetAside
from tests.kit.bot_process import environment, run_bot
from tests.kit.raw_database import all_rows, literal, run_sql

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("checkup", "expected"),
    [
        (
            Checkup(overlaps_of_providers=(3, 5)),
            "overlap an earlier one of the same provider: #3, #5.",
        ),
        (Checkup(overlaps_of_clients=(4,)), "overlap an earlier one of the same client: #4."),
        (Checkup(unswept=(6,)), "expired more than 5 minutes ago still block their time: #6."),
        (Checkup(stray=(7,)), "Reservations that have ended still block their time: #7."),
        (
            Checkup(parked=(Parked("reply", 49 * 60 * MINUTE, "can't parse"),)),
            "A message (reply) was parked 2 days ago: can't parse.",
        ),
        (Checkup(oldest_due=6 * MINUTE), "The oldest message has been waiting for 6 minutes."),
        (
            Checkup(set_aside=SetAside(2, "KeyError: 'Alice'\nmore")),
            "set aside: 2. Last error: KeyError: ….",
        ),
    ],
)
def test_each_finding_says_what_to_do(checkup: Checkup, expected: str) -> None:
    [sentence] = findings(checkup)

    assert expected in sentence
    assert "What to do: " in sentence


def test_a_sound_database_gives_no_finding() -> None:
    assert list(findings(Checkup(oldest_due=5 * MINUTE, unreachable=3))) == []
    assert list(remarks(Checkup())) == []


def test_unreachable_people_are_a_remark_and_no_finding() -> None:
    [remark] = remarks(Checkup(unreachable=3))

    assert "3 of the known people" in remark


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ValueError: no zone 'Alice lives here' in 12345678", "ValueError: no zone … in …"),
        ('KeyError: "Bob"\nTraceback', "KeyError: …"),
        ("", "unknown"),
        ("x" * 500, "x" * 160),
    ],
)
def test_a_redacted_error_is_one_short_line_without_personal_data(
    error: str, expected: str
) -> None:
    assert redact(error) == expected


def test_the_command_prints_its_findings_and_changes_nothing(
    tmp_path: Path, database_url: str
) -> None:
    env = environment(tmp_path, "http://127.0.0.1:9", DATABASE_URL=database_url)
    before = all_rows(database_url)
    ended = run_bot(tmp_path, env, "doctor", fresh=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{ALL_WELL}\n", "")
    assert all_rows(database_url) == before


@pytest.mark.changes_schema
def test_the_command_exits_with_1_if_there_are_findings(tmp_path: Path, database_url: str) -> None:
    env = environment(tmp_path, "http://127.0.0.1:9", DATABASE_URL=database_url)
    run_sql(
        database_url,
        "INSERT INTO failed_update VALUES "
        f"(1, 3, 'KeyError: 1', {literal(database_url, LONG_AGO)}, 1)",
    )
    ended = run_bot(tmp_path, env, "doctor")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.startswith("Updates that failed three times and were set aside: 1.")

    run_sql(database_url, "UPDATE alembic_version SET version_num = '0000'")
    ended = run_bot(tmp_path, env, "doctor")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, f"{OLD_SCHEMA}\n", "")


def test_the_command_creates_no_database(tmp_path: Path) -> None:
    ended = run_bot(tmp_path, environment(tmp_path, "http://127.0.0.1:9"), "doctor")

    assert (ended.returncode, ended.stdout) == (1, f"{NO_DATABASE}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("run",), ("migrate",), ("backup", "copy.db"), ("doctor",)])
def test_an_unusable_database_is_reported_in_one_sentence(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "letter").write_text(
        "Dear all, this is no database, however long one looks at it. " * 50
    )
    (tmp_path / "folder").mkdir()
    for place in ("letter", "folder"):
        ended = run_bot(
            tmp_path,
            environment(
                tmp_path, "http://127.0.0.1:9", DATABASE_URL=f"sqlite:///{tmp_path / place}"
            ),
            *command,
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("DATABASE_URL: ")
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "migrate"])
def test_a_folder_that_cannot_be_created_is_reported_in_one_sentence(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "letter").write_text("not a folder")
    ended = run_bot(
        tmp_path,
        environment(
            tmp_path,
            "http://127.0.0.1:9",
            DATABASE_URL=f"sqlite:///{tmp_path / 'letter' / 'bot.db'}",
        ),
        command,
    )

    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"DATABASE_URL: the folder {tmp_path / 'letter'} cannot be made: File exists.\n"
    )
