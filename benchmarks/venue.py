"""A venue of any size, put into a database in bulk: providers with sixty days of hours, seven in ten of their slots taken."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.timespan import CELL, cell_with
from tests.kit.postgres import execute
from tests.kit.raw_database import literal

DAYS = 60
A_DAY = timedelta(days=1) // CELL
SLOTS_A_DAY = 32
FIRST_CLIENT = 5_000_000
FIRST_PROVIDER = 1_000_000
"""The Telegram user ids begin here; a provider's number is added, and so is a client's."""

_CROWDED = 100
_FEWEST_CLIENTS = 500


@dataclass(frozen=True, slots=True)
class Venue:
    """``providers`` from number 1 on, of whom a hundred at most are as crowded as told; the others share the remaining ``reservations``.

    Days begin at ``opening``, a cell, and have 32 slots of one cell. ``held_until`` makes all reservations holds.
    There are ``clients``, or as many more as the reservations need.
    """

    now: datetime
    providers: int
    reservations: int = 0
    held_until: datetime | None = None
    clients: int = 0

    @property
    def opening(self) -> int:
        """The first cell of the first day: eight o'clock in UTC, the day after tomorrow."""
        return cell_with(
            self.now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=2)
        )

    @property
    def crowded(self) -> int:
        """How many providers are crowded."""
        return min(self.providers, _CROWDED)

    def cell(self, slot: int) -> int:
        """Return the cell of a slot, counted from the first of all days."""
        return self.opening + slot // SLOTS_A_DAY * A_DAY + slot % SLOTS_A_DAY


def is_taken(provider: int, slot: int) -> bool:
    """Tell whether a crowded provider's slot is taken: seven in ten are, spread evenly and for each provider differently."""
    return (slot * 7 + provider * 3) % 10 < 7


def fill(url: str, venue: Venue) -> None:
    """Put a venue into a migrated database without rows."""
    now = literal(url, venue.now)
    numbers = max(venue.providers, _clients(venue), DAYS * SLOTS_A_DAY)
    statements = [
        "CREATE TABLE number (n INTEGER PRIMARY KEY)",
        _numbers(url, numbers),
        _people(FIRST_CLIENT, _clients(venue), now),
        _people(FIRST_PROVIDER, venue.providers, now),
        f"""INSERT INTO provider (id, client_id, name, name_key, slug, joined_at)
        SELECT n, {FIRST_PROVIDER} + n, 'Provider ' || n, 'provider ' || n, 'provider-' || n, {now}
        FROM number WHERE n <= {venue.providers}""",
        f"""INSERT INTO availability (provider_id, start_cell, end_cell)
        SELECT p.n, {venue.opening} + (d.n - 1) * {A_DAY}, {venue.opening} + (d.n - 1) * {A_DAY} + {SLOTS_A_DAY}
        FROM number p, number d WHERE p.n <= {venue.providers} AND d.n <= {DAYS}""",
        *_reservations(url, venue),
        # In the order of the key, as an index is built fastest.
        """INSERT INTO busy (kind, subject, cell, reservation_id, hold_until)
        SELECT kind, CASE kind WHEN 0 THEN provider_id ELSE client_id END, start_cell, id, expires_at
        FROM reservation, (SELECT 0 AS kind UNION ALL SELECT 1) kinds ORDER BY 1, 2, 3""",
        "DROP TABLE number",
    ]
    _executed(url, statements)


def _people(first: int, count: int, now: str) -> str:
    """Return the statement that lets people say hello."""
    return f"INSERT INTO client (id, name, first_seen_at) SELECT {first} + n, 'Person ' || n, {now} FROM number WHERE n <= {count}"


def _clients(venue: Venue) -> int:
    """Return among how many clients the reservations are dealt out: so many that nobody is in two places at once."""
    return (
        max(venue.clients, venue.providers, _FEWEST_CLIENTS)
        if venue.reservations
        else venue.clients
    )


def _reservations(url: str, venue: Venue) -> list[str]:
    """Return the statements that take seven in ten of the crowded providers' slots, and the others' as evenly as they are shared out."""
    if not venue.reservations:
        return []
    all_slots = f"SELECT p.n AS p, s.n - 1 AS s FROM number p, number s WHERE p.n <= {venue.crowded} AND s.n <= {DAYS * SLOTS_A_DAY}"
    taken = [f"{all_slots} AND {_TAKEN}"]
    others = venue.providers - venue.crowded
    rest = (
        max(0, venue.reservations - venue.crowded * DAYS * SLOTS_A_DAY * 7 // 10) // others
        if others
        else 0
    )
    if rest:
        apart = DAYS * SLOTS_A_DAY // rest
        taken.append(
            f"""SELECT p.n AS p, (s.n - 1) * {apart} + p.n % {apart} AS s FROM number p, number s
            WHERE p.n > {venue.crowded} AND p.n <= {venue.providers} AND s.n <= {rest}"""
        )
    now = literal(url, venue.now)
    status, until = (
        ("held", literal(url, venue.held_until)) if venue.held_until else ("confirmed", "NULL")
    )
    start = f"{venue.opening} + s / {SLOTS_A_DAY} * {A_DAY} + s % {SLOTS_A_DAY}"
    limit = f"LIMIT {venue.reservations}" if venue.held_until else ""
    return [
        f"""INSERT INTO reservation (provider_id, client_id, start_cell, end_cell, status, held_at, expires_at)
        SELECT p, {FIRST_CLIENT} + 1 + (p + s) % {_clients(venue)}, {start}, {start} + 1, '{status}', {now}, {until}
        FROM ({each}) taken {limit}"""
        for each in taken
    ]


# ``is_taken``, in SQL.
_TAKEN = "((s.n - 1) * 7 + p.n * 3) % 10 < 7"


def _numbers(url: str, count: int) -> str:
    """Return the statement that counts from one on."""
    if url.startswith("postgresql:"):
        return f"INSERT INTO number SELECT generate_series(1, {count})"
    counted = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) INSERT INTO number SELECT n FROM up"
    return counted.format(count=count)


def _executed(url: str, statements: list[str]) -> None:
    """Have the statements executed without looking at foreign keys; on PostgreSQL, the planner counts the rows afterwards."""
    if url.startswith("postgresql:"):
        execute(
            url,
            f"SET LOCAL session_replication_role = replica; {'; '.join(statements)}",
            "VACUUM ANALYZE",
        )
        return
    with closing(
        sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    ) as connection:
        connection.executescript(f"BEGIN; {'; '.join(statements)}; COMMIT")
