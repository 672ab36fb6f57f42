"""A venue of any size, filled in bulk: providers with sixty days of hours, 70 % of slots taken."""

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
A_SLOT = timedelta(minutes=15) // CELL
FIRST_CLIENT = 5_000_000
FIRST_PROVIDER = 1_000_000
"""Numbers of people, and their Telegram user ids, start here; that of the provider or client is
added."""

_CROWDED = 100
_FEWEST_CLIENTS = 500


@dataclass(frozen=True, slots=True)
class Venue:
    """Providers numbered from 1; up to a hundred are crowded, with 70 % of their slots taken.

    The others share the remaining ``reservations``. Days begin at ``opening``, a cell, and have 32
    slots of 15 minutes. ``held_until`` makes all reservations holds. ``clients`` is a minimum.
    """

    now: datetime
    providers: int
    reservations: int = 0
    held_until: datetime | None = None
    clients: int = 0

    @property
    def opening(self) -> int:
        """The first cell of the first day: eight o'clock UTC in two days."""
        return cell_with(
            self.now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=2)
        )

    @property
    def crowded(self) -> int:
        """The number of crowded providers."""
        return min(self.providers, _CROWDED)

    def cell(self, slot: int) -> int:
        """Return the first cell of a slot, counted from the first day."""
        return self.opening + slot // SLOTS_A_DAY * A_DAY + slot % SLOTS_A_DAY * A_SLOT


def is_taken(provider: int, slot: int) -> bool:
    """Return whether a crowded provider's slot is taken, as 70 % of each one's are."""
    return (slot * 7 + provider * 3) % 10 < 7


def fill(url: str, venue: Venue) -> None:
    """Fill a migrated database without rows."""
    now = literal(url, venue.now)
    numbers = max(venue.providers, _clients(venue), DAYS * SLOTS_A_DAY)
    statements = [
        "CREATE TABLE number (n INTEGER PRIMARY KEY)",
        _numbers(url, numbers),
        _people(FIRST_CLIENT, _clients(venue), now),
        _people(FIRST_PROVIDER, venue.providers, now),
        f"""INSERT INTO provider (id, name, name_key, slug, joined_at)
        SELECT n, 'Provider ' || n, 'provider ' || n, 'provider-' || n, {now}
        FROM number WHERE n <= {venue.providers}""",
        f"""INSERT INTO acts_for (person_id, provider_id, role, since, notified)
        SELECT {FIRST_PROVIDER} + n, n, 'self', {now}, 1 FROM number
        WHERE n <= {venue.providers}""",
        f"""INSERT INTO availability (provider_id, start_cell, end_cell)
                SELECT p.n, {venue.opening} + (d.n - 1) * {A_DAY},
                    {venue.opening} + (d.n - 1) * {A_DAY} + {SLOTS_A_DAY * A_SLOT}
        FROM number p, number d WHERE p.n <= {venue.providers} AND d.n <= {DAYS}""",
        *_reservations(url, venue),
        # In the order of the primary key, which is the fastest to insert.
        """INSERT INTO busy (kind, subject, cell, reservation_id, hold_until)
        SELECT kind, CASE kind WHEN 0 THEN provider_id ELSE client_id END,
            start_cell + n - 1, id, expires_at
        FROM reservation JOIN number ON n <= end_cell - start_cell,
            (SELECT 0 AS kind UNION ALL SELECT 1) kinds ORDER BY 1, 2, 3""",
        "DROP TABLE number",
    ]
    _execute(url, statements)


def _people(first: int, count: int, now: str) -> str:
    """Return the statement that inserts people."""
    return (
        "INSERT INTO person (id, telegram_id, name, first_seen_at) "
        f"SELECT {first} + n, {first} + n, 'Person ' || n, {now} FROM number WHERE n <= {count}"
    )


def _clients(venue: Venue) -> int:
    """Return the number of clients; enough that no client has two reservations at once."""
    return (
        max(venue.clients, venue.providers, _FEWEST_CLIENTS)
        if venue.reservations
        else venue.clients
    )


def _reservations(url: str, venue: Venue) -> list[str]:
    """Return the statements that insert the reservations."""
    if not venue.reservations:
        return []
    all_slots = (
        "SELECT p.n AS p, s.n - 1 AS s FROM number p, number s "
        f"WHERE p.n <= {venue.crowded} AND s.n <= {DAYS * SLOTS_A_DAY}"
    )
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
    start = f"{venue.opening} + s / {SLOTS_A_DAY} * {A_DAY} + s % {SLOTS_A_DAY} * {A_SLOT}"
    limit = f"LIMIT {venue.reservations}" if venue.held_until else ""
    return [
        f"""INSERT INTO reservation
        (provider_id, client_id, start_cell, end_cell, status, held_at, expires_at, revision)
        SELECT p, {FIRST_CLIENT} + 1 + (p + s) % {_clients(venue)}, {start}, {start} + {A_SLOT},
            '{status}', {now}, {until}, 1
        FROM ({each}) taken {limit}"""
        for each in taken
    ]


# ``is_taken`` in SQL.
_TAKEN = "((s.n - 1) * 7 + p.n * 3) % 10 < 7"


def _numbers(url: str, count: int) -> str:
    """Return the statement that inserts the numbers from 1."""
    if url.startswith("postgresql:"):
        return f"INSERT INTO number SELECT generate_series(1, {count})"
    counted = (
        "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) "
        "INSERT INTO number SELECT n FROM up"
    )
    return counted.format(count=count)


def _execute(url: str, statements: list[str]) -> None:
    """Execute statements without checking foreign keys; on PostgreSQL, analyze the tables."""
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
