"""Killed without a warning, again and again: the database is whole, no work is half done, and nothing that was said to be done is lost."""

import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta

from domain.timespan import TimeSpan
from storage.database import Database
from tests.kit.clinic import NOW, OPENING, open_clinic
from tests.kit.raw_database import rows
from tests.kit.worker import worker
from tests.storage import crash_writer as crasher
from tests.storage.audit import audit

# PostgreSQL's server is not killed, so that less can go wrong there than in a file.
KILLS = {"sqlite": 50, "postgresql": 20}
# A commit takes a few milliseconds, so that these waits end in every part of one; a new connection to a server is slow at first.
LONGEST_WAIT = {"sqlite": 0.05, "postgresql": 0.2}


def committed_until_killed(url: str, turn: int, wait: float) -> Iterator[tuple[str, int]]:
    """Yield what a process said it had committed; it is killed ``wait`` seconds after its first word."""
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
    """Return what a dead process did to the file; a PostgreSQL server lives on, and what it was still told to do is done first."""
    if url.startswith("postgresql:"):
        while rows(
            url,
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'slotkeeper' AND datname = current_database()",
        ):
            time.sleep(0.01)
        return []
    whole = [line for (line,) in rows(url, "PRAGMA integrity_check")]
    return [line for line in whole if line != "ok"] + [
        f"stray {row}" for row in rows(url, "PRAGMA foreign_key_check")
    ]


async def test_after_many_kills_nothing_is_torn_and_nothing_said_is_lost(
    database_url: str, engine: str
) -> None:
    database = Database(database_url)
    async with database.transaction() as uow:
        await open_clinic(
            uow, clients=crasher.CLIENTS, hours=TimeSpan(OPENING, OPENING + crasher.CELLS)
        )
    await database.close()
    waits = random.Random(1)  # noqa: S311  (Nothing is kept secret by it.)
    held, confirmed, expired = set[int](), set[int](), 0

    for turn in range(KILLS[engine]):
        for word, number in committed_until_killed(
            database_url, turn, waits.random() * LONGEST_WAIT[engine]
        ):
            held |= {number} if word == "held" else set()
            confirmed |= {number} if word == "confirmed" else set()
            expired += number if word == "expired" else 0
        assert damage(database_url) == []
        # Before the clock's own beginning nothing was due: what is overdue now is left to the next sweep and is no fault.
        assert audit(database_url, NOW - timedelta(days=365)) == []

    statuses = dict(rows(database_url, "SELECT id, status FROM reservation"))
    assert held <= set(statuses)
    assert {statuses[number] for number in confirmed} == {"confirmed"}
    assert list(statuses.values()).count("expired") >= expired > 0
    assert len(held) > KILLS[engine]
