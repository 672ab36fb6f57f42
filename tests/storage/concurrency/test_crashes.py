"""After repeated kills the database is consistent and has every commit that was reported."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

from domain.timespan import TimeSpan
from storage.database import Database
from tests.kit.clinic import NOW, OPENING, open_clinic
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE, SEED, seeded
from tests.kit.worker import worker
from tests.storage import crash_writer
from tests.storage.audit import audit

# PostgreSQL's server is not killed, so fewer kills suffice there.
KILLS = {
    "sqlite": PROFILE.pick(fast=20, full=50),
    "postgresql": PROFILE.pick(fast=10, full=20),
}
# A commit takes a few milliseconds, so these waits end in every part of one. A new connection to a
# server is slow at first.
LONGEST_WAIT = {"sqlite": 0.05, "postgresql": 0.2}


def committed_until_killed(url: str, turn: int, wait: float) -> Iterator[tuple[str, int]]:
    """Yield what a process reports as committed; kill it ``wait`` seconds after its first line."""
    began = NOW - timedelta(days=20) + turn * timedelta(hours=8)
    with worker("tests.storage.crash_writer:work", url, turn, began.isoformat()) as process:
        first = process.line()
        time.sleep(wait)
        process.process.kill()
        assert process.wait() == -signal.SIGKILL
        for line in [first, *process.lines()]:
            word, number = line.split()
            yield word, int(number)


def damage(url: str) -> list[str]:
    """Return the damage that a dead process left in a file.

    A PostgreSQL server survives and finishes the statements it has received, so wait for those.
    """
    if url.startswith("postgresql:"):
        while rows(
            url,
            "SELECT 1 FROM pg_stat_activity"
            " WHERE application_name = 'slotkeeper' AND datname = current_database()",
        ):
            time.sleep(0.01)
        return []
    found = [line for (line,) in rows(url, "PRAGMA integrity_check")]
    return [line for line in found if line != "ok"] + [
        f"stray {row}" for row in rows(url, "PRAGMA foreign_key_check")
    ]


async def test_after_many_kills_the_database_is_consistent_and_loses_no_commit(
    database_url: str, engine: str
) -> None:
    database = Database(database_url)
    async with database.transaction() as uow:
        await open_clinic(
            uow, clients=crash_writer.CLIENTS, hours=TimeSpan(OPENING, OPENING + crash_writer.CELLS)
        )
    await database.close()
    waits = seeded(f"crashes {SEED}")
    held, confirmed, expired = set[int](), set[int](), 0

    for turn in range(KILLS[engine]):
        for word, number in committed_until_killed(
            database_url, turn, waits.random() * LONGEST_WAIT[engine]
        ):
            held |= {number} if word == "held" else set()
            confirmed |= {number} if word == "confirmed" else set()
            expired += number if word == "expired" else 0
        assert damage(database_url) == []
        # The audit uses an instant before the first hold: an overdue hold is no error before the
        # next sweep.
        assert audit(database_url, NOW - timedelta(days=365)) == []

    statuses = dict(rows(database_url, "SELECT id, status FROM reservation"))
    assert held <= set(statuses)
    assert {statuses[number] for number in confirmed} == {"confirmed"}
    assert list(statuses.values()).count("expired") >= expired > 0
    assert len(held) > KILLS[engine]
